# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The parts of the benchmark that run on emulated boards, one after the other. A machine that does something else meanwhile spoils them."""

from __future__ import annotations

import functools
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import tempfile
import threading
import time

import by_hand
from emulated import BOARD, Board, state_folder
from fleet import where

ROOT = pathlib.Path(__file__).resolve().parents[2]
BENCH = pathlib.Path(__file__).resolve().parent
UPGRADE = "playbooks/upgrade-npu.yml"
TWIN = "rock5b-2"
BUILD_TASK = "Build and install the driver"


class Downtime:
    """How long a board's ssh server did not greet, at the longest, asked five times a second."""

    def __init__(self, board: Board):
        boards = json.loads((state_folder(ROOT) / "boards.json").read_text())["boards"]
        self.port, self.ended, self.longest = boards[board.name]["port"], threading.Event(), 0.0
        self.thread = threading.Thread(target=self._watch)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *dummy):
        self.ended.set()
        self.thread.join()

    def _watch(self) -> None:
        since = time.monotonic()
        while not self.ended.wait(0.2):
            if self._greets():
                self.longest, since = max(self.longest, time.monotonic() - since), time.monotonic()
        self.longest = max(self.longest, time.monotonic() - since)

    def _greets(self) -> bool:
        # The emulator takes connections before the board has a server.
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
                connection.settimeout(2)
                return connection.recv(8).startswith(b"SSH-2.0")
        except OSError:
            return False


