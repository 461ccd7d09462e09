# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The judge of `make rollout`: journals that keep every rule pass, and each broken rule is named with its board."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[3]
if not (TESTS / "rollout").is_dir():
    pytest.skip("the rollout is not part of this copy", allow_module_level=True)
sys.path.insert(0, str(TESTS))

from rollout import figures, journal, judge  # noqa: E402

KERNELS = {"a1": "6.1.84", "a2": "6.1.84", "a3": "6.1.84", "b1": "5.10.160"}
WANTED = {"driver": "0.9.6", "runtime": "2.3.2"}
OLD = {"answers": True, "driver": "0.9.3", "runtime": "1.6.0", "verified": "driver", "upgrade": "unknown"}
NEW = dict(OLD, **WANTED, verified="ok", upgrade="committed")


def event(at, what, board=None, **more):
    return {"at": at, "event": what, **({"board": board} if board else {}), **more}


def begun(at, board, ok=True, msg=""):
    return event(at, "transaction", board, state="begun", ok=ok, msg=msg)


def decision(allowed=0, staging=("a1", "b1"), rollout=("a2", "a3"), kernels=None):
    kept = {"staging": list(staging), "rollout": list(rollout), "serial": [1, "100%"]}
    return event(1, "decision", allowed=allowed, kernels=dict(kernels or KERNELS), **kept)


def run(*events, name="first", code=0):
    return journal.Run(name, list(events), code)


def good():
    """A run that stages two kernels, upgrades a2, and rolls a3 back."""
    return run(
        decision(1),
        event(2, "gate", go=["a1", "b1", "a2", "a3"]),
        begun(3, "a1"),
        begun(3, "b1"),
        event(5, "committed", "a1"),
        event(6, "committed", "b1"),
        event(7, "gate", go=["a2", "a3"]),
        begun(8, "a2"),
        event(10, "committed", "a2"),
        event(11, "gate", go=["a3"]),
        begun(12, "a3"),
        event(13, "failed", "a3", why="build"),
        event(14, "rolled_back", "a3"),
        event(20, "recap", verdicts={"a1": "ok", "b1": "ok", "a2": "ok", "a3": "rolled back"}),
        event(21, "end", totals={"changed": 20}),
        code=2,
    )


def one(at=4, kernel="6.1.84", trial=False):
    return event(at, "built", kernel=kernel, trial=trial)


def test_a_rollout_that_keeps_every_rule():
    boards = {
        "a1": [one()],
        "b1": [one(kernel="5.10.160")],
        "a3": [event(4, "build", kernel="6.1.84"), event(5, "build-failed", kernel="6.1.84")],
    }
    after = {"a1": NEW, "a2": NEW, "b1": NEW, "a3": dict(OLD, upgrade="rolled_back")}
    ends = judge.outcomes(dict.fromkeys(KERNELS, OLD), after, WANTED)
    assert judge.judge([good()], boards, KERNELS, ends, after, []) == []
    assert judge.counts(ends) == "rollout: 4 boards, 3 upgraded, 1 rolled back, 0 unchanged, 0 worse"


def test_a_board_of_a_batch_that_starts_after_the_threshold():
    there = good()
    there.events.insert(7, event(6.5, "failed", "b1", why="inference"))
    there.decision["allowed"] = 0
    assert judge.threshold([there]) == [
        "a2: begun in first after 1 boards had failed (b1), and 0 may",
        "a3: begun in first after 1 boards had failed (b1), and 0 may",
    ]


def test_a_batch_that_has_started_is_begun_as_a_whole():
    there = run(
        decision(), event(2, "gate", go=["a1", "b1"]), begun(3, "a1"), event(4, "failed", "a1", why="x"), begun(5, "b1")
    )
    assert judge.threshold([there]) == []


def test_a_decision_counts_from_when_it_is_made():
    # In a rolling window each board has its own: a failure while it is made is not known to it yet.
    there = run(decision(), event(3, "failed", "a1", why="x"), event(4, "gate", go=["b1"], since=2), begun(5, "b1"))
    assert judge.threshold([there]) == []
    there.events[2]["since"] = 3.5
    assert judge.threshold([there])


