# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What the kernel log adds to the diagnosis of a failed inference."""

from __future__ import annotations

import json

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._board.tree import Tree
from ansible_collections.rkfleet.npu.plugins.module_utils._facts import kernel_log
from ansible_collections.rkfleet.npu.plugins.module_utils._inference.account import Account
from ansible_collections.rkfleet.npu.plugins.module_utils._inference.verify import observation
from ansible_collections.rkfleet.npu.plugins.plugin_utils._answers import gate
from ansible_collections.rkfleet.npu.plugins.plugin_utils._facts import kernel_cause, verification

SUBMIT = "E RKNN: [09:58:09.675] failed to submit!, op id: 1, op name: Conv:x, flags: 0x5, task start: 0"
NO_DEVICE = "E RKNN: [15:43:06.513] failed to open rknn device!"
UNKNOWN = "E RKNN: [15:43:26.872] the stars are not right"
LAYER = "E RKNN: [15:43:26.872] Unsupport CPU op: CumSum in this librknnrt.so"
MODEL = "E RKNN: [15:43:26.872] Invalid RKNN model version 6"
MEMORY_LINE = "E RKNN: [15:43:27.397] failed to allocate handle, ret: -1, errno: %d, errstr: %s"
LOADER = "librknnrt.so: cannot open shared object file: No such file or directory"
BEGIN, END = "[  100.000000] " + kernel_log.MARK % 180 + "\n", "[  110.000000] " + kernel_log.MARK % 0 + "\n"
LOADED = "[    3.000000] [drm] Initialized rknpu 0.9.8 20240828 for fdab0000.npu on minor 1\n"
TIMEOUT = "[  106.000001] RKNPU: job timeout, flags: 0x0:\n"
WAIT = "[  106.000001] RKNPU: failed to wait job, task counter: 0, flags: 0x5, ret = -110\n"
FAULT = "[  101.000001] rk_iommu fdab9000.iommu: Page fault at 0x0000000000001000 of type read\n"
POWER = "[  101.000001] RKNPU fdab0000.npu: RKNPU: failed to get pm runtime for npu0, ret: -110\n"
PROBE = "[    3.000001] RKNPU: probe of fdab0000.npu failed with error -110\n"
MEMORY = "[  101.000001] RKNPU fdab0000.npu: RKNPU: failed to allocate non-contiguous 59187712 buffer.\n"
HEAP = "[    2.000001] RKNPU fdab0000.npu: RKNPU: failed to find cma heap\n"
LAYOUT = "[    2.000001] rknpu: disagrees about version of symbol module_layout\n"
SPACE = "[  101.000001] RKNPU: failed to allocate IOVA: -12\n"
DOMAIN = "[  101.000001] RKNPU: switch iommu domain time out\n"
OOPS = "[  101.500001] pc : rknpu_job_subcore_commit+0x48/0x1f0\n"
IRQ = ("[    3.000001] RKNPU fdab0000.npu: error -EINVAL: request_irq(147) rknpu_core1_irq_handler [rknpu]\n"
       "[    3.000002] RKNPU fdab0000.npu: probe with driver RKNPU failed with error -22\n")
DENIED = ('[  101.000001] audit: type=1400 audit(1.1:22): apparmor="DENIED" operation="open" profile="docker-default" '
          'name="/dev/rknpu" pid=812\n')
SIGNED = "[    2.000001] rknpu: Loading of module with unavailable key is rejected\n"
OLD_FAULT = FAULT.replace("101.000001", " 50.000001")


def outcome(stage="rknn_run", code=-1, log=(), **changes):
    return {"stage": stage, "code": code, "error": None, "signal": None, "timed_out": False, "stuck": False,
            "timeout": 60, "sdk_version": None, "driver_version": "0.9.6", "top": None, "differs": None, "elapsed": [],
            "log": list(log), **changes}


@pytest.fixture
def explained(tmp_path):
    """The answer of module rknn_mobilenet for an outcome, on a board with a kernel log."""

    def judge(result, log, user=None):
        (tmp_path / "dev").mkdir()
        (tmp_path / "dev/kmsg").write_text(log)
        answer = {"observed": observation(result, user=user),
                  "kernel_log": kernel_log.of_failure(Tree(str(tmp_path)), "fdab0000")}
        answer = gate.validated("rknn_mobilenet", json.loads(json.dumps(answer)))
        return kernel_cause.explained(verification.judged(answer, {"wanted_driver": "0.9.6"}))

    return judge


