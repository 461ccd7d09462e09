# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The order in which boards are upgraded."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils._rollout import order

NAMES = [f"b{number}" for number in range(10)]
USUAL = dict.fromkeys(NAMES, 2.0)


@pytest.mark.parametrize("serial, seconds, expected", [
    # One board, then two, then the others: of these b0 and b5 begin first, the slower one before.
    ([1, "20%", "100%"], dict(USUAL, b0=30, b5=50), "b1 b2 b3 b5 b0 b4 b6 b7 b8 b9"),
    (["100%"], dict(USUAL, b5=50), "b5 b0 b1 b2 b3 b4 b6 b7 b8 b9"),
    # As Ansible rounds: 1 % of ten boards is one.
    (["1%", "50%"], dict(USUAL, b0=50), "b1 b0 b2 b3 b4 b5 b6 b7 b8 b9"),
    # Not much slower, or slower by chance.
    ([1, "100%"], dict(USUAL, b0=5.9, b5=6), " ".join(NAMES)),
    ([1, "100%"], dict.fromkeys(NAMES, 0.2) | {"b0": 1.9}, " ".join(NAMES)),
    # Unknown is not slow, and alone no board is.
    ([1, "100%"], {"b3": 500}, " ".join(NAMES)), ([1, "100%"], {}, " ".join(NAMES)),
    # More batches than boards.
    ([5, 5, 5, 5], dict(USUAL, b0=50), "b1 b2 b3 b4 b5 b6 b7 b8 b9 b0"),
])
def test_slow_boards_begin_the_last_batch(serial, seconds, expected):
    assert order.slow_begin_the_last_batch(NAMES, serial, seconds) == expected.split()


@pytest.mark.parametrize("step, boards, size", [(1, 10, 1), ("10%", 25, 2), ("1%", 10, 1), ("100%", 7, 7), (30, 7, 30)])
def test_a_batch_is_as_large_as_ansible_makes_it(step, boards, size):
    assert order.size(step, boards) == size


@pytest.mark.parametrize("builders, expected", [
    ([], "a1 b1 a2 b2 a3"), (["a3"], "a3 b1 a1 b2 a2"), (["b2", "a2"], "a2 b2 a1 b1 a3"),
    (["a1", "a3"], "a1 b1 a3 b2 a2"),
])
def test_builders_begin_before_the_boards_that_use_their_module(builders, expected):
    names = ["a1", "b1", "a2", "b2", "a3"]
    assert order.builders_first(names, {name: name[0] for name in names}, builders) == expected.split()
