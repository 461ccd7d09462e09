# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The rolling window in which boards are upgraded: no board waits for another, and a failure stops those not begun."""

from __future__ import annotations

import json

from stand_ins import rollout_stubs as stubs

collections, play = stubs.collections, stubs.play

WAITS = """
- ansible.builtin.wait_for:
    path: {there}
    timeout: 500
  when: inventory_hostname == 'a'
"""
LEAVES = """
- ansible.builtin.copy:
    content: ""
    dest: {there}
    mode: "0600"
  when: inventory_hostname == '{board}'
"""
FAILS = """
- ansible.builtin.fail:
    msg: the cluster does not let it go
  when: inventory_hostname == 'b'
"""
UNTIL_B_HAS_FAILED = """
- ansible.builtin.include_tasks: until.yml
  when: "'npu_now_upgrade_failed' not in groups"
"""


def test_a_board_that_takes_long_does_not_delay_the_next(play, tmp_path):
    there = tmp_path / "d-is-done"
    (tmp_path / "before.yml").write_text(WAITS.format(there=there))
    (tmp_path / "after.yml").write_text(LEAVES.format(there=there, board="d"))
    # Two at a time. The upgrade of a goes on once that of d is committed.
    run = play(
        {name: {} for name in "abcd"}, "--forks=2", npu_require_staging=False, npu_rollout="100%",
        npu_pre_tasks_file="before.yml", npu_post_tasks_file="after.yml",
    )
    assert run.rc == 0 and run.verdicts == dict.fromkeys("abcd", "ok")
    assert run.touched == ["b", "c", "d", "a"] and "WARNING" not in run.output
    # Without a staging board each board records what it has verified, once for all with its kernel.
    recorded = json.loads((tmp_path / "staging.json").read_text())["verified"]
    assert [entry["board"] for entry in recorded] == ["b"]


def test_a_failure_stops_the_boards_that_have_not_begun(play, tmp_path):
    begun = tmp_path / "a-has-begun"
    # The hook of b fails once the upgrade of a has begun, which ends after that.
    (tmp_path / "until.yml").write_text(UNTIL_B_HAS_FAILED)
    until = "- ansible.builtin.include_tasks: until.yml\n"
    (tmp_path / "during.yml").write_text(LEAVES.format(there=begun, board="a") + until)
    (tmp_path / "before.yml").write_text(WAITS.format(there=begun).replace("'a'", "'b'") + FAILS)
    run = play(
        {"a": {"during": str(tmp_path / "during.yml")}, "b": {}, "c": {}, "d": {}},
        "--forks=2", npu_require_staging=False, npu_rollout="100%", npu_pre_tasks_file="before.yml",
    )
    # The one that has begun is finished.
    assert run.rc == 2 and run.touched == ["a"]
    assert run.verdicts == {"a": "ok", "b": "failed", "c": "skipped", "d": "skipped"}
    assert run.line("skipped: ") == "skipped: c, d: 1 board failed (b), and npu_max_failed allows 0"


def test_a_failure_during_its_hook_stops_a_board(play, tmp_path):
    there, begun = tmp_path / "a-was-upgraded", tmp_path / "a-has-begun"
    # The hook of b fails once a has begun its own, which ends after that.
    (tmp_path / "until.yml").write_text(UNTIL_B_HAS_FAILED)
    before = LEAVES.format(there=begun, board="a") + WAITS.format(there=begun).replace("'a'", "'b'") + FAILS + """
- ansible.builtin.include_tasks: until.yml
  when: inventory_hostname == 'a'
"""
    (tmp_path / "before.yml").write_text(before)
    (tmp_path / "after.yml").write_text(LEAVES.format(there=there, board="a"))
    run = play(
        {"a": {}, "b": {}}, "--forks=2", npu_require_staging=False, npu_rollout="100%",
        npu_pre_tasks_file="before.yml", npu_post_tasks_file="after.yml",
    )
    assert run.rc == 2 and run.touched == [] and not there.exists()
    assert run.verdicts == {"a": "skipped", "b": "failed"}
    assert run.line("skipped: ") == "skipped: a: 1 board failed (b), and npu_max_failed allows 0"


def test_as_many_may_fail_as_are_allowed(play):
    boards = {"a": {"fails": "driver"}, "b": {}, "c": {"fails": "begin"}, "d": {}}
    run = play(boards, "--forks=1", npu_require_staging=False, npu_rollout="100%", npu_max_failed=1)
    assert run.rc == 2 and run.touched == ["a", "b"]
    assert run.verdicts == {"a": "rolled back", "b": "ok", "c": "failed", "d": "skipped"}
    assert run.line("skipped: ") == "skipped: d: 2 boards failed (a, c), and npu_max_failed allows 1"
