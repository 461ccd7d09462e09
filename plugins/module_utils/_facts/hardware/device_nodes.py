# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The device nodes of the NPU: those of its devices in /sys, whatever /dev has under their names."""

from __future__ import annotations

import grp
import os
import re
import stat

NODE_DMA_HEAP = "/dev/rknpu"
_MISC = "/sys/class/misc/rknpu"
_DRM = re.compile(r"(card|render)D?\d{1,4}\Z")


def read(tree):
    """Return `[{path, kind, number, target, group, mode, missing}]`: card and render nodes, and /dev/rknpu.

    The vendor's runtime opens the card nodes, other programs the render nodes; they belong to different groups. A
    driver built for DMA_HEAP has /dev/rknpu. A link of that name is listed, too: the runtime takes it for that driver.
    """
    nodes = []
    for name in tree.names("/sys/class/drm"):
        match, base = _DRM.match(name), "/sys/class/drm/" + name
        # Ports to mainline's nodes have one device for all cores, called rknpu (lurenJBD/rk3588-rknn-core).
        if match and (tree.linked_name(base + "/device") == "rknpu"
                      or "DRIVER=RKNPU" in (tree.text(base + "/device/uevent", 4096) or "").splitlines()):
            nodes.append(_node(tree, "/dev/dri/" + name, match.group(1), base))
    if tree.exists(_MISC) or tree.exists(NODE_DMA_HEAP) or tree.link(NODE_DMA_HEAP):
        nodes.append(_node(tree, NODE_DMA_HEAP, "misc", _MISC))
    return nodes


def _node(tree, path, kind, base):
    node = {"path": path, "kind": kind, "number": tree.line(base + "/dev", 16), "target": tree.link(path),
            "group": None, "mode": None, "missing": False}
    try:
        status = os.stat(tree.real(path))
    except OSError:
        return dict(node, missing=tree.exists(base))
    try:
        group = grp.getgrgid(status.st_gid).gr_name
    except KeyError:
        group = str(status.st_gid)
    return dict(node, group=group, mode=f"{stat.S_IMODE(status.st_mode):04o}")


def usable(nodes):
    """Return the path of the node through which the driver is queried, or None."""
    found = [node["path"] for node in nodes if node["kind"] == "render"]
    found += [node["path"] for node in nodes if node["kind"] == "misc" and not node["target"]]
    return found[0] if found else None
