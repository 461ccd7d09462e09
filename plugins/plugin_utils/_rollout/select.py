# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Queries over boards: JMESPath on a board's record, with versions that are compared as versions.

A query is checked against what a record is made of before any board is asked: a field that no record has would be null on every
board, and select none of them without a word.
"""

from __future__ import annotations

import difflib
import sys

from ...module_utils._board.tree import clean
from ...module_utils._board.version import order
from .._report import board_record

try:
    from jmespath.exceptions import EmptyExpressionError, IncompleteExpressionError, JMESPathError, LexerError, ParseError
    from jmespath.functions import Functions
    from jmespath.parser import Parser
    from jmespath.visitor import TreeInterpreter
except ImportError:
    Functions = Parser = TreeInterpreter = object
    HAS_JMESPATH = False
else:
    HAS_JMESPATH = True

MISSING = ("npu_select needs the Python library jmespath on the controller, in the Python that runs Ansible (%s):"
           " pip install jmespath, or the package python3-jmespath")
LONGEST_QUERY = 4000
LONGEST_LINE = 120
TEXT, VERSION, NUMBER, FLAG, EXPRESSION, ANYTHING = "a text", "a version", "a number", "true or false", "an expression", None
_KINDS = {str: TEXT, bool: FLAG, list: [TEXT]}
_VERSIONS = {"os.version_id", "kernel.release", "driver.version", "driver.builtin_version", "runtime.version", "plan.driver", "plan.runtime", "plan.kernel",
             "verification.driver", "verification.kernel"}


def _part(part, kinds, **more):
    return {name: VERSION if "%s.%s" % (part, name) in _VERSIONS else _KINDS[kind] for name, kind in dict(kinds, **more).items()}


_RANK = {"index": NUMBER, "score": NUMBER}
# What the record of a board is made of: a dictionary has just these fields, a list of one is a list of such.
SHAPE = dict(
    dict.fromkeys(("name", "status", "verdict", "reason", "remedy", "checked_at"), TEXT), evidence=[TEXT], privileged=FLAG, unread=[TEXT],
    plan=_part("plan", board_record.PLAN, driver=str, runtime=str),
    verification=dict(_part("verification", board_record.VERIFICATION, current=bool), top5=[_RANK], expected_top5=[_RANK],
                      latency_ms=dict.fromkeys(board_record.LATENCIES, NUMBER)),
    **{part: _part(part, kinds) for part, kinds in board_record.PARTS.items()},
)
# What is known of a board that was not asked or did not answer; all else is neither so nor otherwise.
KNOWN_ANYWAY = ("name", "status", "verdict", "reason", "remedy", "evidence", "checked_at")
_RETURNS = {
    "length": NUMBER, "abs": NUMBER, "avg": NUMBER, "ceil": NUMBER, "floor": NUMBER, "sum": NUMBER, "to_number": NUMBER, "contains": FLAG,
    "starts_with": FLAG, "ends_with": FLAG, "to_string": TEXT, "type": TEXT, "join": TEXT, "keys": [TEXT], "values": [ANYTHING], "to_array": [ANYTHING],
    "map": [ANYTHING], "sort": [ANYTHING], "sort_by": [ANYTHING]}
_JMESPATH_TYPES = {TEXT: "string", VERSION: "string", NUMBER: "number", FLAG: "boolean"}
_SIGNS = {"eq": "==", "ne": "!=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}


class QueryError(ValueError):
    """A query that is wrong: C(reason) is the sentence, C(position) where, counted from 0."""

    def __init__(self, query, position, reason):
        self.query, self.position, self.reason = query, position, reason
        super().__init__("\n".join([self.sentence, *self.picture]))

    @property
    def sentence(self):
        """What is wrong, on one line."""
        return "npu_select is wrong at character %d: %s" % (self.position + 1, self.reason)

    @property
    def picture(self):
        """The line of the query, and a line with a caret under the character in question."""
        start = self.query.rfind("\n", 0, self.position) + 1
        line, column = self.query[start:].split("\n")[0], self.position - start
        cut = max(0, column - LONGEST_LINE // 2)
        shown = "".join(char if char.isprintable() else " " for char in line[cut:cut + LONGEST_LINE])
        return ["    " + shown, "    " + " " * (column - cut) + "^"]


class Query:
    """A query that was checked. Raises I(QueryError) where it is wrong, I(ValueError) where nothing can be checked."""

    def __init__(self, text):
        if not HAS_JMESPATH:
            raise ValueError(MISSING % sys.executable)
        if not isinstance(text, str):
            raise ValueError("npu_select is %s: it is a query as a text, such as \"driver.version < '0.9.6'\"" % clean(repr(text)))
        if len(text) > LONGEST_QUERY:
            raise ValueError("npu_select has %d characters, and a query has at most %d" % (len(text), LONGEST_QUERY))
        # A text of Ansible's carries more than its characters, and jmespath knows only plain ones.
        self.text = _plain(text)
        try:
            self._tree = _parse(self.text)
            if _Checker(self.text).shape(self._tree, SHAPE) == EXPRESSION:
                raise QueryError(self.text, 0, "& alone is nothing that a board could be")
        except RecursionError:
            raise QueryError(self.text, 0, "it is nested too deeply") from None

    def matches(self, record):
        """Whether the query selects the board with this record; None where that cannot be told, as the board was not read."""
        plain = _plain(record)
        if not was_read(record):
            plain = {name: plain.get(name) if name in KNOWN_ANYWAY else UNKNOWN for name in SHAPE}
        answer = _Interpreter().visit(self._tree, plain)
        return None if answer is UNKNOWN else _is_true(answer)


def names(query, records):
    """Return the names of the boards that a query selects, in their order; one of which it cannot be told is among them. An empty query selects all.

    :arg records: as I(_fleet.record) makes them.
    """
    query = Query(query) if is_set(query) else None
    return [record["name"] for record in records if query is None or query.matches(record) is not False]


def was_read(record):
    """Whether anything of the board itself is in its record."""
    return bool((record.get("kernel") or {}).get("release"))


def is_set(text):
    """Whether there is a query at all."""
    return not isinstance(text, str) or bool(text.strip())


def check(text):
    """Raise I(ValueError) where a query is wrong; it is none where it is empty."""
    if is_set(text):
        Query(text)


def told(errors, last):
    """Return errors as one message: their sentences and the last one on one line, then what has a caret under it."""
    lines = [error.split("\n") for error in errors]
    return "\n".join(["%s. %s" % ("; ".join(line[0] for line in lines), last), *(below for line in lines for below in line[1:])])


# -- parsing ------------------------------------------------------------------------------------------------------------------

class _Parser(Parser):
    """jmespath's, that keeps where fields, functions, comparisons and literals begin."""

    _CACHE = {}
    # As everybody reads it, and jmespath does not: !a.b is !(a.b), while !a == b stays (!a) == b.
    BINDING_POWER = dict(getattr(Parser, "BINDING_POWER", {}), **{"not": 8})

    def _token_nud_unquoted_identifier(self, token):
        return dict(super()._token_nud_unquoted_identifier(token), start=token["start"])

    def _token_nud_quoted_identifier(self, token):
        return dict(super()._token_nud_quoted_identifier(token), start=token["start"], quoted=True)

    def _token_nud_literal(self, token):
        return dict(super()._token_nud_literal(token), start=token["start"])

    def _token_nud_current(self, token):
        return dict(super()._token_nud_current(token), start=token["start"])

    def _token_led_lparen(self, left):
        return dict(super()._token_led_lparen(left), start=left.get("start", 0))


