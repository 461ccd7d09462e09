# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A benchmark that is killed leaves no board, no connection and no playbook running."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

import pytest


def of_run(folder: pathlib.Path) -> dict[int, str]:
    """Return the command lines of the processes that name a folder in their command line or environment."""
    found = {}
    for place in pathlib.Path("/proc").iterdir():
        try:
            texts = [(place / name).read_bytes() for name in ("cmdline", "environ")] if place.name.isdigit() else []
        except OSError:
            continue
        if any(str(folder).encode() in text for text in texts) and int(place.name) != os.getpid():
            found[int(place.name)] = texts[0].replace(b"\0", b" ").decode()
    return found


def wait(condition, seconds: int, what: str):
    """Return what the condition returns, as soon as it is true."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, what
        time.sleep(0.5)
    return value


@pytest.fixture(name="scratch")
def scratch_fixture():
    """Return a folder with a short name: that of an ssh connection's socket has at most 108 characters."""
    with tempfile.TemporaryDirectory(prefix="k", dir="/tmp", ignore_cleanup_errors=True) as folder:
        yield pathlib.Path(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="light boards need root")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_benchmark_leaves_nothing(root, scratch, number):
    """Killed while it talks to its two light boards."""
    environ = {"BENCH_ONLY": "audit", "BENCH_BOARDS": "2", "TMPDIR": str(scratch)}
    with (scratch / "log").open("w") as log:
        bench = subprocess.Popen(
            [sys.executable, str(root / "tests/bench/run.py")], cwd=root, env={**os.environ, **environ},
            stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def talks():
        assert bench.poll() is None, (scratch / "log").read_text()
        lines = " ".join(of_run(scratch).values())
        return "ansible-playbook" in lines and "sshd" in lines and "mux" in lines

    try:
        wait(talks, 900, "it never ran a playbook")
        os.kill(bench.pid, number)
        bench.wait(300)
        wait(lambda: not of_run(scratch), 120, "something still runs")
    finally:
        bench.kill()
