# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A boot loader's configuration as text: validate it, and add or remove a line."""

from __future__ import annotations

import re

LIMIT = 64 * 1024
"""Characters a configuration may have."""


def checked(text):
    """Return the text unchanged.

    Raises:
        ValueError: it is too large, or not text.
    """
    if len(text) > LIMIT:
        raise ValueError("the configuration is larger than %d KiB: not a boot loader's" % (LIMIT // 1024))
    if "\0" in text:
        raise ValueError("the configuration holds NUL bytes: not a text file")
    return text


def newline(text):
    """Return the line end that the text uses."""
    return "\r\n" if "\r\n" in text else "\n"


def append_line(text, at, line):
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
