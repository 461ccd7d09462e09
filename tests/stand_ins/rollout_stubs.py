# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Stubs for the roles that touch a board, for the playbooks by a real ansible-playbook."""

from __future__ import annotations

import os
import re
import subprocess

import environment
import pytest
import yaml

HEADER = "---\n"
# A board is its inventory variables: kernel, needs (whether there is something to do), fails (where), way_back_fails, pending, hold; and where nothing
# is to be done what MobileNet says, and whether that is recorded there; during, a file of tasks for its upgrade.
STUBS = {
    "roles/driver/tasks/preflight.yml": """
- ansible.builtin.fail:
    msg: "{{ inventory_hostname }}: nothing can be had"
  when: fails | default('') == 'fetch'
""",
    "roles/driver/tasks/main.yml": """
- ansible.builtin.debug:
    msg: "MARK {{ inventory_hostname }}"
- ansible.builtin.include_tasks: "{{ during }}"
  when: during is defined
- ansible.builtin.fail:
    msg: "{{ inventory_hostname }}: the build failed"
  when: fails | default('') == 'driver'
- ansible.builtin.ping:
  vars:
    ansible_connection: ssh
    ansible_host: 127.0.0.1
    ansible_port: 9
  when: fails | default('') == 'lost'
- rkfleet.npu.npu_record:
    facts: {}
    verification: {}
  vars:
    ansible_connection: ssh
    ansible_host: 127.0.0.1
    ansible_port: 9
  when: fails | default('') == 'lost'
""",
    "roles/runtime/tasks/main.yml": "[]\n",
    "roles/runtime/tasks/download.yml": "[]\n",
    "roles/verify/tasks/download.yml": "[]\n",
    "roles/verify/tasks/groups.yml": """
- ansible.builtin.debug:
    msg: "MARK {{ inventory_hostname }}.groups"
""",
    "roles/verify/tasks/main.yml": """
- ansible.builtin.set_fact:
    __npu_verification: {diagnosis: ok}
  when: not ansible_check_mode or not needs | default(true)
""",
    "roles/verify/tasks/record_and_check.yml": """
- ansible.builtin.debug:
    msg: "MARK {{ inventory_hostname }}.told"
- ansible.builtin.fail:
    msg: "{{ inventory_hostname }}: MobileNet does not work, diagnosis {{ __npu_verification.diagnosis }}"
  when: __npu_verification.diagnosis != 'ok'
""",
    "roles/verify/tasks/soak_round.yml": """
- ansible.builtin.debug:
    msg: "MARK {{ inventory_hostname }}.soaked"
- ansible.builtin.fail:
    msg: the NPU stopped working
  when: fails | default('') == 'soak'
""",
    "roles/guard/tasks/main.yml": """
- ansible.builtin.fail:
    msg: "{{ inventory_hostname }}: another run has the board"
  when: fails | default('') == 'begin'
- rkfleet.npu.npu_transaction:
    state: begun
  when: skip is defined
""",
    "plugins/action/npu_transaction.py": '''
from ansible.plugins.action import ActionBase
class ActionModule(ActionBase):
    _requires_connection = False
    def run(self, tmp=None, task_vars=None):
        if self._task.args["state"] == "restored":
            return dict(failed=True, msg="a: the board is locked by me@desk (run one)", locked={"run": "one"})
        return dict(failed=True, msg="not now", skip=self._templar.template(task_vars["skip"]))
''',
    "roles/guard/tasks/commit.yml": "- ansible.builtin.set_fact: {__npu_stub: true}\n",
    "roles/guard/tasks/rollback.yml": """
- ansible.builtin.debug:
    msg: "MARK {{ inventory_hostname }}.back"
- ansible.builtin.fail:
    msg: the old driver is gone
  when: way_back_fails | default('') == 'at once'
- ansible.builtin.set_fact:
    __npu_outcome: "{{ 'rollback_failed' if way_back_fails | default(false) else 'rolled_back' }}"
    __npu_rolled_back: "{{ 'It is not back.' if way_back_fails | default(false) else 'It was rolled back.' }}"
""",
    "plugins/action/npu_audit_info.py": '''
import types
from ansible.plugins.action import ActionBase
from ansible_collections.rkfleet.npu.plugins.plugin_utils import _clock, _settings
from ansible_collections.rkfleet.npu.plugins.plugin_utils._report import board_record
from ansible_collections.rkfleet.npu.plugins.plugin_utils._rollout import select as _select
class ActionModule(ActionBase):
    _requires_connection = False
    def run(self, tmp=None, task_vars=None):
        text = self._templar.template(task_vars.get("npu_select", ""))
        query = _select.query_of(text)
        def aside(known):
            left = query is not None and query.matches(board_record.record(name, known, 0)) is False
            return "npu_select is %s" % text if left else None
        def told(name, default=None):
            return self._templar.template(task_vars.get(name, default))
        name = task_vars["inventory_hostname"]
        if self._task.args.get("resolve"):
            _settings.resolve_and_save(self._templar, task_vars)
        times = iter((1000.0, 1007.0))
        _clock.time = types.SimpleNamespace(time=lambda: next(times))
        with _clock.measured(self._task, task_vars):
            pass
        if told("fails") == "detect":
            error = "%s: does not answer over ssh: no route to host" % name
            left = aside({"__npu_error": error, "__npu_cause": "no_answer"})
            return dict(failed=not left, msg=error, cause="no_answer", not_selected=left)
        needs, pending, hold = told("needs", True), told("pending", False), told("hold")
        facts = {"kernel": {"release": told("kernel"), "boot_id": told("boot_id")},
                 "driver": {"version": "0.9.3"}, "runtime": {"version": "1.6.0", "sha256": "old"},
                 "upgrade": {"pending": pending, "hold": hold}}
        plan = {"action": "dkms" if needs else "none", "reason": "as the test says", "soc": "rk3588", "packages": [],
                "driver": {"version": "0.9.6", "sha256": "aaaa"}, "runtime": {"version": "2.3.2", "sha256": "bbbb", "install": needs}}
        proof = {"diagnosis": told("says", "ok"), "evidence": "the line", "remedy": "do it"} if not needs and not pending else None
        in_use = told("says") == "in use"
        if proof and proof["diagnosis"] in ("nothing", "in use"):
            proof = None
        left = aside({"ansible_facts": {"npu": facts}, "__npu_plan": plan})
        return dict(changed=False, facts=facts, plan=plan, verification=proof, unverified=None, not_selected=left, locked=None,
                    settled=in_use or bool(proof) and proof["diagnosis"] == "ok" and told("recorded", True),
                    on_hold=None if hold is None else {"verdict": "held", "reason": "/etc/rkfleet-npu/hold is on the board: %s" % hold})
''',
}


