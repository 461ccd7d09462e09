# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Run the whole matrix in lanes beside one another, then the tests that `make test` leaves out, and report (`make faults`).

RKFLEET_FAULT_LANES       how many boards at a time (2: what two cores carry)
RKFLEET_FAULT_ONLY        names of scenarios, to run these only; the rows of the others (tests/faults/rows) stay as they are
RKFLEET_FAULT_POINTS      of the writes that matter, at most so many in a chain (16)
RKFLEET_FAULT_SEED        repeats the random instants of another run
"""

from __future__ import annotations

import os
import pathlib
import shutil
import signal
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

import leftovers  # noqa: E402


def main() -> int:
    """All lanes, then the line."""
    for signal_number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(signal_number, lambda number, _frame: sys.exit(128 + number))
    run = leftovers.Run()
    number = int(os.environ.get("RKFLEET_FAULT_LANES", "2"))
    folder = ROOT / "build/faults"
    rows = ROOT / "tests/faults/rows"
    if not os.environ.get("RKFLEET_FAULT_ONLY"):
        shutil.rmtree(rows, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    children = []
    common = {**os.environ, "RKFLEET_FAULT_ROWS": str(rows)}
    for lane in range(number):
        log = folder / f"lane-{lane}.log"
        with log.open("w") as stream:
            children.append(subprocess.Popen(
                [sys.executable, "-m", "pytest", "-c", "tests/pytest.ini", "--rootdir=.", "-p", "no:cacheprovider", "-s", "tests/faults/test_matrix.py"],
                cwd=ROOT, env={**common, "RKFLEET_FAULT_LANE": f"{lane}/{number}"}, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream))
        print(f"lane {lane}: {log.relative_to(ROOT)}", flush=True)
    # 5: a lane without scenarios.
    codes = [child.wait() for child in children]
    if not os.environ.get("RKFLEET_FAULT_ONLY"):
        codes.append(subprocess.run(
            [sys.executable, "-m", "pytest", "-c", "tests/pytest.ini", "--rootdir=.", "-p", "no:cacheprovider", "-m", "faults_only", "tests/unit",
             "tests/builds", "tests/integration"],
            cwd=ROOT, stdin=subprocess.DEVNULL, check=False).returncode)
    reported = subprocess.run([sys.executable, str(ROOT / "tests/faults/report.py")], check=False).returncode
    run.end()
    return reported or int(any(code not in (0, 5) for code in codes))


if __name__ == "__main__":
    sys.exit(main())
