# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The NPU's device nodes as a process meets them: whether it, or a user of the board, may open them."""

from __future__ import annotations

import os
import stat

from .._board.tree import Tree
from .._facts.hardware import device_nodes as _nodes


def device_nodes(sys="/sys", dev="/dev", user=None):
    """Return the nodes of _facts.device_nodes.read() with `exists` and `open` (whether they may be opened).

    Args:
        user: an Account; without one it is about this process.
    """
    tree = Tree("/", sys=sys, dev=dev) if (sys, dev) != ("/sys", "/dev") else Tree()
    # Another file or link called /dev/rknpu is no node of the driver; surroundings() has such a link.
    driver = tree.exists("/sys/class/misc/rknpu")
    return [dict(node, exists=node["mode"] is not None, open=may_open(tree.real(node["path"]), user))
            for node in _nodes.read(tree) if node["kind"] != "misc" or (driver and not node["target"])]


def may_open(path, user):
    """Return whether this process, or an Account, may read and write a file; False if it is not there."""
    if user is None:
        return os.access(path, os.R_OK | os.W_OK)
    try:
        status = os.stat(path)
    except OSError:
        return False
    return mode_allows(stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid, user)


def mode_allows(mode, uid, gid, user):
    """Return whether a user may read and write a file by its mode and owners; access control lists do not count."""
    if user.uid == uid:
        return mode & 0o600 == 0o600
    if gid in user.groups:
        return mode & 0o060 == 0o060
    return mode & 0o006 == 0o006
