# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""How a real ansible-playbook ends where boards are unreachable or failed, and what Ansible and those who listen to it know of them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import ansible_runner
import cores
import environment
import pytest

CORES = cores.parameters(pytest.mark.faults_only, None)  # None: that of .venv, with which all other tests run
# This machine is no Rockchip board, so it needs work. Nobody listens on the other's port.
HERE = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
GONE = {"ansible_host": "127.0.0.1", "ansible_port": 9, "ansible_ssh_common_args": "-o ConnectTimeout=2"}
FAIL = """
- hosts: all
  gather_facts: false
  tasks:
    - name: All at once
      rkfleet.npu.npu_fail: {msg: "it is {{ kind }}", unreachable: "{{ kind == 'gone' }}"}
      when: kind != 'fine'
    - name: What comes after
      ansible.builtin.debug: {msg: "AFTER {{ inventory_hostname }}"}
"""


@pytest.fixture
def play(tmp_path):
    """Run a playbook on boards; returns exit code, output, and the recap's (unreachable, failed) by board."""
    def run(playbook, boards, *words, core=None, **env):
        (tmp_path / "boards.json").write_text(json.dumps({"all": {"hosts": boards}}))
        program = str(cores.programs(core) / "ansible-playbook")
        done = subprocess.run(
            [program, "-i", "boards.json", str(playbook), "-e", f"npu_cache_dir={tmp_path / 'cache'}", *words], cwd=tmp_path,
            text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, check=False,
            env=dict(os.environ, ANSIBLE_PIPELINING="1", ANSIBLE_HOME=str(tmp_path / "home"), **env))
        recap = re.findall(r"^(\w+) +: ok=\d+ +changed=\d+ +unreachable=(\d+) +failed=(\d+)", done.stdout, re.MULTILINE)
        return done.returncode, done.stdout, {board: (int(lost), int(failed)) for board, lost, failed in recap}

    return run


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("kinds, code", [("fine fine", 0), ("fine failed", 2), ("fine gone", 4), ("failed gone", 4), ("gone gone", 4)])
def test_ansibles_own_rule(play, tmp_path, core, kinds, code):
    (tmp_path / "play.yml").write_text("---" + FAIL)
    boards = {f"board{number}": {"kind": kind, "ansible_connection": "local"} for number, kind in enumerate(kinds.split())}
    rc, output, recap = play("play.yml", boards, core=core)
    assert rc == code, output
    assert recap == {board: (int(own["kind"] == "gone"), int(own["kind"] == "failed")) for board, own in boards.items()}
    assert sorted(set(re.findall(r"AFTER (\w+)", output))) == [board for board, own in boards.items() if own["kind"] == "fine"]


@pytest.mark.parametrize("core", [*CORES, *environment.CANDIDATE])
def test_an_audit(play, tmp_path, core):
    rc, output, recap = play("rkfleet.npu.audit_npu", {"gone": GONE, "here": HERE}, core=core)
    assert rc == 4 and recap == {"gone": (1, 0), "here": (0, 1)}, output
    report = json.loads((tmp_path / "npu-report/fleet.json").read_text())
    assert report["exit_code"] == 4 and {board["name"]: board["status"] for board in report["boards"]} == {"gone": "unreachable", "here": "needs_work"}
    # Table and report come first.
    assert output.index("audit: 2 boards") < output.index("UNREACHABLE!") and "does not answer over ssh" in output.split("UNREACHABLE!")[1]


@pytest.mark.parametrize("boards, code", [({"here": HERE}, 2), ({"gone": GONE, "too": GONE}, 4)])
def test_an_audit_of_boards_that_are_all_alike(play, boards, code):
    rc, output, recap = play("rkfleet.npu.audit_npu", boards, "--check")
    assert rc == code and "audit: %d board" % len(boards) in output
    assert recap == {board: (1, 0) if code == 4 else (0, 1) for board in boards}


@pytest.mark.parametrize("playbook", ["upgrade_npu", "stage_npu", "verify_npu", "rollback_npu", "preflight_npu"])
@pytest.mark.parametrize("words", [[], ["--check"]], ids=["run", "check"])
def test_the_other_playbooks(play, playbook, words):
    rc, output, recap = play("rkfleet.npu." + playbook, {"gone": GONE, "too": GONE}, *words, "-e", '{"npu_preflight_kernels": ["6.1.84"]}')
    assert rc == 4 and recap == {"gone": (1, 0), "too": (1, 0)}, output
    if playbook != "preflight_npu":
        assert output.index("boards: 2, unreachable 2") < output.index("UNREACHABLE!")


def test_a_setting_that_makes_any_error_fatal_changes_nothing(play):
    rc, output, recap = play("rkfleet.npu.audit_npu", {"gone": GONE, "here": HERE}, ANSIBLE_ANY_ERRORS_FATAL="1")
    assert rc == 4 and recap == {"gone": (1, 0), "here": (0, 1)}, output


@pytest.mark.parametrize("more", [{"ignore_unreachable": True}, {"any_errors_fatal": True}])
@pytest.mark.parametrize("entry", ["main", "audit"])
def test_the_role_alone_in_a_play_of_the_users(play, tmp_path, more, entry):
    boards = {"fine": {"npu_hold": True}, "gone": {"__npu_error": "gone: x", "__npu_cause": "no_answer"}, "bad": {"__npu_error": "bad: x"}}
    tasks = [{"ansible.builtin.include_role": {"name": "rkfleet.npu.report", "tasks_from": entry}}]
    (tmp_path / "play.yml").write_text(json.dumps([dict({"hosts": "all", "gather_facts": False, "tasks": tasks}, **more)]))
    rc, output, recap = play("play.yml", {board: dict(own, ansible_connection="local") for board, own in boards.items()})
    assert rc == 4 and recap == {"fine": (0, 0), "gone": (1, 0), "bad": (0, 1)}, output


def test_ansible_runner_knows_the_unreachable_boards(tmp_path):
    (tmp_path / "project").mkdir()
    (tmp_path / "project/audit.yml").write_text("- name: Audit\n  ansible.builtin.import_playbook: rkfleet.npu.audit_npu\n")
    done = ansible_runner.run(
        private_data_dir=str(tmp_path), playbook="audit.yml", inventory={"all": {"hosts": {"gone": GONE, "here": HERE}}}, quiet=True,
        extravars={"npu_report_dir": str(tmp_path / "report")}, envvars={"ANSIBLE_COLLECTIONS_PATH": os.environ["ANSIBLE_COLLECTIONS_PATH"]})
    assert (done.status, done.rc) == ("failed", 4), done.stdout.read()
    assert done.stats["dark"] == {"gone": 1} and done.stats["failures"] == {"here": 1}
    events = list(done.events)
    assert [event["event_data"]["host"] for event in events if event["event"] == "runner_on_unreachable"] == ["gone"]
    # AWX gives these to the next job of a workflow.
    given = events[-1]["event_data"]["artifact_data"]["rkfleet_npu"]
    assert given["names"] == {"unreachable": ["gone"], "needs_work": ["here"]}
