# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Queries over boards: JMESPath on a board's record, with versions compared as versions.

A query is validated against the schema of a record before any board is contacted: an unknown field would be null on
every board and silently select none.
"""

from __future__ import annotations

import difflib
import sys

from ...module_utils._board.tree import clean
from .._schema.record import RECORD
from .._schema.values import TEXTS, number, number_of
from .version_order import order

try:
    import jmespath
    from jmespath.exceptions import IncompleteExpressionError, JMESPathError, LexerError, ParseError
    from jmespath.functions import Functions
    from jmespath.parser import Parser
    from jmespath.visitor import TreeInterpreter
except ImportError:
    Functions = Parser = TreeInterpreter = object
    JMESPATH_VERSION = ""
else:
    JMESPATH_VERSION = jmespath.__version__

MISSING = ("npu_select needs the Python library jmespath 1.x on the controller, in the Python that runs Ansible (%s):"
           " pip install 'jmespath<2', or the package python3-jmespath")
LONGEST_QUERY = 4000
LONGEST_LINE = 120
# Fields of a board that was not read; all others are unknown.
KNOWN_ANYWAY = ("name", "status", "verdict", "reason", "remedy", "evidence", "checked_at")


class QueryError(ValueError):
    """An invalid query: a sentence with the reason and position, then the line of the query and a caret below it."""

    def __init__(self, query, position, reason):
        start = query.rfind("\n", 0, position) + 1
        line, column = query[start:].split("\n")[0], position - start
        cut = max(0, column - LONGEST_LINE // 2)
        shown = "".join(char if char.isprintable() else " " for char in line[cut:cut + LONGEST_LINE])
        caret = " " * (column - cut) + "^"
        super().__init__(f"npu_select is wrong at character {position + 1}: {reason}\n    {shown}\n    {caret}")


class Query:
    """A valid query. Raises `QueryError` if it is invalid, `ValueError` if it cannot be validated."""

    def __init__(self, text):
        # Classes below extend private parts of jmespath 1.x.
        if not JMESPATH_VERSION.startswith("1."):
            found = ". It has jmespath %s" % clean(JMESPATH_VERSION) if JMESPATH_VERSION else ""
            raise ValueError(MISSING % sys.executable + found)
        if not isinstance(text, str):
            example = "\"driver.version < '0.9.6'\""
            raise ValueError(f"npu_select is {clean(repr(text))}: it must be a query as a text, such as {example}")
        if len(text) > LONGEST_QUERY:
            raise ValueError("npu_select has %d characters, more than the limit of %d" % (len(text), LONGEST_QUERY))
        # jmespath supports only plain texts, not Ansible's own types.
        self.text = _plain(text)
        try:
            self._tree = _parse(self.text)
            if self._tree["type"] == "expref":
                raise QueryError(self.text, 0, "'&' cannot be used on its own; use '&&' for a logical AND")
            _follow(self.text, self._tree, _shape(RECORD))
        except RecursionError:
            raise QueryError(self.text, 0, "it is nested too deeply") from None

    def matches(self, record):
        """Return whether the query selects the board with this record; None if that depends on unknown fields."""
        plain = _plain(record)
        try:
            return _is_true(_Interpreter().visit(self._tree, plain if was_read(record) else _Unread(plain)))
        except _NotKnown:
            return None


def matching_boards(query, records):
    """Return the names of the boards that a query selects or may select, in their order. An empty query selects all.

    Args:
        records: as `board_record.record` returns them.
    """
    query = query_of(query)
    return [record["name"] for record in records if query is None or query.matches(record) is not False]


def was_read(record):
    """Return whether the board was read."""
    return bool((record.get("kernel") or {}).get("release"))


def query_of(text):
    """Return the query of a setting, None if it is empty. Raises `ValueError` as `Query` does."""
    return None if isinstance(text, str) and not text.strip() else Query(text)


def error_of(text):
    """Return what is wrong with a query, as a message; empty if it is valid."""
    try:
        query_of(text)
    except ValueError as error:
        return message([str(error)], "No board was changed.")
    return ""


def message(errors, last):
    """Return errors as one message: all sentences on one line, then the lines of queries with their carets."""
    lines = [error.split("\n") for error in errors]
    sentences = "; ".join(line[0] for line in lines)
    return "\n".join([f"{sentences}. {last}", *(below for line in lines for below in line[1:])])


class _Parser(Parser):
    """The parser of jmespath, extended by the positions of fields and functions."""

    _CACHE = {}
    # Unlike jmespath, and as users expect: !a.b is !(a.b). !a == b stays (!a) == b.
    BINDING_POWER = dict(getattr(Parser, "BINDING_POWER", {}), **{"not": 8})

    def _token_nud_unquoted_identifier(self, token):
        return dict(super()._token_nud_unquoted_identifier(token), start=token["start"])

    def _token_nud_quoted_identifier(self, token):
        return dict(super()._token_nud_quoted_identifier(token), start=token["start"], quoted=True)

    def _token_led_lparen(self, left):
        return dict(super()._token_led_lparen(left), start=left.get("start", 0))


def _parse(text):
    """Return the syntax tree of a query; every syntax error is a `QueryError`."""
    try:
        return _Parser().parse(text).parsed
    except IncompleteExpressionError:
        raise QueryError(text, len(text), "it ends too early") from None
    except LexerError as error:
        reason = error.message[:1].lower() + error.message[1:]
        if text[error.lexer_position:error.lexer_position + 1] == "=":
            reason = "use == to compare; a single = has no meaning"
        raise QueryError(text, error.lexer_position, clean(reason)) from None
    except ParseError as error:
        found = clean(str(error.token_value))
        reason = f"unexpected {found}" if found else "it ends too early"
        if error.token_type == "NUMBER":
            reason += "; put a version or another text in single quotes ('0.9.6'), and a number in backticks (`8`)"
        elif error.token_type == "EXPREF" or found.lower() in ("and", "or", "not", "in"):
            reason += "; use &&, ||, ! and contains()"
        raise QueryError(text, min(error.lex_position, len(text)) if found else len(text), reason) from None


_VALUE = {}
"""The shape of a value without fields: a text, a number or a flag."""


def _shape(field):
    """Return the shape of a field: `{name: shape}` for an object, `[shape]` for a list."""
    if isinstance(field.kind, dict):
        return {name: _shape(inner) for name, inner in field.kind.items()}
    return [_VALUE] if field.kind == TEXTS else [_shape(field.kind[0])] if isinstance(field.kind, list) else _VALUE


def _follow(query, node, shape):
    """Return the shape of the result of a node for input of a shape; None if it is unknown.

    Raises:
        QueryError: for a field that no record has.
    """
    kind, children = node["type"], node["children"]
    if kind == "field":
        _check_field(query, node, shape)
        return None if shape is None else shape[node["value"]]
    if kind in ("identity", "current", "slice"):
        return shape
    if kind == "index":
        return shape[0] if isinstance(shape, list) else None
    if kind in ("subexpression", "pipe", "index_expression", "flatten"):
        for child in children:
            shape = _follow(query, child, shape)
        return shape
    if kind in ("projection", "filter_projection", "value_projection"):
        above = _follow(query, children[0], shape)
        item = above[0] if isinstance(above, list) and kind != "value_projection" else None
        for condition in children[2:]:
            _follow(query, condition, item)
        return [_follow(query, children[1], item)]
    if kind == "function_expression":
        _check_function(query, node)
        shapes = [_follow(query, child, shape) for child in children if child["type"] != "expref"]
        # As in sort_by(): an expression applies to the items of the list.
        item = next((each[0] for each in shapes if isinstance(each, list)), None)
        for child in children:
            if child["type"] == "expref":
                _follow(query, child["children"][0], item)
        return None
    shapes = [_follow(query, child, shape) for child in children]
    if kind == "multi_select_dict":
        return dict(zip((child["value"] for child in children), shapes))
    return shapes[0] if kind == "key_val_pair" else None


def _check_field(query, node, shape):
    name, fields = node["value"], shape if isinstance(shape, dict) else {}
    if shape is None or name in fields:
        return
    # The same name in another object: driver.version for version.
    close = [f"{part}.{name}" for part, below in fields.items() if isinstance(below, dict) and name in below]
    hint = _hint(name, fields, close) if fields else "the value before it has no fields"
    if order(name) is not None or (node.get("quoted") and "mean" not in hint):
        hint = "double quotes are for field names; put a text in single quotes"
    raise QueryError(query, node["start"], f"no board has a field {clean(name)} there ({hint})")


def _check_function(query, node):
    name, table, given = node["value"], Functions.FUNCTION_TABLE, len(node["children"])
    if name not in table:
        raise QueryError(query, node["start"], f"unknown function {clean(name)}() ({_hint(name, table)})")
    count, several = len(table[name]["signature"]), any(wanted.get("variadic") for wanted in table[name]["signature"])
    if given < count or (given > count and not several):
        raise QueryError(query, node["start"], "%s() needs %s%s, not %d" % (
            name, "at least " if several else "", number_of(count, "argument"), given))


def _hint(name, known, close=()):
    close = close or difflib.get_close_matches(name.lower(), known, 3)
    return "did you mean {}?".format(" or ".join(close)) if close else "there are {}".format(", ".join(sorted(known)))


class _NotKnown(Exception):
    """The result depends on fields that are known only if the board was read."""


class _Unread(dict):
    """The record of a board that was not read."""

    def get(self, name, default=None):
        """Return a field that is known; raise _NotKnown for all others."""
        if name not in KNOWN_ANYWAY:
            raise _NotKnown
        return super().get(name, default)


class _Functions(Functions):
    """The functions of jmespath; invalid arguments such as null return null instead of an error, as a path does."""

    def call_function(self, function_name, resolved_args):
        if any(isinstance(value, _Unread) for value in resolved_args):
            raise _NotKnown
        try:
            return super().call_function(function_name, resolved_args)
        except (JMESPathError, TypeError, ValueError, OverflowError):
            return None


class _Interpreter(TreeInterpreter):
    """The interpreter of jmespath, with versions compared as versions, and unknown results for boards not read."""

    def __init__(self):
        super().__init__()
        self._functions = _Functions()

    def visit_comparator(self, node, value):
        left, right = (self.visit(child, value) for child in node["children"])
        how = node["value"]
        one, other = order(left), order(right)
        if how in ("eq", "ne"):
            # Digits alone may be a serial number with leading zeros.
            dotted = one is not None and other is not None and "." in left and "." in right
            return (one == other if dotted else self.COMPARATOR_FUNC["eq"](left, right) is True) is (how == "eq")
        if one is not None and other is not None:
            return self.COMPARATOR_FUNC[how](one, other)
        texts = isinstance(left, str) and isinstance(right, str) and one is None and other is None
        if texts or (number(left) is not None and number(right) is not None):
            return self.COMPARATOR_FUNC[how](left, right)
        # Not comparable: null, a text and a number, a version and another text.
        return None

    def visit_not_expression(self, node, value):
        return not _is_true(self.visit(node["children"][0], value))

    def visit_and_expression(self, node, value):
        return self._either(node, value, False)

    def visit_or_expression(self, node, value):
        return self._either(node, value, True)

    def _either(self, node, value, enough):
        """Return the first operand if it decides the result, else the second. The other one may be unknown."""
        not_known = None
        try:
            first = self.visit(node["children"][0], value)
            if _is_true(first) is enough:
                return first
        except _NotKnown as error:
            not_known = error
        second = self.visit(node["children"][1], value)
        if not_known and _is_true(second) is not enough:
            raise not_known
        return second


def _is_true(value):
    """Return the truth value by JMESPath, where every number, even 0, is true."""
    return value is not None and value is not False and value not in ("", [], {})


def _plain(value):
    """Return the value with plain types: jmespath checks type names, and Ansible's types have others."""
    if isinstance(value, dict):
        return {_plain(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return "".join([value, ""]) if isinstance(value, str) else value
