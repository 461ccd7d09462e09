# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""How a rollback ends on a board that is restored and verified, by the tasks of the role guard."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import environment
import pytest

STUBS = {
    "roles/detect/tasks/main.yml": """---
- ansible.builtin.set_fact:
    seen: "{{ [seen | default(-1) | int + 1, drivers | length - 1] | min }}"
- ansible.builtin.set_fact:
    npu:
      driver: {version: "{{ drivers[seen | int] }}"}
      upgrade:
        pending: >-
          {{ state is not defined and __npu_rollback_to is not defined
             and (__npu_restored is not defined or __npu_restored.cause is defined and pends | default(false)) }}
        state: "{{ state | default('deployed') }}"
        why: ""
        origin: false
        baseline: {diagnosis: driver}
        driver: {from: "{{ previous | default('0.9.3') }}", to: 0.9.3}
    cacheable: true
- ansible.builtin.set_fact:
    __npu_plan: {current: null}
    __npu_inspection: {busy: false, unverified: null, verification: null}
""",
    "plugins/action/npu_transaction.py": '''
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        args = self._task.args
        Display().display("MARK %s %s" % (args["state"], args.get("outcome", "")))
        if args["state"] == "restored":
            reboot = bool(task_vars.get("reboot"))
            lost = task_vars.get("lost", [])[0 if "__npu_restored" not in task_vars else 1:][:1]
            if lost:
                return dict(failed=True, changed=False, msg="the board is lost", cause=lost[0])
            return dict(changed=True, guarded=False, reboot_required=reboot, note="", packages=task_vars["packages"])
        return dict(changed=True)
''',
    "plugins/action/npu_reboot.py": '''
from ansible.plugins.action import ActionBase
class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        return dict(changed=True, rebooted=True, elapsed=1)
''',
    "plugins/action/npu_apt.py": '''
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        Display().display("MARK %s %s" % (self._task.args["state"], " ".join(self._task.args["name"])))
        if task_vars["apt"]:
            return dict(failed=True, msg=task_vars["apt"])
        return dict(changed=True, packages=self._task.args["name"], kept={}, repaired=False)
''',
}
LOCKED = "dkms cannot be removed: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 7."
PACKAGES = ["dkms", "linux-image-6.1.0-5", "make"]


@pytest.fixture(scope="module")
def collections(tmp_path_factory):
    """Return a place with a copy of the collection whose roles see no board."""
    return environment.stubbed_project(tmp_path_factory.mktemp("stubbed"), STUBS)


@pytest.fixture
def rollback(collections, tmp_path):
    """Return a function that rolls a board back: `(outcome, sentence, marks, calls of systemctl)`."""
    def runner(**variables):
        programs = tmp_path / "programs"
        programs.mkdir(exist_ok=True)
        # The words of calls that succeed.
        works = variables.pop("works", "none")
        (programs / "systemctl").write_text(
            f'#!/bin/sh\necho "$@" >> "{tmp_path}/calls"\ncase $* in {works}) ;; *) exit 5 ;; esac\n')
        (programs / "systemctl").chmod(0o755)
        (tmp_path / "calls").write_text("")
        known = {
            "ansible_connection": "local", "ansible_python_interpreter": sys.executable, "ansible_become": False,
            "apt": "", "packages": PACKAGES, "drivers": ["0.9.3"],
            "__npu_rollback_to": "origin", "__npu_error": "MobileNet failed",
            **variables}
        tasks = [
            {"ansible.builtin.set_fact": {"npu": {}, "cacheable": True}},
            {"ansible.builtin.include_role": {"name": "rkfleet.npu.guard", "tasks_from": "rollback"}},
            {"ansible.builtin.debug": {"msg": "OUTCOME {{ __npu_outcome | default('none') }}"}},
            {"ansible.builtin.debug": {"msg": "SENTENCE {{ __npu_rolled_back | default('') | trim }}"}}]
        known = {name: value for name, value in known.items() if value is not None}
        (tmp_path / "boards.json").write_text(json.dumps({"all": {"hosts": {"a": known}}}))
        (tmp_path / "play.yml").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
        done = subprocess.run(
            ["ansible-playbook", "-i", "boards.json", "play.yml"], cwd=tmp_path, text=True, check=False, timeout=300,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=dict(
                os.environ, ANSIBLE_COLLECTIONS_PATH=str(collections), ANSIBLE_NOCOLOR="1",
                PATH=os.pathsep.join([str(programs), os.environ["PATH"]])))
        print(done.stdout)
        assert done.returncode == 0
        said = dict(re.findall(r'"msg": "(OUTCOME|SENTENCE) (.*)"', done.stdout))
        marks = [line.strip() for line in re.findall(r"MARK (.*)", done.stdout)]
        return said["OUTCOME"], " ".join(said["SENTENCE"].split()), marks, (tmp_path / "calls").read_text().splitlines()

    return runner


def test_packages_that_cannot_be_removed_are_a_note_and_no_failure(rollback):
    outcome, sentence, marks, dummy = rollback(apt=LOCKED)
    assert outcome == "rolled_back" and "NOT RESTORED" not in sentence
    assert sentence == (
        "It was rolled back: driver 0.9.3 answers, as before. Packages of the upgrade are still installed: dkms "
        "linux-image-6.1.0-5 make (" + LOCKED[:-1] + "). The board may boot this kernel at its next reboot. Remove "
        "them on the board: sudo apt-get purge dkms linux-image-6.1.0-5 make")
    assert marks == ["restored", "closed rolled_back", "absent dkms linux-image-6.1.0-5 make"]


