# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Other programs: run with a log, started in the background, and ended only when they are surely ours."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from . import LabError


def run(command: list[str], log: Path, *, what: str, remedy: str = "", show: Callable[[str], None] | None = None) -> None:
    """Run *command* with its output added to *log*; LabError with the last lines if it fails.

    *show* is given each line too, without the time that our own builders put in front.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as stream:
        stream.write(f"\n$ {shlex.join(command)}\n")
        stream.flush()
        sink = subprocess.PIPE if show else stream
        try:
            with subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT, text=True, errors="replace"
            ) as child:
                for line in child.stdout or ():
                    stream.write(line)
                    show(re.sub(r"^\[ *\d+:\d\d\] ", "", line.rstrip()))
        except FileNotFoundError as problem:
            raise LabError(f"{what} failed: the program {command[0]} is missing.", "Run: tests/lab/lab doctor") from problem
        code = child.returncode
    if code:
        raise LabError(f"{what} failed with code {code}; the end of {log}:\n{tail(log)}", remedy)


def output(command: list[str]) -> str:
    """What *command* prints; LabError when it fails or is not there."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    except FileNotFoundError as problem:
        raise LabError(f"The program {command[0]} is missing.", "Run: tests/lab/lab doctor") from problem
    if done.returncode:
        said = done.stderr.strip().splitlines()[:1] or [f"code {done.returncode}"]
        raise LabError(f"{' '.join(command[:2])} … failed: {said[0]}")
    return done.stdout


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log, indented."""
    try:
        text = log.read_text(errors="replace")
    except OSError:
        return "  (nothing was written)"
    kept = [line.rstrip() for line in text.splitlines() if line.strip()][-lines:]
    return "\n".join("  " + line for line in kept) or "  (nothing was written)"


def start_time(pid: int) -> int | None:
    """When the process began, in clock ticks since boot: with the pid it names one process for good. None: no such process."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        # A process whose first thread is gone still holds its files and ports while another thread ends.
        threads = sum(1 for _task in Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return None
    return None if fields[0] in "ZX" and threads < 2 else int(fields[19])


def start(command: list[str], log: Path, folder: Path, environment: dict[str, str] | None = None) -> dict[str, int]:
    """Start *command* in the background, apart from this terminal. Returns its pid and its start time."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as stream:
        try:
            child = subprocess.Popen(
                command, cwd=folder, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, start_new_session=True, env=environment
            )
        except FileNotFoundError as problem:
            raise LabError(f"The program {command[0]} is missing.", "Run: tests/lab/lab doctor") from problem
    return {"pid": child.pid, "started": start_time(child.pid) or 0}


def alive(process: dict[str, int] | None) -> bool:
    """Whether the very process that was started still runs (not another one that got its number)."""
    if not process:
        return False
    _reap(process["pid"])
    return start_time(process["pid"]) == process["started"]


def end(process: dict[str, int] | None, *, hard: bool = False, patience: float = 10) -> None:
    """End a process that start() started; do nothing if it is gone."""
    if not alive(process):
        return
    deadline = time.monotonic() + patience
    os.kill(process["pid"], signal.SIGKILL if hard else signal.SIGTERM)
    while alive(process):
        if time.monotonic() > deadline:
            os.kill(process["pid"], signal.SIGKILL)
            deadline += patience
        time.sleep(0.02)


def kill(process: dict[str, int] | None) -> None:
    """Have a process that start() started end at once, and do not wait for it."""
    if alive(process):
        os.kill(process["pid"], signal.SIGKILL)


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass


def first_child(pid: int) -> int | None:
    """The first child of a process; None if it has none or is gone."""
    try:
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return None
    return int(found[0]) if found else None


def pss(folder: Path) -> int:
    """The memory in KiB of the process with this folder of /proc, shared pages by their share."""
    for line in (folder / "smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0
