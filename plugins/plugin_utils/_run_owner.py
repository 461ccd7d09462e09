# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which run of ansible-playbook works on a board, and whether one of this machine's has ended."""

from __future__ import annotations

import getpass
import os
import socket
import uuid


def owner(pid):
    """C({run, host, machine, user, pid, started}) of the ansible-playbook process I(pid); C(run) tells one run from another."""
    started = start_time(pid)
    host = socket.gethostname()
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return {
        "run": "%s-%d-%s" % (host, pid, started), "host": host, "machine": "%012x" % uuid.getnode(), "user": user, "pid": pid, "started": started,
    }


def start_time(pid):
    """When a process began, in whatever unit the system counts, as text; empty where that cannot be told."""
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii", errors="replace") as stream:
            return stream.read().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def has_ended(holder, me):
    """Whether the run that holds a lock is one of this machine and user whose process is gone. Anything else cannot be told from here.

    :arg holder: the lock as the board answered it: untrusted.
    :arg me: owner() of this run.
    """
    pid = holder.get("pid")
    if any(holder.get(name) != me[name] for name in ("host", "machine", "user")) or not isinstance(pid, int) or pid < 2 or not holder.get("run"):
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except (OverflowError, PermissionError):
        return False
    # The number may be another process' by now.
    return bool(holder.get("started")) and start_time(pid) != holder["started"]
