# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Write the recordings of boards that are known from public reports: python tests/unit/recorded/write_boards.py [NAME].

Each was made small from the report that it names, and contains no more than the report says, in the form that real
boards have it. Run it again if the recorder changes.
"""

from __future__ import annotations

import importlib
import json
import pathlib
import sys
import tempfile

import yaml

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path[:0] = [str(ROOT / "build/collections"), str(ROOT / "tests/lab")]

from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan import compatibility, planner  # noqa: E402
from ansible_collections.rkfleet.npu.plugins.plugin_utils._recording import document, shape  # noqa: E402
from reports import REPORTS  # noqa: E402
from rklab.fleets import recordings  # noqa: E402
from rklab.fleets.recorded import Board  # noqa: E402

for each in ("reports_boot", "reports_npu"):
    importlib.import_module(each)  # they add their boards to REPORTS
SPACE = {"/usr": 5000, "/var": 5000, "/boot": 200, "/lib/modules": 5000}


def recording_of(report, folder):
    """Return the recording of a report's board."""
    board = Board(folder / "board")
    report.build(board)
    answer = recordings.record(board, report.release, report.answer, report.repository, everything=True)
    answer["kernel_log"] = list(report.log)
    answer["facts"]["space"] = SPACE
    answer = shape.validated(json.loads(json.dumps(answer)))
    plan = planner.npu_plan(answer["facts"], report.wanted, compatibility.load())
    about = {
        "source": report.source,
        "recorded_at": "2026-11-28T12:00:00Z",
        "wanted": report.wanted,
        "compatibility": {},
    }
    return document.compose(answer, plan, about)[0]


def expectation_of(report):
    """Return what stands beside the recording, as text."""
    noted = {"source": report.source, "about": report.about, "expected": report.expected}
    if report.xfail:
        noted["xfail"] = report.xfail
    # The header of this file.
    head = "---\n" + "".join(pathlib.Path(__file__).read_text(encoding="utf-8").splitlines(keepends=True)[:2])
    return head + yaml.safe_dump(noted, sort_keys=False, width=110, allow_unicode=True)


def main(names):
    """Write the files of these reports, or of all."""
    for report in REPORTS:
        if names and report.name not in names:
            continue
        with tempfile.TemporaryDirectory() as folder:
            path = HERE / "boards" / f"{report.name}.json"
            path.write_bytes(document.rendered(recording_of(report, pathlib.Path(folder))))
            path.with_suffix(".yml").write_text(expectation_of(report), encoding="utf-8")
            print(f"{path.relative_to(ROOT)}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
