# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What a plan may change because of a diagnosis."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan.diagnosis_effects import may_change


@pytest.mark.parametrize(("name", "changes"), [
    ("ok", "nothing"), ("driver", "driver"), ("timeout", "driver"), ("crash", "driver"), ("device", "nothing"),
    ("memory", "nothing"), ("model", "nothing"), ("busy", "nothing"), ("of another release", "nothing"),
])
def test_a_diagnosis_changes_only_what_it_proves(name, changes):
    assert may_change(name) == {changes}


@pytest.mark.parametrize(("evidence", "changes"), [
    ("SIGBUS in dlopen", "runtime"), ("as user anna: SIGSEGV in dlopen; last line: x", "runtime"),
    ("SIGSEGV in rknn_init; last line: SIGBUS in dlopen", "driver"), (None, "driver"), (7, "driver"),
])
def test_a_crash_of_the_loader_is_the_runtimes(evidence, changes):
    """A truncated file with the right version in it has been seen to crash its users."""
    assert may_change("crash", evidence) == {changes}
    assert may_change("driver", evidence) == {"driver"}


@pytest.mark.parametrize(("evidence", "changes"), [
    ("SIGTERM in rknn_run, which a program sends", "nothing"), ("SIGTERM in rknn_run", "driver"),
    ("as user anna: core 1 of the NPU: SIGHUP in rknn_run, which a program sends; last line: x", "nothing"),
    ("SIGSEGV in rknn_run; SIGTERM in rknn_run, which a program sends", "driver"),
])
def test_what_another_program_ended_proves_nothing(evidence, changes):
    assert may_change("crash", evidence) == {changes}


def test_a_runtime_is_changed_unless_the_fault_is_elsewhere_on_the_board():
    assert may_change("runtime") == {"runtime", "nothing"}
