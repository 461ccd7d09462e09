# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A board whose answers to built-in modules set facts named like variables of the collection, or never come, by a real ansible-playbook."""

from __future__ import annotations

import base64
import importlib.util
import json
import re
import subprocess

import pytest
from stand_ins import rollout_stubs

# A copy of its own, as it is changed here.
SPEC = importlib.util.spec_from_file_location("hostile_stubs", rollout_stubs.__file__)
stubs = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(stubs)
collections, play = stubs.collections, stubs.play

# The Python of a hostile board: whatever module is run there, it answers this.
PYTHON = """#!/bin/sh
cat >/dev/null
echo '%s'
"""
PING = "- ansible.builtin.ping:\n  when: answers == '%s'\n"
SHOWN = ("npu_cache_dir", "npu_log_dir", "npu_store", "npu_builder", "npu_compatibility", "npu_mirror", "npu_signing_key", "npu_driver_version",
         "npu_driver_policy", "npu_runtime_version", "npu_services", "npu_force", "npu_break_lock", "npu_reboot_ok", "npu_soak_minutes",
         "npu_staging_file", "npu_post_tasks_file", "npu_verify_timeout", "npu_toolkit_lite2_pip_args")
SHOW = """
- ansible.builtin.debug:
    msg: "SETTINGS {{ inventory_hostname }} {{ __npu_settings | to_json | b64encode }}"
"""
stubs.STUBS["roles/driver/tasks/preflight.yml"] = PING % "early" + "  timeout: 2\n"
stubs.STUBS["roles/driver/tasks/main.yml"] += SHOW
stubs.STUBS["roles/runtime/tasks/main.yml"] = PING % "runtime" + SHOW
stubs.STUBS["roles/guard/tasks/main.yml"] += SHOW
# For the playbooks that call the roles themselves.
stubs.STUBS["plugins/action/npu_facts.py"] = """
from ansible.plugins.action import ActionBase
class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        return {"ansible_facts": {"npu": {"upgrade": {"origin": True, "pending": False}}}}
"""
stubs.STUBS["roles/detect/tasks/main.yml"] = """
- rkfleet.npu.npu_facts:
- ansible.builtin.set_fact:
    __npu_plan: {action: none, reason: x, runtime: {install: false}}
    __npu_inspection: {on_hold: null}
""" + PING % "late"
stubs.STUBS["roles/driver/tasks/trial_build.yml"] = """
- ansible.builtin.include_role: {name: rkfleet.npu.detect, public: true}
""" + SHOW
stubs.STUBS["roles/verify/tasks/main.yml"] += SHOW
stubs.STUBS["roles/guard/tasks/rollback.yml"] += SHOW


@pytest.fixture
def hostile(tmp_path):
    """Return the variables of a hostile board that answers at a time, and a folder that nothing may be written to."""
    evil = tmp_path / "evil"
    evil.mkdir()
    (evil / "tasks.yml").write_text("- ansible.builtin.debug:\n    msg: MARK {{ inventory_hostname }}.PWNED\n")
    own = dict.fromkeys(SHOWN, str(evil / "x"))
    facts = dict(
        own, npu_pre_tasks_file=str(evil / "tasks.yml"), npu_post_tasks_file=str(evil / "tasks.yml"), npu_report_dir=str(evil),
        npu_staging_file=str(evil / "staging.json"), npu_compatibility={"defaults": {"driver": "6.6.6"}}, npu_max_failed=1000,
        npu_require_staging=False, npu_build_ok=True, npu_reboot_required=True, npu_select="name == 'a'", npu_report_boards=["a"],
        npu_rollout=["100%"], npu_report_diff_against="/nowhere", npu_reboot_ok=False,
        __npu_settings=own, __npu_run=dict(own, npu_staging_file=str(evil / "staging.json")), __npu_stage=True, __npu_rollout={},
        __npu_rollout_settings={})
    python = tmp_path / "python"
    python.write_text(PYTHON % json.dumps({"ping": "pong", "changed": False, "ansible_facts": facts}))
    python.chmod(0o755)

    def board(answers):
        return {"ansible_python_interpreter": str(python), "answers": answers}

    return board, evil


def answering(tmp_path, when, facts):
    """Return the variables of a board whose built-in modules set these facts."""
    python = tmp_path / "other_python"
    python.write_text(PYTHON % json.dumps({"ping": "pong", "changed": False, "ansible_facts": facts}))
    python.chmod(0o755)
    return {"ansible_python_interpreter": str(python), "answers": when}


def shown(run, board):
    """Return what each role was given for a board."""
    return [json.loads(base64.b64decode(text)) for text in re.findall(r"SETTINGS %s ([\w+/=]+)" % board, run.output)]


