# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A board never ends worse than it began: the scenarios of matrix.py, each on an emulated board."""

from __future__ import annotations

import pytest
from faults import matrix


def parameters():
    """A parameter set for each scenario."""
    for name, scenario in matrix.by_name():
        marks = [pytest.mark.faults, pytest.mark.board] + ([pytest.mark.faults_ci] if scenario.ci else [])
        yield pytest.param(name, id=name, marks=marks)


@pytest.mark.case(case="a new driver that panics, hangs, does not bind or fails", plan="any",
                  result="the old one is back, by the controller or by the board itself, and the run says why; see docs/faults.md")
@pytest.mark.parametrize("name", list(parameters()))
def test_no_board_ends_worse(name, bench):
    scenario = dict(matrix.by_name())[name]
    try:
        scenario.work(bench, *(scenario.ci if bench.short else scenario.given))
        bench.compiled.take(bench.board)
    except Exception as problem:
        # What broke before, or after, a fault was judged is a row, too: nothing is left out of the count.
        if not any(row["outcome"] != "recovered" for row in bench.rows):
            bench.save({"scenario": name, "board": scenario.kind, "where": scenario.work.__doc__.splitlines()[0], "happened": type(problem).__name__,
                        "outcome": "worse" if getattr(problem, "worse", False) else "failed", "sentence": " ".join(str(problem).split())[:600]})
        raise
    finally:
        bench.board.power_off()
    assert bench.rows and all(row["outcome"] == "recovered" for row in bench.rows)