class Boards:
    """The parts. What several of them need is done once."""

    def __init__(self, runs: int, say=print):
        self.runs, self.say = runs, say
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="bench-"))
        self.board = Board(ROOT, BOARD)

    def end(self) -> None:
        """Leave the boards running, as they may have been before."""
        shutil.rmtree(self.scratch, ignore_errors=True)

    @functools.cached_property
    def there(self) -> Board:
        """The board; the first time this builds kernel and image."""
        self.board.lab("up", BOARD, timeout=4000)
        return self.board

    def upgrade(self, *names: str, store: pathlib.Path) -> dict:
        """Upgrade boards with an empty cache beside that store; {seconds, tasks, dkms, totals}."""
        times = self.scratch / "times.json"
        environ = dict(
            os.environ, ANSIBLE_COLLECTIONS_PATH=str(ROOT / "build/collections"),
            ANSIBLE_CALLBACK_PLUGINS=str(BENCH / "callback"), ANSIBLE_CALLBACKS_ENABLED="task_times", TASK_TIMES_FILE=str(times),
        )
        with tempfile.TemporaryDirectory() as cache:
            # What is verified of a kernel is kept apart: each run is the first of its kernel.
            variables = {"npu_cache_dir": cache, "npu_store": str(store), "npu_staging_file": cache + "/staging.json", "npu_rollout": ["100%"]}
            started = time.monotonic()
            done = subprocess.run(
                [str(ROOT / ".venv/bin/ansible-playbook"), "-i", str(state_folder(ROOT) / "inventory.yml"), "--limit", ",".join(names),
                 "-e", json.dumps(variables), UPGRADE],
                cwd=ROOT, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
            )
            seconds = time.monotonic() - started
        if done.returncode:
            raise RuntimeError(f"{UPGRADE} ended with {done.returncode}\n{done.stdout[-3000:]}")
        return {"seconds": seconds, **json.loads(times.read_text())}

    @functools.cached_property
    def builds(self) -> list[dict]:
        """Upgrades of the untouched board with an empty store."""
        runs = []
        for turn in range(self.runs):
            self.there.reset()
            run = self.upgrade(BOARD, store=self.scratch / f"store-{turn}")
            if run["dkms"].get(BOARD, []).count("install") != 1:
                raise RuntimeError(f"with an empty store the board did not build: {run['dkms']}")
            runs.append(run)
            self.say(f"  upgrade with a build: {run['seconds']:.0f} s, the driver alone {_task(run):.0f} s")
        return runs

    def upgrade_by_hand(self) -> dict:
        """upgrade_vs_by_hand."""
        hand = []
        for _turn in range(self.runs):
            self.there.reset()
            hand.append(by_hand.by_hand(self.board))
            self.say(f"  upgrade by hand: {hand[-1]:.0f} s")
        playbook = [run["seconds"] for run in self.builds]
        self.say("\n".join(["  where an upgrade's time goes:", *where(self.builds[-1], 1)]))
        return {
            "upgrade_vs_by_hand": _ratio(playbook, hand),
            "details": {"by_hand": _rounded(hand), "playbook": _rounded(playbook), "tasks": self.builds[-1]["tasks"]},
        }

    def downtime(self) -> dict:
        """downtime_vs_reboot."""
        down, reboots = [], []
        for turn, dummy in enumerate(self.builds):
            # To be asked for its greeting so often takes an emulated board a good part of its processor: so this is an upgrade of its own, from the store.
            self.there.reset()
            with Downtime(self.board) as upgrade:
                self.upgrade(BOARD, store=self.scratch / f"store-{turn}")
            down.append(upgrade.longest)
            self.say(f"  upgrade: not to be reached for {down[-1]:.0f} s")
            # The board as it was before: its own reboot, not one that has a driver to load.
            self.there.reset()
            before = self.board.boot_id()
            with Downtime(self.board) as reboot:
                self.board.ssh("sudo systemctl reboot", check=False)
                while (self.board.ssh("cat /proc/sys/kernel/random/boot_id", check=False).strip() or before) == before:
                    time.sleep(1)
            reboots.append(reboot.longest)
            self.say(f"  its own reboot: not to be reached for {reboot.longest:.0f} s")
        return {"downtime_vs_reboot": _ratio(down, reboots), "details": {"upgrade": _rounded(down), "reboot": _rounded(reboots)}}

    def store(self) -> dict:
        """store_vs_build: the whole upgrade; the details have the phase that a store shortens, too."""
        stored = []
        for turn, build in enumerate(self.builds):
            self.there.reset()
            run = self.upgrade(BOARD, store=self.scratch / f"store-{turn}")
            if run["dkms"].get(BOARD, []).count("load") != 1:
                raise RuntimeError(f"the board took nothing from the store: {run['dkms']}")
            stored.append(run)
            self.say(f"  upgrade from the store: {run['seconds']:.0f} s, with a build {build['seconds']:.0f} s; "
                     f"the driver alone {_task(run):.0f} s, with a build {_task(build):.0f} s")
        self.say("\n".join(["  where the time of an upgrade from the store goes:", *where(stored[-1], 1)]))
        phase = _ratio([_task(run) for run in stored], [_task(run) for run in self.builds])
        return {
            "store_vs_build": _ratio([run["seconds"] for run in stored], [run["seconds"] for run in self.builds]),
            "details": {
                "stored": _rounded(run["seconds"] for run in stored), "built": _rounded(run["seconds"] for run in self.builds),
                "driver_task": {"ratio": phase, "stored": _rounded(map(_task, stored)), "built": _rounded(map(_task, self.builds))},
            },
        }

    def builds_per_kernel(self) -> dict:
        """builds_per_kernel: two boards of one kernel, in one run, with an empty store."""
        twin = Board(ROOT, TWIN)
        twin.lab("up", BOARD, TWIN, timeout=4000)
        for board in (self.board, twin):
            board.reset()
        try:
            kernels = {board.ssh("uname -r").strip() for board in (self.board, twin)}
            run = self.upgrade(BOARD, TWIN, store=self.scratch / "store-of-both")
        finally:
            twin.lab("down", TWIN)
        built = [name for name, steps in run["dkms"].items() if "install" in steps]
        loaded = [name for name, steps in run["dkms"].items() if "load" in steps]
        if len(built) + len(loaded) != 2:
            raise RuntimeError(f"not both boards were upgraded: {run['dkms']}")
        self.say(f"  {len(kernels)} kernel on two boards: {len(built)} built, {len(loaded)} took it from the store")
        return {"builds_per_kernel": round(len(built) / len(kernels), 2), "details": {"steps": run["dkms"], "kernels": sorted(kernels)}}


def _task(run: dict) -> float:
    return sum(row["seconds"] for row in run["tasks"] if row["task"].endswith(BUILD_TASK))


def _ratio(over, under) -> float:
    return round(statistics.median(over) / statistics.median(under), 2)


def _rounded(seconds) -> list[float]:
    return [round(value, 1) for value in seconds]


def needs() -> str | None:
    """Why these parts cannot run here, or None."""
    done = subprocess.run([str(ROOT / "tests/lab/lab"), "doctor"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else "; ".join(line for line in done.stdout.splitlines() if line.startswith("MISSING"))