def test_packages_that_are_removed_are_not_mentioned(rollback):
    outcome, sentence, marks, calls = rollback()
    assert outcome == "rolled_back" and sentence == "It was rolled back: driver 0.9.3 answers, as before."
    assert marks[-1] == "absent dkms linux-image-6.1.0-5 make" and calls == ["-q is-active rknn_server.service"]


@pytest.mark.parametrize("packages, apt, removed", [
    (["dkms"], LOCKED, "absent"), (["dkms", "linux-image-6.1.0-5"], "", "absent linux-image-6.1.0-5")])
def test_packages_of_a_build_stay_after_a_failed_upgrade(rollback, packages, apt, removed):
    outcome, sentence, marks, dummy = rollback(packages=packages, apt=apt, __npu_rollback_to=None)
    assert marks[-1] == removed
    assert outcome == "rolled_back" and sentence == "It was rolled back: driver 0.9.3 answers, as before."


@pytest.mark.parametrize("restart, reboot, stopped", [
    ({"changed": True}, False, True), ({"failed": True, "changed": False}, False, True),
    ({"changed": True}, True, False), ({"changed": False}, False, False),
])
def test_a_server_that_the_upgrade_has_started_does_not_stay(rollback, restart, reboot, stopped):
    calls = rollback(packages=[], __npu_rknn_server_restart=restart, reboot=reboot, __npu_rollback_to=None)[3]
    # The one before the upgrade does not start unless it starts at boot.
    assert calls == ["stop rknn_server.service", "daemon-reload", "-q is-enabled rknn_server.service"] * stopped


def test_a_server_that_was_there_before_the_upgrade_is_started_again(rollback):
    calls = rollback(
        packages=[], __npu_rknn_server_restart={"changed": True}, works="*", __npu_rollback_to=None)[3]
    assert calls[2:] == ["-q is-enabled rknn_server.service", "start rknn_server.service"]


@pytest.mark.parametrize("works, reboot, stopped", [
    ("*", False, []), ("*is-active*", False, ["stop rknn_server.service"]), ("*", True, None)])
def test_no_server_of_an_upgrade_outlives_a_rollback_on_request(rollback, works, reboot, stopped):
    # That run knows nothing of the upgrade. A server without a unit cannot be restarted, and a reboot has ended all.
    restarted = ["-q is-active rknn_server.service", "daemon-reload", "try-restart rknn_server.service"]
    calls = rollback(packages=[], works=works, reboot=reboot)[3]
    assert calls == ([] if stopped is None else restarted + stopped)


@pytest.mark.parametrize("pends, marks", [(False, ["restored"]), (True, ["restored", "restored"])])
def test_a_board_that_is_lost_while_it_restores_is_waited_for(rollback, pends, marks):
    # The driver has brought the kernel down. The guard has restored everything at the next boot, or nothing yet.
    outcome, sentence, seen, dummy = rollback(lost=["no_answer"], pends=pends, packages=[], __npu_rollback_to=None)
    assert outcome == "rolled_back" and seen == [*marks, "closed rolled_back"]
    assert sentence.startswith("It was rolled back") and sentence.endswith("driver 0.9.3 answers, as before.")


def test_a_board_that_is_lost_again_is_not_rolled_back(rollback):
    outcome, sentence, seen, dummy = rollback(lost=["no_answer", "no_answer"], pends=True, __npu_rollback_to=None)
    assert outcome == "rollback_failed" and "THE PREVIOUS STATE IS NOT RESTORED: the board is lost" in sentence
    assert seen == ["restored", "restored", "closed rollback_failed"]


def test_a_board_that_refuses_to_restore_is_not_asked_again(rollback):
    outcome, sentence, seen, dummy = rollback(lost=["sudo"], pends=True, __npu_rollback_to=None)
    assert outcome == "rollback_failed" and seen == ["restored", "closed rollback_failed"]


def test_a_board_that_has_just_restored_itself_is_read_after_its_reboot(rollback):
    # Until then its driver is the new one, and the rollback would count as failed.
    outcome, sentence, seen, dummy = rollback(
        state="rolled_back", drivers=["0.9.6", "0.9.3"], npu_reboot_timeout=1, __npu_begun={"changed": True},
        __npu_rollback_to=None)
    assert outcome == "rolled_back" and seen == ["closed rolled_back"] and "driver 0.9.3 answers" in sentence


def test_after_a_transaction_that_was_refused_there_is_nothing_to_roll_back(rollback):
    refused = {"failed": True, "changed": False, "msg": "the NPU is in use"}
    assert rollback(__npu_rollback_to=None, __npu_begun=refused) == ("none", "", [], [])
    # A rollback to before the first change does not depend on it.
    assert rollback(__npu_begun=refused)[0] == "rolled_back"


@pytest.mark.parametrize("begun, kept", [({"changed": True}, True), (None, False), ({"changed": False}, False)])
def test_an_upgrade_that_the_board_has_committed_stays(rollback, begun, kept):
    # The answer to the commit was lost.
    outcome, sentence, marks, dummy = rollback(__npu_rollback_to=None, __npu_begun=begun, state="committed")
    assert (outcome == "none" and marks == []) is kept
    assert ("has committed the upgrade" in sentence) is kept
