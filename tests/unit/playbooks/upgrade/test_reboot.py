# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""npu_reboot with a real ansible-playbook, over an ssh that runs its command here instead: an honest board, and one that is none."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

# The last word is the command. The board's boot id is in a file; "the-reboot" changes it.
SSH = """#!/bin/sh
for word; do :; done
case "$word" in
*boot_id*) %(boot_id)s ;;
*the-reboot*) echo 2 >%(folder)s/boot_id ;;
*) exit 0 ;;
esac
"""


@pytest.fixture
def reboot(tmp_path):
    """Run the task on a board whose boot id is printed by this; give its result and what was printed."""
    def run(boot_id, *words, **args):
        (tmp_path / "ssh").write_text(SSH % {"boot_id": boot_id, "folder": tmp_path})
        (tmp_path / "ssh").chmod(0o755)
        (tmp_path / "boot_id").write_text("1\n")
        task = {"rkfleet.npu.npu_reboot": dict({"reboot_command": "the-reboot now", "reboot_timeout": 1}, **args), "register": "told", "ignore_errors": True}
        keep = {"ansible.builtin.copy": {"dest": str(tmp_path / "told.json"), "content": "{{ told | to_json }}"}, "delegate_to": "localhost",
                "check_mode": False}
        (tmp_path / "play.json").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [task, keep]}]))
        hosts = {"board": {"ansible_ssh_executable": str(tmp_path / "ssh")}}
        (tmp_path / "boards.json").write_text(json.dumps({"all": {"hosts": hosts}}))
        done = subprocess.run(
            [sys.executable, "-m", "ansible", "playbook", "-i", str(tmp_path / "boards.json"), str(tmp_path / "play.json"), *words],
            env=dict(os.environ, ANSIBLE_PIPELINING="1", ANSIBLE_LOCAL_TEMP=str(tmp_path / "local"), ANSIBLE_HOME=str(tmp_path / "home"),
                     ANSIBLE_REMOTE_TEMP=str(tmp_path / "remote"), ANSIBLE_STDOUT_CALLBACK="ansible.builtin.default",
                     ANSIBLE_LOCALHOST_WARNING="0", ANSIBLE_PYTHON_INTERPRETER=sys.executable),
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=120, check=False, cwd=tmp_path)
        assert not re.search(r"[^\x20-\x7e\n]", done.stdout), done.stdout
        assert "Traceback" not in done.stdout, done.stdout
        return json.loads((tmp_path / "told.json").read_text()), done.stdout

    return run


def test_a_board_that_comes_back(reboot, tmp_path):
    told, dummy = reboot("cat %s/boot_id" % tmp_path)
    assert (told["rebooted"], told["changed"], told["failed"]) == (True, True, False) and isinstance(told["elapsed"], int)
    assert (tmp_path / "boot_id").read_text() == "2\n"


def test_check_mode_reboots_nothing(reboot, tmp_path):
    told, dummy = reboot("cat %s/boot_id" % tmp_path, "--check")
    assert told["rebooted"] and told["changed"] and (tmp_path / "boot_id").read_text() == "1\n"


def test_one_that_never_has_another_boot_id(reboot):
    told, dummy = reboot("echo 1")
    assert told["failed"] and not told["rebooted"] and "Timed out waiting for last boot time check" in told["msg"]


def test_one_that_is_not_reached(reboot, tmp_path):
    told, dummy = reboot("printf 'ssh: \\033[2Jrefused' >&2; exit 255")
    assert told["failed"] and not told["rebooted"] and told["msg"].startswith("does not answer over ssh: ") and told["msg"].isprintable()
    assert "unreachable" not in told and (tmp_path / "boot_id").read_text() == "1\n"


@pytest.mark.parametrize("says", ["head -c 400000000 /dev/zero | tr '\\0' x", "head -c 2000000 /dev/zero | tr '\\0' x", "printf '\\033[2Jno\\n' >&2; exit 1"])
def test_invalid_boot_ids(reboot, tmp_path, says):
    told, dummy = reboot(says)
    assert told["failed"] and not told["rebooted"] and told["msg"].isprintable() and len(told["msg"]) < 1100
    assert "more than" in told["msg"] or "failed to get host boot time info" in told["msg"]
    assert (tmp_path / "boot_id").read_text() == "1\n"


@pytest.fixture
def local_reboot(tmp_path):
    """Run the task over a local connection, with this as systemd-run, and give its result."""
    def run(systemd_run, *words):
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin/systemd-run").write_text("#!/bin/sh\n" + systemd_run)
        (tmp_path / "bin/systemd-run").chmod(0o755)
        play = [{"hosts": "all", "gather_facts": False, "tasks": [
            {"rkfleet.npu.npu_reboot": {"reboot_command": "touch %s/rebooted" % tmp_path}, "register": "told", "ignore_errors": True},
            {"ansible.builtin.copy": {"dest": str(tmp_path / "told.json"), "content": "{{ told | to_json }}"}, "check_mode": False}]}]
        (tmp_path / "play.json").write_text(json.dumps(play))
        done = subprocess.run(
            [sys.executable, "-m", "ansible", "playbook", "-i", "localhost,", "-c", "local", str(tmp_path / "play.json"), *words],
            env=dict(os.environ, PATH="%s:%s" % (tmp_path / "bin", os.environ["PATH"]), ANSIBLE_HOME=str(tmp_path / "home"),
                     ANSIBLE_PYTHON_INTERPRETER=sys.executable, ANSIBLE_STDOUT_CALLBACK="ansible.builtin.default"),
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=120, check=False, cwd=tmp_path)
        assert "Traceback" not in done.stdout, done.stdout
        return json.loads((tmp_path / "told.json").read_text())

    return run


def test_a_local_board_reboots_after_the_run(local_reboot, tmp_path):
    """It is systemd's work, so a stand-in keeps its words; they are run here, for a run that has ended and one that has not."""
    told = local_reboot("printf '%%s\\0' \"$@\" >%s/words" % tmp_path)
    assert (told["failed"], told["changed"], told["scheduled"], told["rebooted"]) == (False, True, True, False)
    words = (tmp_path / "words").read_text().split("\0")[:-1]
    command = words[words.index("/bin/sh"):]
    run, *reboot = command[3:]
    assert run.isdigit() and reboot == ["touch", "%s/rebooted" % tmp_path] and not (tmp_path / "rebooted").exists()
    # The run is waited for: as long as the process exists, here this one, nothing is rebooted.
    script = command[2].replace("sleep 1", "exit 7").replace("sleep 5", "true")
    assert subprocess.run(["/bin/sh", "-c", script, str(os.getpid()), *reboot], check=False).returncode == 7
    assert not (tmp_path / "rebooted").exists()
    assert subprocess.run(["/bin/sh", "-c", script, run, *reboot], check=False).returncode == 0
    assert (tmp_path / "rebooted").exists()


def test_a_local_board_without_systemd_is_not_rebooted(local_reboot):
    told = local_reboot("echo no systemd here >&2; exit 1")
    assert told["failed"] and not told["scheduled"] and told["msg"] == "the reboot cannot be scheduled: no systemd here"


def test_check_mode_schedules_nothing(local_reboot, tmp_path):
    told = local_reboot("touch %s/words" % tmp_path, "--check")
    assert told["scheduled"] and told["changed"] and not (tmp_path / "words").exists()
