# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Whether a board may start now: after its staging board, and while no more boards have failed than may."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.filter.npu_rollout import FilterModule
from ansible_collections.rkfleet.npu.plugins.plugin_utils._report.hostvars import board_variables
from ansible_collections.rkfleet.npu.plugins.plugin_utils._rollout import decide as _rollout
from ansible_collections.rkfleet.npu.plugins.plugin_utils._rollout import staging
from stand_ins.plans.fleet_plans import NEW, OLD, board, decide, record


def test_boards_wait_until_their_staging_board_is_committed():
    boards = {"a": board(NEW), "b": board(OLD), "c": board(NEW), "d": board(OLD)}
    answer = decide(boards, max_failed=4)
    assert {name for name, entry in _rollout.gate(answer, boards).items() if entry["go"]} == {"a", "b"}
    boards["a"]["__npu_is_committed"] = True
    boards["b"]["__npu_error"] = "b: rolled back"
    gate = _rollout.gate(answer, boards)
    assert gate["c"]["go"] and not gate["d"]["go"] and gate["d"]["verdict"] == "waiting" and not gate["d"]["fine"]
    assert "its staging board b failed. Fix that board and run stage-npu.yml" in gate["d"]["reason"]
    # Installed, and left to a reboot of the owner's: nobody knows yet.
    del boards["b"]["__npu_error"]
    assert "its staging board b is not committed" in _rollout.gate(answer, boards)["d"]["reason"]


@pytest.mark.parametrize(
    "failed, allowed, go",
    [(0, 0, True), (1, 0, False), (1, 1, True), (2, 1, False), (2, "50%", True), (3, "50%", False)],
)
def test_no_further_board_once_too_many_have_failed(failed, allowed, go):
    boards = {f"b{number}": board() for number in range(5)}
    answer = decide(boards, require_staging=False, max_failed=allowed)
    for number in range(failed):
        # One with a reason, and one that Ansible took out of the play, which is known by what it did not get at the end
        # of its batch.
        boards[f"b{number}"].update({"__npu_error": "x"} if number % 2 else {"__npu_gate": {}})
    boards = {name: board_variables(there, _rollout.VARIABLES) for name, there in boards.items()}
    last = _rollout.gate(answer, boards)["b4"]
    assert last["go"] == go and last["verdict"] == ("" if go else "skipped")
    assert go or (f"{failed} board" in last["reason"] and "b0" in last["reason"])


def test_a_board_asks_for_itself_alone():
    boards = {f"b{number}": board() for number in range(4)}
    answer = decide(boards, require_staging=False, max_failed=1)
    # No variables of other boards: b0 is still being upgraded, and nobody knows how that ends.
    assert _rollout.gate(answer, {}, names=["b3"], failed=["b1"]) == {
        "b3": {"go": True, "verdict": "", "reason": "", "fine": True},
    }
    late = _rollout.gate(answer, {}, names=["b3"], failed=["b2", "b1", "of another play"])["b3"]
    assert not late["go"] and late["reason"] == "2 boards failed (b1, b2), and npu_max_failed allows 1"


def test_a_board_asks_for_its_staging_board():
    boards = {"a": board(NEW), "b": board(NEW)}
    answer = decide(boards)
    assert not _rollout.gate(answer, {}, names=["b"])["b"]["go"]
    assert _rollout.gate(answer, {"a": {"__npu_is_committed": True}}, names=["b"])["b"]["go"]
    # The staging board itself waits for none.
    assert _rollout.gate(answer, {}, names=["a"])["a"]["go"]


def test_a_board_whose_kernel_another_run_has_verified_meanwhile_may_start():
    boards = {"a": board(NEW), "b": board(NEW), "c": board(OLD), "d": board(OLD)}
    answer = decide(boards)
    by_other, asked = record(answer, "a"), []

    def recorded():
        asked.append(1)
        return [dict(by_other, board="of another run")]

    def gate(name, **more):
        return _rollout.gate(answer, {"a": {"__npu_error": "refused"}}, names=[name], recorded=recorded, **more)[name]

    assert gate("b")["go"] is False and gate("b")["verdict"] == "skipped", "the failed board still counts"
    answer["allowed"] = 1
    assert gate("b")["go"] and not gate("d")["go"] and "d" not in by_other
    assert gate("b", stage=True)["fine"] and not gate("b", stage=True)["go"]
    # The file is read only before a board is told to wait.
    asked.clear()
    assert gate("a")["go"] and gate("c")["go"] and not asked
    assert _rollout.gate(answer, {"a": {"__npu_is_committed": True}}, names=["b"], recorded=recorded)["b"]["go"]
    assert not asked


@pytest.mark.parametrize("content, go", [
    ("entries", True), ("none", False), ("damaged", False), ("newer", False), ("absent", False)])
def test_the_filter_reads_the_record_again(tmp_path, content, go):
    boards = {"a": board(NEW), "b": board(NEW)}
    answer = decide(boards)
    path = tmp_path / "staging.json"
    if content == "entries":
        staging.add(str(path), [record(answer, "a")], "today")
    elif content != "absent":
        path.write_text({"none": '{"schema": 2, "verified": []}', "damaged": "{", "newer": '{"schema": 3}'}[content])
    gate = FilterModule().filters()["npu_rollout_gate"]
    assert gate(boards, answer, False, ["b"], [], ["b"], str(path))["b"]["go"] is go
    assert gate(boards, answer, record=str(path))["b"]["go"] is go
    assert not gate(boards, answer, False, ["b"], [], ["b"])["b"]["go"]


def test_a_board_that_was_not_chosen_does_not_start():
    # Of another playbook in the same ansible-playbook: still in the group, and now `waiting`.
    skipped = {"verdict": "waiting", "reason": "its staging board failed"}
    boards = {"a": board(NEW), "b": dict(board(NEW), __npu_skipped=skipped)}
    gate = _rollout.gate(decide(boards), boards, names=["b"])["b"]
    assert not gate["go"] and gate["verdict"] == "skipped" and not gate["fine"]
