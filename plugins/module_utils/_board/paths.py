# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Paths and file names that more than one part of the collection uses on a board."""

from __future__ import annotations


STATE_DIR = "/var/lib/rkfleet-npu"
MARKER = "rkfleet.json"
"""File in the source tree of our DKMS package: the name `rknpu` is used by others too."""
FACT_FILE = "/etc/ansible/facts.d/npu.fact"
MODULES_LOAD = "/etc/modules-load.d/rkfleet-npu.conf"
# dracut copies the file above and the module that it names into an initramfs, which loads it before the guard can count
# the boot, and goes on doing so after a rollback. initramfs-tools knows neither: it takes in what a device's alias asks
# for, and the driver has none.
DRACUT = "/etc/dracut.conf.d/rkfleet-npu.conf"
SUFFIXES = ("", ".xz", ".zst", ".gz")
SIGNING_TOOL = "/usr/lib/rkfleet-npu/sign-module"
SIGNING_FRAGMENT = "/etc/dkms/framework.conf.d/rkfleet-npu.conf"
SIGNING_CONFIG = "/etc/dkms/framework.conf"
SIGNING_PATHS = (SIGNING_TOOL, SIGNING_FRAGMENT, SIGNING_CONFIG)
"""Everything that is written for signing, in the order in which it is."""
