# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The processes that have the NPU open."""

from __future__ import annotations

import errno
import os
import re
import stat

from .hardware.device_nodes import NODE_DMA_HEAP

_SUFFIX = re.compile(r"\.(?:service|socket|target|timer|path|mount|scope|slice|swap|device)\Z")
# Of any manager; npu_users.py on the controller knows which.
_CONTAINER = re.compile(
    r"/(?:[^/]*[-:])?[0-9a-f]{64}(?:\.scope)?(?:/|\Z)|/(?:docker|libpod|crio|nerdctl|lxc)[-./](?!service)|/libpod_parent"
    r"|/kubepods|/machine\.slice/|cri-containerd[-:]|systemd-nspawn@")


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


def full_name(service):
    """Return the name of a systemd unit with its suffix, as systemctl completes it."""
    return service if _SUFFIX.search(service) else service + ".service"


def blocking(users, services):
    """Return the users, of holders(), that remain when these services are stopped, as far as that is known before.

    A service may end containers, and a target what belongs to it: what remains then is only known afterwards.
    """
    names = {full_name(name) for name in services}
    if any(name.endswith(".target") for name in names):
        return []
    return [user for user in users if not (names and any(map(_CONTAINER.search, user.get("cgroups") or ())))
            and names.isdisjoint(part for path in user.get("cgroups") or () for part in path.split("/"))]


def told(users, most=5):
    """Return these processes in words, without what they belong to."""
    more = len(users) - most
    words = ", ".join("%s (pid %d)" % (user["name"], user["pid"]) for user in users[:most])
    return words + (" and %d more" % more if more > 0 else "")
