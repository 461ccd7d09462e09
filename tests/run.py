# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Run the tests with pytest while the lab builds what the boards boot, and leave neither a build nor a board running (`make test`).

The words are pytest's. Tests wait for the kind of board they need and for nothing else: the kinds are built in the order in which
they are used. The build writes to build/lab/logs/build.log.
"""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys

import leftovers

ROOT = pathlib.Path(__file__).resolve().parent.parent
LAB = [sys.executable, str(ROOT / "tests/lab/lab")]
# Those of which `make test` has tests; the others' are of `make faults`, which builds them when it comes to them.
KINDS = ["vendor", "module"]
PYTEST = [sys.executable, "-m", "pytest", "-c", "tests/pytest.ini", "--rootdir=."]
PATIENCE = 60  # seconds in which pytest writes its last line after Ctrl-C


def start(command: list[str], **options) -> subprocess.Popen:
    """Start a command in a process group of its own."""
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, start_new_session=True, **options)


def end(child: subprocess.Popen | None) -> None:
    """End a command with all of its group, also where only children of it are left."""
    if child is None:
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(child.pid, number)
            child.wait(30)
        except ProcessLookupError:
            break
        except subprocess.TimeoutExpired:
            continue


def stopped(number, _frame):
    """Leave by way of what cleans up."""
    raise SystemExit(128 + number)


def main(words: list[str]) -> int:
    """Build, test, stop; pytest's exit code."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stopped)
    run = leftovers.Run()
    log = ROOT / "build/lab/logs/build.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    building = tests = None
    # Ctrl-C is for pytest, also while that is being started. A job in the background ignores it, and so does pytest then.
    early: list[int] = []
    before = signal.getsignal(signal.SIGINT)
    if before != signal.SIG_IGN:
        signal.signal(signal.SIGINT, lambda number, _frame: early.append(number))
    try:
        with log.open("w") as stream:
            building = start([*LAB, "build", "--kind", *KINDS], stdout=stream, stderr=subprocess.STDOUT)
        tests = start([*PYTEST, *words])
        try:
            signal.signal(signal.SIGINT, before)
            if early:
                raise KeyboardInterrupt
            return tests.wait()
        except KeyboardInterrupt:
            tests.send_signal(signal.SIGINT)
            return tests.wait(PATIENCE)
    finally:
        # A second signal does not keep boards running.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        end(tests)
        end(building)
        with log.open("a") as stream:
            subprocess.run([*LAB, "down", "--everywhere"], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, check=False)
        run.end()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