def _parse(text):
    """The query's tree; every way to be wrong is a I(QueryError)."""
    try:
        return _Parser().parse(text).parsed
    except EmptyExpressionError:
        raise QueryError(text, 0, "it is empty") from None
    except IncompleteExpressionError:
        raise QueryError(text, len(text), "it ends too early") from None
    except LexerError as error:
        reason = error.message[:1].lower() + error.message[1:]
        if text[error.lexer_position:error.lexer_position + 1] == "=":
            reason = "a single = means nothing, == compares"
        raise QueryError(text, error.lexer_position, clean(reason)) from None
    except ParseError as error:
        found = clean(str(error.token_value))
        if not found:
            raise QueryError(text, len(text), "it ends too early") from None
        if error.token_type == "NUMBER":
            reason = "%s cannot stand here; a version or another text is written in single quotes ('0.9.6'), a number in backticks (`8`)" % found
        elif error.token_type == "EXPREF":
            reason = "& cannot stand here; both of two is &&"
        elif found.lower() in ("and", "or", "not", "in"):
            reason = "%s is no word of JMESPath, which has && and || and ! and contains()" % found
        else:
            reason = "%s cannot stand here" % found
        raise QueryError(text, min(error.lex_position, len(text)), reason) from None


# -- checking -----------------------------------------------------------------------------------------------------------------