def test_facts_of_a_built_in_module_decide_nothing(play, hostile, tmp_path):
    board, evil = hostile
    (tmp_path / "before.yml").write_text(stubs.HEADER + PING % "late")
    (tmp_path / "after.yml").write_text("- ansible.builtin.debug:\n    msg: MARK {{ inventory_hostname }}.after\n")
    told = {"npu_pre_tasks_file": "before.yml", "npu_post_tasks_file": str(tmp_path / "after.yml"), "npu_report_dir": str(tmp_path / "report"),
            "npu_max_failed": 2, "npu_log_dir": "/inventory/logs", "npu_mirror": "https://me:s3cret@mirror.example"}
    boards = {"a": dict(board("late"), kernel="6.6.1"), "b": {}, "c": {"npu_log_dir": "/own/logs"}, "d": {"kernel": "5.10.110", "fails": "driver"}}
    # The first board is the hostile one, so that tasks that run once run as that one.
    run = play(boards, "-v", answers="never", **told)
    assert "PWNED" not in run.output and sorted(path.name for path in evil.iterdir()) == ["tasks.yml"]
    assert "a.after" in run.marks, "the owner's own file"
    # Each role works with what the inventory and the defaults say.
    for name in "ab":
        assert len(shown(run, name)) == 4
        for settings in shown(run, name):
            assert settings["npu_log_dir"] == "/inventory/logs" and settings["npu_cache_dir"] == str(tmp_path / "cache")
            assert settings["npu_store"] == str(tmp_path / "cache/store") and settings["npu_post_tasks_file"] == str(tmp_path / "after.yml")
            assert settings["npu_builder"] == "" and settings["npu_compatibility"] == {} and settings["npu_reboot_ok"] is True
            assert str(evil) not in json.dumps(settings)
    assert [settings["npu_log_dir"] for settings in shown(run, "c")] == ["/own/logs"] * 4
    # The board is told of, and nothing counts as verified that it has shown.
    assert run.verdicts == {"a": "failed", "b": "ok", "c": "ok", "d": "rolled back"}, run.verdicts
    assert run.rc == 2 and "a: a module's answer set the fact npu_" in run.output
    assert [entry["board"] for entry in json.loads((tmp_path / "staging.json").read_text())["verified"]] == ["b"]
    assert [entry["name"] for entry in json.loads((tmp_path / "report/fleet.json").read_text())["boards"]] == list("abcd")
    # No task shows what the variables are; the stub's own lines are encoded.
    assert "s3cret" not in run.output


def test_a_board_that_sets_them_before_it_is_changed_is_not_changed(play, hostile, tmp_path):
    board, evil = hostile
    run = play({"a": board("early"), "b": {}, "c": {}}, answers="never", npu_report_dir=str(tmp_path / "report"))
    assert run.touched[0] in "bc" and sorted(run.touched) == ["b", "c"] and "PWNED" not in run.output
    assert run.verdicts == {"a": "failed", "b": "ok", "c": "ok"} and run.rc == 2
    assert [entry["board"] for entry in json.loads((tmp_path / "staging.json").read_text())["verified"]] == ["b"]
    assert sorted(path.name for path in evil.iterdir()) == ["tasks.yml"] and (tmp_path / "report/fleet.json").exists()


@pytest.mark.parametrize("npu", ["text", {"upgrade": "text", "kernel": 1}, {"upgrade": {"pending": True}, "kernel": {"release": "6.1.84"}}])
def test_facts_of_another_shape_that_a_built_in_module_answers_stop_no_other_board(play, tmp_path, npu):
    # Before it is decided what becomes of the boards: rknn_server is installed on one on which nothing else is to be done.
    board = dict(answering(tmp_path, "runtime", {"npu": npu}), needs=False, npu_rknn_server=True)
    run = play({"a": board, "b": {}, "c": {}}, answers="never", npu_report_dir=str(tmp_path / "report"))
    assert run.touched == ["b", "c"] and run.verdicts["b"] == run.verdicts["c"] == "ok"
    assert [entry["board"] for entry in json.loads((tmp_path / "staging.json").read_text())["verified"]] == ["b"]
    assert [entry["name"] for entry in json.loads((tmp_path / "report/fleet.json").read_text())["boards"]] == ["a", "b", "c"]


@pytest.mark.parametrize("when", ["early", "late"])
def test_a_board_does_not_get_the_name_of_another(play, tmp_path, when):
    (tmp_path / "before.yml").write_text(stubs.HEADER + PING % "late")
    boards = {"a": answering(tmp_path, when, {"inventory_hostname": "b"}), "b": {"npu_toolkit_lite2_pip_args": "--index-url=b's"}, "c": {}}
    run = play(boards, answers="never", npu_pre_tasks_file="before.yml", npu_require_staging=False, npu_max_failed=1)
    assert run.verdicts == {"a": "failed", "b": "ok", "c": "ok"}
    # It fails as itself, whatever name it takes.
    assert run.rc == 2 and re.search(r"^fatal: \[a\].*\"a: .*a module's answer set the fact inventory_hostname", run.output, re.MULTILINE)
    assert "fatal: [b]" not in run.output
    # What belongs to the other was shown where that is upgraded, and nowhere else.
    assert sum(settings["npu_toolkit_lite2_pip_args"] == "--index-url=b's" for settings in shown(run, "b")) == len(shown(run, "b")) == 4


