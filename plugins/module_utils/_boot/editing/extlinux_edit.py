# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Change the kernel arguments of an extlinux.conf."""

from __future__ import annotations

import re

from ..menus import extlinux_menu
from .text_edit import ADDED, drop_comment, insert_line

GAP = " \t"


def edit(text, unused_key, change, unused_default):
    """Return the text with change() applied to the entry that boots by default.

    The others are the owner's fallback, and may start kernels without our module. A line that is not there is added
    below a comment, behind the kernel's: farther below, U-Boot may not read it as a part of the entry.
    """
    lines, append = extlinux_menu.default_entry(text)
    if append is None:
        changed = change("")
        if not changed:
            return text
        line = extlinux_menu.kernel(lines) or lines[0]
        indent = re.match(r"[ \t]*", line.group()).group()
        at = text.find("\n", line.end()) + 1 or len(text)
        text = insert_line(text, at, indent + ADDED)
        return insert_line(text, text.find("\n", text.find(ADDED, at)) + 1 or len(text), f"{indent}append {changed}")
    value = append.group(2)
    changed = change(value)
    # A line that is nothing but "append" gets a gap of ours, which goes with the last argument.
    bare = changed and not value and append.start(2) == append.end(1)
    start = append.end(1) if not changed and text[append.end(1):append.start(2)] == GAP else append.start(2)
    edited = text[:start] + (GAP if bare else "") + changed + text[append.end(2):]
    return edited if len(changed) >= len(value) else drop_comment(edited, append.start(), not changed.strip())
