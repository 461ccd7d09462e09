# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An extlinux.conf that is kept by hand: the append line of the entry that boots by default."""

from __future__ import annotations

import re

from .. import menu
from ..description import Description
from ..text_file import append_line, drop_line

NAMES = ("extlinux",)


def recognize(tree, unused_cmdline):
    """Return the Description if there is an extlinux.conf."""
    return Description("extlinux", "menu", menu.PATH, read) if tree.exists(menu.PATH) else None


def read(text, unused_default):
    """Return the configured arguments."""
    return menu.default_arguments(text)


def edit(text, change, unused_default):
    """Return the text with change() applied to the entry that boots by default.

    The others are the owner's fallback, and may start kernels without our module.
    """
    lines, append = menu.default_entry(text)
    if append is None:
        changed = change("")
        if not changed:
            return text
        indent = re.match(r"[ \t]*", lines[-1].group()).group() if len(lines) > 1 else "    "
        at = text.find("\n", lines[-1].end()) + 1 or len(text)
        return append_line(text, at, "%sappend %s" % (indent, changed))
    changed = change(append.group(2))
    if changed == append.group(2):
        return text
    if not changed.strip():
        return drop_line(text, append.start(), append.end())
    return text[:append.start(2)] + changed + text[append.end(2):]
