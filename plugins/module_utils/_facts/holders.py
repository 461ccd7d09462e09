# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The processes that have the NPU open."""

from __future__ import annotations

import errno
import os


def holders(tree, node, own=(), limit=50):
    """Return `[{pid, name}]` of the processes that have the node open; without root only the caller's own."""
    found, hidden = [], 0
    for pid in tree.names("/proc"):
        if not pid.isdigit() or int(pid) in own:
            continue
        folder = "/proc/%s/fd" % pid
        try:
            handles = os.listdir(tree.real(folder))
        except OSError as error:
            hidden += error.errno in (errno.EACCES, errno.EPERM)
            continue
        if any(tree.link("%s/%s" % (folder, handle)) == node for handle in handles):
            found.append({"pid": int(pid), "name": tree.line("/proc/%s/comm" % pid, 64) or "?"})
        if len(found) >= limit:
            break
    if hidden:
        tree.note("open files of %d processes of other users" % hidden, "needs root")
    return found


def blocking(tree, node, services, own):
    """Return `[{pid, name}]` of the processes outside these services that have the NPU open."""
    found = []
    for process in holders(tree, node, own) if node else ():
        groups = tree.text("/proc/%d/cgroup" % process["pid"], 4096) or ""
        units = set(part for line in groups.splitlines() for part in line.split("/"))
        if not any(name in units or name + ".service" in units for name in services):
            found.append(process)
    return found
