# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The role report by a real ansible-playbook: what is written, what is said, and which boards fail."""

from __future__ import annotations

import json
import os
import re
import subprocess

import fleet_sample
import pytest

PLAY = """
- name: Report
  hosts: all
  gather_facts: false
  tasks:
    - name: Report
      ansible.builtin.include_role:
        name: rkfleet.npu.report
        tasks_from: %s
    - name: What comes after the role
      ansible.builtin.debug:
        msg: AFTER {{ inventory_hostname }}
"""
KINDS = {1: "healthy", 2: "healthy", 3: "over", 4: "unknown", 5: "unreachable", 6: "held"}
FILES = {"fleet.csv", "fleet.html", "fleet.json", "fleet.prom"}


@pytest.fixture
def play(tmp_path):
    """Run a play of nothing but the role over boards of these kinds; returns exit code and output."""
    def run(*arguments, kinds=None, audit=True, **variables):
        hosts = {name: fleet_sample.audited(there) for name, there in (fleet_sample.variables(number, kind) for number, kind in (kinds or KINDS).items())}
        (tmp_path / "inventory.json").write_text(json.dumps({"all": {"hosts": hosts}}))
        (tmp_path / "play.yml").write_text(PLAY % ("audit" if audit else "main"))
        command = ["ansible-playbook", "-i", "inventory.json", "play.yml", "-e", json.dumps(variables), *arguments]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env=dict(os.environ, COLUMNS="400"))
        return done.returncode, done.stdout + done.stderr

    return run


def boards(folder):
    return [entry["name"] for entry in json.loads((folder / "fleet.json").read_text())["boards"]]


def failed(output):
    return sorted({line.split("]")[0].removeprefix("fatal: [") for line in output.splitlines() if line.startswith("fatal: [")})


def after(output):
    return sorted({word.strip('",') for line in output.splitlines() if "AFTER" in line for word in line.split() if word.startswith("rock-")})


def test_an_audit_writes_the_report_and_fails_each_board_that_needs_work_for_itself(play, tmp_path):
    code, output = play(npu_report_dir="report")
    assert code == 4 and {path.name for path in (tmp_path / "report").glob("fleet.*") if path.suffix != ".lock"} == FILES
    assert boards(tmp_path / "report") == ["rock-%d" % number for number in KINDS]
    # Each is failed or unreachable for Ansible, too.
    ended = sorted(re.findall(r"^fatal: \[(.*?)\]: (\w+)!.*?\"msg\": \"(.*?)[:\"] ", output, re.MULTILINE))
    assert [one[:2] for one in ended] == [("rock-3", "FAILED"), ("rock-4", "FAILED"), ("rock-5", "UNREACHABLE")], ended
    # With its own message, and the sentence of the summary is not repeated.
    assert '"msg": "rock-3: needs work: planned: dkms' in output and '"msg": "rock-4: unknown: not verified"' in output
    assert after(output) == ["rock-1", "rock-2", "rock-6"]
    named = output.split("TASK [rkfleet.npu.report : Write the report]")[1].split("\naudit: ")[0].splitlines()
    assert [line.split(":")[0] for line in named if ": " in line] == ["rock-3", "rock-4", "rock-5"]
    assert re.search(r"^rock-3: Driver 0\.(9\.3|8\.2) is older than 0\.9\.6\.", "\n".join(named), re.MULTILINE)
    assert "\naudit: 6 boards, 2 healthy, 1 need work, 1 unknown, 1 unreachable, 1 held\n" in output
    assert "changed=1" not in output
    code, output = play(kinds={1: "healthy", 2: "healthy", 6: "held"}, npu_report_dir="report")
    assert code == 0 and failed(output) == [] and after(output) == ["rock-1", "rock-2", "rock-6"]


def test_another_playbook_writes_only_where_a_folder_is_set(play, tmp_path):
    kinds = {1: "healthy", 3: "over"}
    code, output = play(kinds=kinds, audit=False)
    assert "audit:" not in output and not list(tmp_path.glob("**/fleet.json"))
    code, output = play(kinds=kinds, audit=False, npu_report_dir="report")
    assert code == 0 and failed(output) == [] and "audit:" not in output and boards(tmp_path / "report") == ["rock-1", "rock-3"]


def test_diff_shows_what_changed_and_check_mode_writes_nothing(play, tmp_path):
    code, output = play("--diff", kinds={1: "healthy", 2: "healthy"}, npu_report_dir="report")
    assert code == 0 and "no earlier report in" in output
    first = (tmp_path / "report/fleet.json").read_bytes()
    code, output = play("--diff", "--check", kinds={1: "healthy", 2: "unreachable", 3: "over"}, npu_report_dir="report")
    assert "+ new, needs work: rock-3\n" in output and "~ status healthy → unreachable: rock-2\n" in output and "fleet: 2 boards changed since" in output
    assert (tmp_path / "report/fleet.json").read_bytes() == first and len(list((tmp_path / "report/history").iterdir())) == 1
    code, output = play("--limit", "rock-1", kinds={1: "healthy", 2: "healthy"}, npu_report_diff_against="report/fleet.json")
    assert code == 0 and "fleet: nothing changed since" in output and "not inspected this time: 1 board\n" in output


def test_a_report_that_cannot_be_written_does_not_hide_the_results_of_the_boards(play, tmp_path):
    (tmp_path / "report").write_text("a file")
    code, output = play(npu_report_dir="report", npu_report_diff_against="none.json")
    assert code == 4 and failed(output) == ["rock-3", "rock-4", "rock-5"] and "\nrock-3: Driver" in output and "Traceback" not in output
    line = next(line for line in output.splitlines() if line.startswith("fatal: [rock-3]"))
    assert "cannot be written" in line and "none.json cannot be read: No such file" in line and "needs work: planned: dkms" in line


@pytest.mark.parametrize("audit", [True, False])
@pytest.mark.parametrize("kinds, code", [({1: "healthy", 2: "healthy"}, 2), ({1: "unreachable", 2: "healthy"}, 4)])
def test_one_board_fails_for_a_report_that_cannot_be_written(play, tmp_path, kinds, code, audit):
    (tmp_path / "report").write_text("a file")
    rc, output = play(kinds=kinds, audit=audit, npu_report_dir="report")
    speaker = "rock-2" if audit and code == 4 else "rock-1"
    assert rc == code and re.search(r"^fatal: \[%s\].*cannot be written" % speaker, output, re.MULTILINE), output
    assert failed(output) == ["rock-1", "rock-2"][:1 + (speaker == "rock-2")]


def test_a_damaged_report_is_a_warning(play, tmp_path):
    (tmp_path / "report").mkdir()
    (tmp_path / "report/fleet.json").write_text("{")
    code, output = play(kinds={1: "healthy"}, npu_report_dir="report", npu_report_merge=True)
    assert code == 0 and "[WARNING]: The earlier report is damaged" in output and boards(tmp_path / "report") == ["rock-1"]
    assert [path.read_text() for path in (tmp_path / "report").glob("fleet.json.damaged-*")] == ["{"]