@pytest.mark.parametrize("result, log, name, evidence, remedy", [
    # A submit that failed: the log says why.
    (outcome(log=[SUBMIT]), LOADED + BEGIN + FAULT + TIMEOUT + END, "driver",
     "kernel log: rk_iommu fdab9000.iommu: Page fault", "an address that the IOMMU does not map"),
    (outcome(log=[SUBMIT]), LOADED + BEGIN + POWER + END, "device", "failed to submit!, op id: 1", "no power"),
    (outcome(log=[SUBMIT]), LOADED + BEGIN + TIMEOUT + END, "driver", "kernel log: RKNPU: job timeout",
     "version is not the cause"),
    # A bare return code, and no line of the runtime.
    (outcome(stage="rknn_init"), LOADED + BEGIN + MEMORY + END, "memory", "kernel log: RKNPU fdab0000.npu",
     "free memory"),
    (outcome(timed_out=True), LOADED + BEGIN + POWER + END, "device", "no answer within 60 s", "power domain"),
    # No device: the driver did not start.
    (outcome(stage="rknn_init", log=[NO_DEVICE]), PROBE, "device",
     "probe of fdab0000.npu failed with error -110", "did not come up"),
    # A driver that another one can replace, and a module for another kernel.
    (outcome(stage="rknn_init", log=[NO_DEVICE]), HEAP + PROBE, "driver", "failed to find cma heap", "built for DRM"),
    (outcome(stage="rknn_init", log=[NO_DEVICE]), LAYOUT, "driver", "disagrees about version", "for this kernel"),
    (outcome(stage="rknn_init", log=[NO_DEVICE]), LAYOUT.replace("rknpu:", "rknpu_dkms:"), "driver",
     "rknpu_dkms: disagrees about version", "for this kernel"),
    # A module that was left over, while a driver works.
    (outcome(log=[SUBMIT]), LOADED + LAYOUT + BEGIN + WAIT + END, "driver", "kernel log: RKNPU: failed to wait job",
     "version is not the cause"),
    # The address space is full: another driver makes it no larger.
    (outcome(stage="rknn_init"), LOADED + BEGIN + SPACE + END, "memory", "failed to allocate IOVA", "end other"),
    (outcome(log=[SUBMIT]), LOADED + BEGIN + DOMAIN + END, "driver", "switch iommu domain time out", "reboot"),
    # The kernel crashed because the NPU had no power.
    (outcome(code=None, signal=11), LOADED + BEGIN + POWER + OOPS + END, "device", "failed to get pm runtime",
     "no power"),
    (outcome(code=None, signal=11), LOADED + BEGIN + OOPS + TIMEOUT + END, "driver", "rknpu_job_subcore_commit",
     "another release"),
    (outcome(stage="rknn_init", log=[NO_DEVICE]), IRQ, "device", "request_irq(147)", "interrupts of the NPU's node"),
    (outcome(stage="rknn_init", log=[NO_DEVICE]), LOADED + BEGIN + DENIED + END, "device", "apparmor", "in the policy"),
    # A line of the runtime that no row knows, and the kernel knows more.
    (outcome(log=[UNKNOWN]), LOADED + BEGIN + FAULT + TIMEOUT + END, "driver", "the stars are not right; rknn_run",
     "an address that the IOMMU does not map"),
    (outcome(log=[UNKNOWN]), LOADED + BEGIN + POWER + END, "device", "failed to get pm runtime", "no power"),
    (outcome(code=None, log=[UNKNOWN]), LOADED + BEGIN + POWER + END, "device",
     "the stars are not right; rknn_run gave no answer", "no power"),
    # The driver has no memory because of another fault.
    (outcome(stage="rknn_init", code=None, signal=11, log=[MEMORY_LINE % (22, "Invalid argument")]),
     LOADED + BEGIN + DOMAIN + END, "driver", "errno: 22", "reboot"),
])
def test_the_kernel_log_explains_a_failure(explained, result, log, name, evidence, remedy):
    found = explained(result, log)
    assert found["diagnosis"] == name and evidence in found["evidence"] and remedy in found["remedy"]
    assert "kernel log: " in found["evidence"]
    assert "kernel_log" not in found


