# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The first try of a new user, with the default callback: no boards, a wrong variable, a machine that is no board."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys

import environment
import pytest

PLAYBOOKS = sorted(path.name for path in (environment.ROOT / "playbooks").glob("*-npu.yml"))
# A board that was contacted would be lost: nothing listens there.
DEAD = {"ansible_host": "127.0.0.1", "ansible_port": 9, "ansible_ssh_common_args": "-o ConnectTimeout=1"}


@pytest.fixture
def play(tmp_path):
    """Return a function that runs a playbook, without the checkout's ansible.cfg, and returns `(code, output)`."""

    def run(playbook, hosts, *words, callback="default", variables=None):
        (tmp_path / "ansible.cfg").write_text("")
        inventory = tmp_path / "boards.yml"
        common = dict({"npu_cache_dir": str(tmp_path / "cache")}, **(variables or {}))
        inventory.write_text(json.dumps({"all": {"hosts": hosts, "vars": common}}))
        done = subprocess.run(
            ["ansible-playbook", "-i", str(inventory), str(environment.ROOT / "playbooks" / playbook), *words],
            cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env=dict(os.environ, COLUMNS="100", ANSIBLE_CONFIG=str(tmp_path / "ansible.cfg"),
                     ANSIBLE_STDOUT_CALLBACK=callback), check=False)
        return done.returncode, done.stdout

    return run


def flat(output):
    return " ".join(output.split())


def test_all_playbooks_are_tried():
    assert len(PLAYBOOKS) == 7


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_an_inventory_without_boards_is_an_error(play, playbook):
    code, output = play(playbook, {})
    assert code != 0 and "No board was contacted: the inventory has none." in flat(output)
    code, output = play(playbook, {}, "--syntax-check")
    assert code == 0, output


@pytest.mark.parametrize("words, said", [
    (["--limit", "rock-2"], "no hosts to target"),
    (["--limit", "rock-1", "-e", "npu_hosts=rock-3"], "--limit rock-1 matches none of the hosts of rock-3"),
    (["-e", "npu_hosts=rack"], "npu_hosts or the pattern rack matches none of the 2 hosts of the inventory"),
])
def test_a_pattern_that_matches_nothing_is_an_error(play, words, said):
    code, output = play("audit-npu.yml", {"rock-1": DEAD, "rock-3": DEAD}, *words)
    assert code != 0 and said in flat(output)


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_variables_are_checked_once_before_a_board_is_contacted(play, playbook):
    boards = {"rock-1": dict(DEAD, npu_driver_policy="woking"), "rock-2": dict(DEAD, npu_mirror="me:secret@mirror"),
              "rock-3": DEAD}
    code, output = play(playbook, boards, variables={"npu_driver_verison": "0.9.6", "npu_custom_rack": 7})
    assert code == 2 and "UNREACHABLE" not in output and "secret" not in output
    assert flat(output).count("npu_driver_verison is set in the inventory or a play") == 1
    assert flat(output).count("did you mean npu_driver_version?") == 1 and "npu_custom_rack" not in output
    assert output.count("npu_driver_policy is 'woking': it is one of working, floor, exact") == 1
    assert "npu_mirror is not a URL such as https://mirror.example.com (rock-2). No board was contacted." in output
    assert "Origin:" not in output and len(output.splitlines()) <= 20


@pytest.mark.parametrize("playbook", ["audit-npu.yml", "upgrade-npu.yml"])
def test_a_misspelled_variable_of_the_command_line_is_an_error(play, playbook):
    code, output = play(playbook, {"rock-1": DEAD}, "-e", "npu_driver_verison=0.9.6", "-e", "npu_custom_x=1")
    assert code == 2 and "UNREACHABLE" not in output
    said = "npu_driver_verison is given with -e, but rkfleet.npu has no such variable: did you mean npu_driver_version?"
    assert output.count(said) == 1


def test_results_of_other_tasks_are_no_misspelled_variables(play, tmp_path):
    (tmp_path / "own.yml").write_text(json.dumps([
        {"hosts": "all", "gather_facts": False, "tasks": [
            {"ansible.builtin.debug": {"msg": "x"}, "register": "npu_driver_verison"},
            {"ansible.builtin.set_fact": {"npu_rolout": 1}}]},
        {"import_playbook": str(environment.ROOT / "playbooks/audit-npu.yml")},
    ]))
    code, output = play(str(tmp_path / "own.yml"), {"rock-1": DEAD})
    assert code == 4 and "no such variable" not in flat(output)


def own_lines(output):
    """Return what is beyond Ansible's own headers and states."""
    ansible = re.compile(r"$|TASK |PLAY |(ok|skipping|changed|included): |skipping: no hosts|\S+ +: ok=")
    return [line for line in output.splitlines() if not ansible.match(line)]


@pytest.mark.parametrize("playbook", ["audit-npu.yml", "verify-npu.yml", "upgrade-npu.yml", "rollback-npu.yml"])
def test_a_failure_is_told_once(play, playbook, tmp_path):
    python = tmp_path / "python3"
    shim = "#!/bin/sh\necho 'pyenv: python3: command not found' >&2\necho 'It exists in 3.11' >&2\nexit 127\n"
    python.write_text(shim)
    python.chmod(0o755)
    board = {"ansible_connection": "local", "ansible_python_interpreter": str(python), "npu_become": False}
    code, output = play(playbook, {"rock-1": board})
    assert code == 2
    said = "its Python was not started (the board said: pyenv: python3: command not found; it ended with 127)"
    # At the task that failed, and in the summary.
    assert 1 <= output.count(said) <= 2, output
    assert "Origin:" not in output and "[ERROR]" not in output and len(own_lines(output)) <= 15, own_lines(output)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="takes a machine that is no board")
@pytest.mark.parametrize("playbook", [name for name in PLAYBOOKS if name != "record-npu.yml"])
def test_a_machine_that_is_no_board_is_refused_the_same_way(play, playbook):
    board = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "npu_become": False,
             "npu_mirror": "http://127.0.0.1:9"}
    code, output = play(playbook, {"pc": board}, "-e", '{"npu_preflight_kernels": ["6.1.84-12-rk2410"]}')
    assert code == 2
    said = "This is a x86_64 machine, and the vendor's driver and runtime exist for aarch64 only."
    assert 1 <= output.count(said) <= 2, output
    assert "127.0.0.1:9" not in output and len(own_lines(output)) <= 15, own_lines(output)


def test_the_callback_leaves_out_tasks_of_the_collection_that_change_nothing(play):
    board = {"ansible_connection": "local", "ansible_python_interpreter": "/nowhere/python3", "npu_become": False}
    code, output = play("upgrade-npu.yml", {"rock-1": board}, callback="rkfleet.npu.fleet")
    assert code == 2 and len(output.splitlines()) <= 60, output
    assert "ok: [" not in output and "skipping: [" not in output, output
    assert output.count("fatal: [rock-1]") == output.count("\nTASK [") == 2, "a failure has the banner of its task"
    output = play("upgrade-npu.yml", {"rock-1": board}, "-v", callback="rkfleet.npu.fleet")[1]
    assert "ok: [rock-1]" in output and "skipping: [rock-1]" in output
