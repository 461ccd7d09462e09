# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Change a variable of an environment file of U-Boot."""

from __future__ import annotations

import re

from ..loaders.environment import lines
from .text_edit import ADDED, drop_comment, insert_line


def edit(text, key, change, unused_default):
    """Return the text with change() applied to the last line that sets a variable, which is the one that U-Boot takes.

    A line that is not there is added below a comment.
    """
    if re.search(r"^[^#\n]*\\\r?$", text, re.MULTILINE):
        raise ValueError("a line ends with a backslash, so that U-Boot reads the next one as part of it")
    matches = lines(text, key)
    if not matches:
        changed = change("")
        if not changed:
            return text
        text = insert_line(text, len(text), ADDED)
        return insert_line(text, len(text), f"{key}={changed}")
    match = matches[-1]
    value = match.group(1)
    changed = change(value)
    edited = text[:match.start(1)] + changed + text[match.end(1):]
    return edited if len(changed) >= len(value) else drop_comment(edited, match.start(), not changed.strip())