class _Checker:
    """Goes through a query as the interpreter does, with what a field may be instead of what it is."""

    def __init__(self, query):
        self.query = query

    def wrong(self, node, reason):
        """The error at a node."""
        return QueryError(self.query, _start(node) or 0, reason)

    def shape(self, node, here):
        """What comes of a node where the current value is of shape I(here)."""
        return getattr(self, "_" + node["type"], self._others)(node, here)

    def _chain(self, node, here):
        for child in node["children"]:
            if child["type"] == "index" and here is not ANYTHING and not isinstance(here, list):
                raise self.wrong(node, "[%d] is for a list, and this is %s" % (child["value"], _called(here)))
            here = self.shape(child, here)
        return here

    _subexpression = _pipe = _index_expression = _chain

    def _others(self, node, here):
        """Conditions, and what is made of several."""
        for child in node["children"]:
            self.shape(child, here)
        return FLAG if node["type"] == "not_expression" else ANYTHING

    def _identity(self, node, here):
        return here

    _current = _identity

    def _literal(self, node, here):
        return _shape_of(node["value"])

    def _field(self, node, here):
        name = node["value"]
        if here is ANYTHING:
            return ANYTHING
        if not isinstance(here, dict):
            raise self.wrong(node, "there is no %s in %s" % (clean(name), _called(here)))
        if name in here:
            return here[name]
        # The one that is elsewhere: version for driver.version.
        close = ["%s.%s" % (part, name) for part, below in here.items() if isinstance(below, dict) and name in below]
        close = close or difflib.get_close_matches(name.lower(), here, 3)
        if order(name) is not None or node.get("quoted") and not close:
            hint = "double quotes are for names of fields, a text is written in single ones"
        elif close:
            hint = "did you mean %s?" % " or ".join(close)
        else:
            hint = "there are %s" % ", ".join(sorted(here))
        raise self.wrong(node, "no board has a field %s there (%s)" % (clean(name), hint))

    def _index(self, node, here):
        return here[0] if isinstance(here, list) else ANYTHING

    def _slice(self, node, here):
        return here if isinstance(here, list) else ANYTHING

    def _flatten(self, node, here):
        below = self._listed(node, here)
        return below[0] if isinstance(below[0], list) else below

    def _projection(self, node, here):
        return [self.shape(node["children"][1], self._listed(node, here)[0])]

    def _filter_projection(self, node, here):
        below = self._listed(node, here)[0]
        self.shape(node["children"][2], below)
        return [self.shape(node["children"][1], below)]

    def _value_projection(self, node, here):
        of = self.shape(node["children"][0], here)
        if not isinstance(of, dict) and of is not ANYTHING:
            raise self.wrong(node["children"][0], "* is for what has fields, and this is %s" % _called(of))
        return [self.shape(node["children"][1], ANYTHING)]

    def _listed(self, node, here):
        """The shape of what a projection goes over, which has to be a list."""
        of = self.shape(node["children"][0], here)
        if isinstance(of, list):
            return of
        if of is not ANYTHING:
            raise self.wrong(node["children"][0], "this is %s and no list" % _called(of))
        return [ANYTHING]

    def _multi_select_list(self, node, here):
        self._others(node, here)
        return [ANYTHING]

    def _multi_select_dict(self, node, here):
        return {child["value"]: self.shape(child["children"][0], here) for child in node["children"]}

    def _expref(self, node, here):
        self.shape(node["children"][0], ANYTHING)
        return EXPRESSION

    def _comparator(self, node, here):
        sides = [self.shape(child, here) for child in node["children"]]
        kinds = [_kind(side) for side in sides]
        sign = _SIGNS[node["value"]]
        orders = node["value"] not in ("eq", "ne")
        for child, side, kind in zip(node["children"], sides, kinds):
            if orders and kind not in ("string", "number", None):
                raise self.wrong(child, "%s is never more or less than anything, as %s asks" % (_called(side), sign))
        if None not in kinds and "null" not in kinds and kinds[0] != kinds[1]:
            raise self.wrong(node["children"][1], "%s and %s: %s never holds between them%s" % (
                _called(sides[0]), _called(sides[1]), sign, _instead(node["children"][1], sides)))
        if orders and VERSION in sides:
            literal = node["children"][1 - sides.index(VERSION)]
            if literal["type"] == "literal" and order(literal["value"]) is None:
                raise self.wrong(literal, "'%s' is no version such as 0.9.6 or 6.1.43-15-rk2312" % clean(str(literal["value"])))
        return FLAG

    def _function_expression(self, node, here):
        name, table = node["value"], Functions.FUNCTION_TABLE
        if name not in table:
            close = difflib.get_close_matches(name.lower(), table, 3)
            raise self.wrong(node, "there is no function %s() (%s)" % (clean(name), (
                "did you mean %s?" % " or ".join(close) if close else "there are %s" % ", ".join(sorted(table)))))
        signature, given = table[name]["signature"], node["children"]
        least = "at least " if signature and signature[-1].get("variadic") else ""
        if len(given) < len(signature) or len(given) > len(signature) and not least:
            raise self.wrong(node, "%s() takes %s%d %s, and here are %d" % (
                name, least, len(signature), "value" if len(signature) == 1 else "values", len(given)))
        shapes = [self.shape(child, here) for child in given]
        listed = next((shape[0] for shape in shapes if isinstance(shape, list)), ANYTHING)
        for child, shape, wanted in zip(given, shapes, signature):
            if child["type"] == "expref":
                self.shape(child["children"][0], listed)
            kind, types = _kind(shape), wanted["types"]
            if types and kind is not None and kind not in [word.split("-")[0] for word in types]:
                raise self.wrong(child, "%s() is for %s, and this is %s" % (name, " or ".join(types), _called(shape)))
        return _RETURNS.get(name, ANYTHING)


