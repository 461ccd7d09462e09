# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The processes that have the NPU open."""

from __future__ import annotations

import errno
import os
import stat

from .device_nodes import NODE_DMA_HEAP


def holders(tree, nodes, own=(), limit=50):
    """Return `[{pid, name, nodes, cgroups}]` of the processes that have a node open; without root the caller's only.

    Nodes are compared by device number, since containers name them as they like. A recorded tree has only links, which
    are compared by name. npu_users.complete() derives unit and container from `cgroups`.

    Args:
        nodes: As device_nodes.read() returns them.
        own: Numbers of processes that do not count.
    """
    paths = {NODE_DMA_HEAP: NODE_DMA_HEAP}
    for node in nodes:
        paths[node["path"]] = paths[node["number"]] = node["path"]
    found, hidden = [], 0
    for pid in tree.names("/proc") if nodes else ():
        if not pid.isdigit() or int(pid) in own:
            continue
        folder = "/proc/%s/fd/" % pid
        try:
            handles = os.listdir(tree.real(folder))
        except OSError as error:
            hidden += error.errno in (errno.EACCES, errno.EPERM)
            continue
        used = {paths.get(_device(tree, folder + handle)) for handle in handles} - {None}
        if used:
            groups = (tree.text("/proc/%s/cgroup" % pid, 8192) or "").splitlines()
            found.append({"pid": int(pid), "name": tree.line("/proc/%s/comm" % pid, 64) or "?", "nodes": sorted(used),
                          "cgroups": sorted({line.split(":", 2)[-1] for line in groups})})
        if len(found) >= limit:
            break
    if hidden:
        tree.note("open files of %d processes of other users" % hidden, "needs root")
    return found


def _device(tree, handle):
    """Return the device number of an open file, or what its link names."""
    target = tree.link(handle) or ""
    # Not of other files: one on a network file system whose server is gone would block.
    if "/dev/" in target:
        try:
            status = os.stat(handle if tree.live else tree.real(handle))
            if stat.S_ISCHR(status.st_mode):
                return "%d:%d" % (os.major(status.st_rdev), os.minor(status.st_rdev))
        except OSError:
            pass
    return target
