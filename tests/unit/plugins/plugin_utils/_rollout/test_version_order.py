# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The order of any versions."""

from __future__ import annotations

import itertools

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._board import version
from ansible_collections.rkfleet.npu.plugins.plugin_utils._rollout.version_order import order


def test_loose_order():
    versions = ["0.8.2", "v0.9.6", "0.9.8", "0.9.10", "0.10.0", "2.0.0~rc1", "2.0.0b0", "2.0.0rc1", "2.0.0",
                "5.10.0-33-arm64", "5.10.110",
                "6.1.0-rc2-arm64", "6.1", "6.1.0-vendor", "6.1.0-9-rk2312", "6.1.43-15-rk2312", "6.1.43-15-rk2410",
                "6.1.43-16-rk2312", "6.1.115-vendor-rk35xx",
                "6.17-rc1", "6.17.0"]
    assert sorted(versions, key=order) == versions
    assert all(order(one) < order(other) for one, other in itertools.pairwise(versions))
    assert order("9") < order("11.7") < order("12")


def test_loose_order_agrees_with_the_strict_one():
    versions = ["0.8.2", "0.9.3", "v0.9.6", "0.9.10", "1.5", "2.0.0-alpha2", "2.0.0b0", "2.0.0rc1", "2.0.0", "2.3.2"]
    assert sorted(versions, key=order) == sorted(versions, key=version.parse)


@pytest.mark.parametrize("one, other, same", [
    ("v0.9.6", "0.9.6", True), ("2.0", "2.0.0.0", True), ("2.0.0-a1", "2.0.0alpha1", True),
    ("6.1.43+", "6.1.43", False), ("6.1.43-1", "6.1.43-01", False),
    ("6.1.43", "6.1.43-15-rk2312", False)])
def test_loose_equality(one, other, same):
    assert (order(one) == order(other)) is same


@pytest.mark.parametrize("text",
                         ["", "rk3588", "bookworm", "12-x", "5b", "ROCK 5.1", "0.9.6\n", "0.9.6 ", "9999999999.1", "v",
                          "1.2/3", None, 0.9,
                          "\u0661.\u0662", "1.0-" + "x" * 200])
def test_no_version_even_loosely(text):
    assert order(text) is None
