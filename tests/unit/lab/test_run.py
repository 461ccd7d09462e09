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


def test_a_run_that_is_killed_leaves_nothing_that_it_has_started(start, tmp_path):
    # The last one detaches itself, as emulators, boards and ssh connections do; the first one was there before.
    before = subprocess.Popen(["sleep", "600"], stdin=subprocess.DEVNULL)
    begun = start("setsid -f sh -c 'echo $$ >board.pid; exec sleep 600'; echo $$ >tests.pid; sleep 600 & wait")
    pids = [wait_for(tmp_path / name) for name in ("tests.pid", "build.pid", "board.pid")]
    os.kill(begun.pid, signal.SIGKILL)
    begun.wait(60)
    assert all(gone(pid) for pid in pids)
    assert before.poll() is None
    before.kill()
    before.wait()


def test_a_run_that_ends_well_ends_nothing_else(tmp_path):
    text = "import sys; sys.path.insert(0, sys.argv[1]); import leftovers, subprocess; run = leftovers.Run();"
    text += " subprocess.run(['setsid', '-f', 'sh', '-c', 'echo $$ >board.pid; exec sleep 600']); run.end()"
    subprocess.run([sys.executable, "-B", "-c", text, str(TESTS)], cwd=tmp_path, stdin=subprocess.DEVNULL, check=True, timeout=60)
    pid = wait_for(tmp_path / "board.pid")
    # Its watcher has ended before the run.
    os.kill(pid, 0)
    os.kill(pid, signal.SIGKILL)


def test_make_that_is_killed_ends_the_run(tmp_path):
    (tmp_path / "lab.sh").write_text(LAB)
    script = tmp_path / "start.py"
    script.write_text(WITH_STAND_INS.replace("; sys.exit", "; open('run.pid', 'w').write(str(__import__('os').getpid())); sys.exit"))
    (tmp_path / "Makefile").write_text(f"all:\n\t@exec {sys.executable} -B start.py {TESTS} 'sleep 600 & echo $$! >tests.pid; wait'\n")
    make = subprocess.Popen(["make"], cwd=tmp_path, stdin=subprocess.DEVNULL)
    pids = [wait_for(tmp_path / name) for name in ("tests.pid", "build.pid", "run.pid")]
    make.kill()
    make.wait(60)
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


def test_ctrl_c_while_pytest_is_being_started_is_for_pytest(start, tmp_path):
    # The build's first line interrupts the run, before pytest has begun.
    (tmp_path / "lab.sh").write_text(LAB.replace("    sleep 600 &", "    kill -INT $PPID\n    sleep 600 &"))
    begun = start("trap 'echo last >line; exit 2' INT; while :; do sleep 0.1; done")
    # By its trap, or by the signal itself if that came first: not by a KeyboardInterrupt of the run's own.
    assert begun.wait(60) in (2, 256 - signal.SIGINT)
    assert (tmp_path / "told").read_text() == "down --everywhere\n"


@pytest.mark.parametrize("target", ["test", "faults", "bench", "demo"])
def test_a_signal_to_make_reaches_the_program(target):
    # make ends its child, which is a shell unless the recipe replaces it: what the shell had started would go on.
    command = ["make", "--no-print-directory", "-n", "-o", "host", target]
    printed = subprocess.run(command, cwd=TESTS.parent, check=True, stdout=subprocess.PIPE, text=True).stdout
    assert " exec " in " " + printed.splitlines()[-1]
