# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Identify the run of ansible-playbook that holds a board's lock, and whether it has ended."""

from __future__ import annotations

import getpass
import hashlib
import multiprocessing
import os
import re
import socket
import uuid

# The PID namespace that a Linux machine boots with; containers have others.
FIRST_NAMESPACE = "pid:[4026531836]"


class RunEnded(Exception):
    """The run of this worker has ended; one sentence says so."""


def this_run():
    """Return the process number of the ansible-playbook that this worker belongs to.

    Raises:
        RunEnded: That process has ended. A worker outlives a controller that was killed, and finishes its task.
    """
    started_by = multiprocessing.parent_process()
    parent = os.getppid()
    if started_by is not None and started_by.pid != parent:
        raise RunEnded("the run of this task has ended: ansible-playbook (process %d) was killed" % started_by.pid)
    return parent


def owner(pid):
    """Return `{run, host, machine, boot_id, pid_namespace, user, pid, started}` of the ansible-playbook process `pid`.

    `run` identifies the run. A process number means something only on one machine, since one boot and in one
    PID namespace: containers with the network of their host share its name and MAC address.
    """
    started = start_time(pid)
    host = socket.gethostname()
    boot_id = _line("/proc/sys/kernel/random/boot_id")
    try:
        # If /proc is of another namespace, its start times are those of other processes.
        namespace = os.readlink("/proc/self/ns/pid") if os.readlink("/proc/self") == str(os.getpid()) else ""
    except OSError:
        namespace = ""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return {
        "run": "%s-%d-%s-%s" % (host, pid, started, _digest(boot_id, namespace)[:8]), "host": host,
        # Hashed, as the machine ID must stay confidential (machine-id(5)).
        "machine": _digest("%012x" % uuid.getnode(), _line("/etc/machine-id")),
        "boot_id": boot_id, "pid_namespace": namespace, "user": user, "pid": pid, "started": started,
    }


def may_be_running(run, me):
    """Return whether a run other than this one may still be running; False only if it has certainly ended.

    Only a run of this machine, boot and PID namespace is known to have ended: its process is gone.

    Args:
        run: its `run` as `owner` returns it, from a board: untrusted.
        me: owner() of this run.
    """
    if run == me["run"]:
        return False
    match = re.fullmatch(r"(.*)-(\d{1,10})-(\d{1,30})-([0-9a-f]{8})", str(run))
    if not match or not me["boot_id"] or not me["pid_namespace"]:
        return True
    return (match[1], match[4]) != (me["host"], me["run"][-8:]) or not _is_gone(int(match[2]), match[3])


def _digest(*texts):
    return hashlib.sha256("\0".join(("rkfleet.npu", *texts)).encode()).hexdigest()[:32]


def _line(path):
    try:
        with open(path, encoding="ascii", errors="replace") as stream:
            return stream.readline(200).strip()
    except OSError:
        return ""


def start_time(pid):
    """Return the start time of a process in the unit of the system, as text; empty if it is unknown."""
    return _stat(pid)[1]


def _stat(pid):
    """Return `(state, start time)` of a process as the kernel has them; empty if they are unknown."""
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii", errors="replace") as stream:
            words = stream.read().rpartition(")")[2].split()
        return words[0], words[19]
    except (OSError, IndexError):
        return "", ""


def has_ended(holder, me):
    """Return whether a lock is held by a run of this machine and user whose process is gone; False if unknown.

    Args:
        holder: the lock as the board returned it: untrusted.
        me: owner() of this run.
    """
    pid = holder.get("pid")
    if (
        any(holder.get(name) != me[name] for name in ("host", "machine", "user")) or not isinstance(pid, int) or pid < 2
        or not holder.get("run")
    ):
        return False
    where = [(one.get("boot_id"), one.get("pid_namespace")) for one in (holder, me)]
    if not all(isinstance(value, str) and value for pair in where for value in pair):
        return False  # written by an older release, or without /proc
    if where[0] != where[1]:
        # No process survives a reboot of its machine, but other containers on the machine are unknown.
        return where[0][0] != where[1][0] and where[0][1] == where[1][1] == FIRST_NAMESPACE
    return _is_gone(pid, holder.get("started"))


def _is_gone(pid, started):
    """Return whether a process of this PID namespace has certainly ended."""
    if pid < 2:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except (OverflowError, PermissionError):
        # With /proc mounted hidepid=2, processes of other users cannot be read, either.
        return False
    state, now = _stat(pid)
    # The process number may have been reused. A zombie has ended, too: the first process of a container may never ask.
    return state == "Z" or (bool(started) and now != started)
