# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Facts from the device tree: the board, its SoC and the NPU node."""

from __future__ import annotations

import re

from .._board.tree import clean

_SOC = re.compile(r"rockchip,(r[kv]\d{4}[a-z]?)\Z")
_NODE = re.compile(r"(?:rk)?npu@([0-9a-f]{1,16})\Z")
_ROOTS = ("/proc/device-tree", "/sys/firmware/devicetree/base")


def strings(data):
    """Return the NUL-terminated strings of a device tree property: at most 16, each cleaned and bounded."""
    return [text for text in (clean(part) for part in bytes(data or b"")[:4096].split(b"\0")[:16]) if text]


def soc(compatible):
    """Return the SoC in a board's compatible list (`rk3588`, `rk3588s`, ...), the most specific first, or None."""
    for entry in compatible:
        match = _SOC.match(entry)
        if match:
            return match.group(1)
    return None


def is_rocket(compatible):
    """Return whether a node is for mainline's `rocket` driver; both drivers' nodes have the same address."""
    return any(entry.endswith("-rknn-core") for entry in compatible)


def is_rknpu(compatible):
    """Return whether a node is for the vendor's driver."""
    return any(entry.startswith("rockchip,") and entry.endswith("rknpu") for entry in compatible)


def _property(tree, path):
    return strings(tree.data(path, 4096))


def _first(values):
    return values[0] if values else None


def _nodes(tree, base):
    """Return the paths below base of all nodes npu@..., at the root or on a bus (`soc`)."""
    for name in tree.names(base):
        if _NODE.match(name):
            yield "/" + name
        elif name == "soc" or name.startswith("soc@"):
            for below in tree.names("%s/%s" % (base, name)):
                if _NODE.match(below):
                    yield "/%s/%s" % (name, below)


def read_board(tree):
    """Return model, compatible list, SoC and serial number: None and an empty list without a device tree."""
    base = next((root for root in _ROOTS if tree.exists(root)), None)
    if base is None:
        return {"model": None, "compatible": [], "soc": None, "serial": None}
    compatible = _property(tree, base + "/compatible")
    return {
        "model": _first(_property(tree, base + "/model")),
        "compatible": compatible,
        "soc": soc(compatible),
        "serial": _first(_property(tree, base + "/serial-number")),
    }


def read_device(tree):
    """Return the NPU's node with its platform device and bound driver, None for what does not exist."""
    device: dict = {"node": None, "address": None, "compatible": [], "status": None, "name": None, "driver": None}
    base = next((root for root in _ROOTS if tree.exists(root)), None)
    if base is None:
        return device
    found = [(node, _property(tree, base + node + "/compatible")) for node in _nodes(tree, base)]
    # The vendor's description wins: a tree may carry both, one of them disabled.
    found.sort(key=lambda item: (not is_rknpu(item[1]), not is_rocket(item[1]), item[0]))
    if not found:
        return device
    node, compatible = found[0]
    name = node.rsplit("/", 1)[1]
    address = _NODE.match(name).group(1)
    device.update(node=clean(node), address=address, compatible=compatible)
    device["status"] = _first(_property(tree, base + node + "/status")) or "okay"
    platform = "%s.%s" % (address, name.split("@")[0])
    folder = "/sys/bus/platform/devices/" + platform
    if tree.exists(folder):
        device["name"] = platform
        device["driver"] = tree.linked_name(folder + "/driver")
    return device
