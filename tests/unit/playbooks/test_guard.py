# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""How long a board waits for its confirmation, where its batch does not fit into the controller's forks."""

from __future__ import annotations

import pathlib
import re
import subprocess

import pytest

VARS = pathlib.Path(__file__).resolve().parents[3] / "roles/guard/vars/main.yml"
PLAYBOOK = """
- hosts: all
  gather_facts: false
  vars_files: [%s]
  vars: {npu_confirm_minutes: 30, npu_reboot_timeout: 600}
  tasks:
    - ansible.builtin.debug:
        msg: "minutes={{ __npu_confirm_minutes }}"
"""


@pytest.mark.parametrize("boards, forks, minutes", [(1, 5, 30), (5, 5, 30), (6, 5, 40), (12, 5, 50)])
def test_boards_rebooted_first_wait_for_the_last(tmp_path, boards, forks, minutes):
    (tmp_path / "play.yml").write_text(PLAYBOOK % VARS)
    hosts = ",".join("board%d" % number for number in range(boards)) + ","
    done = subprocess.run(
        ["ansible-playbook", "-i", hosts, "--forks", str(forks), "play.yml"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.findall(r"minutes=(\d+)", done.stdout) == [str(minutes)] * boards