def test_a_failure_before_the_decision_is_no_failure_of_the_rollout():
    there = run(decision(), event(2, "failed", "held", why="x"), event(3, "gate", go=["a1"]), begun(4, "a1"))
    assert judge.threshold([there]) == []


def test_a_board_of_a_run_that_decided_nothing():
    assert judge.threshold([run(begun(3, "a1"))]) == ["a1: begun in first, which has decided nothing"]


def test_a_board_that_no_gate_let_through():
    there = run(decision(), event(2, "gate", go=["a1"]), begun(3, "a2"))
    assert judge.threshold([there]) == ["a2: begun in first, which no decision about its batch allowed"]


def test_a_kernel_that_is_built_twice():
    boards = {"a1": [one()], "a2": [one(9)], "b1": [one(kernel="5.10.160")]}
    assert judge.builds(boards, KERNELS) == ["a1, a2: kernel 6.1.84 was built 2 times"]
    assert judge.builds({"a1": [one()], "a2": [one(9, trial=True)]}, KERNELS) == []
    # A journal that names no kernel.
    assert judge.builds({"a1": [event(1, "built")], "a2": [event(2, "built")]}, KERNELS)


def test_a_board_that_is_begun_before_its_kernel_is_verified():
    there = run(decision(), begun(3, "a1"), begun(4, "a2"), event(5, "committed", "a1"))
    assert judge.staging([there]) == ["a2: begun in first before a board with kernel 6.1.84 was verified"]


def test_a_kernel_that_an_earlier_run_has_verified():
    later = run(decision(staging=()), begun(30, "a3"), name="second")
    assert judge.staging([good(), later]) == []


def test_two_staging_boards_of_one_kernel():
    there = run(decision(staging=("a1", "a2", "b1"), rollout=()))
    assert judge.staging([there]) == ["a1, a2: first staged 2 boards of kernel 6.1.84"]


def test_a_board_whose_last_state_is_half_done():
    boards = {
        "a1": [event(1, "state", state="planned"), event(2, "state", state="committed")],
        "a2": [event(1, "state", state="activating"), event(2, "boot")],
        "a3": [],
    }
    assert judge.at_rest(boards) == ["a2: its last state is activating"]


def test_locks_that_are_left():
    after = {"a1": dict(NEW, lock="admin@controller"), "a2": NEW}
    assert judge.locks(after, ["store/locks/x"]) == [
        "a1: its lock is left (admin@controller)",
        "controller: store/locks/x is still locked",
    ]


def test_a_board_that_is_upgraded_twice_or_by_two_at_once():
    other = run(begun(4, "a1"), event(9, "committed", "a1"), name="second")
    assert judge.twice([good(), other]) == [
        "a1: upgraded 2 times (first, second)",
        "a1: first and second worked on it at the same time",
    ]


def test_a_run_that_was_killed_works_on_its_boards_until_its_last_line():
    killed = run(begun(3, "a1"), event(6, "task", "a1"), code=None, name="killed")
    assert judge.twice([killed, run(begun(7, "a1"), event(9, "committed", "a1"))]) == []
    assert judge.twice([killed, run(begun(5, "a1"), event(9, "committed", "a1"))])


@pytest.mark.parametrize(
    "before, after, what",
    [
        (OLD, NEW, "upgraded"),
        (OLD, OLD, "unchanged"),
        (OLD, dict(OLD, upgrade="rolled_back"), "rolled back"),
        (NEW, NEW, "upgraded"),
        (dict(OLD, answers=False), dict(OLD, answers=False), "unchanged"),
        (OLD, dict(OLD, answers=False), "worse"),
        (OLD, {}, "worse"),
        (OLD, dict(NEW, pending=True), "worse"),
        (OLD, dict(OLD, upgrade="activating"), "worse"),
        (OLD, dict(NEW, verified="driver"), "worse"),
        (OLD, dict(OLD, runtime="2.3.2"), "worse"),
        (OLD, dict(OLD, upgrade="committed"), "worse"),
        (dict(OLD, verified="ok"), dict(OLD, upgrade="rolled_back"), "worse"),
    ],
)
def test_what_became_of_a_board(before, after, what):
    found, why = judge.outcome(before, after, WANTED)
    assert found == what and bool(why) == (what == "worse" or not before["answers"])


