# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Regular expressions as people search for them: what each alternative of a pattern looks like in a log."""

from __future__ import annotations

# The only parser that knows all of what `re` knows.
from re import _constants as constants
from re import _parser as parser

GAP = "…"
MOST = 24


def spellings(pattern):
    """Return the lines that a pattern stands for, at most MOST: a gap is "…", a digit N, a named group its name.

    Args:
        pattern: regular expression for the beginning of a line.
    """
    found = []
    for text in _sequence(parser.parse(pattern)):
        line = text.replace(GAP * 3, GAP).replace(GAP * 2, GAP).strip()
        if line.strip(GAP) and line not in found:
            found.append(line)
    return found[:MOST]


def _sequence(items):
    """Return texts that a sequence of a parsed pattern stands for: as few as show each alternative of each part."""
    parts = [_item(kind, value) for kind, value in items]
    count = max((len(part) for part in parts), default=1)
    return ["".join(part[number % len(part)] for part in parts) for number in range(count)]


def _item(kind, value):
    if kind is constants.LITERAL:
        return [chr(value)]
    if kind is constants.IN:
        return _one_of(value)
    if kind is constants.BRANCH:
        return [text for branch in value[1] for text in _sequence(branch)]
    if kind is constants.SUBPATTERN:
        named = {number: name for name, number in value[3].state.groupdict.items()}
        return [named[value[0]].upper()] if value[0] in named else _sequence(value[3])
    if kind in (constants.MAX_REPEAT, constants.MIN_REPEAT):
        return _repeated(*value)
    if kind is constants.AT:
        return [""]
    return [GAP]


def _one_of(choices):
    """Return the texts for one character of a class: a digit is N, of a few characters each."""
    kind, value = choices[0]
    if kind is constants.CATEGORY:
        return [{constants.CATEGORY_DIGIT: "N", constants.CATEGORY_SPACE: " "}.get(value, GAP)]
    if len(choices) < 5 and all(kind is constants.LITERAL for kind, unused in choices):
        return [chr(value) for unused, value in choices]
    return [GAP]


def _repeated(least, unused, items):
    """Return the texts for a repeated part: with and without it if it may be missing."""
    texts = _sequence(items)
    if texts in ([GAP], ["N"], [" "]):
        return texts
    if least == 0:
        return [*texts, ""]
    return [text * least for text in texts]
