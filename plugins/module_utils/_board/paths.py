# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Paths, names of module files and the format of times, for all parts of the collection."""

from __future__ import annotations

import time

STATE_DIR = "/var/lib/rkfleet-npu"
HOLD_FILE = "/etc/rkfleet-npu/hold"
# In our source trees: others call theirs rknpu, too.
MARKER = "rkfleet.json"
FACT_FILE = "/etc/ansible/facts.d/npu.fact"
MODULES_LOAD = "/etc/modules-load.d/rkfleet-npu.conf"
# dracut copies that file and its module into an initramfs, which loads it before the guard can count the boot, also
# after a rollback. initramfs-tools copies modules by the alias of a device, and the driver has none.
DRACUT = "/etc/dracut.conf.d/rkfleet-npu.conf"
SUFFIXES = ("", ".xz", ".zst", ".gz")
"""Of the file of a kernel module, behind `.ko`."""
TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
SIGNING_TOOL = "/usr/lib/rkfleet-npu/sign-module"
SIGNING_FRAGMENT = "/etc/dkms/framework.conf.d/rkfleet-npu.conf"
SIGNING_CONFIG = "/etc/dkms/framework.conf"
# In the order in which they are written.
SIGNING_PATHS = (SIGNING_TOOL, SIGNING_FRAGMENT, SIGNING_CONFIG)


def kernel_module(name):
    """Return the module's name of a file such as `rknpu.ko.xz`, None for another file."""
    stem, dummy, suffix = name.rpartition(".ko")
    return stem if stem and suffix in SUFFIXES else None


def timestamp(seconds=None):
    """Return a time, by default the current one, in UTC as in ISO 8601."""
    return time.strftime(TIME_FORMAT, time.gmtime(seconds))
