# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files from which a boot loader is recognized, as a board sends them: the controller decides (boot_facts).

The modules that change a board recognize it there, from the same files.
"""

from __future__ import annotations

import re

from . import boot_files
from .boot_files import LIMIT

OTHERS = ("/boot/uEnv/uEnv.txt", "/boot/uEnv.txt", "/boot/env.txt", "/boot/bootEnv.txt", "/boot/config.ini",
          "/boot/boot.ini", "/boot/cmdline.txt", "/boot/loader/entries",
          *(f"{top}/extlinux/extlinux.conf" for top in ("", "/boot/efi", "/boot/firmware")), boot_files.SCRIPT)
"""Files that U-Boot reads on other images, which differ too much to be edited."""
FLASH_KERNEL = "/etc/default/flash-kernel"
"""Of a tool that makes SCRIPT."""
SCRIPTS = (
    *(f"/usr/{folder}/{name}" for name in ("u-boot-update", "update_extlinux.sh", "update-extlinux.sh")
      for folder in ("sbin", "bin", "local/sbin", "local/bin")),
    "/usr/share/u-boot-menu/read-config", "/usr/sbin/grub-mkconfig", boot_files.SCRIPT, "/etc/fstab")
"""Update tools, U-Boot's script and what is mounted at /boot: only the lines that name that are sent."""
_PRESENT = ("/sys/firmware/efi", "/boot/config.txt", FLASH_KERNEL, *OTHERS)
_GRUB = ("/etc/default/grub", "/boot/grub/grubenv")
_SCRIPT_LINE = re.compile(
    r"U_BOOT_PARAMETERS:-|u-boot-menu/|/etc/kernel/cmdline|/default/grub\.d|/default/extlinux|/boot/config\.txt"
    r"|extraargs|setenv +bootargs|Env\.txt|^[^#\s]+\s+/boot[/\s]")
_MENU_LINE = re.compile(r"[ \t]*(?:menuentry|submenu|linux|set[ \t]+default|\}|#)|.*\{[ \t]*$")


def read(tree):
    """Return [{path, text}] of the files that the board has; text is None if it cannot be read."""
    whole = [*boot_files.existing(tree), *_GRUB]
    folder = boot_files.DROP_IN.rpartition("/")[0]
    whole += [f"{folder}/{name}" for name in tree.names(folder) if name.endswith(".cfg")]
    found = {path: tree.text(path, LIMIT + 1) for path in whole if tree.exists(path) and path != boot_files.GRUB_MENU}
    # The controller replaces NUL bytes, and checked() refuses them.
    found.update((path, "\ufffd") for path, text in found.items() if "\0" in (text or ""))
    for path in (*SCRIPTS, boot_files.GRUB_MENU, "/boot/grub/custom.cfg"):
        if tree.exists(path):
            wanted = _MENU_LINE.match if path.endswith(".cfg") else _SCRIPT_LINE.search
            text = tree.text(path, 4 * LIMIT)
            found[path] = text and "".join(line for line in text.splitlines(True) if wanted(line))
    for path in filter(tree.exists, _PRESENT):
        found.setdefault(path, "")
    return [{"path": path, "text": text} for path, text in found.items()]


class Sources:
    """What read() returns, as a tree: the part of Tree that recognizing a boot loader needs."""

    def __init__(self, files):
        self.files = {file["path"]: file["text"] and file["text"][:4 * LIMIT] for file in files or () if file["path"]}

    def exists(self, path):
        """Return whether the board has the file."""
        return path in self.files

    def text(self, path, unused_limit):
        """Return the text of a file, None if it is missing or cannot be read."""
        return self.files.get(path)

    def names(self, folder):
        """Return the sorted names of the files in a folder."""
        start = folder + "/"
        return sorted(path[len(start):] for path in self.files if path.startswith(start))
