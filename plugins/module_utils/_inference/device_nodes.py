# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The device nodes of the RKNPU driver, and whether this process may use them."""

from __future__ import annotations

import grp
import os
import re


def device_nodes(sys="/sys", dev="/dev"):
    """Return the driver's device nodes, found by their device: [{path, exists, open (this process may use it), group}].

    Card and render nodes: the vendor's runtime 1.5.2 opens card nodes only (observed), which belong to another group.
    A driver built for DMA_HEAP has the node /dev/rknpu.
    """
    nodes = []
    base = os.path.join(sys, "class/drm")
    try:
        names = sorted(os.listdir(base))
    except OSError:
        names = []
    for name in names:
        if not re.match(r"(?:card|renderD)\d{1,4}\Z", name):
            continue
        try:
            with open(os.path.join(base, name, "device/uevent"), encoding="utf-8", errors="replace") as stream:
                uevent = stream.read(4096).splitlines()
        except OSError:
            continue
        if "DRIVER=RKNPU" in uevent:
            nodes.append(_node(os.path.join(dev, "dri", name)))
    if os.path.exists(os.path.join(sys, "class/misc/rknpu")):
        nodes.append(_node(os.path.join(dev, "rknpu")))
    return nodes


def _node(path):
    return {"path": path, "exists": os.path.exists(path), "open": os.access(path, os.R_OK | os.W_OK),
            "group": _group(path)}


def _group(path):
    """Return the name of the group a node belongs to, or None."""
    try:
        return grp.getgrgid(os.stat(path).st_gid).gr_name
    except (OSError, KeyError):
        return None
