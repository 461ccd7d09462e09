# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Ways in which owners already start playbooks: strategies, callbacks and recorders of their own, parts of a run."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys

import environment
import pytest
import yaml
from ansible_collections.rkfleet.npu.plugins.plugin_utils._report import board_record, files

# This machine is no Rockchip board, so it needs work. Nobody listens on the other's port.
HERE = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
GONE = {"ansible_host": "127.0.0.1", "ansible_port": 9, "ansible_ssh_common_args": "-o ConnectTimeout=2"}
BOARDS = {"gone": GONE, "here": HERE}
RECAP = {"gone": (1, 0), "here": (0, 1)}
# Carries ansible.posix, whose place is Galaxy; and the newest of each when this was written.
ANSIBLE, MITOGEN, ARA = "ansible==12.3.0", "mitogen==0.3.54", "ara[server]==1.8.0"


def part(requirement, *prefixes):
    """Return a folder with files of a wheel, or skip the test."""
    try:
        return environment.unpacked(requirement, prefixes)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"{requirement} cannot be fetched from PyPI: {error}")


@pytest.fixture
def play(tmp_path):
    """Run a playbook; returns the process, and (unreachable, failed) by board of the recap."""

    def run(playbook, *words, boards=None, programs=None, answers=None, **env):
        (tmp_path / "boards.json").write_text(json.dumps({"all": {"hosts": boards or BOARDS}}))
        programs = programs or pathlib.Path(sys.executable).parent
        done = subprocess.run(
            [str(programs / "ansible-playbook"), "-i", "boards.json", f"rkfleet.npu.{playbook}",
             "-e", f"npu_cache_dir={tmp_path / 'cache'}", *words],
            cwd=tmp_path, text=True, input=answers or "", capture_output=True, timeout=300,
            check=False, env=dict(os.environ, ANSIBLE_PIPELINING="1", ANSIBLE_HOME=str(tmp_path / "home"), **env),
        )
        recap = re.findall(r"^(\w+) +: ok=\d+ +changed=\d+ +unreachable=(\d+) +failed=(\d+)", done.stdout, re.MULTILINE)
        return done, {board: (int(lost), int(failed)) for board, lost, failed in recap}

    return run


def test_each_play_names_its_strategy(root):
    for path in root.glob("playbooks/*-npu.yml"):
        for one in yaml.safe_load(path.read_text()):
            # In a rolling window no board waits for another. run_once does not work there.
            strategy = "host_pinned" if "__npu_window" in one.get("vars", {}) else "linear"
            assert one.get("strategy") == "ansible.builtin." + strategy, f"{path.name}: {one['name']}"
    assert "run_once" not in (root / "roles/rollout/tasks/upgrade.yml").read_text()


@pytest.mark.parametrize("strategy", ["free", "mitogen_linear"])
def test_a_strategy_of_the_environment_changes_nothing(play, strategy):
    env = {"ANSIBLE_STRATEGY": strategy}
    if strategy.startswith("mitogen"):
        there = part(MITOGEN, "mitogen/", "ansible_mitogen/")
        env.update(PYTHONPATH=str(there), ANSIBLE_STRATEGY_PLUGINS=str(there / "ansible_mitogen/plugins/strategy"))
    done, recap = play("audit_npu", **env)
    assert done.returncode == 4 and recap == RECAP, done.stdout + done.stderr
    assert "audit: 2 boards, 0 healthy, 1 need work, 0 unknown, 1 unreachable, 0 held" in done.stdout


@pytest.mark.parametrize("callback", ["json", "jsonl"])
def test_what_a_callback_for_programs_prints_parses(play, callback):
    there = part(ANSIBLE, "ansible_collections/ansible/posix/")
    done, dummy = play(
        "audit_npu", "--diff", ANSIBLE_STDOUT_CALLBACK=f"ansible.posix.{callback}", ANSIBLE_SHOW_CUSTOM_STATS="1",
        ANSIBLE_COLLECTIONS_PATH=os.pathsep.join([os.environ["ANSIBLE_COLLECTIONS_PATH"], str(there)]),
    )
    parts = [json.loads(text) for text in ([done.stdout] if callback == "json" else done.stdout.splitlines())]
    # The last has the run's statistics: of Ansible, and of this collection.
    stats = {board: (one["unreachable"], one["failures"]) for board, one in parts[-1]["stats"].items()}
    assert done.returncode == 4 and stats == RECAP
    if callback == "json":
        assert parts[-1]["global_custom_stats"] == {"rkfleet_npu": {
            "boards": 2, "counts": {"unreachable": 1, "needs_work": 1},
            "names": {"unreachable": ["gone"], "needs_work": ["here"]}}}
    # People still get the table.
    assert "audit: 2 boards" in done.stderr and re.search(r"^board +kernel", done.stderr, re.MULTILINE)


