# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Which scenarios run, on which board, and where their rows go.

Without RKFLEET_FAULT_LANE (as in `make test`) those marked faults_ci; with it, as `make faults` sets it, that lane's part of all.
"""

from __future__ import annotations

import json
import os

import pytest
import yaml
from faults import matrix, report
from faults.bench import Bench
from faults.board import FaultBoard

SCENARIOS = dict(matrix.by_name())


def pytest_collection_modifyitems(config, items):
    """Keep what is to run here, in the order in which boards are used; tests of other folders stay as they are."""
    lane = os.environ.get("RKFLEET_FAULT_LANE")
    if lane:
        index, number = map(int, lane.split("/"))
        wanted = os.environ.get("RKFLEET_FAULT_ONLY", "").split()
        chosen = tuple(one for one in matrix.SCENARIOS if not wanted or one.name in wanted)
        order = [one.name for one in matrix.lanes(chosen, number)[index]]
    else:
        order = [name for name, one in SCENARIOS.items() if one.ci]
    ours = {item: item.callspec.params["name"] for item in items if item.get_closest_marker("faults")}
    kept = [item for item in items if item not in ours]
    kept += sorted((item for item, name in ours.items() if name in order), key=lambda item: order.index(ours[item]))
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


@pytest.fixture(scope="session")
def fault_board(root):
    """Return a function that gives the board of a kind; one at a time."""
    state = root / "build/faults" / ("lane-" + os.environ.get("RKFLEET_FAULT_LANE", "0/1").partition("/")[0])
    state = type(state)(os.environ.get("RKFLEET_FAULT_STATE") or state)
    state.mkdir(parents=True, exist_ok=True)
    there = {}

    def give(kind):
        if kind not in there:
            while there:
                there.popitem()[1].board.down()
            board = FaultBoard(root, state, kind)
            board.up()
            there[kind] = Bench(board, lambda row: None, short="RKFLEET_FAULT_LANE" not in os.environ)
            there[kind].warm()
        return there[kind]

    yield give
    while there:
        there.popitem()[1].board.down()


@pytest.fixture
def bench(root, fault_board, request):
    """Return the bench of a scenario; its rows are kept one by one."""
    scenario = SCENARIOS[request.node.callspec.params["name"]]
    path = report.rows_folder() / f"{scenario.name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = []

    def save(row):
        # Rows are kept with the sources: where the checkout was is nobody's business.
        row = {**row, "sentence": row["sentence"].replace(f"{root}/", "")}
        rows.append({**row, "release": release})
        path.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
        print(f"faults: {row['outcome']}: {row['where']}: {row.get('ending', '')} {row['sentence']}", flush=True)

    release = yaml.safe_load((root / "galaxy.yml").read_text())["version"]
    # Rows of an earlier run are replaced by the first new one: a scenario that is skipped keeps them.
    there = fault_board(scenario.kind)
    there.save, there.scenario, there.rows = save, scenario.name, rows
    return there
