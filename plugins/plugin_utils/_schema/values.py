# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Kinds of values, and their validation: check() refuses values of another kind, fit() replaces them by null.

The answers of boards pass check() once, at the gate (_answers/gate.py). Records for a report, and those read back from
its files, pass fit() once.
"""

from __future__ import annotations

import calendar
import json
import re
import time
import typing

from ...module_utils._board import version
from ...module_utils._board.paths import TIME_FORMAT
from ...module_utils._board.tree import clean, clean_tree

TEXT, VERSION, TEXTS, TIME = "a text", "a version", "a list of texts", "a time such as 2026-01-31T12:00:00Z"
FLAG, OPTIONAL_FLAG, OBJECT = "true or false", "true, false or null", "an object or null"
INTEGER, NUMBER, AMOUNT = "a whole number", "a number", "a number of 0 or more"
BASE64, LOG, DIFF = "a content in base64", "a log", "a difference"
# Characters of a value, and items of a list.
LONGEST, MOST = 4096, 1000
# Characters of a sentence in a record, whose other texts are shorter.
SENTENCE = 1000
LONGEST_LOG = 1 << 20
LONGEST_BASE64 = 24 << 20
_LARGEST = 1 << 53
_TIME_PATTERN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z", re.ASCII)
_NOT_ASCII = re.compile(r"[^\x20-\x7e\n\t]")
_DEFAULTS = {TEXT: "", FLAG: False, TIME: "1970-01-01T00:00:00Z"}
# The first call imports a module: here, and not in each worker that is forked later.
time.strptime("1970-01-01T00:00:00Z", TIME_FORMAT)


class Field(typing.NamedTuple):
    """A value in the record of a board, and where it appears."""

    kind: object
    """One of the kinds above, a tuple of words, fields by their names, or a list with the field of its items."""
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
    """Return the field of an object that is never null."""
    return Field(fields, about, nullable=False)


class Some(dict):
    """An object whose keys are all optional, except for those that are needed: these are not null, either."""

    def __init__(self, *fields, needed=(), **more):
        super().__init__(*fields, **more)
        self.needed = needed


def check(value, kind, where):
    """Return a value from a board, limited in size and without control characters.

    Args:
        kind: as of `Field`, or `{str: kind}` for an object with any keys. All but flags and words may be null.

    Raises:
        ValueError: if the value is of another kind, with the reason.
    """
    if isinstance(kind, Field):
        kind = kind.kind
    if isinstance(kind, dict):
        return _object(value, kind, where)
    if isinstance(kind, list) or kind == TEXTS:
        if not isinstance(value, list):
            raise ValueError(f"{where} is not a list")
        items = value[:MOST]
        if kind == TEXTS:
            return [_scalar(item, TEXT, where) or "" for item in items]
        return [check(item, kind[0], where) for item in items]
    if kind == OBJECT:
        if value is not None and not isinstance(value, dict):
            raise ValueError(f"{where} is not {OBJECT}")
        return _finite(clean_tree(value))
    if kind == DIFF:
        # A list for several files.
        several = isinstance(value, list)
        return [_difference(item, where) for item in value[:MOST]] if several else _difference(value, where)
    return _scalar(value, kind, where)


def fit(value, field):
    """Return a value for the record of a board: null, or an empty text or list, if it is of another kind."""
    kind = field.kind
    if isinstance(kind, dict):
        if field.nullable and not isinstance(value, dict):
            return None
        known = dictionary(value)
        return {name: fit(known.get(name), inner) for name, inner in kind.items()}
    if kind == TEXTS:
        texts = (clean(item, field.longest) for item in sequence(value)[:field.most] if isinstance(item, str))
        return [text for text in texts if text]
    if isinstance(kind, list):
        items = [fit(item, kind[0]) for item in sequence(value)[:field.most]]
        return [item for item in items if item is not None and not (isinstance(item, dict) and None in item.values())]
    try:
        fitting = _scalar(value, kind, "", field.longest)
    except ValueError:
        fitting = None
    return _DEFAULTS.get(kind) if fitting is None and not field.nullable else fitting


def _object(value, kind, where):
    if not isinstance(value, dict):
        raise ValueError(f"{where} is not an object")
    if str in kind:
        return {clean(str(key)): _scalar(item, kind[str], where) for key, item in list(value.items())[:MOST]}
    is_some = isinstance(kind, Some)
    missing = (
        [key for key in kind.needed if value.get(key) is None] if is_some
        else [key for key in kind if key not in value]
    )
    if missing:
        raise ValueError(f"{where} has no {missing[0]}")
    above = "" if where == "the facts" else where + "."
    return {key: check(value[key], inner, above + key) for key, inner in kind.items() if key in value}


def _scalar(value, kind, where, longest=LONGEST):
    """Return a validated text, flag or number."""
    if (isinstance(kind, tuple) and value in kind) or (value is None and kind != FLAG and not isinstance(kind, tuple)):
        return value
    valid = None
    if isinstance(value, str):
        valid = _text(value, kind, longest)
    elif isinstance(value, bool):
        valid = value if kind in (FLAG, OPTIONAL_FLAG) else None
    elif kind in (NUMBER, AMOUNT) or (kind == INTEGER and isinstance(value, int)):
        valid = number(value)
    if valid is None or (kind == AMOUNT and valid < 0):
        raise ValueError(f"{where} is not {'a word that is known' if isinstance(kind, tuple) else kind}")
    return valid


def _text(value, kind, longest):
    """Return a text if it is of this kind, else None."""
    if kind == TEXT or (kind == VERSION and version.is_version(value)):
        return clean(value, longest)
    if kind == LOG:
        # The reason of a failure is at the end.
        return printable(value[-LONGEST_LOG:])
    is_base64 = kind == BASE64 and len(value) <= LONGEST_BASE64 and re.fullmatch(r"[A-Za-z0-9+/=]*", value)
    return value if is_base64 or (kind == TIME and seconds_of(value) is not None) else None


def _finite(value):
    """Return a tree with null instead of numbers that JSON readers cannot represent."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return value if value is None or isinstance(value, (bool, str)) else number(value)