def _start(node):
    """Where a node begins: where the first does of which that is known, or None."""
    if "start" in node:
        return node["start"]
    below = [child for child in node.get("children", ()) if isinstance(child, dict)]
    return next((start for start in map(_start, below) if start is not None), None)


def _shape_of(value):
    """The shape of a literal."""
    if isinstance(value, bool):
        return FLAG
    if isinstance(value, (int, float)):
        return NUMBER
    if isinstance(value, str):
        return TEXT
    if isinstance(value, list):
        return [ANYTHING]
    return "null" if value is None else ANYTHING


def _kind(shape):
    """The type jmespath would call it, None where that is open."""
    if isinstance(shape, dict):
        return "object"
    if isinstance(shape, list):
        return "array"
    return {"null": "null", EXPRESSION: "expref"}.get(shape, _JMESPATH_TYPES.get(shape))


def _called(shape):
    if isinstance(shape, dict):
        return "a part with fields (%s)" % ", ".join(sorted(shape))
    return "a list" if isinstance(shape, list) else str(shape)


def _instead(node, sides):
    """How the right side should have been written, where that is plain."""
    if node["type"] != "literal" or not isinstance(sides[0], str):
        return ""
    value = node["value"]
    if _kind(sides[0]) == "string" and _kind(sides[1]) == "number":
        return "; a text is written in single quotes"
    if sides[0] == FLAG and str(value).lower() in ("true", "false"):
        return "; write `%s`, in backticks" % str(value).lower()
    return "; a number is written in backticks: `%s`" % clean(str(value)) if sides[0] == NUMBER and str(value).isdigit() else ""


