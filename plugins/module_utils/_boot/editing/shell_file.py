# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A configuration that a shell sources: the value of a variable. shell_edit changes it."""

from __future__ import annotations

import re

from .text_file import checked

_PART = re.compile(r"""'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.?)|(.)""", re.DOTALL)


def variable(text, name):
    """Return the last value that the file gives a variable, or None if it sets none.

    Raises:
        ValueError: a quote is never closed, or this is no text file.
    """
    spans = list(assignments(checked(text), name))
    return value_of(text[slice(*spans[-1])]) if spans else None


def assignments(text, name):
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
        elif fresh and text.startswith(name + "+=", at):
            raise ValueError(f"{name} is set with +=, which /bin/sh does not know")
        elif fresh and text.startswith(name + "=", at):
            start = at + len(name) + 1
            at = _end_of_word(text, start)
            if text[at - 1:at + 1] == "$(" or text.count("`", start, at) % 2:  # a command: take the whole line
                at = text.find("\n", at) % (len(text) + 1)
            yield start, at
            fresh = False
        else:
            end = _end_of_word(text, at)
            if re.search(r"\$\{%s:?=" % name, text[at:end]):
                raise ValueError(f"{name} is set with :=, only if it was not set before")
            at, fresh = (end if end > at else at + 1), False


def _end_of_word(text, at):
    """Return the position behind the word that begins there."""
    while at < len(text) and text[at] not in " \t\r\n;&|<>()":
        if text[at] in "'\"":
            at = end_of_quote(text, at)
        else:
            at += 2 if text[at] == "\\" else 1
    return min(at, len(text))


def end_of_quote(text, at):
    """Return the position behind the quoted part that begins there."""
    quote, place = text[at], at + 1
    while place < len(text):
        if text[place] == "\\" and quote == '"':
            place += 1
        elif text[place] == quote:
            return place + 1
        place += 1
    raise ValueError("a quote in line %d is never closed" % (text.count("\n", 0, at) + 1))


def value_of(raw):
    """Return what a shell makes of one word, variables as they are written."""
    return "".join(
        single + re.sub(r'\\([\\"$`])|\\\n', lambda match: match.group(1) or "", double) + escaped.strip("\n") + plain
        for single, double, escaped, plain in _PART.findall(raw))