def _difference(value, where):
    """Return a file before and after a change, for `--diff`."""
    if not isinstance(value, dict):
        raise ValueError(f"{where} is not an object")
    texts = {key: value[key] for key in ("before", "after", "before_header", "after_header", "path") if key in value}
    if not all(isinstance(text, str) for text in texts.values()):
        raise ValueError(f"{where} is not {DIFF}")
    return {key: printable(text) if key in ("before", "after") else clean(text, LONGEST) for key, text in texts.items()}


def printable(text):
    """Return a text with spaces for control characters other than line breaks and tabs."""
    return _NOT_ASCII.sub(lambda found: found[0] if found[0].isprintable() else " ", text)


def parse_json(text):
    """Return the value of a JSON text that anybody may have written.

    Raises:
        ValueError: if it is not JSON, is nested too deeply, or has a number that JSON does not have, such as NaN.
    """
    def refuse(name):
        raise ValueError(f"{name} is not a number")

    try:
        return json.loads(text, parse_constant=refuse)
    except RecursionError as error:
        raise ValueError(str(error)) from error


def dictionary(value):
    """Return the value if it is a dictionary, else an empty one."""
    return value if isinstance(value, dict) else {}


def sequence(value):
    """Return the value if it is a list, else an empty one."""
    return value if isinstance(value, (list, tuple)) else []


def number(value):
    """Return the value if it is a number that JSON readers can represent, else None; 400 digits are too many."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < _LARGEST:
        return None
    return int(value) if isinstance(value, int) else float(value)


def number_of(number, what):
    """Return a number of things in words, `what` being the singular."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def seconds_of(text):
    """Return the seconds since the epoch of a time as text, None if it is not such a time."""
    if not isinstance(text, str) or not _TIME_PATTERN.match(text):
        return None
    try:
        return calendar.timegm(time.strptime(text, TIME_FORMAT))
    except ValueError:
        return None
