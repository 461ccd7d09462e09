# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Playbook record-npu.yml with a recorded tree as the board, and what an operator sees of it."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "lab"))

from rklab.fleets import recordings
from rklab.fleets.recorded import Board

RELEASE = "6.1.43-15-rk2312"
GONE = {
    "ansible_connection": "ssh",
    "ansible_host": "127.0.0.1",
    "ansible_port": 9,
    "ansible_ssh_common_args": "-o ConnectTimeout=2",
}


@pytest.fixture
def board(tmp_path):
    made = Board(tmp_path / "tree").base(
        release=RELEASE, cmdline="root=LABEL=root ip=10.1.2.3:::::: hostname=kitchen splash quiet ro"
    )
    return made.npu().builtin(RELEASE).headers(RELEASE).tools().u_boot_menu()


@pytest.fixture
def record(tmp_path, board):
    """Run the playbook; returns exit code, output and recap."""

    def run(*words, hosts=None, pipelining="1"):
        variables = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "npu_become": False,
            "npu_tree": {"root": str(board.root)},
        }
        (tmp_path / "boards.json").write_text(
            json.dumps({"all": {"vars": variables, "hosts": hosts or {"kitchen": {}}}})
        )
        done = subprocess.run(
            ["ansible-playbook", "-i", "boards.json", "rkfleet.npu.record_npu", *words],
            cwd=tmp_path,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=300,
            env=dict(os.environ, ANSIBLE_PIPELINING=pipelining, ANSIBLE_HOME=str(tmp_path / "home")),
        )
        return (
            done.returncode,
            done.stdout,
            re.findall(r"^(\w+) +: ok=\d+ +changed=(\d+) +unreachable=(\d+) +failed=(\d+)", done.stdout, re.MULTILINE),
        )

    return run


def without_times(path):
    recording = json.loads(path.read_text())
    del recording["recorded_at"], recording["facts"]["space"]
    return recording


# Without pipelining, too: the program needs no file on the board.
@pytest.mark.parametrize("pipelining", ["1", "0"])
def test_a_board_is_recorded_and_what_is_in_it_is_listed(record, board, tmp_path, pipelining):
    before = sorted(str(path) for path in board.root.rglob("*"))
    code, output, recap = record(pipelining=pipelining)
    assert (code, recap) == (0, [("kitchen", "0", "0", "0")]), output
    path = tmp_path / "npu-recordings/kitchen.json"
    assert (
        f"kitchen: recorded in npu-recordings/kitchen.json ({path.stat().st_size} bytes). It stays on this controller."
        in output
    )
    assert "/boot/extlinux/extlinux.conf: 75 bytes" in output and "serial number: 1" in output
    assert (
        "10.1.2.3" not in path.read_text()
        and "kitchen" not in path.read_text()
        and "1234567890abcdef" not in path.read_text()
    )
    recording = recordings.load(path)
    assert recordings.replay(recording, tmp_path / "again")["boot"] == recording["facts"]["boot"]
    assert recording["plan"]["action"] == "dkms_over_builtin"
    assert sorted(str(path) for path in board.root.rglob("*")) == before


def test_a_second_run_is_the_same_and_check_mode_writes_nothing(record, tmp_path):
    path = tmp_path / "npu-recordings/kitchen.json"
    code, output, unused = record("--check")
    assert code == 0 and not path.parent.exists() and "would be recorded in npu-recordings/kitchen.json" in output
    record()
    first = without_times(path)
    record()
    assert without_times(path) == first


def test_settings(record, tmp_path):
    code, output, unused = record(
        "-e",
        json.dumps({"npu_recording_dir": "other", "npu_recording_names": ["splash"], "npu_driver_policy": "exact",
                    "npu_runtime_package": "hold"}),
    )
    recording = json.loads((tmp_path / "other/kitchen.json").read_text())
    assert (
        code == 0 and "splash" not in json.dumps(recording["facts"]) and recording["wanted"]["driver_policy"] == "exact"
    )
    # The plan is that of an upgrade with the same settings.
    assert recording["wanted"]["runtime_package"] == "hold"


def test_a_board_that_does_not_answer_and_one_on_hold(record, tmp_path):
    code, output, recap = record(hosts={"kitchen": {}, "gone": GONE, "held": {"npu_hold": True, **GONE}})
    assert code == 4 and {name: rest for name, *rest in recap} == {
        "kitchen": ["0", "0", "0"],
        "gone": ["0", "1", "0"],
        "held": ["0", "0", "0"],
    }, output
    assert "gone: does not answer over ssh" in output and os.listdir(tmp_path / "npu-recordings") == ["kitchen.json"]


def test_a_folder_that_cannot_be_written(record, tmp_path):
    (tmp_path / "file").write_text("x")
    code, output, unused = record("-e", "npu_recording_dir=file")
    assert code == 2 and re.search(
        r"kitchen: not recorded: [^\n]*file[^\n]*\. Set npu_recording_dir", " ".join(output.split())
    ), output
