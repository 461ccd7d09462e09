# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Runs of ansible-playbook as an owner starts them from the checkout: several at once, and killed at any moment."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time

from bench.fleet import Peak, descendants, disconnect
from rollout import journal

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
UPGRADE, AUDIT = ROOT / "playbooks/upgrade-npu.yml", ROOT / "playbooks/audit-npu.yml"
#: The kernel kills a run when the rollout ends, however it ends.
DIES_WITH_PARENT = ("setpriv", "--pdeathsig", "KILL")


class Controller:
    """One run of ansible-playbook, started at once."""

    def __init__(self, fleet: Controllers, name: str, playbook: pathlib.Path, words: list, variables: dict):
        self.name, self.fleet = name, fleet
        self.journal, self.log = fleet.scratch / f"{name}.jsonl", fleet.scratch / f"{name}.log"
        variables = {"npu_cache_dir": str(fleet.cache), **fleet.variables, **variables}
        environ = dict(
            os.environ,
            ANSIBLE_COLLECTIONS_PATH=str(ROOT / "build/collections"),
            ANSIBLE_SSH_CONTROL_PATH_DIR=str(fleet.sockets),
            ANSIBLE_CALLBACK_PLUGINS=str(HERE / "callback"),
            ANSIBLE_CALLBACKS_ENABLED="rollout_journal",
            ROLLOUT_JOURNAL=str(self.journal),
            ANSIBLE_FORKS=str(fleet.forks),
            ANSIBLE_NOCOLOR="1",
        )
        self.started, self.code = time.monotonic(), None
        with open(self.log, "w", encoding="utf-8") as log:
            self.child = subprocess.Popen(
                [
                    *DIES_WITH_PARENT,
                    str(ROOT / ".venv/bin/ansible-playbook"),
                    "-i",
                    str(fleet.inventory),
                    "-e",
                    json.dumps(variables),
                    str(playbook),
                    *words,
                ],
                cwd=ROOT,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.peak = Peak(self.child.pid)
        self.wall, self.mib = 0.0, None

    def events(self) -> list:
        """Return what it has written so far."""
        return journal.read(self.journal)

    def wait_for(self, reached, limit: float) -> bool:
        """Wait until `reached(events)` is true, False if the run ends before; RuntimeError after `limit` seconds."""
        deadline = time.monotonic() + limit
        while not reached(self.events()):
            if self.child.poll() is not None:
                return False
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} did not come as far as expected in {limit:.0f} s; see {self.log}")
            time.sleep(0.2)
        return True

    def wait(self, limit: float = 6 * 3600) -> journal.Run:
        """Wait for its end."""
        self.code = self.child.wait(limit)
        return self._done()

    def kill(self) -> journal.Run:
        """Kill it by SIGKILL, with all it has started."""
        for pid in descendants(self.child.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.child.wait(60)
        self.code = None
        return self._done()

    def _done(self) -> journal.Run:
        self.wall, self.mib = time.monotonic() - self.started, round(self.peak.end(), 1)
        return journal.Run(self.name, self.events(), self.code, self.wall, self.mib)

    def end(self) -> None:
        """Leave nothing of it."""
        if self.child.poll() is None:
            self.kill()
        self.peak.end()


class Controllers:
    """All runs of a rollout: one cache, one inventory."""

    def __init__(self, scratch: pathlib.Path, inventory: pathlib.Path, forks: int, variables: dict):
        self.scratch, self.inventory, self.forks, self.variables = scratch, inventory, forks, variables
        # The path of a socket is short.
        self.cache, self.sockets = scratch / "cache", pathlib.Path(tempfile.mkdtemp(prefix="cp-", dir="/tmp"))
        self.started: list[Controller] = []
        self.cache.mkdir(mode=0o700, exist_ok=True)

    def start(
        self,
        name: str,
        *,
        limit: list | None = None,
        playbook: pathlib.Path = UPGRADE,
        variables: dict | None = None,
    ):
        """Start a run."""
        words = ["--limit", ",".join(limit)] if limit else []
        self.started.append(Controller(self, name, playbook, words, variables or {}))
        return self.started[-1]

    def held_locks(self) -> list[str]:
        """Return the lock files of the cache that a process still holds."""
        paths = [path for path in [*self.cache.rglob("locks/*"), *self.cache.rglob("*.lock")] if path.is_file()]
        free = {path: not subprocess.run(["flock", "-n", str(path), "true"], check=False).returncode for path in paths}
        return [str(path.relative_to(self.cache)) for path in paths if not free[path]]

    def end(self) -> None:
        """End all that runs, and close the connections."""
        for controller in self.started:
            controller.end()
        if self.sockets.is_dir():
            disconnect(self.sockets)