@pytest.fixture(scope="session")
def collections(tmp_path_factory):
    """Return a place with a copy of the collection in which nothing touches a board."""
    stubs = {name: HEADER * name.endswith(".yml") + text.lstrip() for name, text in STUBS.items()}
    place = environment.stubbed_project(tmp_path_factory.mktemp("stubbed"), stubs)
    # The validation is a task for each board and role that other tests look at. The variables are still read from there.
    for path in place.glob("ansible_collections/rkfleet/npu/roles/*/meta/argument_specs.yml"):
        if path.parts[-3] != "rollout":
            specs = yaml.safe_load(path.read_text())["argument_specs"]
            path.write_text(yaml.safe_dump({"argument_specs": {"no_" + entry: spec for entry, spec in specs.items()}}))
    return place


class Run:
    """How a run went: C(rc), C(output), verdicts by board, the boards that were touched in this order."""

    def __init__(self, done):
        self.rc, self.output = done.returncode, done.stdout
        table = re.search(r"^board .*verdict\n[- ]+\n(.*?)\n\n", self.output, re.DOTALL | re.MULTILINE)
        self.table = bool(table)
        self.verdicts = {line.split()[0]: re.split(r"  +", line)[-1] for line in table[1].splitlines()} if table else {}
        self.marks = re.findall(r'"msg": "MARK (\S+)"', self.output)
        self.touched = [mark for mark in self.marks if "." not in mark]
        recap = dict(re.findall(r"^(\w+) +: ok=\d+ +changed=\d+ +(unreachable=\d+ +failed=\d+)", self.output, re.MULTILINE))
        self.lost = [board for board, counts in recap.items() if "unreachable=0" not in counts]
        self.failed = [board for board, counts in recap.items() if not counts.endswith("failed=0")]

    def line(self, start):
        """The first line of the output that starts so."""
        return next((line for line in self.output.splitlines() if line.startswith(start)), "")


@pytest.fixture
def play(collections, tmp_path):
    """Return a function that runs a playbook, or several in one run, on boards, each a dictionary of inventory variables."""
    def runner(boards, *words, playbook="upgrade_npu", groups=None, **variables):
        inventory = {"all": {"hosts": boards, "vars": dict({
            "ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}", "kernel": "6.1.84",
            "npu_staging_file": str(tmp_path / "staging.json"), "npu_cache_dir": str(tmp_path / "cache")}, **variables),
            "children": {name: {"hosts": dict.fromkeys(names, {})} for name, names in (groups or {}).items()}}}
        path = tmp_path / "boards.yml"
        path.write_text(yaml.safe_dump(inventory, sort_keys=False))
        file = "rkfleet.npu." + playbook
        if " " in playbook:
            file = str(tmp_path / "several.yml")
            plays = [{"ansible.builtin.import_playbook": "rkfleet.npu." + name} for name in playbook.split()]
            (tmp_path / "several.yml").write_text(yaml.safe_dump(plays))
        done = subprocess.run(
            ["ansible-playbook", "-i", str(path), file, *words], cwd=tmp_path, text=True, check=False, timeout=600,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=dict(os.environ, ANSIBLE_COLLECTIONS_PATH=str(collections), ANSIBLE_FORKS="6", ANSIBLE_PIPELINING="1"))
        print(done.stdout)
        return Run(done)

    return runner


def fleet(**special):
    """Six boards, a to d with one kernel, e and f with another; what is said of one is laid over it."""
    boards = {name: {"kernel": "6.1.84" if name < "e" else "5.10.110"} for name in "abcdef"}
    for name, variables in special.items():
        boards[name].update(variables)
    return boards
