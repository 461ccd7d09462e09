# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What `make test` starts: its end, however it comes, leaves neither a build nor a board running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[2]
if not (TESTS / "run.py").is_file():
    pytest.skip("what runs the tests is not part of this copy", allow_module_level=True)

LAB = """\
if [ "$1" = build ]; then
    sleep 600 &
    echo "$!" >build.pid
    wait
fi
echo "$@" >>told
"""
WITH_STAND_INS = (
    "import pathlib, sys; sys.path.insert(0, sys.argv[1]); import run; run.ROOT = pathlib.Path.cwd(); run.LAB = ['sh', 'lab.sh'];"
    " run.PYTEST = ['sh', '-c', sys.argv[2], 'tests']; sys.exit(run.main([]))"
)


def wait_for(path: Path) -> int:
    """Return the number in a file, as soon as it is there."""
    deadline = time.monotonic() + 60
    while not (path.exists() and path.read_text().strip()):
        assert time.monotonic() < deadline, path
        time.sleep(0.05)
    return int(path.read_text())


def gone(pid: int) -> bool:
    """Whether a process has ended, within a while."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state in "ZX":
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def start(tmp_path):
    """Return a function that starts it with a stand-in for pytest and one for the lab, in an empty folder."""
    (tmp_path / "lab.sh").write_text(LAB)
    started = []

    def begin(tests: str) -> subprocess.Popen:
        # A job in the background of a script, as in .ci/run, ignores SIGINT, and so would all that it starts.
        started.append(subprocess.Popen(
            [sys.executable, "-B", "-c", WITH_STAND_INS, str(TESTS), tests], cwd=tmp_path, stdin=subprocess.DEVNULL,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler)))
        return started[-1]

    yield begin
    for child in started:
        child.kill()
        child.wait()


@pytest.mark.parametrize("code", [0, 1])
def test_the_exit_code_is_pytests_and_the_boards_are_stopped(start, tmp_path, code):
    begun = start(f"until [ -s build.pid ]; do sleep 0.1; done; exit {code}")
    assert begun.wait(60) == code
    assert (tmp_path / "told").read_text() == "down --everywhere\n"
    assert gone(wait_for(tmp_path / "build.pid"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_tests_build_and_boards(start, tmp_path, number):
    begun = start("sleep 600 & echo $! >tests.pid; wait")
    pids = [wait_for(tmp_path / name) for name in ("tests.pid", "build.pid")]
    os.kill(begun.pid, number)
    assert begun.wait(60) == 128 + number
    assert all(gone(pid) for pid in pids)
    assert (tmp_path / "told").read_text() == "down --everywhere\n"


def test_after_ctrl_c_pytest_writes_its_last_line(start, tmp_path):
    begun = start("trap 'echo last >line; exit 2' INT; echo $$ >tests.pid; while :; do sleep 0.1; done")
    wait_for(tmp_path / "build.pid")
    wait_for(tmp_path / "tests.pid")
    os.kill(begun.pid, signal.SIGINT)
    assert begun.wait(60) == 2
    assert (tmp_path / "line").read_text() == "last\n"
    assert (tmp_path / "told").read_text() == "down --everywhere\n"


@pytest.mark.parametrize("target", ["test", "faults", "bench", "demo"])
def test_a_signal_to_make_reaches_the_program(target):
    # make ends its child, which is a shell unless the recipe replaces it: what the shell had started would go on.
    command = ["make", "--no-print-directory", "-n", "-o", "host", target]
    printed = subprocess.run(command, cwd=TESTS.parent, check=True, stdout=subprocess.PIPE, text=True).stdout
    assert " exec " in " " + printed.splitlines()[-1]
