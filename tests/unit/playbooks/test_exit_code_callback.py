# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""How ansible-playbook ends with the callback rkfleet.npu.exit_code."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import environment
import pytest

REPORT = '''
from ansible.plugins.action import ActionBase
class ActionModule(ActionBase):
    _requires_connection = False
    def run(self, tmp=None, task_vars=None):
        args = self._task.args
        return {"changed": False, "exit_code": int(args["exit_code"]), "exit_with_it": str(args["exit_with_it"]).lower() == "true"}
'''
# As role report does: the run fails where a board is not as it should be, for those without the callback.
ROLE = """
- name: Write the report
  rkfleet.npu.npu_report:
    exit_code: "{{ code | int }}"
    exit_with_it: "{{ audit | bool }}"
  run_once: true
- name: Fail the run
  ansible.builtin.fail:
    msg: needs work
  run_once: true
  when: code | int > 0
"""
PLAY = """
- name: Audit
  hosts: all
  gather_facts: false
  tasks:
    - name: Fails of itself
      ansible.builtin.fail:
        msg: something else
      when: what == 'failure' and inventory_hostname == 'a'
    - name: Fails and is ignored
      ansible.builtin.fail:
        msg: ignored
      ignore_errors: true
    - name: Is not there
      ansible.builtin.ping:
      vars: {ansible_connection: ssh, ansible_host: 127.0.0.1, ansible_port: 9}
      when: what == 'unreachable' and inventory_hostname == 'a'
    - name: Report
      ansible.builtin.include_role:
        name: rkfleet.npu.report
"""
# Comes before or after the callback in question, and says so.
WITNESS = '''
from ansible.plugins.callback import CallbackBase
DOCUMENTATION = """
name: witness
type: aggregate
short_description: Says that it was there
description: Says that it was there.
"""
class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "witness"
    CALLBACK_NEEDS_ENABLED = True
    def v2_playbook_on_stats(self, stats):
        self._display.display("WITNESS has the statistics")
'''


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    place = tmp_path_factory.mktemp("exit_code")
    copy = environment.copy_project(place / "ansible_collections/rkfleet/npu")
    (copy / "plugins/action/npu_report.py").write_text(REPORT)
    (copy / "roles/report/tasks/main.yml").write_text("---" + ROLE)
    (copy / "roles/report/meta/argument_specs.yml").unlink()
    (place / "callback").mkdir()
    (place / "callback/witness.py").write_text(WITNESS)
    (place / "play.yml").write_text("---" + PLAY)
    (place / "broken.yml").write_text("---\n- name: Broken\n  hosts: all\n  tasks: 3\n")
    (place / "inventory").write_text("a\nb\n[all:vars]\nansible_connection=local\n")

    def runner(code, *words, audit=True, what="", core=None, callbacks="witness,rkfleet.npu.exit_code"):
        programs = pathlib.Path(sys.executable).parent
        if core:
            python = environment.find_python(environment.CORES[core])
            if not python:
                pytest.skip(f"no Python {environment.CORES[core]} on this machine for ansible-core {core}")
            programs = environment.make_venv(python, [f"ansible-core=={core}"], print) / "bin"
        (place / "tmp").mkdir(exist_ok=True)
        done = subprocess.run(
            [str(programs / "ansible-playbook"), "-i", str(place / "inventory"), "-e", f"code={code} audit={audit} what={what}", str(place / "play.yml"),
             *map(str, words)],
            env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(place), "ANSIBLE_CALLBACK_PLUGINS": str(place / "callback"),
                 "ANSIBLE_CALLBACKS_ENABLED": callbacks, "ANSIBLE_LOCAL_TEMP": str(place / "tmp"), "ANSIBLE_DEPRECATION_WARNINGS": "0"},
            cwd=place, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, check=False)
        # However it ends, it cleans up behind itself.
        assert not list((place / "tmp").iterdir()), done.stdout
        return done

    runner.place = place
    return runner


@pytest.mark.parametrize("core", [None, *environment.CORES])
def test_the_third_code(run, core):
    done = run(3, core=core)
    assert done.returncode == 3, done.stdout
    assert "PLAY RECAP" in done.stdout
    assert "WITNESS has the statistics" in done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize("code", [0, 2])
def test_the_others(run, code):
    assert run(code).returncode == code


def test_without_it_there_are_two(run):
    assert run(3, callbacks="witness").returncode == 2


def test_only_an_audit_asks_for_it(run):
    assert run(3, audit=False).returncode == 2


@pytest.mark.parametrize("what, natural", [("failure", 2), ("unreachable", 4)])
def test_what_else_fails_is_not_hidden(run, what, natural):
    without = run(3, what=what, callbacks="witness")
    assert run(3, what=what).returncode == without.returncode == natural, without.stdout


def test_what_ansible_says_of_itself_stays(run):
    assert run(0, run.place / "broken.yml").returncode in (1, 4)


def test_an_audit_that_finds_something_is_the_last_playbook(run):
    done = run(3, run.place / "play.yml")
    assert done.returncode == 3
    assert done.stdout.count("PLAY [Audit]") == 1


def test_it_has_to_be_the_last(run):
    done = run(3, callbacks="rkfleet.npu.exit_code,witness")
    assert done.returncode == 3
    assert "rkfleet.npu.exit_code is not the last of callbacks_enabled" in " ".join(done.stdout.split())
    assert "is not the last" not in run(0).stdout
