# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Which boards a query selects, and what is said of one that is wrong."""

from __future__ import annotations

import copy
import json

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.rkfleet.npu.plugins.filter.npu_select import FilterModule, npu_select, npu_select_error
from ansible_collections.rkfleet.npu.plugins.plugin_utils._report import board_record
from ansible_collections.rkfleet.npu.plugins.plugin_utils._rollout import select as _select
from ansible_collections.rkfleet.npu.plugins.plugin_utils._schema import record as schema

NOW = 1769860800
FACTS = {
    "board": {
        "model": "Radxa ROCK 5B", "soc": "rk3588", "serial": "0123", "compatible": ["radxa,rock-5b", "rockchip,rk3588"],
    },
    "os": {"id": "debian", "codename": "bookworm", "version": "12 (bookworm)", "version_id": "12"},
    "kernel": {"release": "6.1.43-15-rk2312", "machine": "aarch64", "headers": True},
    "device": {"node": "/npu@fdab0000", "status": "okay", "driver": "RKNPU"},
    "driver": {"version": "0.9.6", "date": "20240322", "presence": "builtin", "builtin_suppressed": True},
    "runtime": {"version": "2.0.0b0", "sha256": "b" * 64, "path": "/usr/lib/librknnrt.so"},
    "upgrade": {"state": "unknown", "pending": False},
    "verification": {
        "diagnosis": "ok", "evidence": "Top5 as expected", "driver": "0.9.6", "kernel": "6.1.43-15-rk2312",
        "runtime_sha256": "b" * 64, "latency_ms": {"runs": 10, "min": 1, "median": 2.5, "max": 3.0},
        "top5": [{"index": 283, "score": 0.46875}], "expected_top5": [{"index": 283, "score": 0.46875}],
    },
    "privileged": True, "unread": ["a", "b"],
}
PLAN = {
    "action": "none", "reason": "As wanted.", "packages": [], "changes": [], "notes": [],
    "driver": {"version": "0.9.8"}, "runtime": {},
}


def record(name="rock", **parts):
    """The record of a board, with these parts of its facts laid over."""
    facts = copy.deepcopy(FACTS)
    for part, values in parts.items():
        facts[part] = dict(facts[part], **values)
    return board_record.record(name, {"ansible_facts": {"npu": facts}, "__npu_plan": PLAN}, NOW)


def selects(query, entry=None):
    return _select.Query(query).matches(entry or record())


def dead(name="dead"):
    return board_record.record(
        name, {"__npu_error": "dead: does not answer over ssh: no route to host", "__npu_cause": "no_answer"}, NOW
    )


def test_the_query_of_the_readme():
    query = "driver.version < '0.9.6' && board.soc == 'rk3588'"
    versions = {
        "0.8.2": True, "0.9.3": True, "0.9.6": False, "0.9.8": False, "0.9.10": False, "0.10.0": False, None: False,
    }
    boards = [record(str(version), driver={"version": version}) for version in versions]
    boards.append(record("other", driver={"version": "0.8.2"}, board={"soc": "rk3566"}))
    assert _select.matching_boards(query, boards) == [str(version) for version, chosen in versions.items() if chosen]


