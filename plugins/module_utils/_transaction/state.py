# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The state folder of a board: its state, lock and heartbeat, and what the running upgrade has changed so far."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import time

from .._board.files import read_file, write_file
from .._board.tree import Tree

# An uptime no board reaches: nobody is expected to give a sign of life in this boot.
_NEVER = 10**9
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9.+~-]{1,200}(?::[a-z0-9]+)?\Z")


class TransactionError(Exception):
    """What cannot be begun, committed or taken back, with one sentence why."""


class Locked(TransactionError):
    """Somebody else works on the board: `holder` says who."""

    def __init__(self, message, holder):
        super().__init__(message)
        self.holder = holder


@contextlib.contextmanager
def exclusive(state_dir):
    """Hold the lock that the guard's script takes as well: on the state folder itself, so it leaves no file and ends with its process."""
    handle = os.open(state_dir, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def _while_pending(state_dir):
    """Yield the folder of the upgrade that is not committed, with the lock, or None where there is none."""
    pending = os.path.join(state_dir, "pending")
    if not os.path.isdir(pending):
        yield None
        return
    with exclusive(state_dir):
        yield pending if os.path.isdir(pending) else None


def advance(state_dir, state):
    """Note that an upgrade has come to `state`, which is a sign of life, too. Does nothing where none is pending."""
    with _while_pending(state_dir) as pending:
        if pending:
            _advance(state_dir, state)


def _advance(state_dir, state):
    _alive(state_dir)
    template = load_json(os.path.join(state_dir, "pending/state.in"))
    if template:
        save_state(state_dir, dict(template, state=state, why="", since=timestamp()))


def alive(state_dir, never=False):
    """Tell the board's guard that the controller is there; with `never` that it need not be, until the next boot."""
    with _while_pending(state_dir) as pending:
        if pending:
            _alive(state_dir, never)


def _alive(state_dir, never=False):
    boot_id = (read_file("/proc/sys/kernel/random/boot_id", 64) or b"").decode().strip()
    uptime = _NEVER if never else int(float((read_file("/proc/uptime", 64) or b"0").split()[0]))
    write_file(os.path.join(state_dir, "pending/heartbeat"), ("%s %d\n" % (boot_id, uptime)).encode(), 0o600)


def note_packages(state_dir, names):
    """Remember packages that were installed for an upgrade, so that its undoing can name them. Does nothing where none is pending."""
    with _while_pending(state_dir) as pending:
        if pending:
            add_lines(os.path.join(pending, "packages"), [name for name in names if _PACKAGE.match(name)])


def note_boot_files(state_dir, contents, root="/"):
    """Remember the content that this collection gives to boot files: only a file that still has it is restored as a whole.

    Does nothing where no upgrade is pending.

    Args:
        contents: `{path: bytes, or None for no file}`.
    """
    tree = Tree(root)
    with _while_pending(state_dir) as pending:
        if pending:
            add_lines(os.path.join(pending, "left"),
                      ["%s %s" % (content_digest(content), link_target(tree, path)) for path,
                       content in contents.items()])


def content_digest(content):
    return "-" if content is None else hashlib.sha256(content).hexdigest()


def packages(state_dir, folder):
    """Names of the packages that were installed since what `folder` (`pending`, `origin`, `undone`) holds."""
    return [name for name in read_lines(os.path.join(state_dir, folder, "packages")) if _PACKAGE.match(name)]


def link_target(tree, path):
    """What a symbolic link leads to; other paths as they are, whatever folders above them are."""
    return path if tree.link(path) is None else tree.follow(path)


def add_lines(path, lines):
    known = read_lines(path)
    write_file(path, as_lines(known + [line for line in dict.fromkeys(lines) if line not in known]), 0o600)


def read_lines(path):
    return (read_file(path) or b"").decode("utf-8", "replace").splitlines()


def as_lines(names):
    return "".join(name + "\n" for name in names).encode()


def load_json(path):
    """The dictionary in a file of ours; None where there is none, and an empty one where it cannot be read as such."""
    content = read_file(path, 1 << 20)
    if content is None:
        return None
    try:
        record = json.loads(content)
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}


def save_state(home, record):
    write_file(os.path.join(home, "state.json"), json.dumps(record, indent=1, sort_keys=True).encode() + b"\n", 0o600)


def timestamp():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
