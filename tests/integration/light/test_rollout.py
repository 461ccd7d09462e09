# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A small `make rollout`: twenty boards, a killed controller, two at once. A killed rollout leaves nothing."""

from __future__ import annotations

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a rollout in a PID namespace of its own takes root")
LAST = re.compile(r"rollout: 20 boards, (\d+) upgraded, (\d+) rolled back, (\d+) unchanged, 0 worse")


def settings(folder: pathlib.Path, **more: str) -> dict:
    """Return the environment of a rollout that writes below this folder only."""
    short = {"ROLLOUT_BUILD_SECONDS": "3", "ROLLOUT_BOOT_SECONDS": "1", "ROLLOUT_FORKS": "10"}
    return dict(os.environ, ROLLOUT_FOLDER=str(folder), TMPDIR=str(folder), **short, **more)


def processes_of(folder: pathlib.Path) -> list[str]:
    """Return the command lines of the processes that name this folder."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in line:
            found.append(line)
    return found


@pytest.fixture(scope="module")
def rollout(root, tmp_path_factory):
    folder = tmp_path_factory.mktemp("rollout")
    environment = settings(folder, ROLLOUT_BOARDS="20", ROLLOUT_STEPS="limited threshold killed together rest")
    done = subprocess.run(
        [sys.executable, str(root / "tests/rollout/run.py")],
        cwd=root,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=1800,
        check=False,
    )
    print(done.stdout)
    return done, folder


def test_no_rule_is_broken(rollout):
    done, _folder = rollout
    assert "broken: " not in done.stdout and done.returncode == 0
    counted = LAST.fullmatch(done.stdout.splitlines()[-1])
    assert counted and sum(map(int, counted.groups())) == 20 and int(counted[1]) >= 16


def test_each_kernel_is_built_once_and_the_controller_was_killed(rollout):
    figures = json.loads((rollout[1] / "rollout.json").read_text())
    assert figures["store"]["built"] <= 4 and figures["store"]["loaded"] > figures["store"]["built"]
    codes = {run["name"]: run["code"] for run in figures["runs"]}
    assert codes["killed"] is None and codes["limited"] == 0


def test_nothing_runs_afterwards(rollout):
    assert processes_of(rollout[1]) == []


@pytest.mark.parametrize("number", [
    signal.SIGKILL,
    pytest.param(signal.SIGTERM, marks=pytest.mark.faults_only),
    pytest.param(signal.SIGINT, marks=pytest.mark.faults_only),
])
def test_a_rollout_that_is_killed_leaves_nothing(root, tmp_path, number):
    with subprocess.Popen(
        [sys.executable, str(root / "tests/rollout/run.py")],
        cwd=root,
        env=settings(tmp_path, ROLLOUT_BOARDS="8", ROLLOUT_STEPS="limited"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as child:
        for line in child.stdout:
            if line.startswith("limited: "):
                break
        assert processes_of(tmp_path), "no board runs"
        child.send_signal(number)
        child.stdout.read()
    deadline = time.monotonic() + 60
    while processes_of(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert processes_of(tmp_path) == []
