# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The phase of a task, and how long a board spends in each phase."""

from __future__ import annotations

import os
import types

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils import _clock, _phases


@pytest.fixture
def clock(monkeypatch, tmp_path):
    """Set the time, in a folder of its own."""
    now = types.SimpleNamespace(at=100.0)
    monkeypatch.setattr(_clock.time, "time", lambda: now.at)
    monkeypatch.setattr(_clock.C, "DEFAULT_LOCAL_TMP", str(tmp_path))
    return now


def variables(play="Upgrade", board="a"):
    return {"inventory_hostname": board, "ansible_play_name": play}


def task(name="Build", **more):
    return types.SimpleNamespace(get_name=lambda: name, get_vars=lambda: more)


def work(clock, name, seconds, pause=0, play="Upgrade", board="a"):
    """Have a task work on a board after a pause."""
    clock.at += pause
    with _clock.measured(task("rkfleet.npu.x : y", __npu_phase=name), variables(play, board)):
        clock.at += seconds


@pytest.mark.parametrize(
    "what, phase",
    [
        (task("rkfleet.npu.driver : Build", __npu_phase="build"), "build"),
        (task("rkfleet.npu.driver : Build"), "driver"),
        (task("myrole : Copy"), "myrole"),
        (task("Copy"), ""),
        (task("Copy", __npu_phase="detect"), "detect"),
    ],
)
def test_the_phase_of_a_task(what, phase):
    assert _phases.of_task(what) == phase


def test_what_lies_between_two_actions_belongs_to_the_second_one(clock):
    work(clock, "build", 40)
    work(clock, "build", 2, pause=1)
    work(clock, "activate", 5, pause=3)
    assert _clock.spent("a") == [("build", 43.0), ("activate", 8.0)]


def test_the_time_between_two_plays_is_not_counted(clock):
    work(clock, "detect", 6, play="Look")
    work(clock, "begin", 4, pause=1000)
    assert _clock.spent("a") == [("detect", 6.0), ("begin", 4.0)]


def test_an_action_of_two_phases(clock):
    with _clock.measured(task("rkfleet.npu.detect : Look"), variables()):
        clock.at += 2
        _clock.mark("verify", variables())
        clock.at += 3
    assert _clock.spent("a") == [("detect", 2.0), ("verify", 3.0)]


def test_an_action_that_fails_has_its_time_and_one_that_is_killed_ends_with_the_next(clock):
    with pytest.raises(ValueError), _clock.measured(task(__npu_phase="build"), variables()):
        clock.at += 7
        raise ValueError
    _clock.mark("activate", variables())
    clock.at += 5
    work(clock, "rollback", 1)
    assert _clock.spent("a") == [("build", 7.0), ("activate", 5.0), ("rollback", 1.0)]


def test_each_board_has_its_own_clock_which_starts_anew_once_it_was_read(clock):
    work(clock, "build", 1)
    work(clock, "build", 2, board="../b")
    assert _clock.spent("../b") == [("build", 2.0)] and _clock.spent("../b") == [] == _clock.spent("never seen")
    assert _clock.spent("a") == [("build", 1.0)]


def test_no_task_fails_if_its_time_cannot_be_recorded(clock, monkeypatch):
    monkeypatch.setattr(_clock.C, "DEFAULT_LOCAL_TMP", os.devnull)
    work(clock, "build", 1)
    assert _clock.spent("a") == []


def test_how_long_a_run_has_worked_on_a_board_so_far(clock):
    work(clock, "Inspect", 6, pause=30)
    work(clock, "Fetch", 2)
    # Not the pause, in which the board waited for others, and nothing is reset.
    assert _clock.working("a") == 8.0 == _clock.working("a") and _clock.spent("a")
    assert _clock.working("a") == 0 == _clock.working("never seen")


def test_when_a_run_was_last_at_a_board_is_known_after_its_clock_was_read(clock):
    assert _clock.last("a") is None
    work(clock, "detect", 6)
    clock.at += 1000
    assert _clock.last("a") == 106.0
    for dummy in range(2):
        _clock.spent("a")
        assert _clock.last("a") == 106.0
    # The time since then is not counted, whatever the play.
    work(clock, "report", 2)
    assert _clock.spent("a") == [("report", 2.0)] and _clock.last("a") == 1108.0