@pytest.mark.parametrize(
    "query, chosen",
    [
        ("driver.version >= '0.9.6'", True),
        ("driver.version > '0.9.6'", False),
        ("driver.version <= 'v0.9.6'", True),
        ("driver.version == 'v0.9.6.0'", True),
        ("driver.version != '0.9.6'", False),
        ("driver.version < '0.10'", True),
        ("driver.version < '0.9.10'", True),
        ("'0.9.10' > driver.version", True),
        ("driver.version < `0.9.10`", True),
        ('driver.version == `"0.9.6"`', True),
        ('driver.version < `"0.9.10"`', True),
        ("runtime.version < '2.0.0'", True),
        ("runtime.version > '1.6.0'", True),
        ("runtime.version == '2.0.0'", False),
        ("plan.driver > driver.version", True),
        ("kernel.release > '6.1.43'", True),
        ("kernel.release < '6.1.115-vendor-rk35xx'", True),
        ("kernel.release >= '5.10'", True),
        ("kernel.release == '6.1.43'", False),
        ("kernel.release == '6.1.43-15-rk2312'", True),
        ("kernel.release < '6.1.43-16-rk2312'", True),
        ("os.version_id > '9'", True),
        ("os.version_id < '11.7'", False),
        ("board.serial == '123'", False),
        ("board.serial == '0123'", True),
        ("checked_at > '2026-01-30'", True),
        ("driver.date >= '20240322'", True),
        ("os.codename < 'trixie'", True),
        ("board.model == 'Radxa ROCK 5B'", True),
        # Numbers are numbers, and null is nothing of all that.
        ("verification.latency_ms.median > `2.4`", True),
        ("verification.latency_ms.median > `10`", False),
        ("verification.latency_ms.min == `1`", True),
        ("length(unread) >= `2`", True),
        ("length(evidence) < `10`", True),
        ("driver.module == `null`", True),
        ("driver.module < 'z'", False),
        ("driver.module >= 'a'", False),
        ("driver.builtin_version < '99'", False),
        ("driver.builtin_version > '0'", False),
        ("!(driver.builtin_version < '99')", True),
        # Truth is JMESPath's.
        ("driver.version", True),
        ("driver.module", False),
        ("privileged", True),
        ("!privileged", False),
        ("upgrade.pending", False),
        ("`0`", True),
        ("''", False),
        ("plan.packages", False),
        ("unread", True),
        ("privileged == `true`", True),
        ("board", True),
        ("!`0`", False),
        ("!verification.current", False),
        ("!upgrade.pending && !upgrade.hold", True),
        ("!board.compatible[0]", False),
        ("!unread[?@ == 'z']", True),
        ("!privileged == `false`", True),
        ("!verification.top5[].index", False),
        ("!!driver.version", True),
        ("driver.builtin_suppressed", True),
        ("contains(board.compatible, 'rockchip,rk3588')", True),
        ("board.compatible[?starts_with(@, 'orangepi')]", False),
        ("starts_with(name, 'ro')", True),
        ("unread[0] == 'a'", True),
        ("verification.top5[0].index == `283`", True),
        ("verification.top5[?score > `0.4`].index | [0]", True),
        ("verification.top5[].index", True),
        ("board.* | contains(@, 'rk3588')", True),
        ("status == 'unknown' || verification.current", True),
        ("starts_with(driver.module, 'rknpu')", False),
        ("contains(driver.module, 'rknpu')", False),
        ("length(driver.module) > `3`", False),
        ("sort_by(verification.top5, &score)[0].index == `283`", True),
        ("max(verification.top5[*].score) > `0.4`", True),
        ("keys(board)", True),
        ("{a: name}.a == 'rock'", True),
        ("[name, status][0] == 'rock'", True),
        ("@.name == 'rock'", True),
        ("not_null(driver.module, 'x') == 'x'", True),
        ("verification.evidence && !contains(reason, 'nothing')", True),
        ('unread[1:] == `["b"]`', True),
        ("type(name) == 'string'", True),
    ],
)
def test_what_holds(query, chosen):
    assert selects(query) is chosen


def test_a_version_is_neither_more_nor_less_than_what_a_board_calls_one():
    for told in ("zz", "", "0.9.6; rm", "a" * 5000):
        assert selects("driver.version < '99' || driver.version >= '0'", record(driver={"version": told})) is False


def test_functions_of_what_only_some_boards_have_do_not_stop_the_run():
    for part in ("driver", "runtime"):
        assert selects("starts_with(%s.version, '0')" % part, record(**{part: {"version": None}})) is False
    assert selects("sum(verification.top5[*].score) > `0`", dict(record(), verification=None)) is False


