# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Facts on the system: whether it runs on the board itself."""

from __future__ import annotations

import os
import re

from .hardware import storage

# Where engines keep the layers of a container's root file system.
_ENGINES = (("/docker/", "docker"), ("/containerd", "containerd"), ("/containers/storage/", "podman"))
_CGROUP = re.compile(r"/(?:docker|kubepods|libpod|lxc|containerd|crio|garden)\b")
_INITIAL_PID = "pid:[4026531836]"  # PROC_PID_INIT_INO of the kernel
_BOUND = ("/etc/hosts", "/etc/hostname", "/etc/resolv.conf")


def read(tree):
    """Return the kind of container, `chroot`, or None on the board itself.

    The file /.dockerenv alone proves nothing: images are made from containers, and keep it.
    """
    name = tree.line("/run/systemd/container", 64)
    if name:
        return name
    if tree.exists("/run/.containerenv"):
        return "podman"
    mounts = storage.mounts(tree)
    root = [",".join(mount.options) for mount in mounts if mount.point == "/"]
    for place, engine in _ENGINES if root else ():
        if place in root[-1]:
            return engine
    if tree.exists("/.dockerenv"):
        space = tree.link("/proc/self/ns/pid")
        if (space or _INITIAL_PID) != _INITIAL_PID or _CGROUP.search(tree.text("/proc/1/cgroup", 4096) or "") or any(
                mount.point in _BOUND for mount in mounts):
            return "docker"
    return "chroot" if tree.live and _in_chroot() else None


def _in_chroot():
    """Return whether this process has another root folder than process 1; only root can see that."""
    try:
        first, own = os.stat("/proc/1/root/."), os.stat("/")
    except OSError:
        return not os.path.exists("/proc/self")
    return (first.st_dev, first.st_ino) != (own.st_dev, own.st_ino)
