# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""An emulated board, and Ansible run against it."""

from __future__ import annotations

import json
import os
import subprocess
import time

import cores
import environment
import pytest
import yaml
from emulated import BOARD, Board, state_folder
from light_boards import LightBoards


class Run:
    """How a playbook went."""

    def __init__(self, done: subprocess.CompletedProcess, boards: dict, seconds: float, board: str):
        self.rc, self.output, self.boards, self.seconds, self.board = done.returncode, done.stdout, boards, seconds, board

    def __getitem__(self, name):
        return self.boards[self.board][name]


@pytest.fixture(scope="session")
def board(root):
    """Return a running board with an untouched disk; it is stopped when the tests end."""
    there = Board(root, BOARD)
    # The first time this builds kernel and image.
    there.lab("up", BOARD, timeout=4000)
    there.reset()
    yield there
    there.lab("down", BOARD)


@pytest.fixture(scope="session")
def boards(root):
    """Return a function that gives a board of a kind, with an untouched disk when it is first asked for or another ran since.

    Only one of them runs at a time, beside the `board` of the other tests: two cores carry no more. They are in a lab of their own,
    as a lab makes one board at a time.
    """
    running = {}

    def one(kind):
        if kind not in running:
            stop()
            there = Board(root, f"{kind}-1", root / "build/lab-kinds")
            # The first time this builds kernel and image.
            there.lab("up", "--kind", kind, there.name, timeout=4000)
            there.reset()
            running[kind] = there
        return running[kind]

    def stop():
        for there in running.values():
            there.lab("down", there.name)
        running.clear()

    yield one
    stop()


@pytest.fixture(scope="session")
def light_boards(root):
    """Return the light boards of this run of the tests; up() starts as many as a test wants, with nothing left of an earlier test's."""
    there = LightBoards(root, root / "build/light")
    yield there
    there.down()


@pytest.fixture(scope="session")
def controller_cache(tmp_path_factory):
    """Return the folder in which the controller of these tests keeps what it has fetched, and the modules boards have built."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def play(root, tmp_path_factory, controller_cache):
    """Return a function that runs a playbook against one of the lab's boards, or what another inventory has."""

    def runner(playbook, *words, cwd=root, inventory=None, env=None, venv=None, board=None) -> Run:
        counts = tmp_path_factory.mktemp("run") / "counts.json"
        environ = dict(
            os.environ, **dict({"ANSIBLE_CALLBACK_PLUGINS": str(root / "tests/integration/callback"), "ANSIBLE_CALLBACKS_ENABLED": "remote_count",
                                "REMOTE_COUNT_FILE": str(counts)}, **(env or {})),
        )
        inventory = inventory or str(board.inventory_file if board else state_folder(root) / "inventory.yml")
        name = board.name if board else BOARD
        limit = [] if "," in inventory else ["--limit", name]
        started = time.monotonic()
        done = subprocess.run(
            [str(venv / "bin/ansible-playbook") if venv else "ansible-playbook", "-i", inventory,
             "-e", json.dumps({"npu_cache_dir": str(controller_cache)}), *limit, str(playbook), *words],
            cwd=cwd, env=environ, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=1800, check=False,
        )
        print(done.stdout)
        boards = json.loads(counts.read_text()) if counts.exists() else {}
        return Run(done, boards, time.monotonic() - started, name)

    return runner


@pytest.fixture(scope="module")
def upgraded(board, play):
    """Return the board with driver 0.9.6, upgraded now unless a test before has done so; the controller has its module."""
    if "v0.9.6" not in board.ssh("sudo cat /sys/kernel/debug/rknpu/version"):
        assert play("playbooks/upgrade-npu.yml").rc == 0
    return board


@pytest.fixture
def inventory_with(root):
    """Return a function that writes an inventory, the lab's or *base*, with other variables and returns its path."""
    written = []

    def write(variables, base=None) -> str:
        base = base or state_folder(root) / "inventory.yml"
        data = yaml.safe_load(base.read_text())
        groups = data["all"]["children"]
        _merge((groups.get("lab") or groups["fleet"])["vars"], variables)
        # Beside the lab's own, as the paths in it are relative to its folder.
        written.append(base.with_name("inventory-test-%d.yml" % len(written)))
        written[-1].write_text(yaml.safe_dump(data))
        return str(written[-1])

    yield write
    for path in written:
        path.unlink()


def _merge(base, over):
    for name, value in over.items():
        if isinstance(value, dict):
            _merge(base.setdefault(name, {}), value)
        else:
            base[name] = value


@pytest.fixture(scope="session")
def figures(root):
    """Return a function that keeps figures of this run in build/figures.json."""
    kept = {}

    def keep(**more):
        kept.update(more)
        (root / "build/figures.json").write_text(json.dumps(kept, indent=2) + "\n")

    return keep


@pytest.fixture(scope="session")
def another_core(root):
    """Return a function that makes a virtual environment with an ansible-core the collection supports, or skips."""

    def make(core):
        pillow = next(line for line in (root / "tests/requirements.txt").read_text().splitlines() if line.startswith("pillow"))
        return cores.venv(core, pillow)

    return make


@pytest.fixture(scope="session")
def artefact(tmp_path_factory):
    """Return an empty place with nothing but the built collection installed in it."""
    build, place = tmp_path_factory.mktemp("build"), tmp_path_factory.mktemp("place")
    environ = dict(os.environ, ANSIBLE_COLLECTIONS_PATH=str(place))

    def galaxy(*words):
        subprocess.run(["ansible-galaxy", "collection", *map(str, words)], cwd=place, env=environ, stdin=subprocess.DEVNULL, check=True)

    galaxy("build", environment.copy_project(tmp_path_factory.mktemp("sources")), "--output-path", build)
    galaxy("install", "--offline", "-p", place, *build.glob("*.tar.gz"))
    return place
