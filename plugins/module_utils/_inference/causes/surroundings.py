# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What of a board explains a failed inference beside its device nodes. Only read after a failure."""

from __future__ import annotations

import os
import re

from ..._board.tree import Tree
from ..._facts.hardware import device_tree
from ..device_nodes import may_open

_HEAP = "/dev/dma_heap/system"
_RUNTIME = "librknnrt.so"
_FOLDERS = ("/usr/lib", "/usr/lib64", "/usr/lib/aarch64-linux-gnu", "/usr/local/lib", "/lib64")
_VERSIONS = ("/sys/kernel/debug/rknpu/version", "/proc/rknpu/version", "/sys/module/rknpu_dkms/version",
             "/sys/module/rknpu/version")
_VERSION = re.compile(r"(?:^|\bv)(\d{1,4}\.\d{1,4}\.\d{1,4})\s*\Z")
_BOUND = f"/sys/bus/platform/drivers/{device_tree.PLATFORM_DRIVER}"


def core_count(known, root="/"):
    """Return the number of cores of the NPU: what the driver says, which knows of fused ones, else `known`, else 1."""
    tree = Tree(root)
    load = tree.text("/sys/kernel/debug/rknpu/load", 4096) or tree.text("/proc/rknpu/load", 4096) or ""
    return len(re.findall(r"\bCore[0-9]:", load)) or (1 if load.strip() else known or 1)


def surroundings(library, root="/", user=None):
    """Return what explains a failure; None for what cannot be read.

    Args:
        library: path of the runtime that was asked for.
        root: folder of a recorded board instead of the running one.
        user: the Account as which it was run, None for this process.

    Returns:
        `rknpu_link` (target of the link /dev/rknpu), `heap` (whether /dev/dma_heap/system exists), `heap_open`
        (whether the user may open it), `iommu` (whether the
        NPU has one), `npu_node` (`okay`, `disabled` or `missing`: the device tree's node for the vendor's driver),
        `disabled_node` (its name), `bound` (device that the vendor's driver serves), `version` (of that driver),
        `soc` (`rk3588`), `memory` (MiB), `elsewhere` (another librknnrt.so), `root` (whether this process is root).
    """
    tree = Tree(root)
    board, device = device_tree.read_board(tree), device_tree.read_device(tree)
    described = bool(device["node"]) and device_tree.is_rknpu(device["compatible"])
    disabled = described and device["status"] not in ("ok", "okay")
    bound = [name for name in tree.names(_BOUND) if "npu" in name]
    memory = re.search(r"^MemTotal:\s{0,20}([0-9]{1,12}) kB", tree.text("/proc/meminfo", 4096) or "", re.MULTILINE)
    versions = [tree.text(path, 4096) or "" for path in _VERSIONS]
    copies = [os.path.join(folder, _RUNTIME) for folder in _FOLDERS]
    return {
        "rknpu_link": (tree.link("/dev/rknpu") or "")[:200] or None,
        "heap": tree.exists(_HEAP),
        "heap_open": may_open(tree.real(_HEAP), user) if tree.exists(_HEAP) else None,
        "iommu": tree.exists(f"{_BOUND}/{bound[0]}/iommu_group") if bound else None,
        "npu_node": ("disabled" if disabled else "okay" if described else "missing") if board["compatible"] else None,
        "disabled_node": os.path.basename(device["node"]) if disabled else None,
        "bound": bound[0] if bound else None,
        "version": next((match.group(1) for match in map(_VERSION.search, versions) if match), None),
        "soc": board["soc"],
        "memory": int(memory.group(1)) >> 10 if memory else None,
        "elsewhere": next((path for path in copies if path != library and tree.exists(path)), None),
        "root": os.geteuid() == 0,
    }
