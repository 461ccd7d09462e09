# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A board on hold, with every playbook: by npu_hold it is not contacted, by a file it is neither changed nor used."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys

import environment
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "lab"))

from rklab.fleets.recorded import Board

PLAYBOOKS = sorted(path.stem.replace("-", "_") for path in (environment.ROOT / "playbooks").glob("*-npu.yml"))
KERNELS = {"npu_preflight_kernels": ["6.1.84"]}
# Nobody listens there: a board that is contacted is lost.
GONE = {"ansible_host": "127.0.0.1", "ansible_port": 9, "ansible_ssh_common_args": "-o ConnectTimeout=2"}


@pytest.fixture
def play(tmp_path):
    """Run a playbook on one board; returns exit code and output."""

    def run(playbook, board, *words, **variables):
        (tmp_path / "boards.json").write_text(json.dumps({"all": {"hosts": {"rock": board}}}))
        values = dict(KERNELS, npu_cache_dir=str(tmp_path / "cache"), **variables)
        done = subprocess.run(
            ["ansible-playbook", "-i", "boards.json", playbook, "-e", json.dumps(values), *words],
            cwd=tmp_path, text=True, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=300,
            env=dict(os.environ, ANSIBLE_PIPELINING="1", ANSIBLE_HOME=str(tmp_path / "home")),
        )
        return done.returncode, done.stdout

    return run


@pytest.fixture
def reserved(tmp_path):
    """Return a recorded tree, with a hold file, as a board of the inventory."""
    made = Board(tmp_path / "tree").base().npu().builtin().headers("6.1.84").tools().u_boot_menu()
    made.write("/etc/rkfleet-npu/hold", "demo until friday\n")
    # Something to roll back.
    made.write("/var/lib/rkfleet-npu/origin/manifest", "")
    return {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "npu_become": False,
            "npu_tree": {"root": str(made.root)}}


def verdicts(output):
    """Return the board's last cell of each table."""
    return re.findall(r"^rock  .*?(\S+)$", output, re.MULTILINE)


def imported(tmp_path, playbooks):
    """Return a playbook that runs these one after another: in one run, as Ansible takes seconds to start."""
    plays = [{"name": name, "ansible.builtin.import_playbook": f"rkfleet.npu.{name}"} for name in playbooks]
    (tmp_path / "all.yml").write_text(json.dumps(plays))
    return "all.yml"


def test_npu_hold_keeps_every_playbook_from_the_board(play, tmp_path):
    assert len(PLAYBOOKS) == 7
    code, output = play(imported(tmp_path, PLAYBOOKS), dict(GONE, npu_hold=True))
    assert code == 0 and "does not answer" not in output and "unreachable=0" in output, output
    # Two have no table.
    assert verdicts(output) == ["held"] * 5
    assert "preflight: rock held: npu_hold is set in the inventory" in output
    assert not list(tmp_path.glob("npu-recordings/*"))


def test_the_hold_file_keeps_every_playbook_from_changing_or_using_the_board(play, tmp_path, reserved):
    playbooks = [name for name in PLAYBOOKS if name not in ("audit_npu", "record_npu")]
    code, output = play(imported(tmp_path, playbooks), reserved)
    assert code == 0 and verdicts(output) == ["held"] * 4, output
    assert "preflight: rock held: /etc/rkfleet-npu/hold is on the board: demo until friday" in output
    for task in ("Download", "Run MobileNet", "Wait for the board", "Restore the previous", "Begin the"):
        assert f": {task}" not in output


def test_an_audit_reads_a_board_with_a_hold_file_and_does_not_use_its_npu(play, reserved, tmp_path):
    code, output = play("rkfleet.npu.audit_npu", reserved, npu_audit_verify=True)
    entry = json.loads((tmp_path / "npu-report/fleet.json").read_text())["boards"][0]
    assert entry["kernel"]["release"] and entry["verification"] is None, output
    assert "hold: /etc/rkfleet-npu/hold: demo until friday" in entry["evidence"]


def test_a_board_with_a_hold_file_can_be_recorded(play, reserved, tmp_path):
    code, output = play("rkfleet.npu.record_npu", reserved)
    assert code == 0 and (tmp_path / "npu-recordings/rock.json").exists(), output


@pytest.mark.parametrize("board", ["gone", "reserved"])
def test_npu_hold_anyway_rolls_a_board_on_hold_back(play, board, reserved):
    held = dict(GONE if board == "gone" else reserved, npu_hold=True)
    code, output = play("rkfleet.npu.rollback_npu", held, "--check", npu_hold_anyway=True)
    if board == "gone":
        assert code == 4 and verdicts(output) == ["unreachable"], output
    else:
        assert "Wait for the board" in output and verdicts(output) != ["held"], output