def test_a_table_that_is_wrong():
    ends = {"a1": ("upgraded", ""), "b1": ("upgraded", ""), "a2": ("rolled back", ""), "a3": ("rolled back", "")}
    assert judge.verdicts([good()], ends) == ["a2: first reports ok, and the board is rolled back"]
    assert judge.verdicts([good()], {"a1": ("unchanged", "")}) == ["a1: first reports ok, and the board is unchanged"]
    assert judge.verdicts([good(), run(event(30, "recap", verdicts={"a2": "rolled back"}))], ends) == []


def test_a_second_controller_that_is_told_nothing():
    assert judge.second_controller(run(name="second"), good()) == [
        "second: no board was refused to it because of first, which was running"
    ]
    for why in ("the board is locked by me@here", "the board was changed after it was inspected (committed since ...)"):
        told = event(4, "failed", "a1", why=why)
        assert judge.second_controller(run(told, name="second", code=2), good()) == []
        assert judge.second_controller(run(told, name="second", code=0), good())


def test_a_run_with_nothing_to_do():
    ended = event(9, "end", totals={"changed": 0})
    assert judge.unchanged_run(run(ended, name="repeat")) == []
    assert judge.unchanged_run(run(begun(3, "a1"), ended, name="repeat")) == ["a1: begun again by repeat"]
    assert judge.unchanged_run(run(ended, name="repeat", code=2))
    assert judge.unchanged_run(run(name="repeat"))
    assert judge.unchanged_run(run(event(9, "end", totals={"changed": 1}), name="repeat"))


def test_runs_that_did_not_end_by_themselves():
    assert judge.ended([good(), run(name="killed", code=None)]) == []
    assert judge.ended([run(decision(), event(9, "end", totals={}), code=250)]) == ["first: ended with 250"]
    assert judge.ended([run(decision())]) == ["first: its journal has no decision or no end"]


def test_a_board_without_a_fault_that_is_not_upgraded():
    ends = {"a1": ("upgraded", ""), "a2": ("rolled back", ""), "a3": ("rolled back", "")}
    assert judge.all_upgraded(ends, {"a3": "no-bind"}) == ["a2: has no fault, and is rolled back"]


def test_the_last_line_of_a_killed_run_may_be_cut_off(tmp_path):
    path = tmp_path / "run.jsonl"
    path.write_text('{"at": 1, "event": "start"}\n{"at": 2, "event": "committed", "board": "a1"}\n{"at": 3, "eve')
    assert [entry["event"] for entry in journal.read(path)] == ["start", "committed"]
    assert journal.read(tmp_path / "missing") == []


def test_figures_of_a_run():
    there = run(
        decision(),
        event(0, "play", play="Upgrade"),
        event(8, "task", "a1", play="Upgrade", task="rkfleet.npu.driver : Build", seconds=8),
        event(8, "task", "a2", play="Upgrade", task="rkfleet.npu.driver : Build", seconds=4),
        event(8, "task", "a2", play="Upgrade", task="rkfleet.npu.driver : x", seconds=0, skipped=True),
        event(8, "driver", "a1", ok=True, steps=["install"]),
        event(8, "driver", "a2", ok=True, steps=["load"]),
        begun(1, "a1"),
        begun(1, "a2"),
        event(9, "end"),
    )
    there.wall = 9
    assert figures.overhead(there, 2) == 1.5
    assert figures.phases(there) == [("Upgrade", "driver", 12)]
    assert figures.plays(there) == [("Upgrade", 9)]
    assert figures.store([there]) == {"loaded": 1, "built": 1, "hits": 0.5}
    assert figures.tasks_per_board(there) == {"ran": 1, "skipped": 0}
    assert figures.flat({50: 400, 100: 440}) == 1.1 and figures.flat({50: 400}) is None
    found = {"load": 1, "processors": 2, "forks": 2, "store": {}, "runs": [figures.of_run(there, 2)]}
    assert any("wall to own times over forks 1.5" in line for line in figures.lines(found))


def test_how_long_boards_take():
    assert figures.spans(good()) == {"boards": 4, "median": 2, "longest": 3, "board": "b1"}
    assert figures.spans(run(decision()))["boards"] == 0
