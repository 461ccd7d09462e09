# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A trial boot after which the new driver does not answer is not repeated, also where no controller waits for it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest


def played(folder, entry, known, *words):
    """Run task file *entry* of role driver with these variables on a host: `(exit code, output on one line)`."""
    tasks = [{"ansible.builtin.include_role": {"name": "rkfleet.npu.driver", "tasks_from": entry}}]
    (folder / "play.json").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
    done = subprocess.run(
        [sys.executable, "-m", "ansible", "playbook", *words, "-e", json.dumps(known), str(folder / "play.json")],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


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
        return played(tmp_path, "activate", variables(**known), "-i", "localhost,", "-c", "local")
    return run


def test_a_driver_that_did_not_start_is_a_failure(activate):
    code, output = activate(state="verifying", deployed=True)
    assert code == 2
    assert ("driver 0.9.6 is set up and the board was rebooted, but the driver that answers is 0.9.3. Why."
            in output)


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
    known = {
        "ansible_host": "127.0.0.1", "ansible_port": 9, "ansible_become": False,
        "__npu_driver_target": {"version": "0.9.6"}, "__npu_settings": {"npu_reboot_timeout": 7},
    }
    code, output = played(tmp_path, "reboot", known, "-i", "gone,")
    assert code == 2
    assert ("gone: the board does not answer after the reboot into driver 0.9.6 (waited 0 s): "
            "does not answer over ssh: " in output), output
