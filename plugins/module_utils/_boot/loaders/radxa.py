# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Radxa OS and ubuntu-rockchip: u-boot-update takes the kernel arguments from /etc/kernel/cmdline.

It does so by itself if nothing sets U_BOOT_PARAMETERS, or because a fragment sets that to what the file contains.
"""

from __future__ import annotations

import re

from .. import u_boot_update
from ..boot_files import LIMIT

CONFIG = "/etc/kernel/cmdline"
SYNTAX = {"radxa": ("words", None)}
_READ = re.compile(r"(?:\$\(|`)\s*(?:(?:cat|grep|head|sed|tail|tr)\s|<)[^)`]{0,200}?/etc/kernel/cmdline(?![\w./-])")


def recognize(tree, unused_cmdline):
    """Yield the Description, unless this u-boot-update does not read the file."""
    found = u_boot_update.settings(tree)
    if not found or not tree.exists(CONFIG):
        return
    arguments = (found.arguments or "").strip()
    # From an empty file it takes its default.
    if _READ.search(arguments) if arguments else CONFIG in found.script and tree.text(CONFIG, LIMIT) not in ("", "\n"):
        yield u_boot_update.describe(tree, "radxa", CONFIG, found)


def read(text, unused_key, unused_default):
    """Return the configured arguments."""
    return " ".join(text.split())
