# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The model of a rollout that docs/rollout.md has its figures from."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils._rollout import order
from bench import batches


def test_a_batch_in_step_takes_the_longest_of_each_task_and_a_window_the_longest_board():
    # Each board is slow in another task.
    boards = [[10, 1, 1], [1, 10, 1], [1, 1, 10]]
    assert batches.in_step(boards, [1.0], 3) == 30 and batches.window(boards, [1.0], 3) == 12
    # With one fork nothing is at once.
    assert batches.in_step(boards, [1.0], 1) == batches.window(boards, [1.0], 1) == 36


def test_a_board_begins_when_another_has_ended():
    assert batches.makespan([10, 1, 1, 1], 2) == 10 and batches.makespan([1, 1, 1, 10], 2) == 11


@pytest.mark.parametrize("steps, serial", [([1, 0.1, 1.0], [1, "10%", "100%"]), ([0.05], ["5%"]), ([7], [7])])
def test_batches_and_order_are_those_of_the_collection(steps, serial):
    boards = batches.fleet()
    sizes = [len(batch) for batch in batches.batches(boards, steps)]
    assert sum(sizes) == 200 and sizes[:len(serial)] == [min(order.size(step, 200), 179) for step in serial]
    names = [str(number) for number in range(200)]
    seconds = {name: sum(board) for name, board in zip(names, boards, strict=True)}
    expected = [boards[int(name)] for name in order.slow_begin_the_last_batch(names, serial, seconds)]
    assert batches.slowest_last_batch_first(boards, steps) == expected


def test_the_default_is_the_best_of_those_with_a_batch_before_the_last(root):
    rows = {(kind, name, forks): ratios for kind, name, forks, *ratios in batches.table()}
    page = (root / "docs/rollout.md").read_text()
    for (kind, name, forks), (in_step, window, ordered) in rows.items():
        assert window <= in_step + 0.005 and ordered <= window
        if name == "1, 10%, 100%":
            end = f" {ordered:.2f} |" if kind.endswith("slower") else " |"
            assert f"| {forks} | {in_step:.2f} | {window:.2f} |{end}" in page
            assert ordered < min(rows[kind, other, forks][2] for other in ("10%", "5%"))
