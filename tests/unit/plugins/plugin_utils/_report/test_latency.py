# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The pictures of the latency: one for each SoC, compared with its own median."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils._report import latency


def boards(**latencies):
    """Return records with these latencies in milliseconds, by SoC."""
    return [
        {"board": {"soc": soc}, "verification": {"current": True, "latency_ms": {"median": value}}}
        for soc, values in latencies.items() for value in values]


@pytest.mark.parametrize("values", [
    [1e-6, 3e6], [2.0, 2.1, 2.2, 90.0], [float(value) for value in range(1, 400)], [0.1] * 100 + [5.0], [2.0, 2.1]])
def test_each_board_is_in_one_bar(values):
    drawn = latency.strips(boards(rk3588=values))[0]
    assert sum(column["count"] for column in drawn["bars"]) == drawn["boards"] == len(values)
    assert drawn["slow"] == sum(value > 1.5 * latency.quantile(sorted(values), 0.5) for value in values)
    edges = [(column["x"], column["x"] + column["width"]) for column in drawn["bars"]]
    assert all(left < right for left, right in edges) and edges == sorted(edges)
    assert edges[0][0] >= 0 and edges[-1][1] <= latency.WIDTH
    assert all(0 < column["height"] == pytest.approx(latency.HEIGHT - column["y"]) for column in drawn["bars"])


@pytest.mark.parametrize("values", [[2.25], [2.25] * 50])
def test_a_single_value_has_no_picture(values):
    drawn = latency.strips(boards(rk3588=values))
    assert drawn == [{"soc": "rk3588", "boards": len(values), "slow": 0, "bars": None, "median": "2.2", "low": "2.2",
                      "high": "2.2", "p95": "2.2"}]


def test_each_soc_is_compared_with_itself():
    drawn = latency.strips(boards(rk3568=[7.8, 7.9, 8.0], rk3588=[2.2, 2.4, 2.6, 9.0], other=[], **{"": [1.0]}))
    assert [(strip["soc"], strip["median"], strip["slow"]) for strip in drawn] == [
        ("", "1.0", 0), ("rk3568", "7.9", 0), ("rk3588", "2.5", 1)]
    red = [column for column in drawn[2]["bars"] if column["slow"]]
    assert [(column["count"], column["label"]) for column in red] == [(1, "4.9 ms and more")]


def test_few_slow_boards_do_not_squeeze_the_others_into_one_bar():
    drawn = latency.strips(boards(rk3588=[2.0 + step / 100 for step in range(60)] + [90.0]))[0]
    assert drawn["high"] == "90.0" and len(drawn["bars"]) > 5


def test_a_board_of_an_unknown_soc_comes_last():
    records = boards(rk3588=[2.0])
    records.insert(0, dict(records[0], board={"soc": None}))
    assert [strip["soc"] for strip in latency.strips(records)] == ["rk3588", None]