@pytest.mark.parametrize(
    "query, answer",
    [
        ("board.soc == 'rk3588'", None),
        ("board.soc != 'rk3588'", None),
        ("!(board.soc == 'rk3588')", None),
        ("driver.version < '0.9.6'", None),
        ("name == 'dead'", True),
        ("name == 'rock' && board.soc == 'rk3588'", False),
        ("board.soc == 'rk3588' && name == 'rock'", False),
        ("name == 'dead' && board.soc == 'rk3588'", None),
        ("name == 'dead' || board.soc == 'rk3588'", True),
        ("board.soc == 'x' || name == 'dead'", True),
        ("board.soc == 'x' || name == 'y'", None),
        ("status == 'unreachable'", True),
        ("status == 'unreachable' || driver.version < '1'", True),
        ("driver.version < '1' && status != 'unreachable'", False),
        ("starts_with(board.model, 'Radxa')", None),
        ("board.compatible[?@ == 'x']", None),
        ("board.compatible[]", None),
        ("board.compatible[*]", None),
        ("board.*", None),
        ("board.compatible[0]", None),
        ("unread[0:1]", None),
        ("privileged", None),
        ("verification.top5[0].index == `3` | !@", None),
        ("length(evidence) == `0`", True),
        ("starts_with(name, 'd')", True),
    ],
)
def test_a_board_that_was_not_read(query, answer):
    assert selects(query, dead()) is answer
    # It is not left out without a word.
    assert _select.matching_boards(query, [dead()]) == ([] if answer is False else ["dead"])


@pytest.mark.parametrize(
    "query, column, said",
    [
        ("drivr.version < '0.9.6'", 1, "no board has a field drivr there (did you mean driver?)"),
        ("driver.versoin < '0.9.6'", 8, "(did you mean version?)"),
        ("version < '1.0'", 1, "(did you mean os.version or driver.version or runtime.version or rkllm.version?)"),
        ("board.soc == 'x' && Driver.version", 21, "(did you mean driver?)"),
        (
            "driver.zzz", 8,
            "(there are builtin_suppressed, builtin_version, date, module, presence, render_node, version, version_source)",  # noqa: E501
        ),
        ("board.compatible[0].x", 21, "no board has a field x there (the value before it has no fields)"),
        ("evidence.x", 10, "has no fields"),
        ("verification.top5[].scor", 21, "did you mean score"),
        ("driver.version < 0.9.6", 18, "put a version or another text in single quotes ('0.9.6')"),
        ('driver.version < "0.9.6"', 18, "double quotes are for field names"),
        ("board.soc = 'rk3588'", 11, "use == to compare; a single = has no meaning"),
        ("board.soc == 'rk3588' and x", 23, "&&, ||"),
        ("board.soc == 'x' & name", 18, "use &&, ||"),
        ("board.soc ==", 13, "it ends too early"),
        ("(board.soc", 11, "it ends too early"),
        ("board.soc)", 10, "unexpected )"),
        ("name == 'x", 9, "unclosed ' delimiter"),
        ("board.soc#", 10, "unknown token #"),
        (" ", None, None),
        ("foo(name)", 1, "unknown function foo() (did you mean floor?)"),
        ("name && zzzzz(name)", 9, "there are abs, avg, ceil"),
        ("start_with(name, 'x')", 1, "did you mean starts_with"),
        ("name || starts_with(name)", 9, "starts_with() needs 2 arguments, not 1"),
        ("length(name, name)", 1, "needs 1 argument, not 2"),
        ("not_null()", 1, "needs at least 1 argument, not 0"),
        ("sort_by(verification.top5, &scor)", 29, "did you mean score"),
        ("map(&x, evidence)", 6, "has no fields"),
        ("&name", 1, "'&' cannot be used on its own"),
        ("max_by(verification.top5, &scor) | score", 28, "did you mean score"),
        ("unread[0].a", 11, "has no fields"),
        ("(" * 2000, 1, "nested too deeply"),
        ("foo\x1b[31m", 4, "unknown token"),
        ("a b", 3, "unexpected b"),
        ('"length"(name)', 1, "unexpected"),
        ("board.{a: mode}", 11, "did you mean model"),
        ("[name, nam]", 8, "did you mean name"),
        ("unread[?zzz]", 9, "no board has a field zzz there"),
        ("board.kexec", 7, "there are compatible, model"),
    ],
)
def test_errors_have_a_reason_and_a_position(query, column, said):
    if column is None:
        assert _select.query_of(query) is None
        return
    with pytest.raises(_select.QueryError) as error:
        _select.Query(query)
    sentence, line, caret = str(error.value).split("\n")
    assert sentence.startswith("npu_select is wrong at character %d: " % column) and said in sentence
    assert caret == "    " + " " * (column - 1) + "^" and line.isprintable()
    with pytest.raises(ValueError):
        _select.query_of(query)


