# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The table at the end of a run."""

from __future__ import annotations

import pytest

from ansible_collections.rkfleet.npu.plugins.plugin_utils import _recap

OLD = {"kernel": {"release": "6.1.43"}, "driver": {"version": "0.9.3"}, "runtime": {"version": "1.6.0"}}
NEW = {"kernel": {"release": "6.1.43"}, "driver": {"version": "0.9.6"}, "runtime": {"version": "2.3.2"}}
PROVEN = {"diagnosis": "ok", "top5": [{"index": 283, "score": 0.46875}], "latency_ms": {"median": 2.345}}


def test_an_upgraded_board():
    cells = _recap.row(
        "rock5b-1",
        {"__npu_before": OLD, "ansible_facts": {"npu": NEW}, "__npu_plan": {"action": "none"}, "__npu_verification": PROVEN},
    )
    assert cells == ("rock5b-1", "6.1.43", "0.9.3 → 0.9.6", "1.6.0 → 2.3.2", "283: 0.468750", "2.3 ms", "ok")


@pytest.mark.parametrize(
    "variables, verdict",
    [
        ({}, "unreachable"),
        ({"__npu_plan": {"action": "dkms_over_builtin"}}, "unreachable"),
        ({"__npu_plan": {"action": "dkms_over_builtin"}, "__npu_phases_end": 7.0}, "planned: dkms_over_builtin"),
        ({"__npu_plan": {"action": "unsupported"}, "__npu_error": "x"}, "unsupported"),
        ({"__npu_plan": {"action": "dkms"}, "__npu_error": "no space"}, "failed"),
        ({"__npu_error": "a: does not answer over ssh: Connection refused", "__npu_phases_end": 7.0}, "unreachable"),
        ({"__npu_plan": {"action": "none"}, "__npu_verification": {"diagnosis": "driver"}, "__npu_error": "x"}, "failed: driver"),
        ({"__npu_plan": {"action": "none"}, "__npu_verification": PROVEN, "__npu_error": "cannot record"}, "failed"),
    ],
)
def test_verdicts(variables, verdict):
    assert _recap.verdict(variables) == verdict


def test_columns_line_up_and_hostile_text_is_harmless():
    lines = _recap.render([_recap.row("a", {}), _recap.row("\x1b[31mred\n" + "x" * 200, {"__npu_before": OLD})])
    assert "\x1b" not in "".join(lines) and len(lines) == 4
    assert len({line.index(word) for line, word in zip(lines[2:], ("unreachable", "unreachable"))}) == 1


def test_the_time_of_each_phase():
    phases = [{"phase": "detect", "at": 100.0}, {"phase": "build", "at": 106.0}]
    assert _recap.phase_line("rock5b-1", phases, 150.4) == "rock5b-1: detect 6 s, build 44 s, together 50 s"


def test_notes_of_plan_and_build_are_shown_once():
    variables = {
        "__npu_driver_target": {"notes": ["The driver is built without devfreq."]},
        "__npu_plan": {"notes": ["The NPU node is elsewhere.", "The NPU node is elsewhere."]},
        "__npu_build": {"probes": ["probe vm_flags_set: missing, supplied", "probe devfreq: left out, not here: governor.h"]},
    }
    assert _recap.note_lines("a", variables) == [
        "a: note: The driver is built without devfreq.", "a: note: The NPU node is elsewhere.", "a: note: probe devfreq: left out, not here: governor.h"]
