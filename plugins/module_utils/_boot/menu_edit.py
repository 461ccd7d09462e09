# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Change the kernel arguments of an extlinux.conf."""

from __future__ import annotations

import re

from . import menu
from .text_edit import drop_line, insert_line

ADDED = "# rkfleet.npu: the next line was not set here"


def edit(text, unused_key, change, unused_default):
    """Return the text with change() applied to the entry that boots by default.

    The others are the owner's fallback, and may start kernels without our module. A line that is not there is added
    below a comment, which tells it from an empty one when the argument is removed.
    """
    lines, append = menu.default_entry(text)
    if append is None:
        changed = change("")
        if not changed:
            return text
        indent = re.match(r"[ \t]*", lines[-1].group()).group() if len(lines) > 1 else "    "
        at = text.find("\n", lines[-1].end()) + 1 or len(text)
        comment = indent + ADDED
        text = insert_line(text, at, comment)
        at = text.find(comment, at) + len(comment)
        return insert_line(text, text.find("\n", at) + 1 or len(text), f"{indent}append {changed}")
    value = append.group(2)
    changed = change(value)
    if changed == value:
        return text
    # A line that is nothing but "append" gets a tab, which goes with the last argument.
    bare = not value and append.start(2) == append.end(1)
    start = append.start(2) - (not changed and text[append.end(1):append.start(2)] == "\t")
    edited = text[:start] + ("\t" if bare else "") + changed + text[append.end(2):]
    if len(changed) > len(value):
        return edited
    before = text[:append.start()].splitlines()[-1:]
    if not before or before[0].strip() != ADDED:
        return edited
    if not changed.strip():
        edited = drop_line(edited, append.start(), append.start())
    return drop_line(edited, append.start() - 2, append.start() - 2)
