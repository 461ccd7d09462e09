# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What drives Ansible for many: ansible-runner, slices at once, ansible-pull; on light boards."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import ansible_runner
import pytest

AUDIT = "- name: Audit\n  ansible.builtin.import_playbook: rkfleet.npu.audit_npu\n"
# Takes the lock of a board, as the first thing an upgrade does there, and lets go of it.
LOCK = """
- name: Have a board
  hosts: all
  gather_facts: false
  tasks:
    # A light board has no systemd, and lies in memory as a container may.
    - name: Have it taken for a container
      ansible.builtin.copy:
        content: ""
        dest: /run/.containerenv
        mode: "0644"
      become: true
    - name: Have something that says yes to what is asked of systemd
      ansible.builtin.copy:
        content: "#!/bin/sh\\nexit 0\\n"
        dest: /usr/bin/systemctl
        mode: "0755"
      become: true
    - name: Begin
      rkfleet.npu.npu_transaction:
        state: begun
        confirm_minutes: 30
      become: true
    - name: Work on it until the other has tried
      ansible.builtin.wait_for:
        path: "{{ gate }}"
        timeout: 300
      delegate_to: localhost
      when: gate is defined
    - name: Go back
      rkfleet.npu.npu_transaction:
        state: restored
      become: true
    - name: Have it taken for a board again
      ansible.builtin.file:
        path: /run/.containerenv
        state: absent
      become: true
"""


@pytest.fixture(scope="module")
def fleet(light_boards):
    """Return eight light boards: six that need nothing, and one that does, and one that is not there."""
    light_boards.up(8, ",".join(["rock5b-healthy"] * 6 + ["rock5b-failing", "unreachable"]))
    return light_boards


def report(folder) -> dict[str, str]:
    """Return {board: status} of the report in a folder."""
    return {board["name"]: board["status"] for board in json.loads((folder / "fleet.json").read_text())["boards"]}


def test_ansible_runner(fleet, tmp_path):
    (tmp_path / "project").mkdir()
    (tmp_path / "project/audit.yml").write_text(AUDIT)
    done = ansible_runner.run(
        private_data_dir=str(tmp_path), playbook="audit.yml", inventory=str(fleet.inventory), quiet=True,
        extravars={"npu_report_dir": str(tmp_path / "report")},
        # A job's settings may name our callback for the output, too; what is behind the job is a terminal nobody looks at.
        envvars={"ANSIBLE_STDOUT_CALLBACK": "rkfleet.npu.fleet", "TERM": "xterm",
                 "ANSIBLE_COLLECTIONS_PATH": os.environ["ANSIBLE_COLLECTIONS_PATH"]},
    )
    output = done.stdout.read()
    assert (done.status, done.rc) == ("failed", 4), output
    assert set(report(tmp_path / "report").values()) >= {"unreachable"} and len(report(tmp_path / "report")) == 8
    assert set(done.stats["processed"]) == set(report(tmp_path / "report"))
    lost = {name for name, status in report(tmp_path / "report").items() if status == "unreachable"}
    assert set(done.stats["dark"]) == lost
    events = list(done.events)
    assert {"playbook_on_start", "runner_on_ok", "runner_on_unreachable", "playbook_on_stats"} <= {event["event"] for event in events}
    assert "audit: 8 boards" in output and "phase report:" in output
    assert "\x1b[K" not in output


def start(fleet, playbook, *words, **env):
    return subprocess.Popen(
        ["ansible-playbook", "-i", str(fleet.inventory), str(playbook), *map(str, words)], env={**os.environ, **env}, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def test_two_slices_write_one_report(fleet, tmp_path):
    names = sorted(fleet.status()["boards"])
    slices = [start(fleet, "rkfleet.npu.audit_npu", "--limit", ",".join(names[number::2]), "-e", f"npu_report_dir={tmp_path}", "-e", "npu_report_merge=true")
              for number in range(2)]
    said = [one.communicate(timeout=600)[0] for one in slices]
    assert sorted(report(tmp_path)) == names, said
    # Each ends with what its own boards are like.
    by_name = report(tmp_path)
    for number, one in enumerate(slices):
        states = {by_name[name] for name in names[number::2]}
        assert one.returncode == (4 if "unreachable" in states else 2 if states & {"needs_work", "unknown"} else 0), said[number]


def test_two_runs_never_lock_the_same_board(fleet, tmp_path):
    board = fleet.of_kind("rock5b-failing")[0]
    (tmp_path / "lock.yml").write_text("---" + LOCK)
    first = start(fleet, tmp_path / "lock.yml", "--limit", board, "-e", f"gate={tmp_path / 'tried'}", PYTHONUNBUFFERED="1")
    head = ""
    while "Work on it" not in head:
        line = first.stdout.readline()
        assert line, head
        head += line
    second = start(fleet, tmp_path / "lock.yml", "--limit", board)
    said = second.communicate(timeout=300)[0]
    (tmp_path / "tried").touch()
    rest = first.communicate(timeout=300)[0]
    assert first.returncode == 0, head + rest
    assert second.returncode == 2 and "the board is locked by" in said, said


def test_ansible_pull(tmp_path):
    repository, checkout = tmp_path / "boards.git", tmp_path / "checkout"
    repository.mkdir()
    (repository / "audit.yml").write_text(AUDIT)
    as_somebody = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.com"]
    for words in (["init", "-q", "-b", "main"], ["add", "."], [*as_somebody, "commit", "-q", "-m", "Audit"]):
        subprocess.run(["git", *words], cwd=repository, check=True)
    done = subprocess.run(
        [str(pathlib.Path(sys.executable).parent / "ansible-pull"), "-U", f"file://{repository}", "-C", "main", "-d", str(checkout), "-i", "localhost,", "-c",
         "local", "-e", f"npu_report_dir={tmp_path / 'report'}", "-e", f"ansible_python_interpreter={sys.executable}", "audit.yml"],
        env={**os.environ, "ANSIBLE_HOME": str(tmp_path / "home")}, text=True, cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, timeout=300, check=False)
    assert "audit: 1 board" in done.stdout, done.stdout
    # The machine of the tests is no board.
    assert report(tmp_path / "report") == {"localhost": "needs_work"}
    assert done.returncode != 0
    assert (checkout / "audit.yml").exists()