def test_boards_that_no_task_has_inspected_are_named_so_and_keep_their_record(play, tmp_path):
    known = dict(board_record.record("here", {}, 1), status="healthy", verdict="ok", reason="fine")
    files.write(tmp_path / "npu-report", [known], 1)
    done, recap = play("audit_npu", "--start-at-task", "Write the report")
    assert done.returncode == 2 and recap == {"gone": (0, 1), "here": (0, 1)}, done.stdout + done.stderr
    assert "audit: 2 boards, 0 healthy, 0 need work, 2 unknown, 0 unreachable, 0 held" in done.stdout
    assert '"msg": "gone: unknown: not inspected"' in done.stdout
    report = json.loads((tmp_path / "npu-report/fleet.json").read_text())["boards"]
    assert {board["name"]: board["verdict"] for board in report} == {"gone": "not inspected", "here": "ok"}
    assert len(list((tmp_path / "npu-report/history").iterdir())) == 1


def test_step_by_step_without_the_inspection(play):
    done, recap = play("verify_npu", "--step", answers="n\n" * 5 + "c\n")
    assert done.returncode == 2 and recap == {"gone": (0, 1), "here": (0, 1)}, done.stdout + done.stderr
    assert "boards: 2, not inspected 2" in done.stdout and "unreachable 2" not in done.stdout


@pytest.mark.parametrize("playbook, task", [
    ("preflight_npu", "Fail the boards that would lose the NPU"),
    ("record_npu", "Fail the boards that were not recorded"),
])
def test_the_playbooks_without_a_table_do_not_end_well_either(play, playbook, task):
    done, recap = play(playbook, "--start-at-task", task)
    assert done.returncode == 2 and recap == {"gone": (0, 1), "here": (0, 1)}, done.stdout + done.stderr
    assert "here: not inspected: " in done.stdout


def test_facts_of_a_lost_board_make_it_unreachable(tmp_path):
    (tmp_path / "boards.json").write_text(json.dumps({"all": {"hosts": {"gone": GONE}}}))
    done = subprocess.run(
        ["ansible", "-i", "boards.json", "all", "-m", "rkfleet.npu.npu_facts"], cwd=tmp_path, text=True, check=False,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=100,
    )
    assert done.returncode == 4 and "gone | UNREACHABLE!" in done.stdout and "does not answer over ssh" in done.stdout


# Its virtual environment takes half a minute, once.
@pytest.mark.faults_only
def test_ara_records_lost_and_failed_boards_as_such(play, tmp_path):
    core = next(line for line in environment.requirements() if line.startswith("ansible-core=="))
    python = next(filter(None, map(environment.find_python, environment.CONTROLLER_PYTHONS)))
    try:
        programs = environment.make_venv(python, [core, ARA]) / "bin"
    except subprocess.CalledProcessError as error:
        pytest.skip(f"{ARA} cannot be installed: {error}")
    plugins = subprocess.check_output([programs / "python", "-m", "ara.setup.callback_plugins"], text=True).strip()
    where = {"ARA_BASE_DIR": str(tmp_path / "ara"), "ARA_API_CLIENT": "offline"}
    done, dummy = play("audit_npu", programs=programs, ANSIBLE_CALLBACK_PLUGINS=plugins, **where)
    assert done.returncode == 4, done.stdout + done.stderr
    listed = subprocess.run(
        [programs / "ara", "host", "list", "-f", "json"], env=dict(os.environ, **where), cwd=tmp_path, text=True,
        stdout=subprocess.PIPE, check=True,
    ).stdout
    assert {host["name"]: (host["unreachable"], host["failed"]) for host in json.loads(listed)} == RECAP