# -- evaluating ---------------------------------------------------------------------------------------------------------------

class _Unknown:
    """What stands for everything of a board that was not read."""

    def get(self, name):
        """Whatever is in it is not known either."""
        return self


UNKNOWN = _Unknown()


class _Functions(Functions):
    """jmespath's; where a board has nothing (null) for a function, that gives null and not an error, as anywhere else in JMESPath."""

    def call_function(self, function_name, resolved_args):
        if any(value is UNKNOWN for value in resolved_args):
            return UNKNOWN
        try:
            return super().call_function(function_name, resolved_args)
        except (JMESPathError, TypeError, ValueError, OverflowError):
            # What may never be is found before: here one board has something that another one has not.
            return None


class _Interpreter(TreeInterpreter):
    """jmespath's, with versions compared as versions, and a third answer for boards that were not read."""

    def __init__(self):
        super().__init__()
        self._functions = _Functions()

    def visit_comparator(self, node, value):
        left, right = (self.visit(child, value) for child in node["children"])
        if left is UNKNOWN or right is UNKNOWN:
            return UNKNOWN
        how = node["value"]
        one, other = order(left), order(right)
        if how in ("eq", "ne"):
            # Digits alone may be a serial number, in which a zero counts.
            dotted = one is not None and other is not None and "." in left and "." in right
            return (one == other if dotted else self.COMPARATOR_FUNC["eq"](left, right) is True) is (how == "eq")
        if one is not None and other is not None:
            return self.COMPARATOR_FUNC[how](one, other)
        if _are_numbers(left, right) or isinstance(left, str) and isinstance(right, str) and one is None and other is None:
            return self.COMPARATOR_FUNC[how](left, right)
        # Neither less nor more: null, a text and a number, a version and what is none.
        return None

    def visit_not_expression(self, node, value):
        answer = self.visit(node["children"][0], value)
        return UNKNOWN if answer is UNKNOWN else not _is_true(answer)

    def visit_and_expression(self, node, value):
        return self._either(node, value, False)

    def visit_or_expression(self, node, value):
        return self._either(node, value, True)

    def _either(self, node, value, enough):
        """Of two, the first that is enough to know the answer, else the second; not known where neither is enough and one is not known."""
        first = self.visit(node["children"][0], value)
        if first is not UNKNOWN and _is_true(first) is enough:
            return first
        second = self.visit(node["children"][1], value)
        return UNKNOWN if first is UNKNOWN and second is not UNKNOWN and _is_true(second) is not enough else second

    def _of_what_is_not_known(self, node, value, name):
        answer = getattr(TreeInterpreter, name)(self, node, value)
        return UNKNOWN if answer is None and self.visit(node["children"][0], value) is UNKNOWN else answer

    def visit_projection(self, node, value):
        return self._of_what_is_not_known(node, value, "visit_projection")

    def visit_value_projection(self, node, value):
        return self._of_what_is_not_known(node, value, "visit_value_projection")

    def visit_filter_projection(self, node, value):
        return self._of_what_is_not_known(node, value, "visit_filter_projection")

    def visit_flatten(self, node, value):
        return self._of_what_is_not_known(node, value, "visit_flatten")

    def visit_index(self, node, value):
        return UNKNOWN if value is UNKNOWN else super().visit_index(node, value)

    def visit_slice(self, node, value):
        return UNKNOWN if value is UNKNOWN else super().visit_slice(node, value)


def _are_numbers(*values):
    return all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values)


def _is_true(value):
    """As JMESPath has it: a number is true, 0 too."""
    return value is not None and value is not False and value not in ("", [], {})


def _plain(value):
    """The same of plain types: jmespath goes by their names, and Ansible's values have others."""
    if isinstance(value, dict):
        return {_plain(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return "".join([value, ""]) if isinstance(value, str) else value
