# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Kinds of values: what is refused at the gate, and what a record has in the place of what is not of its kind."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._board.paths import timestamp
from ansible_collections.rkfleet.npu.plugins.plugin_utils._schema.values import (
    AMOUNT,
    FLAG,
    INTEGER,
    LOG,
    NUMBER,
    TEXT,
    TEXTS,
    TIME,
    VERSION,
    Field,
    check,
    fit,
    number,
    part,
    printable,
    seconds_of,
)


@pytest.mark.parametrize(
    "value, expected",
    [
        (7, 7),
        (0.5, 0.5),
        (True, None),
        ("7", None),
        (float("nan"), None),
        (float("-inf"), None),
        (10**400, None),
        (1 << 53, None),
        ([], None),
    ],
)
def test_only_a_number_is_one(value, expected):
    assert number(value) == expected


@pytest.mark.parametrize(
    "kind, value, fitting, default",
    [
        (TEXT, " a\x1b[2J\n", "a [2J", ""),
        (TEXT, 7, None, ""),
        (TEXT, "x" * 300, "x" * 200, ""),
        (FLAG, True, True, False),
        (FLAG, "yes", None, False),
        (INTEGER, 7, 7, None),
        (INTEGER, 7.5, None, None),
        (NUMBER, 7.5, 7.5, None),
        (AMOUNT, -1, None, None),
        (AMOUNT, 0, 0, None),
        (VERSION, "0.9.6", "0.9.6", None),
        (VERSION, "0.9.6; rm", None, None),
        (("a", "b"), "b", "b", None),
        (("a", "b"), ["a"], None, None),
        (TIME, "2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z", "1970-01-01T00:00:00Z"),
        (TIME, "2026-02-31T12:00:00Z", None, "1970-01-01T00:00:00Z"),
    ],
)
def test_what_a_record_has(kind, value, fitting, default):
    assert fit(value, Field(kind)) == fitting
    assert fit(value, Field(kind, nullable=False)) == (default if fitting is None else fitting)


def test_lists_and_objects_of_a_record():
    assert (
        fit(["a", 7, "", "\x07", "b" * 300], Field(TEXTS)) == ["a", "b" * 200]
        and fit("a", Field(TEXTS)) == []
        and len(fit(["a"] * 99, Field(TEXTS))) == 50
    )
    rows = Field([part({"index": Field(INTEGER), "score": Field(NUMBER)})], most=2)
    assert fit(
        [{"index": 1, "score": 0.5, "more": 1}, {"index": "1", "score": 0.5}, {"index": 2, "score": 1}], rows
    ) == [{"index": 1, "score": 0.5}]
    assert (
        fit(None, rows) == []
        and fit(None, Field({"a": Field(TEXT)})) is None
        and fit(7, part({"a": Field(TEXT)})) == {"a": None}
    )


def test_the_end_of_a_log_is_kept():
    assert (
        check("a" * (1 << 20) + "\x1b\tb\n", LOG, "log")[-5:] == "a \tb\n"
        and len(check("a" * (1 << 21), LOG, "log")) == 1 << 20
    )


def test_control_characters_are_blanks():
    assert printable("a\x1b[2J\r\n\x9b\udc80\u202eü\t") == "a [2J \n   ü\t"


@pytest.mark.parametrize(
    "text", ["2026-01-31", "2026-1-31T12:00:00Z", "2026-01-31T12:00:00Z\n", "", None, 7, [], "2026-13-31T12:00:00Z"]
)
def test_times(text):
    assert seconds_of(timestamp(1769860800)) == 1769860800 and timestamp(1769860800.9) == "2026-01-31T12:00:00Z"
    assert seconds_of(text) is None
