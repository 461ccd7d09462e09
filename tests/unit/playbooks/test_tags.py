# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The steps of a playbook need one another: a run limited by tags says so and fails, instead of doing nothing and ending well."""

from __future__ import annotations

import os
import subprocess

import environment
import pytest

PLAYBOOKS = sorted(path.name for path in (environment.ROOT / "playbooks").glob("*-npu.yml"))


def test_all_playbooks_are_tried():
    assert len(PLAYBOOKS) == 7


@pytest.mark.parametrize("playbook, words", [
    *((playbook, ["--tags", "verify"]) for playbook in PLAYBOOKS), ("upgrade-npu.yml", ["--skip-tags", "build"])])
def test_tags_are_refused_before_a_board_is_contacted(playbook, words, tmp_path):
    # A board that was contacted would be lost: nothing listens there.
    inventory = "all: {hosts: {rock-1: {ansible_host: 127.0.0.1, ansible_port: 9, ansible_ssh_common_args: -o ConnectTimeout=1}}}\n"
    (tmp_path / "boards.yml").write_text(inventory)
    command = ["ansible-playbook", "-i", str(tmp_path / "boards.yml"), f"playbooks/{playbook}", *words]
    done = subprocess.run(command, cwd=environment.ROOT, capture_output=True, text=True, check=False, env=dict(os.environ, COLUMNS="400"))
    assert done.returncode == 2, done.stdout + done.stderr
    assert f"do not support --tags and --skip-tags (given: {words[1]})" in done.stdout
    assert "UNREACHABLE" not in done.stdout
