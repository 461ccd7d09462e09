# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Add a line to a boot loader's configuration, or remove one."""

from __future__ import annotations

import re

from .text_file import newline


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
