# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Radxa OS and ubuntu-rockchip: u-boot-update takes the kernel arguments from /etc/kernel/cmdline.

It does so by itself if nothing sets U_BOOT_PARAMETERS, or because a fragment sets that to what the file contains.
"""

from __future__ import annotations

import re

from .. import u_boot_update

CONFIG = "/etc/kernel/cmdline"
SYNTAX = {"radxa": ("words", None)}
_CAT = re.compile(r"(?:\$\(|`)\s*(?:cat\s+|<\s*)[\"']?/etc/kernel/cmdline[\"']?\s*[)|`]")


def recognize(tree, unused_cmdline):
    """Yield the Description, unless this u-boot-update does not read the file."""
    found = u_boot_update.settings(tree)
    if not found or not tree.exists(CONFIG):
        return
    arguments = (found.arguments or "").strip()
    if _CAT.search(arguments) if arguments else CONFIG in found.script:
        yield u_boot_update.describe(tree, "radxa", CONFIG, found)


def read(text, unused_key, unused_default):
    """Return the configured arguments."""
    return " ".join(text.split())
