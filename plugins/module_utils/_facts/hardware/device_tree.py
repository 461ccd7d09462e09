# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Facts from the device tree: the board, its SoC and the NPU node."""

from __future__ import annotations

import re

from ..._board.tree import clean

_SOC = re.compile(r"rockchip,(r[kv]\d{4}\w*)\Z")
_NODE = re.compile(r"(?:rk)?npu@([0-9a-f]{1,16})\Z")
PLATFORM_DRIVER = "RKNPU"
KEYS = ("node", "address", "status", "name", "driver", "override", "deferred", "iommu", "compatible")
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


def _describe(tree, base, node, name):
    device = {"node": clean(node), "address": None, "compatible": _property(tree, base + node + "/compatible"),
              "status": _first(_property(tree, base + node + "/status")) or "okay", "name": None, "driver": None,
              "override": None, "deferred": None, "iommu": None}
    device["address"] = name.split(".")[0]
    folder = "/sys/bus/platform/devices/" + name
    if tree.exists(folder):
        override = tree.line(folder + "/driver_override", 64)
        device.update(name=name, driver=tree.linked_name(folder + "/driver"),
                      override=None if override in (None, "", "(null)") else override)
    for line in (tree.text("/sys/kernel/debug/devices_deferred", 65536) or "").splitlines():
        if line.split()[:1] == [name]:
            device["deferred"] = clean(line[len(name):]) or "no reason given"
    # The IOMMU is within the same 64 KiB on all SoCs, beside the NPU in the tree.
    beside = node.rpartition("/")[0]
    for other in tree.names(base + beside):
        if other.startswith("iommu@" + device["address"][:-4]):
            device["iommu"] = _first(_property(tree, "%s%s/%s/status" % (base, beside, other))) or "okay"
            break
    return device


def read_device(tree):
    """Return the NPU's node with its platform device and bound driver, None for what does not exist.

    override is the driver that the owner reserves the device for, deferred why its probe was put off (root only), iommu
    the status of the IOMMU's node.
    """
    base = next((root for root in _ROOTS if tree.exists(root)), None)
    found = {}
    for node in _nodes(tree, base) if base else ():
        match = _NODE.match(node.rsplit("/", 1)[1])
        name = "%s.%s" % (match.group(1), match.group(0).split("@")[0])
        found[name] = _describe(tree, base, node, name)
    # A driver that answers counts, whatever the node is called. Then the vendor's description wins:
    # a tree may carry both, one of them disabled.
    return min(found.values(), default=dict(dict.fromkeys(KEYS), compatible=[]), key=lambda device: (
        device["driver"] != PLATFORM_DRIVER, not is_rknpu(device["compatible"]), not is_rocket(device["compatible"]),
        device["node"]))
