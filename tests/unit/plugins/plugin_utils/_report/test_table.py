# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The table at the end of a run."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils._report import table
from ansible_collections.rkfleet.npu.plugins.plugin_utils._report.hostvars import board_variables

OLD = {"kernel": {"release": "6.1.43"}, "driver": {"version": "0.9.3"}, "runtime": {"version": "1.6.0"}}
NEW = {"kernel": {"release": "6.1.43"}, "driver": {"version": "0.9.6"}, "runtime": {"version": "2.3.2"}}
PROVEN = {"diagnosis": "ok", "top5": [{"index": 283, "score": 0.46875}], "latency_ms": {"median": 2.345}}


def test_an_upgraded_board():
    cells = table.row(
        "rock5b-1",
        {
            "__npu_before": OLD, "ansible_facts": {"npu": NEW}, "__npu_plan": {"action": "none"},
            "__npu_verification": PROVEN,
        },
    )
    assert cells == ("rock5b-1", "6.1.43", "0.9.3 → 0.9.6", "1.6.0 → 2.3.2", "283: 0.468750", "2.3 ms", "ok")


@pytest.mark.parametrize(
    "variables, verdict",
    [
        ({}, "not inspected"),
        (board_variables({"__npu_plan": {"action": "dkms_over_builtin"}, "__npu_gate": {}}), "unreachable"),
        (
            board_variables({"__npu_plan": {"action": "dkms_over_builtin"}, "__npu_gate": {}, "__npu_batch": {}}),
            "planned: dkms_over_builtin",
        ),
        ({"__npu_plan": {"action": "dkms_over_builtin"}}, "planned: dkms_over_builtin"),
        ({"__npu_plan": {"action": "unsupported"}, "__npu_error": "x"}, "unsupported"),
        ({"__npu_plan": {"action": "dkms"}, "__npu_error": "no space"}, "failed"),
        ({"__npu_error": "a: x", "__npu_cause": "no_answer"}, "unreachable"),
        ({"__npu_error": "a: sudo: x", "__npu_cause": "sudo"}, "failed"),
        (
            {"__npu_plan": {"action": "none"}, "__npu_verification": {"diagnosis": "driver"}, "__npu_error": "x"},
            "failed: driver",
        ),
        ({"__npu_plan": {"action": "none"}, "__npu_verification": PROVEN, "__npu_error": "cannot record"}, "failed"),
        (
            {"__npu_plan": {"action": "none"}, "__npu_verification": {"diagnosis": "\x1b[31m"}, "__npu_error": "x"},
            "failed: ?[31m",
        ),
        # What was verified before the rollback is no longer there.
        (
            {
                "__npu_plan": {"action": "none"}, "__npu_verification": PROVEN, "__npu_error": "x",
                "__npu_outcome": "rolled_back",
            },
            "rolled back",
        ),
        ({"__npu_error": "a: x", "__npu_cause": "no_answer", "__npu_outcome": "rollback_failed"}, "ROLLBACK FAILED"),
        ({"__npu_plan": {"action": "none"}, "__npu_outcome": "rollback_planned"}, "planned: rollback"),
        ({"__npu_plan": {"action": "dkms"}, "__npu_skipped": {"verdict": "skipped"}}, "skipped"),
    ],
)
def test_verdicts(variables, verdict):
    assert table.verdict(variables) == verdict


def test_columns_line_up_and_hostile_text_is_harmless():
    lines = table.render([table.row("a", {}), table.row("\x1b[31mred\n" + "x" * 200, {"__npu_before": OLD})])
    assert "\x1b" not in "".join(lines) and len(lines) == 4
    assert len({line.index(word) for line, word in zip(lines[2:], ("not inspected", "not inspected"))}) == 1


def test_the_time_of_each_phase():
    assert (
        table.phase_line("rock5b-1", [("detect", 6.0), ("build", 44.4)])
        == "rock5b-1: detect 6 s, build 44 s, together 50 s"
    )


