# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Debian's u-boot-menu: U_BOOT_PARAMETERS in /etc/default/u-boot or a fragment, then u-boot-update."""

from __future__ import annotations

from .. import menu, shell_file, u_boot_update
from ..description import Description

NAMES = ("u-boot-menu",)


def recognize(tree, unused_cmdline):
    """Return the Description, with the file that wins as config; None without u-boot-update."""
    found = u_boot_update.settings(tree)
    if not found:
        return None
    return Description("u-boot-menu", "shell", found.config, read,
                       found.default, found.tool, menu.PATH, menu.default_arguments)


def read(text, default):
    """Return the configured arguments, the default if none are."""
    return " ".join((shell_file.variable(text, u_boot_update.VARIABLE) or "").split()) or default


def edit(text, change, default):
    """Return the text with change() applied to the variable."""
    return shell_file.edit(text, u_boot_update.VARIABLE, change, default)
