# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Scores and their comparison with the expected Top5."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._inference import top5

EXPECTED = [[283, 0.46875], [282, 0.242188], [286, 0.105469], [464, 0.089844], [264, 0.019531]]
QUANTUM = 0.00390625
# As the vendor's MobileNet prints it, and as it is computed.
MEASURED = [[283, 0.46875], [282, 0.2421875], [286, 0.10546875], [464, 0.08984375], [264, 0.01953125], [1, 0.00390625]]


def test_top_scores_orders_ties_by_index():
    assert top5.top_scores([0.1, 0.4, 0.1, 0.4, 0.0, 0.2]) == [[1, 0.4], [3, 0.4], [5, 0.2], [0, 0.1], [2, 0.1]]


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_scores_that_are_no_numbers_are_refused(bad):
    with pytest.raises(ValueError, match="not numbers"):
        top5.top_scores([0.5, bad])


@pytest.mark.parametrize(("top", "difference"), [
    (MEASURED, None),
    ([[283, 0.472656], [282, 0.238281], [286, 0.105469], [464, 0.09375], [264, 0.015625]], None),
    ([[282, 0.46875], [283, 0.242188]], "Top1 is 282: 0.468750, expected 283: 0.468750"),
    ([[283, 0.476563]] + MEASURED[1:], "class 283 is 0.476563, expected 0.468750 within 0.003906"),
    (MEASURED[:4] + [[9, 0.03125], [264, 0.011719]], "class 264 is 0.011719, expected 0.019531 within 0.003906"),
    # Just as good as what pushed it out, so within a quantum.
    (MEASURED[:4] + [[9, 0.015625]], None),
    (MEASURED[:4] + [[9, 0.007812]], "class 264 is not among the first 5, expected 0.019531"),
    ([], "there are no scores"),
])
def test_compare(top, difference):
    assert top5.compare(top, EXPECTED, QUANTUM) == difference


def test_pairs_accepts_lists_and_dicts():
    assert top5.pairs([[283, 0.5], {"index": "282", "score": 0.25}]) == [[283, 0.5], [282, 0.25]]


@pytest.mark.parametrize("bad", [[283], "283", {"index": 1}, [None, 1], ["a", 1], 7])
def test_pairs_refuse_anything_else(bad):
    with pytest.raises(ValueError, match="is not a class with its score"):
        top5.pairs([bad])
