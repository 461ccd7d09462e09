# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The role guard: how long a board waits for its confirmation, and a rollback that another run's lock refuses."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess

import pytest
from stand_ins import rollout_stubs as stubs

collections = stubs.collections
VARS = pathlib.Path(__file__).resolve().parents[4] / "roles/guard/vars/main.yml"
PLAYBOOK = """
- hosts: all
  gather_facts: false
  vars_files: [%s]
  vars: {npu_confirm_minutes: 30, npu_reboot_timeout: 600}
  tasks:
    - ansible.builtin.debug:
        msg: "minutes={{ __npu_confirm_minutes }}"
"""


@pytest.mark.parametrize("boards, forks, window, minutes", [
    (1, 5, [], 30), (5, 5, [], 30), (6, 5, [], 40), (12, 5, [], 50),
    # In a rolling window no board waits for another.
    (12, 5, ["npu_now_rollout"], 30),
])
def test_boards_rebooted_first_wait_for_the_last(tmp_path, boards, forks, window, minutes):
    (tmp_path / "play.yml").write_text(PLAYBOOK % VARS)
    hosts = ",".join("board%d" % number for number in range(boards)) + ","
    done = subprocess.run(
        ["ansible-playbook", "-i", hosts, "--forks", str(forks), "-e", json.dumps({"__npu_window": window}), "play.yml"],
        cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.findall(r"minutes=(\d+)", done.stdout) == [str(minutes)] * boards


ROLLBACK = """
- hosts: all
  gather_facts: false
  vars: {__npu_confirm_minutes: 1, __npu_settings: {npu_reboot_timeout: 60, npu_break_lock: false, npu_services: []}}
  tasks:
    - ansible.builtin.include_tasks: %s
    - ansible.builtin.debug:
        msg: "outcome={{ __npu_outcome | default('none') }} error={{ __npu_error }} back={{ __npu_rolled_back }}"
"""


@pytest.mark.parametrize("earlier, error, back", [
    ("the build failed", "the build failed", "Nothing was rolled back: a: the board is locked by me@desk (run one)"),
    (None, "a: the board is locked by me@desk (run one)", ""),
])
def test_a_rollback_leaves_the_upgrade_of_another_run_alone(collections, tmp_path, earlier, error, back):
    (tmp_path / "play.yml").write_text(ROLLBACK % (VARS.parents[1] / "tasks/rollback.yml"))
    variables = {"ansible_connection": "local", "kernel": "6.1.84", "pending": True}
    if earlier:
        variables["__npu_error"] = earlier
    done = subprocess.run(
        ["ansible-playbook", "-i", "a,", "-e", json.dumps(variables), "-e", "ansible_python_interpreter={{ansible_playbook_python}}", "play.yml"],
        env=dict(os.environ, ANSIBLE_COLLECTIONS_PATH=str(collections)), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"outcome=none error={error} back={back}" in done.stdout, done.stdout
    # It would start the other run's services in the middle of its upgrade, and overwrite its state.
    assert re.search(r"TASK \[Record the failed rollback on the board\] \**\nskipping: \[a\]", done.stdout), done.stdout
