# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files of all boot loaders that an upgrade may change, and how each is written.

A restore point has all of them that exist: it does not depend on which loader is recognized later.
"""

from __future__ import annotations

import re

LIMIT = 64 * 1024
"""Characters such a file may have."""
KINDS = ("menu", "shell", "environment", "words", "grub")
"""How such a file is written, by which the guard removes what this collection wrote: see _transaction/guard.py."""
DROP_IN = "/etc/default/grub.d/zz-rkfleet-npu.cfg"
"""Our own file for GRUB, which is removed as a whole."""
GRUB_MENU = "/boot/grub/grub.cfg"
ENVIRONMENTS = {
    "armbian": ("/boot/armbianEnv.txt", "extraargs"), "orangepi": ("/boot/orangepiEnv.txt", "extraargs"),
    "dietpi": ("/boot/dietpiEnv.txt", "extraargs"), "bigtreetech": ("/boot/BoardEnv.txt", "extraargs"),
    "fnos": ("/boot/fnEnv.txt", "extraargs"),
    "ubuntu": ("/boot/firmware/ubuntuEnv.txt", "bootargs"),
}
"""{name of the boot loader: (environment file of U-Boot, its variable with the kernel arguments)}."""
SCRIPT = "/boot/boot.scr"
FRAGMENTS = ("/usr/share/u-boot-menu/conf.d", "/etc/u-boot-menu/conf.d")
_FILES = {
    "/boot/extlinux/extlinux.conf": "menu", "/etc/default/u-boot": "shell", "/etc/default/extlinux": "shell",
    "/etc/kernel/cmdline": "words", DROP_IN: "file", GRUB_MENU: "grub",
}
_ALWAYS = ("/boot/extlinux/extlinux.conf", "/etc/default/u-boot")
_OURS = re.compile(r"rkfleet-npu\.conf\Z")


def existing(tree):
    """Return {path: kind} of the boot files of a board, the file of ours for GRUB and those of u-boot-menu always."""
    found = dict(_FILES, **{path: "environment" for path, dummy in ENVIRONMENTS.values()})
    for folder in FRAGMENTS:
        found.update((f"{folder}/{name}", "shell") for name in tree.names(folder)
                     if name.endswith(".conf") and not _OURS.match(name))
    grub = tree.exists(GRUB_MENU)
    return {path: kind for path, kind in found.items()
            if tree.exists(path) or path in _ALWAYS or (path == DROP_IN and grub)}
