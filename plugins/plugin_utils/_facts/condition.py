# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The condition of the NPU: clock, power, memory and load, from the files that a board has sent."""

from __future__ import annotations

import re

from ...module_utils._board.tree import clean
from ...module_utils._facts.sent import DOMAINS

_DEVFREQ = "/sys/class/devfreq/%s/"
_DEVICE = "/sys/bus/platform/devices/%s/"
_MOST_DOMAINS = 12
_NUMBER = re.compile(r"\d{1,12}", re.ASCII)
_AROUND_LOAD = re.compile(r"^NPU load: *|,$")
_DOMAIN = re.compile(r"^(\w{0,20}npu\w{0,20})\s{1,80}(on|off-?\d{0,3})\b", re.MULTILINE)


def read(tree, device, memory):
    """Return `{hz, lowest_hz, highest_hz, governor, iommu, cma, cma_free, power, domains, load}`, None for the unknown.

    Args:
        tree: a SentFiles.
        device: name of the NPU below /sys/bus/platform/devices, or None.
        memory: as system.read_memory() returns it.
    """
    clock, folder = _DEVFREQ % device, _DEVICE % device
    highest = [_number(word) for word in (tree.line(clock + "available_frequencies", 2000) or "").split()]
    highest = [hz for hz in highest if hz is not None] or [_number(tree.line(clock + "max_freq", 20))]
    load = tree.line("/sys/kernel/debug/rknpu/load", 100) or tree.line("/proc/rknpu/load", 100)
    return {
        "hz": _number(tree.line(clock + "cur_freq", 20)), "lowest_hz": _number(tree.line(clock + "min_freq", 20)),
        "limit_hz": _number(tree.line(clock + "max_freq", 20)),
        "highest_hz": max(highest, key=lambda hz: hz or 0), "governor": tree.line(clock + "governor", 40) or None,
        "iommu": tree.exists(folder + "iommu_group") if device else None,
        "cma": memory["cma"], "cma_free": memory["cma_free"],
        "power": tree.line(folder + "power/runtime_status", 40) or None,
        "domains": _domains(tree.text(DOMAINS, 65536) or ""),
        "load": _AROUND_LOAD.sub("", load) if load else None,
    }


def _number(text):
    return int(text) if _NUMBER.fullmatch(text or "") else None


def _domains(text):
    """Return `[{name, status}]` of the NPU's power domains in the kernel's summary; lines of devices are indented."""
    found = _DOMAIN.findall(text[:65536])
    return [{"name": clean(name), "status": clean(status)} for name, status in found[:_MOST_DOMAINS]]