def test_a_board_with_an_open_connection_and_no_answer_counts_as_unreachable(play, tmp_path):
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexec sleep 60\n")
    python.chmod(0o755)
    run = play({"a": {"ansible_python_interpreter": str(python), "answers": "early"}, "b": {}}, answers="never", npu_require_staging=False)
    assert run.verdicts == {"a": "unreachable", "b": "ok"} and run.rc == 4
    assert "a: does not answer over ssh: a task did not end in time." in run.output


@pytest.mark.parametrize("playbook", ["rollback_npu", "verify_npu", "preflight_npu"])
def test_the_other_playbooks_accept_no_settings_from_a_board_either(play, hostile, tmp_path, playbook):
    board, evil = hostile
    run = play({"a": board("late"), "b": {}}, playbook=playbook, answers="never", npu_report_dir=str(tmp_path / "report"), npu_rollout=[1])
    for name in "ab":
        settings, = shown(run, name)
        assert settings["npu_cache_dir"] == str(tmp_path / "cache") and settings["npu_builder"] == "" and settings["npu_rollout"] == [1]
        assert str(evil) not in json.dumps(settings) and "npu_report_dir" not in settings
    assert sorted(path.name for path in evil.iterdir()) == ["tasks.yml"]
    if playbook != "preflight_npu":
        assert (tmp_path / "report/fleet.json").exists() and run.rc == 2
        assert "a: a module's answer set the fact npu_" in run.output and "fatal: [b]" not in run.output


ROLE_ALONE = """
- hosts: all
  gather_facts: false
  vars: {npu_report_dir: of the play, npu_store_keep: 7}
  tasks:
    - ansible.builtin.debug:
        msg: "BEFORE {{ lookup('rkfleet.npu.npu_settings', 'report', 'driver') | to_json | b64encode }}"
      vars: {npu_log_dir: "{{ npu_cache_dir }}/of the task"}
    - ansible.builtin.ping:
    - ansible.builtin.include_role: {name: rkfleet.npu.report}
"""


def test_a_role_alone_uses_the_owners_values_and_refuses_those_of_a_board(collections, hostile, tmp_path):
    board, evil = hostile
    (tmp_path / "play.yml").write_text(ROLE_ALONE)
    (tmp_path / "boards.json").write_text(json.dumps({"all": {"hosts": {"a": board("always")}, "vars": {
        "ansible_connection": "local", "npu_store": "{{ npu_cache_dir }}/of the inventory", "npu_install_packages": "no"}}}))
    done = subprocess.run(
        ["ansible-playbook", "-i", "boards.json", "play.yml", "-e", "npu_reboot_ok=false"], cwd=tmp_path, text=True, check=False, timeout=120,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env=dict(stubs.os.environ, ANSIBLE_COLLECTIONS_PATH=str(collections), ANSIBLE_PIPELINING="1"))
    known = json.loads(base64.b64decode(re.search(r"BEFORE ([\w+/=]+)", done.stdout)[1]))
    assert known["npu_report_dir"] == "of the play" and known["npu_store_keep"] == 7
    assert known["npu_store"] == "~/.cache/rkfleet-npu/of the inventory" and known["npu_log_dir"] == "~/.cache/rkfleet-npu/of the task"
    assert known["npu_reboot_ok"] is False and known["npu_install_packages"] is False and known["npu_report_boards"] == ["a"]
    # A default of another role is not among them.
    assert "npu_confirm_minutes" not in known and known["npu_builder"] == ""
    assert done.returncode == 2 and "a: a module's answer set the fact npu_" in done.stdout
    assert sorted(path.name for path in evil.iterdir()) == ["tasks.yml"]


@pytest.mark.parametrize("skip", [{"verdict": "ok", "reason": "x", "fine": True}, {"a": 1}, "text"])
def test_a_hook_that_fails_has_failed_whatever_its_module_answers(play, tmp_path, skip):
    """Only npu_transaction says that a board is left alone."""
    (tmp_path / "before.yml").write_text(stubs.HEADER + PING % "hook")
    python = tmp_path / "other_python"
    python.write_text(PYTHON % json.dumps({"failed": True, "msg": {"a": 1}, "skip": skip, "results": 5, "cause": [], "ping": "pong"}))
    python.chmod(0o755)
    run = play({"a": {"ansible_python_interpreter": str(python), "answers": "hook"}, "b": {}}, answers="never", npu_pre_tasks_file="before.yml",
               npu_require_staging=False, npu_rollout=[1, "100%"], npu_max_failed=1)
    assert run.verdicts == {"a": "failed", "b": "ok"} and run.rc == 2 and run.failed == ["a"] and "Traceback" not in run.output
