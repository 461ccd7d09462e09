# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A board on which another run works is not verified: that run would find the NPU in use, and roll the board back."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

RUN = "laptop-2-812-4711-0a1b2c3d"
FILES = {
    "proc/device-tree/model": "Radxa ROCK 5B\0", "proc/device-tree/compatible": "radxa,rock-5b\0rockchip,rk3588\0",
    "proc/sys/kernel/osrelease": "6.1.84\n", "proc/sys/kernel/arch": "aarch64\n", "etc/os-release": "ID=debian\n",
    "var/lib/rkfleet-npu/lock.json": json.dumps(
        {"schema": 1, "run": RUN, "user": "ann", "host": "laptop-2", "since": "2026-01-01T12:00:00Z"}),
}


@pytest.fixture
def verify_npu(tmp_path):
    """Run the playbook verify_npu on a board with these files; returns its output."""

    def run(*words):
        for name, content in FILES.items():
            (tmp_path / "board" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "board" / name).write_text(content)
        board = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable,
                 "npu_tree": {"root": str(tmp_path / "board")}}
        (tmp_path / "boards.json").write_text(json.dumps({"all": {"hosts": {"rock5b-1": board}}}))
        done = subprocess.run(
            [sys.executable, "-m", "ansible", "playbook", "-i", "boards.json", "rkfleet.npu.verify_npu", *words,
             "-e", f"npu_cache_dir={tmp_path / 'cache'} npu_become=false npu_mirror=http://127.0.0.1:9"],
            cwd=tmp_path, text=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=300, check=False,
            env=dict(os.environ, ANSIBLE_PIPELINING="1", ANSIBLE_HOME=str(tmp_path / "home")),
        )
        assert done.returncode == 2, done.stdout + done.stderr
        return done.stdout

    return run


def test_verify_npu_fails_and_names_the_holder_and_what_to_do(verify_npu):
    sentence = (
        "rock5b-1: MobileNet was not run: another run works on the board: it is locked by ann@laptop-2 since "
        f"2026-01-01T12:00:00Z (run {RUN}). To verify it, wait until that run has ended; if it ended without releasing "
        "the lock, rerun with -e npu_break_lock=true."
    )
    assert sentence in verify_npu()
    broken = verify_npu("-e", "npu_break_lock=true")
    # It comes as far as the next check.
    assert "locked by ann" not in broken and "The device tree of this Radxa ROCK 5B has no NPU node" in broken, broken
