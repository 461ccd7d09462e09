# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A trial boot after which the new driver does not answer is not repeated, also where no controller waits for it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

PLAY = [{
    "hosts": "localhost", "gather_facts": False,
    "tasks": [{"ansible.builtin.include_role": {"name": "rkfleet.npu.driver", "tasks_from": "activate"}}],
}]


def variables(state, deployed, pending=True, reboot=True):
    """Return what is known of a board before `activate`; no reboot is allowed."""
    return {
        "__npu_plan": {"module": "", "initcalls": [], "reboot": reboot, "deployed": deployed, "reason": "Why.",
                       "driver": {"version": "0.9.6"}, "kernel": "6.1.84", "replaces": None, "notes": []},
        "__npu_before": {"driver": {"version": "0.9.3"}, "upgrade": {"pending": pending, "state": state}},
        "__npu_settings": {"npu_reboot_ok": False},
    }


@pytest.fixture
def activate(tmp_path):
    """Return a function that runs `activate` with these variables: `(exit code, output)`."""
    def run(**known):
        (tmp_path / "play.json").write_text(json.dumps(PLAY))
        done = subprocess.run(
            [sys.executable, "-m", "ansible", "playbook", "-i", "localhost,", "-c", "local", "-e",
             json.dumps(variables(**known)), str(tmp_path / "play.json")],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr
    return run


def test_a_driver_that_did_not_start_is_a_failure(activate):
    code, output = activate(state="verifying", deployed=True)
    assert code == 2
    assert ("driver 0.9.6 is set up and the board was rebooted, but the driver that answers is 0.9.3. Why."
            in " ".join(output.split()))


@pytest.mark.parametrize("known", [
    {"state": "verifying", "deployed": False},  # it rebooted before all was set up
    {"state": "activating", "deployed": True},  # the reboot is still to come
    {"state": "deployed", "deployed": True},
    {"state": "rolled_back", "deployed": True, "pending": False},
    {"state": "verifying", "deployed": True, "reboot": False},
])
def test_all_else_goes_on(activate, known):
    code, output = activate(**known)
    assert code == 0, output


def test_a_board_that_does_not_come_back_is_reported(tmp_path):
    """Nobody listens on its port, as after a reboot that a board did not survive."""
    tasks = [{"ansible.builtin.include_role": {"name": "rkfleet.npu.driver", "tasks_from": "reboot"}}]
    (tmp_path / "play.json").write_text(json.dumps([{"hosts": "gone", "gather_facts": False, "tasks": tasks}]))
    known = {
        "ansible_host": "127.0.0.1", "ansible_port": 9, "ansible_become": False,
        "__npu_driver_target": {"version": "0.9.6"}, "__npu_settings": {"npu_reboot_timeout": 7},
    }
    words = ["-i", "gone,", "-e", json.dumps(known), str(tmp_path / "play.json")]
    done = subprocess.run(
        [sys.executable, "-m", "ansible", "playbook", *words],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == 2
    assert ("gone: the board does not answer after the reboot into driver 0.9.6 (waited 0 s): "
            "does not answer over ssh: " in said), said
