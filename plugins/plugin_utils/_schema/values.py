# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Kinds of values, and the two ways to hold a value against one: check() refuses what does not fit, fit() leaves it out.

What comes from a board passes check() once, at the gate (_answers/gate.py). What is put together for a report passes fit() once.
"""

from __future__ import annotations

import calendar
import re
import time
import typing

from ...module_utils._board import version
from ...module_utils._board.tree import clean, clean_tree

TEXT, VERSION, TEXTS, TIME = "a text", "a version", "a list of texts", "a time such as 2026-01-31T12:00:00Z"
FLAG, OPTIONAL_FLAG, OBJECT = "true or false", "true, false or null", "an object or null"
INTEGER, NUMBER, AMOUNT = "a whole number", "a number", "a number of 0 or more"
BASE64, LOG, DIFF = "a content in base64", "a log", "a difference"
# Of one value, and of the items of a list.
LONGEST, MOST = 4096, 1000
# In a record, instead of the length that its texts have otherwise.
SENTENCE = 1000
LONGEST_LOG = 1 << 20
LONGEST_BASE64 = 24 << 20
_LARGEST = 1 << 53
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_TIME_PATTERN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z", re.ASCII)
_DEFAULTS = {TEXT: "", FLAG: False, TIME: "1970-01-01T00:00:00Z"}


class Field(typing.NamedTuple):
    """A value in the record of a board, and where it is shown."""

    kind: object
    """One of the kinds above, a tuple of words, a dictionary of fields by name, or a list with the field of its items."""
    about: str = ""
    column: str = ""
    """Its column in fleet.csv."""
    title: str = ""
    """Its name in fleet.html."""
    label: str = ""
    """Its label of the metric rkfleet_npu_board_info."""
    nullable: bool = True
    longest: int = 200
    most: int = 50


def part(fields, about=""):
    """Return the field of an object that is always there."""
    return Field(fields, about, nullable=False)


class Some(dict):
    """An object of whose keys any may be missing."""


def check(value, kind, where):
    """Return the value of a board, bounded and without control characters.

    :arg kind: as of I(Field), or C({str: kind}) for an object with any keys. Except flags and words, a value may be null.
    :raises ValueError: where the value is of another kind, with what is wrong.
    """
    if isinstance(kind, Field):
        kind = kind.kind
    if isinstance(kind, dict):
        return _object(value, kind, where)
    if isinstance(kind, list) or kind == TEXTS:
        if not isinstance(value, list):
            raise ValueError("%s is not a list" % where)
        return [check(item, kind[0], where) if kind != TEXTS else _scalar(item, TEXT, where) or "" for item in value[:MOST]]
    if kind == OBJECT:
        if value is not None and not isinstance(value, dict):
            raise ValueError("%s is not %s" % (where, OBJECT))
        return _finite(clean_tree(value))
    if kind == DIFF:
        return [_difference(item, where) for item in value[:MOST]] if isinstance(value, list) else _difference(value, where)
    return _scalar(value, kind, where)


def fit(value, field):
    """Return a value as the record of a board has it: null, or an empty text or list, where it is not of its kind."""
    kind = field.kind
    if isinstance(kind, dict):
        if field.nullable and not isinstance(value, dict):
            return None
        known = dictionary(value)
        return {name: fit(known.get(name), inner) for name, inner in kind.items()}
    if kind == TEXTS:
        texts = [clean(item, field.longest) for item in value if isinstance(item, str)] if isinstance(value, (list, tuple)) else []
        return [text for text in texts[:field.most] if text]
    if isinstance(kind, list):
        items = [fit(item, kind[0]) for item in value[:field.most]] if isinstance(value, (list, tuple)) else []
        return [item for item in items if None not in item.values()]
    try:
        fitting = _scalar(value, kind, "", field.longest)
    except ValueError:
        fitting = None
    return _DEFAULTS.get(kind) if fitting is None and not field.nullable else fitting


def _object(value, kind, where):
    if not isinstance(value, dict):
        raise ValueError("%s is not an object" % where)
    if str in kind:
        return {clean(str(key)): _scalar(item, kind[str], where) for key, item in list(value.items())[:MOST]}
    missing = [key for key in kind if key not in value]
    if missing and not isinstance(kind, Some):
        raise ValueError("%s has no %s" % (where, missing[0]))
    return {key: check(value[key], inner, key if where == "the facts" else "%s.%s" % (where, key)) for key, inner in kind.items() if key in value}


def _scalar(value, kind, where, longest=LONGEST):
    if isinstance(kind, tuple):
        if value in kind:
            return value
        raise ValueError("%s is not a word that is known" % where)
    if value is None and kind != FLAG:
        return None
    if isinstance(value, str):
        if kind == TEXT or kind == VERSION and version.is_version(value):
            return clean(value, longest)
        if kind == TIME and seconds_of(value) is not None:
            return value
        if kind == BASE64 and len(value) <= LONGEST_BASE64 and re.fullmatch(r"[A-Za-z0-9+/=]*", value):
            return value
        if kind == LOG:
            # The end says why it failed.
            return printable(value[-LONGEST_LOG:])
    if isinstance(value, bool):
        if kind in (FLAG, OPTIONAL_FLAG):
            return value
    elif kind in (INTEGER, NUMBER, AMOUNT) and number(value) is not None:
        if kind == NUMBER or kind == INTEGER and isinstance(value, int) or kind == AMOUNT and value >= 0:
            return number(value)
    raise ValueError("%s is not %s" % (where, kind))


def _finite(value):
    """A tree with null where a number is none that JSON and a reader of it can hold."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return value if value is None or isinstance(value, (bool, str)) else number(value)


def _difference(value, where):
    """A file before and after, as C(--diff) shows it."""
    if not isinstance(value, dict):
        raise ValueError("%s is not an object" % where)
    texts = {key: value[key] for key in ("before", "after", "before_header", "after_header", "path") if key in value}
    if not all(isinstance(text, str) for text in texts.values()):
        raise ValueError("%s is not %s" % (where, DIFF))
    return {key: printable(text) if key in ("before", "after") else clean(text, LONGEST) for key, text in texts.items()}


def printable(text):
    """Return a text with blanks for control characters, line breaks and tabs left as they are."""
    return re.sub(r"[^\x20-\x7e\n\t]", lambda found: found[0] if found[0].isprintable() else " ", text)


def dictionary(value):
    """Return the value where it is a dictionary, else an empty one."""
    return value if isinstance(value, dict) else {}


def number(value):
    """Return the value where it is a number that JSON and its readers have, else None. One of 400 digits is JSON, too, and none of ours."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < _LARGEST:
        return None
    return int(value) if isinstance(value, int) else float(value)


def stamp(seconds):
    """Return seconds since the epoch as text."""
    return time.strftime(_TIME, time.gmtime(seconds))


def seconds_of(text):
    """Return the seconds since the epoch of a time as text, None where it is no such time."""
    try:
        return calendar.timegm(time.strptime(text, _TIME)) if isinstance(text, str) and _TIME_PATTERN.match(text) else None
    except ValueError:
        return None
