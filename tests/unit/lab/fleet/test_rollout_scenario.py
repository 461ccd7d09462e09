# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The rollout without boards: which boards get faults, the slices, a board's state in the report, settings."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("yaml")
TESTS = Path(__file__).resolve().parents[3]
if not (TESTS / "rollout").is_dir():
    pytest.skip("the rollout is not part of this copy", allow_module_level=True)
sys.path.insert(0, str(TESTS))

from rollout import run, scenario  # noqa: E402

KERNELS = {f"light-{number:03}": f"kernel-{number % 4}" for number in range(200)}


def test_faults_are_spread_over_the_kernels_and_the_same_for_a_seed():
    given = scenario.give_faults(KERNELS, 0.08, 1)
    assert len(given) == 16 and {KERNELS[board] for board in given} == set(KERNELS.values())
    assert set(given.values()) == set(scenario.FAULTS)
    assert given == scenario.give_faults(KERNELS, 0.08, 1) != scenario.give_faults(KERNELS, 0.08, 2)
    assert not {"light-000", "light-001", "light-002", "light-003"} & given.keys(), "a staging board is faulty"


@pytest.mark.parametrize("count, share, faults", [(8, 0.08, 1), (20, 0.08, 2), (20, 0, 0)])
def test_few_boards(count, share, faults):
    assert len(scenario.give_faults(dict(list(KERNELS.items())[:count]), share, 1)) == faults


def test_slices_are_every_nth_board():
    assert scenario.slices(["a", "b", "c", "d", "e"], 2) == [["a", "c", "e"], ["b", "d"]]
    assert scenario.slices(["a"], 4) == [["a"]]


def test_the_state_of_a_board_in_the_report():
    record = {
        "status": "healthy",
        "driver": {"version": "0.9.6"},
        "runtime": {"version": "2.3.2"},
        "kernel": {"release": "6.1.84"},
        "verification": {"diagnosis": "ok", "current": True},
        "upgrade": {"state": "committed", "pending": False, "locked_by": None},
    }
    assert scenario.state_of(record) == {
        "answers": True,
        "driver": "0.9.6",
        "runtime": "2.3.2",
        "verified": "ok",
        "upgrade": "committed",
        "pending": False,
        "lock": None,
        "kernel": "6.1.84",
    }
    # An old verification says nothing about what is active now.
    assert scenario.state_of(dict(record, verification={"diagnosis": "ok", "current": False}))["verified"] == "unknown"
    assert scenario.state_of({"status": "unreachable"})["answers"] is False


@pytest.mark.parametrize("value", ["many", "0", "-3"])
def test_a_setting_that_is_no_number(monkeypatch, value):
    monkeypatch.setenv("ROLLOUT_BOARDS", value)
    with pytest.raises(SystemExit, match="ROLLOUT_BOARDS"):
        run.number("ROLLOUT_BOARDS", 200, 8)


def test_a_step_that_is_unknown(monkeypatch):
    monkeypatch.setenv("ROLLOUT_STEPS", "killed sleep")
    with pytest.raises(SystemExit, match="sleep"):
        run.steps()


def test_a_rollout_runs_in_a_pid_namespace_of_its_own(monkeypatch):
    monkeypatch.setattr(run.os, "geteuid", lambda: 0)
    monkeypatch.setattr(run.shutil, "which", lambda name: f"/usr/bin/{name}")
    assert "--kill-child=KILL" in run.namespace_command()
    monkeypatch.setenv(run.INSIDE, "1")
    assert run.namespace_command() is None
