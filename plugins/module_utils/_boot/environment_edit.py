# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Change a variable of an environment file of U-Boot."""

from __future__ import annotations

from .loaders.environment import lines
from .text_edit import drop_line, insert_line

ADDED = "# rkfleet.npu: the next line was not set here"


def edit(text, key, change, unused_default):
    """Return the text with change() applied to the last line that sets a variable, which is the one that U-Boot takes.

    A line that is not there is added below a comment, which tells it from an empty one when the argument is removed.
    """
    matches = lines(text, key)
    if not matches:
        changed = change("")
        if not changed:
            return text
        text = insert_line(text, len(text), ADDED)
        return insert_line(text, len(text), f"{key}={changed}")
    match = matches[-1]
    changed = change(match.group(1))
    if changed == match.group(1):
        return text
    edited = text[:match.start(1)] + changed + text[match.end(1):]
    comment = text[:match.start()].splitlines()[-1:] == [ADDED]
    if not comment or _is_longer(changed, match.group(1)):
        return edited
    # Without our argument the comment is not true any more, and the line goes if nothing else is in it.
    if not changed.strip():
        edited = drop_line(edited, match.start(), match.start(1))
    return drop_line(edited, match.start() - 2, match.start() - 2)


def _is_longer(changed, value):
    return len(changed) > len(value)