@pytest.mark.parametrize("result, log, name, evidence, remedy", [
    # Error 12 is that of memory itself.
    (outcome(stage="rknn_init", code=None, signal=11, log=[MEMORY_LINE % (12, "Cannot allocate memory")]),
     LOADED + BEGIN + POWER + END, "memory", "errno: 12", "free memory"),
    # What was logged before this inference says nothing of it.
    (outcome(log=[SUBMIT]), LOADED + OLD_FAULT + BEGIN + END, "driver", "failed to submit!",
     "version is not the cause"),
    (outcome(stage="rknn_init"), LOADED, "runtime", "rknn_init returned -1", "install the runtime"),
    (outcome(log=[UNKNOWN]), LOADED + BEGIN + END, "model", "the stars are not right; rknn_run returned -1",
     "driver is not at fault"),
    # Nor does a log of the kernel change what the runtime or the loader says itself.
    (outcome(log=[LAYER]), LOADED + BEGIN + FAULT + END, "model", "Unsupport CPU op: CumSum", "convert it again"),
    (outcome(stage="dlopen", code=None, error=LOADER), LOADED + BEGIN + FAULT + END, "runtime",
     "cannot open shared object", "install"),
    (outcome(stage="rknn_init", log=[MODEL]), LOADED + BEGIN + FAULT + END, "runtime",
     "Invalid RKNN model version 6", "too old for model format 6"),
])
def test_the_kernel_log_changes_nothing(explained, result, log, name, evidence, remedy):
    found = explained(result, log)
    assert found["diagnosis"] == name and evidence in found["evidence"] and remedy in found["remedy"]
    assert "kernel log: " not in found["evidence"] and "kernel_log" not in found


@pytest.mark.parametrize("result, log, name, changes", [
    # The kernel log shows that no other driver or runtime helps.
    (outcome(log=[SUBMIT], driver_version="0.9.3"), LOADED + BEGIN + POWER + END, "device", "nothing"),
    (outcome(stage="rknn_init"), LOADED + BEGIN + MEMORY + END, "memory", "nothing"),
    (outcome(timed_out=True), LOADED + BEGIN + POWER + END, "device", "nothing"),
    (outcome(code=None, signal=11), LOADED + BEGIN + POWER + OOPS + END, "device", "nothing"),
    # Only a reboot clears the IOMMU's domains, in every release (rockchip-linux/kernel#387).
    (outcome(log=[SUBMIT], driver_version="0.9.3"), LOADED + BEGIN + DOMAIN + END, "driver", "nothing"),
    (outcome(stage="rknn_init", log=[NO_DEVICE]), SIGNED, "driver", "nothing"),
    # Or that another driver does.
    (outcome(stage="rknn_init", log=[NO_DEVICE]), HEAP + PROBE, "driver", "driver"),
    (outcome(stage="rknn_init", log=[NO_DEVICE]), LAYOUT, "driver", "driver"),
    (outcome(log=[UNKNOWN]), LOADED + BEGIN + FAULT + TIMEOUT + END, "driver", "driver"),
    # Or nothing new.
    (outcome(log=[SUBMIT]), LOADED + BEGIN + TIMEOUT + END, "driver", "driver"),
    (outcome(stage="rknn_init"), LOADED, "runtime", "runtime"),
])
def test_what_may_be_changed_is_that_of_the_kernel_logs_cause(explained, result, log, name, changes):
    found = explained(result, log)
    assert (found["diagnosis"], found["may_change"]) == (name, changes)


@pytest.mark.parametrize("result, log, evidence", [
    (outcome(stage="rknn_init"), LOADED + BEGIN + DENIED + END, "as user anna: rknn_init returned -1 (failed); kernel"),
    (outcome(log=[SUBMIT]), LOADED + BEGIN + POWER + END, "as user anna: failed to submit!"),
    (outcome(log=[UNKNOWN]), LOADED + BEGIN + POWER + END, "as user anna: the stars are not right"),
])
def test_the_kernel_log_explains_the_failure_of_another_user(explained, result, log, evidence):
    found = explained(result, log, Account("anna", 1000, 1000, ()))
    assert found["evidence"].startswith(evidence) and "kernel log: " in found["evidence"]
    assert (found["diagnosis"], found["may_change"]) == ("device", "nothing")
