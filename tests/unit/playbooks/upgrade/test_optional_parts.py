# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Groups of users on boards whose driver and runtime need no change."""

from __future__ import annotations

import json
import os
import subprocess

import environment
import pytest
import yaml
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


@pytest.mark.parametrize("first", ["getent", "user"])
def test_a_board_that_is_lost_while_its_users_get_their_groups_has_failed(tmp_path, first):
    # The playbooks keep it in the play, and on a board that works by its record no later task would contact it.
    tasks = yaml.safe_load((environment.ROOT / "roles/verify/tasks/groups.yml").read_text())
    names = [next(iter(set(task) & {"ansible.builtin.getent", "ansible.builtin.user"}), "") for task in tasks]
    there = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 9, "ansible_become": False,
             "__npu_settings": {"npu_group_users": ["camera"]}}
    (tmp_path / "boards.json").write_text(json.dumps({"all": {"hosts": {"rock": there}}}))
    cause = "{{ ansible_failed_result | rkfleet.npu.npu_cause }}: {{ ansible_failed_result.msg }}"
    lines = {"block": [*tasks[names.index("ansible.builtin." + first):], {"ansible.builtin.debug": {"msg": "GOES ON"}}],
             "rescue": [{"ansible.builtin.debug": {"msg": cause}}]}
    play = {"hosts": "all", "gather_facts": False, "ignore_unreachable": True, "tasks": [
        {"ansible.builtin.set_fact": {"npu": {"device_nodes": [{"group": "render"}]}, "cacheable": True}},
        lines]}
    (tmp_path / "play.json").write_text(json.dumps([play]))
    done = subprocess.run(
        ["ansible-playbook", "-i", "boards.json", "play.json"], cwd=tmp_path, capture_output=True, text=True,
        check=False, stdin=subprocess.DEVNULL, env=dict(
            os.environ, ANSIBLE_COLLECTIONS_PATH=str(environment.COLLECTIONS), ANSIBLE_NOCOLOR="1"))
    assert "no_answer: rock: " in done.stdout and "port 9" in done.stdout and "GOES ON" not in done.stdout, done.stdout
