# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What of a board explains a failed inference beside its device nodes. Only read after a failure."""

from __future__ import annotations

import glob
import os
import re

_RUNTIME = "librknnrt.so"
_FOLDERS = ("/usr/lib", "/usr/lib64", "/usr/lib/aarch64-linux-gnu", "/usr/local/lib", "/lib64")
_NODES = ("*npu*@*", "soc*/*npu*@*")
_DT = "/proc/device-tree"
_RK356X = ("rk3562", "rk3566", "rk3568")


def core_count(known, root=""):
    """Return the number of cores of the NPU: what the driver says, which knows of fused ones, else `known`, else 1."""
    load = _text(root + "/sys/kernel/debug/rknpu/load")
    return len(re.findall(r"\bCore[0-9]:", load)) or (1 if load.strip() else known or 1)


def surroundings(library, root=""):
    """Return what explains a failure; None for what cannot be read.

    Args:
        library: path of the runtime that was asked for.
        root: folder of a recorded board instead of the running one.

    Returns:
        `rknpu_link` (target of the link /dev/rknpu), `heap` (whether /dev/dma_heap/system exists), `iommu` (whether the
        NPU has one), `npu_node` (`okay`, `disabled` or `missing`: the device tree's node for the vendor's driver),
        `disabled_node` (its name), `soc` (`rk3588`), `memory` (MiB), `elsewhere` (another librknnrt.so).
    """
    found: dict = {"rknpu_link": None, "disabled_node": None, "soc": None, "memory": None, "npu_node": None}
    if os.path.islink(root + "/dev/rknpu"):
        found["rknpu_link"] = os.readlink(root + "/dev/rknpu")[:200]
    found["heap"] = os.path.exists(root + "/dev/dma_heap/system")
    bound = glob.glob(root + "/sys/bus/platform/drivers/RKNPU/*npu*")
    found["iommu"] = os.path.exists(bound[0] + "/iommu_group") if bound else None
    match = re.search(r"rockchip,(rk[0-9]{4}[a-z]?)", " ".join(reversed(_strings(root + _DT + "/compatible"))))
    found["soc"] = match.group(1) if match else None
    match = re.search(r"^MemTotal:\s{0,20}([0-9]{1,12}) kB", _text(root + "/proc/meminfo"), re.MULTILINE)
    found["memory"] = int(match.group(1)) >> 10 if match else None
    if os.path.isdir(root + _DT):
        found["npu_node"] = "missing"
        for node in sorted(path for pattern in _NODES for path in glob.glob(root + _DT + "/" + pattern)):
            if any(entry.endswith("rknpu") for entry in _strings(node + "/compatible")):
                status = (_strings(node + "/status") or ["okay"])[0]
                found["npu_node"] = "okay" if status in ("ok", "okay") else "disabled"
                found["disabled_node"] = None if found["npu_node"] == "okay" else os.path.basename(node)
                break
    copies = [os.path.join(folder, _RUNTIME) for folder in _FOLDERS]
    found["elsewhere"] = next((path for path in copies if path != library and os.path.exists(root + path)), None)
    return found


def _text(path):
    try:
        with open(path, "rb") as stream:
            return stream.read(4096).decode("utf-8", "replace")
    except OSError:
        return ""


def _strings(path):
    return [text for text in _text(path).split("\0") if text]