def test_notes_of_plan_and_build_are_shown_once():
    variables = {
        "__npu_driver_target": {"notes": ["The driver is built without devfreq."]},
        "__npu_plan": {"notes": ["The NPU node is elsewhere.", "The NPU node is elsewhere."]},
        "__npu_build": {
            "probes": ["probe vm_flags_set: missing, supplied", "probe devfreq: left out, not here: governor.h"],
            "losses": [{"name": "fence", "cause": "no CONFIG_SYNC_FILE"}],
        },
    }
    assert table.note_lines("a", variables) == [
        "a: note: The driver is built without devfreq.", "a: note: The NPU node is elsewhere.",
        ("a: note: the driver is built without fences (no CONFIG_SYNC_FILE): a job cannot wait for another device's "
         "fence, or signal one"),
    ]


def test_notes_of_a_module_from_the_store():
    build = {"probes": [], "notes": ["the module that b built was not used: its symbols differ"]}
    assert table.note_lines("a", {"__npu_build": build}) == [
        "a: note: the module that b built was not used: its symbols differ"
    ]


@pytest.mark.parametrize(
    "did, note",
    [
        ({"kernels": [{"verdict": "builds", "reason": "fine"}], "stored": {}}, None),
        ({"kernels": [], "stored": {}}, None),
        ({}, None),
        ({"kernels": [{"verdict": "no_headers", "reason": "no headers of it"}]}, "no headers of it"),
        ({"msg": "does not answer over ssh"}, "does not answer over ssh"),
    ],
)
def test_a_builder_that_did_not_build_is_noted(did, note):
    assert table.note_lines("a", {"__npu_builder_did": did}) == (
        ["a: note: npu_builder did not build for it: " + note] if note else []
    )


@pytest.mark.parametrize(
    "verdict, kind",
    [
        ("unreachable", "unreachable"),
        ("ROLLBACK FAILED", "rollback failed"),
        ("failed: driver", "failed"),
        ("rolled back", "failed"),
        ("waiting", "failed"),
    ],
)
def test_outcomes(verdict, kind):
    assert table.outcome("a", verdict, "a: x") == {"board": "a", "kind": kind, "msg": "a: x"}


def test_every_board_is_counted_and_failures_come_last():
    verdicts = ["ROLLBACK FAILED", "failed: driver", "ok", "failed", "held", "planned: dkms", "ok", "unreachable"]
    assert (
        table.summary_line(verdicts) == "boards: 8, ok 2, planned 1, held 1, unreachable 1, failed 2, ROLLBACK FAILED 1"
    )
    assert table.summary_line([]) == "boards: 0"


def test_a_sentence_names_the_board_once_and_the_result_of_the_rollback():
    assert table.sentence("a", {}) == "" and table.sentence("a", {"__npu_rolled_back": "x"}) == ""
    said = {
        "__npu_error": "a: the build\nfailed.", "__npu_outcome": "rolled_back",
        "__npu_rolled_back": "It was rolled back.\x1b[0m",
    }
    assert table.sentence("a", said) == "a: the build failed. It was rolled back.?[0m"
    assert table.sentence("a", {"__npu_error": "no space"}) == "a: no space"
    # On request it is no failure, but worth a note.
    asked = {"__npu_error": "", "__npu_outcome": "rolled_back", "__npu_rolled_back": "It was rolled back."}
    assert table.sentence("a", asked) == "" and table.note_lines("a", asked) == ["a: note: It was rolled back."]
    assert (
        table.note_lines("a", said) == []
        and table.sentence("a", dict(asked, __npu_outcome="rollback_failed")) == "a: It was rolled back."
    )
    assert len(table.sentence("a", {"__npu_error": "x" * 100000})) < 2100


def test_boards_skipped_for_one_reason_share_a_line():
    left = {"verdict": "held", "reason": "note: \x07"}
    boards = {
        "a": {"__npu_skipped": left}, "b": {}, "c": {"__npu_skipped": left},
        "d": {"__npu_skipped": {"verdict": "waiting", "reason": "x", "fine": True}},
        "e": {"__npu_skipped": {"verdict": "skipped", "reason": "y", "fine": False}},
    }
    assert table.skipped_lines(boards) == ["held: a, c: note: ?", "waiting: d: x", "skipped: e: y"]
    assert table.not_reached(boards) == ["e"]
    assert (
        table.not_reached_sentence(["e"], 5) == "1 of 5 boards were skipped: e" and table.not_reached_sentence([], 5) == ""
    )
