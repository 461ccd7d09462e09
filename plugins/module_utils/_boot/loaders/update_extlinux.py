# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Radxa's older images, and relatives of them: update_extlinux.sh makes extlinux.conf.

It takes the arguments from /etc/kernel/cmdline where there is that file, else from APPEND in /etc/default/extlinux.
"""

from __future__ import annotations

from ..boot_files import LIMIT
from ..description import Description
from ..editing import shell_file
from ..menus.extlinux_menu import PATH, default_arguments

SYNTAX = {"update-extlinux": ("words", None), "update-extlinux-default": ("shell", "APPEND")}
_TOOLS = tuple(f"/usr/{folder}/{name}" for folder in ("local/sbin", "local/bin", "sbin", "bin")
               for name in ("update_extlinux.sh", "update-extlinux.sh"))
_SOURCES = (("update-extlinux", "/etc/kernel/cmdline"), ("update-extlinux-default", "/etc/default/extlinux"))


def recognize(tree, unused_cmdline):
    """Yield the Description with the first file that the tool reads, unless the tool is missing."""
    tool = next(filter(tree.exists, _TOOLS), None)
    if not tool:
        return
    script, made = tree.text(tool, LIMIT) or "", tree.text(PATH, LIMIT)
    gives = default_arguments(made) if made else ""
    config = "/boot/config.txt" in script and tree.exists("/boot/config.txt")
    for name, path in _SOURCES:
        # Some of these scripts do not source /etc/default/extlinux beside a config.txt.
        if path in script and tree.exists(path) and not (config and path.startswith("/etc/default")):
            yield Description(name, path, gives, "", tool, PATH, default_arguments)
            return
    if made:
        source = ", from the lines cmdline: of /boot/config.txt" if config else ""
        yield Description("extlinux", gives=gives, error=f"{PATH} is made by {tool}{source}")


def read(text, key, unused_default):
    """Return the configured arguments."""
    return " ".join((shell_file.variable(text, key) or "" if key else text).split())
