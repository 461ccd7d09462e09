# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""End what a killed run has left: its tests, playbooks, connections, emulators and light boards.

A run marks itself with an environment variable, which all that it starts inherits, however far away it detaches
itself. A watcher in a session of its own holds the other end of a pipe. When the run ends without having reported
success, also by SIGKILL, the watcher kills every process with the mark. What ran before has no mark, and goes on.
Processes that were started by sudo end only if the run itself is root's.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pathlib
import secrets
import signal
import subprocess
import sys
import time

MARK = "RKFLEET_RUN"
ENDED = b"ended"
PATIENCE = 60  # seconds after which processes that cannot be killed are given up
PR_SET_PDEATHSIG = 1


class Run:
    """A run whose processes end with it."""

    def __init__(self) -> None:
        mine = secrets.token_hex(8)
        # A run inside of another one, such as a test of this, belongs to both.
        os.environ[MARK] = "/".join(filter(None, [os.environ.get(MARK), mine]))
        outer = {name: value for name, value in os.environ.items() if name != MARK}
        self.watcher = subprocess.Popen(
            [sys.executable, "-B", __file__, mine], env=outer, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True)
        _end_with_make()

    def end(self) -> None:
        """End regularly: what still runs is meant to."""
        with contextlib.suppress(BrokenPipeError):
            self.watcher.communicate(ENDED)


def _end_with_make() -> None:
    """Ask for SIGTERM when make, the parent, is killed."""
    with contextlib.suppress(OSError, AttributeError):
        if pathlib.Path(f"/proc/{os.getppid()}/comm").read_text().strip() in ("make", "gmake"):
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def marked(mark: str) -> list[int]:
    """Return file descriptors of the processes that have the mark; each names one process for good."""
    found = []
    for folder in os.listdir("/proc"):
        if not folder.isdigit() or int(folder) == os.getpid():
            continue
        # A process may end at any time, and others belong to somebody else.
        with contextlib.suppress(OSError):
            handle = os.pidfd_open(int(folder))
            if _has(folder, mark):
                found.append(handle)
            else:
                os.close(handle)
    return found


def _has(pid: str, mark: str) -> bool:
    try:
        content = pathlib.Path("/proc", pid, "environ").read_bytes()
    except OSError:
        return False
    values = [entry.partition(b"=")[2] for entry in content.split(b"\0") if entry.startswith(MARK.encode() + b"=")]
    return any(mark.encode() in value.split(b"/") for value in values)


def sweep(mark: str) -> None:
    """Kill all processes with a mark, and those that they start meanwhile."""
    deadline = time.monotonic() + PATIENCE
    while (found := marked(mark)) and time.monotonic() < deadline:
        for handle in found:
            with contextlib.suppress(OSError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
            os.close(handle)
        time.sleep(0.1)


def main(mark: str) -> None:
    """Wait for the end of the run on standard input."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if sys.stdin.buffer.read() != ENDED:
        sweep(mark)


if __name__ == "__main__":
    main(sys.argv[1])
