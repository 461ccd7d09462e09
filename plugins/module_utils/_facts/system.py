# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Facts on the system: whether it runs on the board itself, its C library, and what blocks a module."""

from __future__ import annotations

import os
import re

from .._board.tree import clean
from . import storage

# Where engines keep the layers of a container's root file system.
_ENGINES = (("/docker/", "docker"), ("/containerd", "containerd"), ("/containers/storage/", "podman"))
_CGROUP = re.compile(r"/(?:docker|kubepods|libpod|lxc|containerd|crio|garden)\b")
_INITIAL_PID = "pid:[4026531836]"  # PROC_PID_INIT_INO of the kernel
_BOUND = ("/etc/hosts", "/etc/hostname", "/etc/resolv.conf")
_BLOCK = re.compile(r"^[ \t]*(blacklist|install)[ \t]+(rknpu(?:[-_]dkms)?)(?:[ \t]+(\S[^\n]*))?[ \t]*$", re.MULTILINE)
_OURS = "/run/modprobe.d/rkfleet-npu.conf"


def read_container(tree):
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


def read_libc(tree):
    """Return the C library by its dynamic loader, `glibc`, `musl` or `uclibc`; None if none is found."""
    names, glibc = tree.names("/lib") + tree.names("/lib64"), "ld-linux-aarch64.so.1"
    # A compatibility layer (gcompat) links glibc's name to musl's loader.
    if glibc in names and not re.search("musl|gcompat", tree.link("/lib/" + glibc) or ""):
        return "glibc"
    return next((kind.lower() for kind in ("musl", "uClibc")
                 if any(name.startswith("ld-" + kind) for name in names)), None)


def read_modprobe(tree):
    """Return `[{path, module, text}]`, at most 10: the lines of others that keep an NPU module from being loaded."""
    lines, known = [], {_OURS}
    for folder in ("/etc/modprobe.d", "/run/modprobe.d", "/usr/lib/modprobe.d", "/lib/modprobe.d"):
        for name in tree.names(folder):
            path = folder + "/" + name
            # A file hides those of its name in later folders; a link to /dev/null does only that.
            if name.endswith(".conf") and not known & {name, path}:
                known.add(name)
                text = "" if tree.link(path) == "/dev/null" else tree.text(path, 65536) or ""
                lines += [{"path": clean(path), "module": match.group(2).replace("-", "_"),
                           "text": clean(match.group(0))} for match in _BLOCK.finditer(text)]
    return lines[:10]
