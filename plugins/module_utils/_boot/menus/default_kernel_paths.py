# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files with which u-boot-update and grub-mkconfig choose the default kernel: see default_kernel."""

from __future__ import annotations

FOLDER = "/usr/lib/rkfleet-npu"
SCRIPT = FOLDER + "/kernel-default"
SETTINGS = FOLDER + "/u-boot.conf"
FRAGMENT = "/etc/u-boot-menu/conf.d/rkfleet-npu.conf"
GRUB_SETTINGS = FOLDER + "/grub.conf"
GRUB_FRAGMENT = "/etc/default/grub.d/zz-rkfleet-npu-kernel.cfg"
IMAGE_HOOK = "/etc/kernel/postinst.d/00-rkfleet-npu"
HEADERS_HOOK = "/etc/kernel/header_postinst.d/zz-rkfleet-npu"
# What is not there before us, and goes with the last of our files.
OWN_FOLDERS = (FOLDER, "/etc/u-boot-menu/conf.d", "/etc/u-boot-menu", "/etc/kernel/header_postinst.d",
               "/etc/default/grub.d")
FILES = {SCRIPT: 0o755, SETTINGS: 0o644, GRUB_SETTINGS: 0o644, IMAGE_HOOK: 0o755, HEADERS_HOOK: 0o755, FRAGMENT: 0o644,
         GRUB_FRAGMENT: 0o644}
"""`{path: mode}`, in the order in which they are written: a fragment makes the boot loader's tool use the others."""
OF_GRUB, OF_U_BOOT = (GRUB_SETTINGS, GRUB_FRAGMENT), (SETTINGS, FRAGMENT)
# One line, for a fragment as for /etc/default/u-boot of releases that read no fragments.
LINE = "[ ! -e %s ] || . %s  # rkfleet.npu: the default is a kernel that has the NPU's module" % (SETTINGS, SETTINGS)
