# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Playbooks that are watched while they run, and killed when it is time."""

from __future__ import annotations

import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import threading
import time

TASK = re.compile(r"^TASK \[(.*?)\] \*+$")


class Playing:
    """A playbook on its way. *output* grows; *killed* once it was killed."""

    def __init__(self, board, playbook: str, variables: dict | None = None, words: tuple[str, ...] = (), cache: pathlib.Path | None = None):
        self.board, self.output, self.killed, self.started = board, "", False, time.monotonic()
        self._news = threading.Condition()
        given = {"npu_cache_dir": str(cache or board.folder / "cache"), "npu_store": "", "npu_reboot_timeout": 300, **(variables or {})}
        with tempfile.NamedTemporaryFile("w", suffix=".json", dir=board.folder, delete=False) as stream:
            json.dump(given, stream)
        self._given = pathlib.Path(stream.name)
        self._child = subprocess.Popen(
            ["ansible-playbook", "-i", str(board.folder / "inventory.yml"), "--limit", board.name, "-e", "@" + stream.name,
             str(board.root / "playbooks" / playbook), *words],
            # Scenarios wait for tasks to begin, also for those that change nothing.
            cwd=board.root, env={**os.environ, "PYTHONUNBUFFERED": "1", "RKFLEET_NPU_BRIEF": "false"},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
            start_new_session=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        # One after the other in a log of the lane, to see later what a row was made of.
        with open(self.board.folder / "runs.log", "a", encoding="utf-8", buffering=1) as log:
            log.write(f"\n#### {time.strftime('%H:%M:%S')} {' '.join(map(str, self._child.args))}\n")
            for line in self._child.stdout:
                log.write(line)
                with self._news:
                    self.output += line
                    self._news.notify_all()
        with self._news:
            self._news.notify_all()

    def says(self, pattern: str, limit: float = 900) -> bool:
        """Wait until its output has the pattern; False if it ends, or takes longer, without."""
        wanted, deadline = re.compile(pattern, re.MULTILINE), time.monotonic() + limit
        with self._news:
            while not wanted.search(self.output):
                if (self._child.poll() is not None and not self._reader.is_alive()) or time.monotonic() > deadline:
                    return bool(wanted.search(self.output))
                self._news.wait(1)
        return True

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._child.poll() is None

    def kill(self) -> None:
        """End it and all its children at once, as the controller's own power cut would."""
        self.killed = True
        try:
            os.killpg(self._child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def wait(self, limit: float = 1500) -> int:
        """Wait for its end and return its exit code; it is killed when it takes longer than *limit* seconds."""
        try:
            code = self._child.wait(limit)
        except subprocess.TimeoutExpired:
            self.kill()
            code = self._child.wait()
        self._reader.join(5)
        self._given.unlink(missing_ok=True)
        return code

    @property
    def seconds(self) -> float:
        """How long it has been on its way."""
        return time.monotonic() - self.started

    def tasks(self) -> list[str]:
        """The names of its tasks so far."""
        return [found[1] for found in map(TASK.match, self.output.splitlines()) if found]

    def sentence(self) -> str:
        """What it says of the board in one sentence: the last failure's message."""
        name = re.escape(self.board.name)
        found = re.findall(r'(?:fatal|failed): \[%s\][^\n]*?: (?:FAILED|UNREACHABLE)! => .*?"msg": "((?:[^"\\]|\\.)*)"' % name, self.output, re.DOTALL)
        if found:
            return " ".join(json.loads('"%s"' % found[-1].replace("\n", "\\n")).split())
        return ""

    def line(self) -> str:
        """The board's line of the table at the end."""
        return next((line for line in self.output.splitlines() if line.startswith(self.board.name + " ") and "ok=" not in line), "")
