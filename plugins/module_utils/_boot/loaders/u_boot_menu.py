# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Debian's u-boot-menu: U_BOOT_PARAMETERS in /etc/default/u-boot or a fragment, then u-boot-update."""

from __future__ import annotations

from .. import u_boot_update
from ..editing import shell_file

SYNTAX = {"u-boot-menu": ("shell", u_boot_update.VARIABLE)}


def recognize(tree, unused_cmdline):
    """Yield the Description, with the file that wins as config, unless u-boot-update is missing."""
    found = u_boot_update.settings(tree)
    if found:
        yield u_boot_update.describe(tree, "u-boot-menu", found.config, found)


def read(text, key, default):
    """Return the configured arguments, the default if none are."""
    return " ".join((shell_file.variable(text, key) or "").split()) or default
