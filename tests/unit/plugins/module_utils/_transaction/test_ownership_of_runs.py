# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Several runs and the owner of one board: plans that are too old, ends of another run's upgrade, lost answers."""

from __future__ import annotations

import os

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._board.paths import HOLD_FILE
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction import guard, state, state_folder
from stand_ins.boards.transaction_board import STATE, Board


@pytest.fixture
def board(tmp_path):
    return Board(tmp_path / "board")


def seen(board, **more):
    """What an inspection of the board finds now."""
    record = state.load_json(str(board.home / "state.json")) or {}
    pending = (board.home / "pending/manifest").exists()
    return dict({"since": record.get("since"), "run": record.get("run"), "pending": pending}, **more)


# -- a plan that is too old -------------------------------------------------------------------------------------------

def test_what_another_run_has_upgraded_is_not_upgraded_again(board):
    """As in a rollout with two controllers: the second waits for its turn while the first upgrades the board."""
    new = seen(board)
    two = board.transaction("two")
    two.lock()
    two.require_unchanged(new)
    two.unlock()
    there = board.begin()
    there.commit("0.9.6")
    for before in (new, dict(new, since="2026-01-01T00:00:00Z")):
        with pytest.raises(state_folder.Skipped,
                           match=r"changed after it was inspected \(committed since 20.*, run one\): rerun the"):
            two.require_unchanged(before)
    there.require_unchanged(new)  # what this run did itself
    two.require_unchanged(seen(board))
    two.require_unchanged({})  # a module that is used without an inspection


def test_an_upgrade_whose_last_task_outlived_its_run_is_resumed(board):
    board.begin()
    before = seen(board, since="2026-01-01T00:00:00Z")  # then the build ended, and wrote a new state
    two = board.transaction("two")
    two.lock(["one"])
    two.require_unchanged(before)
    with pytest.raises(state_folder.Skipped, match="changed after it was inspected"):
        two.require_unchanged(dict(before, pending=False))
    with pytest.raises(state_folder.Skipped, match="changed after it was inspected"):
        two.require_unchanged(dict(before, run="three"))


def test_a_board_that_its_owner_holds_since_it_was_inspected(board):
    board.write(HOLD_FILE, "demo for\x1b[31m customers\nuntil May\n")
    with pytest.raises(state_folder.Skipped) as caught:
        board.transaction().require_unchanged(seen(board))
    assert caught.value.result["skip"]["verdict"] == "held" and "\x1b" not in caught.value.result["skip"]["reason"]
    assert caught.value.result["skip"]["reason"].startswith(HOLD_FILE + ": demo for")
    board.write(HOLD_FILE, "")
    with pytest.raises(state_folder.Skipped, match=HOLD_FILE):
        board.transaction().require_unchanged(seen(board))


def test_a_board_that_was_updated_and_rebooted_since_it_was_inspected(board, monkeypatch):
    with open("/proc/sys/kernel/osrelease", encoding="utf-8") as stream:
        now = {"release": stream.read().strip(), "build": os.uname().version}
    board.transaction().require_unchanged(seen(board, **now))
    for other in (dict(now, release="6.1.84-1"), dict(now, build="#2 SMP")):
        with pytest.raises(state_folder.Skipped, match=f"was inspected with kernel {other['release']} and runs "):
            board.transaction().require_unchanged(seen(board, **other))


# -- ends -------------------------------------------------------------------------------------------------------------

def test_only_the_run_that_began_an_upgrade_commits_it(board):
    """A controller that slept while the guard restored the board, and another run began."""
    one = board.begin("one")
    board.begin("two")
    with pytest.raises(state.TransactionError, match="cannot be committed: another run has begun it"):
        one.commit("0.9.6")
    assert board.state()["state"] == "planned" and (board.home / "pending").exists()


