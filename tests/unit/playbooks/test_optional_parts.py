# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Groups of users on boards whose driver and runtime need no change."""

from __future__ import annotations

from stand_ins import rollout_stubs as stubs

collections, play = stubs.collections, stubs.play


def test_users_get_their_groups_on_boards_that_need_no_change(play):
    boards = {
        "settled": {"npu_group_users": ["camera"]}, "ill": {"says": "permission", "npu_group_users": ["camera"]},
        "other": {}, "new": {"recorded": False, "npu_group_users": ["camera"]},
    }
    boards = {name: dict(own, needs=False) for name, own in boards.items()}
    run = play(boards)
    # With its users in the groups, the one that had failed is verified once more, by the role that adds them.
    assert run.rc == 0 and sorted(run.marks) == ["new.groups", "new.told", "settled.groups", "settled.told"], run.marks
    assert run.verdicts == dict.fromkeys(boards, "ok")


def test_stage_npu_leaves_them_alone(play):
    boards = {"settled": {"npu_group_users": ["camera"], "needs": False}, "ill": {"says": "permission", "needs": False}}
    run = play(boards, playbook="stage_npu", npu_group_users=["camera"])
    assert run.marks == ["ill.told"] and run.verdicts == {"settled": "ok", "ill": "failed: permission"}


def test_a_board_that_works_by_its_record_is_not_interrupted_for_them(play):
    # Its NPU is in use, so MobileNet was not run: it runs neither now, and the board is no failure.
    run = play({"used": {"says": "in use", "needs": False, "npu_group_users": ["camera"]}})
    assert run.rc == 0 and run.marks == ["used.groups"] and run.failed == []
