# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What a plan may change because of a diagnosis."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._inference.causes import diagnoses
from ansible_collections.rkfleet.npu.plugins.module_utils._inference.record import compose
from ansible_collections.rkfleet.npu.plugins.plugin_utils._facts.verification import judged
from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan.diagnosis_effects import CHANGES, may_change


@pytest.mark.parametrize(("name", "changes"), [
    ("ok", "nothing"), ("driver", "driver"), ("timeout", "driver"), ("crash", "driver"), ("device", "nothing"),
    ("memory", "nothing"), ("model", "nothing"), ("busy", "nothing"), ("of another release", "nothing"),
])
def test_a_diagnosis_changes_only_what_it_proves(name, changes):
    assert may_change({"diagnosis": name}) == {changes}


@pytest.mark.parametrize(("evidence", "changes"), [
    ("SIGBUS in dlopen", "runtime"), ("as user anna: SIGSEGV in dlopen; last line: x", "runtime"),
    ("SIGSEGV in rknn_init; last line: SIGBUS in dlopen", "driver"), (None, "driver"), (7, "driver"),
])
def test_a_crash_of_the_loader_is_the_runtimes(evidence, changes):
    """A truncated file with the right version in it has been seen to crash its users."""
    assert may_change({"diagnosis": "crash", "evidence": evidence}) == {changes}
    assert may_change({"diagnosis": "driver", "evidence": evidence}) == {"driver"}


@pytest.mark.parametrize(("evidence", "changes"), [
    ("SIGTERM in rknn_run, which a program sends", "nothing"), ("SIGTERM in rknn_run", "driver"),
    ("as user anna: core 1 of the NPU: SIGHUP in rknn_run, which a program sends; last line: x", "nothing"),
    ("SIGSEGV in rknn_run; SIGTERM in rknn_run, which a program sends", "driver"),
])
def test_what_another_program_ended_proves_nothing(evidence, changes):
    assert may_change({"diagnosis": "crash", "evidence": evidence}) == {changes}


@pytest.mark.parametrize(("evidence", "changes"), [
    ("no answer within 60 s, last call: dlopen", "nothing"), ("no answer within 60 s, last call: rknn_run", "driver"),
    ("as user anna: no answer within 2.5 s, last call: dlopen", "nothing"), (None, "driver"),
])
def test_a_loader_that_hangs_is_not_the_drivers_fault(evidence, changes):
    assert may_change({"diagnosis": "timeout", "evidence": evidence}) == {changes}


def test_an_old_record_has_no_row_of_the_runtimes_diagnosis():
    assert may_change({"diagnosis": "runtime"}) == {"runtime", "nothing"}


@pytest.mark.parametrize(("stated", "changes"), [
    ("nothing", {"nothing"}), ("runtime", {"runtime"}), ("driver", {"driver"}), ("all", {"runtime", "nothing"}),
    (["driver"], {"runtime", "nothing"}), (None, {"runtime", "nothing"}),
])
def test_what_a_record_says_of_its_row_decides(stated, changes):
    assert may_change({"diagnosis": "runtime", "may_change": stated}) == changes


@pytest.mark.parametrize(("stage", "error", "changes"), [
    ("dlopen", "librknnrt.so: cannot enable executable stack as shared object requires: Invalid argument", "nothing"),
    ("dlopen", "/usr/lib/librknnrt.so: file too short", "runtime"),
])
def test_a_verification_records_what_its_row_proves(stage, error, changes):
    nothing = dict.fromkeys(("code", "signal", "top", "differs", "sdk_version", "driver_version", "core"))
    outcome = dict(
        nothing, stage=stage, error=error, timed_out=False, stuck=False, timeout=20, elapsed=[], cores=[], log=[])
    found = judged({"observed": {"outcome": outcome, "nodes": []}}, {})
    record = compose({}, found)["verification"]
    assert record["diagnosis"] == "runtime" and may_change(record) == {changes}


@pytest.mark.parametrize("row", diagnoses.DIAGNOSES)
def test_every_row_may_change_one_thing(row):
    assert diagnoses.may_change(row.name, row.may_change) in CHANGES
