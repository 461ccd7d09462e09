# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Logs of the runtime from public reports, each with the diagnosis that is right; personal details are replaced.

A file for each subject. Where no report is named, a log is of a public file, or the line is in the vendor's libraries:
"1.4.0", "1.5.2", "2.3.2" and "mini" (2.3.2 for RV1103 and RV1106), "lite2" is rknn-toolkit-lite2.
"""

from __future__ import annotations

from . import (
    calls,
    crashes,
    devices,
    ends,
    harmless,
    jobs,
    layers,
    loading,
    memory,
    models,
    programs,
    rkllm,
    surrounded,
)
from .values import EXPECTED, INSMOD, NODES, RIGHT, SUBMIT, ZEROS, errno

__all__ = ["INSMOD", "LOGS", "NODES", "RIGHT", "SURROUNDINGS", "ZEROS", "outcome_and_facts"]

# source; what else is known; stage; log; diagnosis; in evidence; in remedy; not in remedy; what an upgrade may change,
# where that is not what it may because of the diagnosis
LOGS = [(*row, None)[:9] for subject in (
    jobs, devices, memory, models, layers, calls, loading, programs, rkllm, crashes, harmless, surrounded, ends)
    for row in subject.LOGS]


def outcome_and_facts(known, stage, log):
    """Return an inference that stopped in *stage* with code -1, and the facts of a board; both with what is *known*."""
    outcome = {
        "stage": stage, "code": -1, "error": None, "signal": None, "timed_out": False, "stuck": False, "timeout": 60,
        "sdk_version": None, "driver_version": None, "top": None, "differs": None, "elapsed": [], "log": log,
    }
    facts = {
        "library": "/usr/lib/librknnrt.so", "expected": EXPECTED, "tolerance": 0.00390625, "wanted_driver": "0.9.6",
        "kernel": "6.1.84-1-rk2312", "nodes": NODES,
    }
    for name, value in known.items():
        (outcome if name in outcome else facts)[name] = value
    return outcome, facts


# what is known of the board, log, in evidence, in remedy
SURROUNDINGS = [
    ({"rknpu_link": "/dev/dri/renderD129"}, ["E RKNN: Meet unsupported target type: 0xffffffff"],
     "/dev/rknpu is a link to /dev/dri/renderD129", "remove the link"),
    ({"rknpu_link": "dri/renderD129"}, [errno(25, "Inappropriate ioctl for device")],
     "/dev/rknpu is a link to dri/renderD129", "remove the link"),
    ({"npu_node": "disabled", "disabled_node": "npu@fdab0000"}, INSMOD, "NPU disabled (npu@fdab0000)", "enable"),
    ({"npu_node": "missing"}, INSMOD, "has no node", "board's vendor"),
    # ophub/amlogic-s9xxx-armbian#3123
    ({"npu_node": "okay", "bound": "fde40000.npu", "version": "0.9.8"}, INSMOD,
     "driver 0.9.8 is bound to fde40000.npu and has no device file", "neither for DRM"),
    ({"npu_node": "okay", "bound": "fdab0000.npu"}, INSMOD, "an unknown version is bound to fdab0000.npu", "DMA heap"),
    ({"iommu": False}, [errno(12, "Cannot allocate memory")], "the NPU's IOMMU is off", "cma="),
    ({"iommu": False}, ["E RKNN: failed to allocate handle, ret: -1"], "the NPU's IOMMU is off", "cma="),
    ({"soc": "rk3588", "memory": 16000}, [SUBMIT % "!"], "failed to submit!", "is not the cause: check the kernel"),
    ({"soc": "rk3566", "memory": 2000}, [SUBMIT % "!"], "failed to submit!", "is not the cause: check the kernel"),
    ({"soc": "rk3566", "memory": 8000}, [SUBMIT % "!"], "failed to submit!", "mem=3840M"),
]
