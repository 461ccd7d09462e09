# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Add a line to a boot loader's configuration, or remove one."""

from __future__ import annotations

import re

from .text_file import newline

ADDED = "# rkfleet.npu: the next line was not set here"
"""The comment above a line of ours, which tells it from an empty one when the argument is removed."""


def insert_line(text, at, line):
    """Return the text with a line inserted.

    Args:
        at: the end of a line, or of the text.
    """
    if at and text[at - 1] != "\n":
        return text[:at] + newline(text) + line + text[at:]
    return text[:at] + line + newline(text) + text[at:]


def drop_line(text, start, end):
    """Return the text without the line that holds start to end; a file without a line end at its end keeps none."""
    start = text.rfind("\n", 0, start) + 1
    stop = text.find("\n", end) + 1
    if stop:
        return text[:start] + text[stop:]
    return re.sub(r"\r?\n\Z", "", text[:start])


def drop_comment(text, start, empty):
    """Return the text without our comment above the line at start, now untrue, and without an empty line.

    Args:
        empty: whether nothing is left in that line.
    """
    if not text[:start].rstrip("\r\n").endswith(ADDED):
        return text
    if empty:
        text = drop_line(text, start, start)
    return drop_line(text, start - 2, start - 2)