def test_positions_in_long_and_multi_line_queries():
    lines = "driver.version < '0.9.6'\n  && bord.soc == 'rk3588'\n"
    assert str(pytest.raises(_select.QueryError, _select.Query, lines).value).split("\n")[1:] == [
        "      && bord.soc == 'rk3588'", "         ^",
    ]
    long = " && ".join(["name"] * 100 + ["nam"])
    line, caret = str(pytest.raises(_select.QueryError, _select.Query, long).value).split("\n")[1:]
    assert line[caret.index("^"):] == "nam" and len(line) < 130


@pytest.mark.parametrize(
    "query, said",
    [
        (["a"], "it must be a query as a text"),
        ({"a": 1}, "it must be a query as a text"),
        (5, "as a text"),
        ("a" * 5000, "more than the limit of 4000"),
    ],
)
def test_invalid_queries(query, said):
    with pytest.raises(ValueError, match=said):
        _select.query_of(query)


@pytest.mark.parametrize(
    "version, found", [("", r"jmespath$"), ("2.0.0", r"It has jmespath 2\.0\.0$"), ("0.10.0", "0.10.0")]
)
def test_missing_library(monkeypatch, version, found):
    monkeypatch.setattr(_select, "JMESPATH_VERSION", version)
    with pytest.raises(
        ValueError, match="needs the Python library jmespath 1.x on the controller.*pip install 'jmespath<2'.*" + found
    ):
        _select.query_of("name")
    assert _select.query_of("") is None


def test_errors_as_one_message():
    error = str(pytest.raises(ValueError, _select.query_of, "nam").value)
    assert _select.message(["npu_rollout is 7", error], "No board was changed.") == (
        "npu_rollout is 7; npu_select is wrong at character 1: no board has a field nam there (did you mean name?). "
        "No board was changed.\n    nam\n    ^"
    )


@pytest.mark.parametrize(
    "query",
    [
        "driver.version > 'latest'", "driver.version < `0.10`", "privileged == 'true'", "abs(name) == `1`",
        "length(privileged) > `0`", "name[0]", "name[*]", "name.*", "driver.version < `null`", "privileged < `1`",
        "board.compatible == 'x'",
    ],
)
def test_what_cannot_hold_selects_no_board(query):
    assert selects(query) is False


def test_every_field_of_a_record_is_known_and_no_other():
    entry = record()
    for path in schema.PLACES:
        assert selects("%s != `null`" % path) is (schema.get(entry, path) is not None), path
    with pytest.raises(ValueError, match="no board has a field vendor_headers"):
        _select.query_of("kernel.vendor_headers")


def test_the_filter():
    boards = [record("a"), record("b", driver={"version": "0.8.2"}), dead()]
    assert FilterModule().filters() == {"npu_select": npu_select, "npu_select_error": npu_select_error}
    assert npu_select(json.loads(json.dumps(boards)), "driver.version < '0.9'") == ["b", "dead"]
    assert npu_select(boards, "") == ["a", "b", "dead"]
    hostvars = {"a": {"ansible_facts": {"npu": FACTS}, "__npu_plan": PLAN}, "c": {}, "held": {"npu_hold": True}}
    assert npu_select(hostvars, "driver.version == '0.9.6'", ["a", "held"]) == ["a", "held"]
    assert npu_select(hostvars, "status != 'held'", ["a", "held", "c"]) == ["a", "c"]


@pytest.mark.parametrize(
    "boards, query, said",
    [
        ([], "nam", "did you mean name"),
        ({}, "name", "with hostvars, pass the names"),
        ("x", "name", "records of boards"),
        ([{}], "name", "records of boards"),
    ],
)
def test_errors_of_the_filter(boards, query, said):
    with pytest.raises(AnsibleFilterError) as error:
        npu_select(boards, query)
    assert said in str(error.value)
