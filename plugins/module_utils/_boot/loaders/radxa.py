# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Radxa OS: u-boot-update takes the kernel arguments from /etc/kernel/cmdline, unless its configuration sets them."""

from __future__ import annotations

import re

from .. import menu, u_boot_update
from ..description import Description

NAMES = ("radxa",)
CONFIG = "/etc/kernel/cmdline"


def recognize(tree, unused_cmdline):
    """Return the Description, None if this u-boot-update does not read the file, or sets the arguments elsewhere."""
    found = u_boot_update.settings(tree)
    if not found or (found.arguments or "").strip() or CONFIG not in found.script or not tree.exists(CONFIG):
        return None
    return Description("radxa", "words", CONFIG, read,
                       found.default, found.tool, menu.PATH, menu.default_arguments)


def read(text, unused_default):
    """Return the configured arguments."""
    return " ".join(text.split())


def edit(text, change, unused_default):
    """Return the text with change() applied to its one line of arguments."""
    lines = [match for match in re.finditer(r"[^\r\n]+", text) if match.group().strip()]
    if len(lines) != 1:
        raise ValueError("%s has %d lines of arguments where one is expected" % (CONFIG, len(lines)))
    line = lines[0]
    return text[:line.start()] + change(line.group()) + text[line.end():]
