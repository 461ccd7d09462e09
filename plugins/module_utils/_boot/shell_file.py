# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A configuration that a shell sources: the value of a variable, and changing it in place."""

from __future__ import annotations

import re

from .text_file import checked, newline

_ADDED = "  # rkfleet.npu: nothing was set here, the default applied"


def variable(text, name):
    """Return the last value that the file gives a variable, or None if it sets none.

    Raises:
        ValueError: a quote is never closed, or this is no text file.
    """
    spans = list(_assignments(checked(text), name))
    return _value(text[slice(*spans[-1])]) if spans else None


def edit(text, name, change, default):
    """Return the text with change() applied to the last value of a variable.

    Args:
        change: function of the value that returns the new one.
        default: the value that applies if the variable is not set or is empty: it is kept when the variable is set.

    Raises:
        ValueError: the value is not written as one plain or quoted word.
    """
    spans = list(_assignments(text, name))
    if not spans:
        return _added(text, name, change(default), default)
    start, end = spans[-1]
    raw = text[start:end]
    if "`" in raw or "$(" in raw:
        raise ValueError("%s is computed by a command: add the argument by hand" % name)
    if not _value(raw).strip():
        changed = change(default)
        return text if changed == default else '%s"%s"%s' % (text[:start], changed, text[end:])
    quote, inner = _unquoted(raw, name)
    changed = change(inner)
    if changed == inner:
        return text
    # The line that _added() made is dropped as a whole if the default alone is left of it.
    line_end = text.find("\n", end) + 1 or len(text)
    if text[end:line_end].rstrip("\r\n") == _ADDED and changed == default:
        return text[:text.rfind("\n", 0, start) + 1] + text[line_end:]
    quote = quote or ('"' if re.search(r"\s", changed) else "")
    return text[:start] + quote + changed + quote + text[end:]


def _added(text, name, value, default):
    """Return the text with a line that sets the variable: next to the commented-out example, or at the end."""
    if value == default:
        return text
    example = re.search(r"^#[ \t]*%s=.*$\n?" % name, text, re.M)
    at = example.end() if example else len(text)
    before = text[:at] + ("" if not at or text[at - 1] == "\n" else newline(text))
    return '%s%s="%s"%s%s%s' % (before, name, value, _ADDED, newline(text), text[at:])


def _unquoted(raw, name):
    """Return (quote or "", what is between the quotes) of a word."""
    quote = raw[0] if raw[0] in "'\"" else ""
    if quote and _end_of_quote(raw, 0) != len(raw) or not quote and re.search(r"[\"'\\]", raw):
        raise ValueError("%s is put together of several quoted parts: add the argument by hand" % name)
    return quote, raw[1:-1] if quote else raw


def _assignments(text, name):
    """Yield (start, end) of the value of every `name=value`, as the shell would find words."""
    at, fresh = 0, True
    while at < len(text):
        char = text[at]
        if char == "#" and fresh:
            at = text.find("\n", at)
            if at < 0:
                return
        elif char in " \t\r\n;&|(){}":
            fresh = True
            at += 1
        elif fresh and text.startswith(name + "=", at):
            start = at + len(name) + 1
            at = _end_of_word(text, start)
            yield start, at
            fresh = False
        else:
            end = _end_of_word(text, at)
            at, fresh = (end if end > at else at + 1), False


def _end_of_word(text, at):
    """Return the position behind the word that begins there."""
    while at < len(text) and text[at] not in " \t\r\n;&|<>()":
        if text[at] in "'\"":
            at = _end_of_quote(text, at)
        else:
            at += 2 if text[at] == "\\" else 1
    return min(at, len(text))


def _end_of_quote(text, at):
    """Return the position behind the quoted part that begins there."""
    quote, place = text[at], at + 1
    while place < len(text):
        if text[place] == "\\" and quote == '"':
            place += 1
        elif text[place] == quote:
            return place + 1
        place += 1
    raise ValueError("a quote in line %d is never closed" % (text.count("\n", 0, at) + 1))


def _value(raw):
    """Return what a shell makes of one word, variables as they are written."""
    value, at = [], 0
    while at < len(raw):
        if raw[at] == "'":
            end = _end_of_quote(raw, at)
            value.append(raw[at + 1:end - 1])
        elif raw[at] == '"':
            end = _end_of_quote(raw, at)
            value.append(re.sub(r'\\([\\"$`])|\\\n', lambda m: m.group(1) or "", raw[at + 1:end - 1]))
        elif raw[at] == "\\":
            end = at + 2
            value.append(raw[at + 1:end].replace("\n", ""))
        else:
            end = at + 1
            value.append(raw[at])
        at = end
    return "".join(value)
