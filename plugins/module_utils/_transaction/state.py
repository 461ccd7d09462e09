# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The state folder of a board: its state, lock and heartbeat, and what the running upgrade has changed so far."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os

from .._board.files import read_file, write_file
from .._board.paths import timestamp

# An uptime that no board reaches: no heartbeat is expected in this boot.
_NEVER = 10**9


class TransactionError(Exception):
    """A transaction that cannot be begun, committed or rolled back, with one sentence why.

    Args:
        message: The sentence.
        result: What the module returns besides it.
    """

    def __init__(self, message, **result):
        super().__init__(message)
        self.result = result


class Locked(TransactionError):
    """Another run holds the lock of the board: `locked` is the content of the lock."""


@contextlib.contextmanager
def exclusive(state_dir):
    """Hold the lock that the guard's script acquires, too.

    It is on the state folder itself, so it needs no file and ends with its process.
    """
    handle = os.open(state_dir, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def while_pending(state_dir):
    """Acquire the lock and yield the folder of the pending upgrade, or None if no upgrade is pending."""
    pending = os.path.join(state_dir, "pending")
    if not os.path.isdir(pending):
        yield None
        return
    with exclusive(state_dir):
        yield pending if os.path.isdir(pending) else None


def advance(state_dir, state):
    """Record that the pending upgrade has reached this state, which counts as a heartbeat, too."""
    with while_pending(state_dir) as pending:
        if pending:
            _advance(state_dir, state)


def _advance(state_dir, state):
    _heartbeat(state_dir)
    template = load_json(os.path.join(state_dir, "pending/state.in"))
    if template:
        save_state(state_dir, dict(template, state=state, why="", since=timestamp()))


def heartbeat(state_dir, never=False):
    """Record a heartbeat of the controller; with `never`, no further one is expected until the next boot."""
    with while_pending(state_dir) as pending:
        if pending:
            _heartbeat(state_dir, never)


def _heartbeat(state_dir, never=False):
    boot_id = (read_file("/proc/sys/kernel/random/boot_id", 64) or b"").decode().strip()
    uptime = _NEVER if never else int(float((read_file("/proc/uptime", 64) or b"0").split()[0]))
    write_file(os.path.join(state_dir, "pending/heartbeat"), ("%s %d\n" % (boot_id, uptime)).encode(), 0o600)


def load_json(path):
    """Return the dictionary in a JSON file: None if there is no file, empty if it is not a dictionary in JSON."""
    content = read_file(path, 1 << 20)
    if content is None:
        return None
    try:
        record = json.loads(content)
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}


def save_state(home, record):
    """Write state.json."""
    write_file(os.path.join(home, "state.json"), json.dumps(record, indent=1, sort_keys=True).encode() + b"\n", 0o600)
