# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Change the value of a variable in a configuration that a shell sources."""

from __future__ import annotations

import re

from .shell_file import assignments, end_of_quote, value_of
from .text_edit import drop_line, insert_line

ADDED = "  # rkfleet.npu: nothing was set here, the default applied"
INSTEAD = "  # rkfleet.npu: instead of the value above"


def edit(text, name, change, default):
    """Return the text with change() applied to the last value of a variable.

    A value without quotes, or an empty one, stays as it is: a line of ours below it, which is removed as a whole, sets
    the variable again.

    Args:
        change: function of the value that returns the new one.
        default: the value that applies if the variable is not set or is empty: it is kept when the variable is set.

    Raises:
        ValueError: the value is not written as one plain or quoted word.
    """
    spans = list(assignments(text, name))
    if not spans:
        changed = change(default)
        return text if changed == default else _added(text, name, changed)
    start, end = spans[-1]
    raw = text[start:end]
    if "`" in raw or "$(" in raw:
        raise ValueError(f"{name} is computed by a command: add the argument by hand")
    quote, inner = _unquoted(raw, name)
    value = inner if inner.strip() else default
    changed = change(value)
    if changed == value:
        return text
    mark = _mark(text, end)
    if mark and changed == (default if mark == ADDED else value_of(text[slice(*spans[-2])]).strip() or default):
        return drop_line(text, start, end)
    if not inner.strip() or (not quote and re.search(r"\s", changed)):
        at = text.find("\n", end) + 1 or len(text)
        return insert_line(text, at, f'{name}="{changed}"{INSTEAD}')
    return text[:start] + quote + changed + quote + text[end:]


def _mark(text, end):
    """Return which comment of ours stands behind a value, or None."""
    rest = text[end:text.find("\n", end) + 1 or len(text)].rstrip("\r\n")
    return rest if rest in (ADDED, INSTEAD) else None


def _added(text, name, value):
    """Return the text with a line that sets the variable: next to the commented-out example, or at the end."""
    example = re.search(rf"^#[ \t]*{name}=.*$\n?", text, re.MULTILINE)
    at = example.end() if example else len(text)
    return insert_line(text, at, f'{name}="{value}"{ADDED}')


def _unquoted(raw, name):
    """Return (quote or "", what is between the quotes) of a word."""
    quote = raw[:1] if raw[:1] in ("'", '"') else ""
    if (quote and end_of_quote(raw, 0) != len(raw)) or (not quote and re.search(r"[\"'\\]", raw)):
        raise ValueError(f"{name} is put together of several quoted parts: add the argument by hand")
    return quote, raw[1:-1] if quote else raw