def test_a_rollback_does_not_end_the_upgrade_of_another_run(board):
    board.begin("one")
    with pytest.raises(state.Locked, match=r"locked by .*\(run one\)"):
        board.transaction("two").close("rollback_failed", "locked")
    assert board.state()["state"] == "planned" and board.state()["run"] == "one"


def test_a_commit_whose_answer_was_lost_may_be_repeated(board):
    there = board.begin()
    board.upgrade()
    there.commit("0.9.6")
    after = board.files()
    assert there.commit("0.9.6") == "" and board.files() == after and board.state()["state"] == "committed"
    with pytest.raises(state.TransactionError, match="no upgrade is pending"):
        board.transaction("two").commit("0.9.6")


def test_a_commit_is_repeated_while_the_first_task_is_still_at_it(board, monkeypatch):
    """The connection was lost while services were restarted, and the task continues on the board."""
    there, first = board.begin(), board.transaction("one")
    board.upgrade()

    def meanwhile(*_args):
        monkeypatch.undo()
        first.commit("0.9.6")
        return ""

    monkeypatch.setattr(there, "start_services", meanwhile)
    there.commit("0.9.6")
    assert board.state()["state"] == "committed" and not (board.home / "lock.json").exists()


def test_a_repeated_commit_removes_guard_and_lock_that_the_first_has_left(board, monkeypatch):
    there = board.begin()
    board.upgrade()
    monkeypatch.setattr(there, "disarm", lambda: {}["killed"])
    with pytest.raises(KeyError):
        there.commit("0.9.6")
    assert (board.home / "lock.json").exists() and (board.root / guard.SCRIPT.lstrip("/")).exists()
    monkeypatch.undo()
    there.commit("0.9.6")
    assert not (board.home / "lock.json").exists() and not (board.root / guard.SCRIPT.lstrip("/")).exists()


def test_a_repeated_commit_does_not_disarm_the_next_run(board):
    one = board.begin()
    board.upgrade()
    one.commit("0.9.6")
    board.begin("two")
    (board.home / "pending").rename(board.home / "aside")  # so that one finds its commit in state.json
    record = dict(board.state(), state="committed", run="one")
    state.save_state(str(board.home), record)
    one.commit("0.9.6")
    assert (board.root / guard.SCRIPT.lstrip("/")).exists() and (board.home / "lock.json").exists()


@pytest.mark.parametrize("known", [True, False])
def test_a_first_upgrade_that_cannot_begin_says_why_and_leaves_nothing(board, monkeypatch, known):
    there = board.transaction()
    there.lock()
    if known:
        state.save_state(str(board.home), {"schema": 1, "state": "committed"})
    before = state.load_json(str(board.home / "state.json"))

    def full(*_args):
        raise state.TransactionError("no space")

    monkeypatch.setattr(there, "_arm", full)
    with pytest.raises(state.TransactionError, match="no space"):
        there.begin([], STATE, 30)
    there.abandon()
    assert not (board.home / "lock.json").exists() and not (board.home / "pending").exists()
    assert state.load_json(str(board.home / "state.json")) == before


def test_an_upgrade_that_cannot_begin_leaves_the_state_as_it_was(board):
    there = board.begin()
    board.upgrade()
    there.commit("0.9.6")
    before = (board.home / "state.json").read_bytes()
    two = board.begin("two")
    assert board.state()["state"] == "planned"
    two.abandon()
    assert (board.home / "state.json").read_bytes() == before and not (board.home / "lock.json").exists()


def test_services_of_a_run_that_died_in_its_rollback_are_started_by_the_next(board):
    there = board.begin()
    (board.home / "pending/services").write_text("detector.service\n")
    there.restore(["pending"])
    assert (board.home / "undone/services").read_text() == "detector.service\n"  # killed before it was closed
    two = board.begin("two")
    assert (board.home / "pending/services").read_text() == "detector.service\n"
    two.restore(["pending"])
    two.close("rolled_back", "")
    # A rollback that has ended leaves nothing to start.
    board.begin("three")
    assert not (board.home / "pending/services").exists()
