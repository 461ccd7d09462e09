# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the outcome of an inference can mean: a table with one row per cause. diagnosis.py reads it.

The first row whose conditions all hold is the diagnosis: a new row goes above the less specific ones. The conditions:

stage   the last call begun: `dlopen`, a function of the library, or `done`.
when    names of values (below) that must be set.
line    regular expression for the beginning of a line of the runtime's log, without severity and time; its named groups
        become values.
codes   error codes, one of which the last call returned. With `line`, either is enough.

`when` and the sentences `evidence` (by default the value found) and `remedy` use these values:

from the outcome (see child.infer())   stage, code, error, timed_out, stuck, timeout, differs; answer (the code in
        words), signal (its name), last_line (of the log), top (the first Top5), top1, difference (from the expected)
from the row                           found: the line that matches, else the answer
from the board and its plan            library, driver (version), the_driver ("driver 0.9.3"), wanted_driver, up_to_date
        (the driver is not older than wanted_driver), to_wanted (" to 0.9.6"), on_kernel (" on kernel 6.1.84"), node,
        closed_nodes and closed_groups (device nodes that this process may not open)

`may_change` is what a plan may change because of the row: driver, runtime, model or nothing. The planner reads it
(plugin_utils/_plan/board_state.py). So far every failed inference counts against the driver, which is the default.
"""

from __future__ import annotations

import collections

NAMES = ("ok", "driver", "runtime", "model", "device", "memory", "timeout", "crash")
"""The diagnoses, as module rknn_mobilenet documents them: what is at fault."""

_Row = collections.namedtuple(
    "_Row", "name remedy evidence stage when line codes may_change", defaults=("{found}", None, (), None, (), "driver"))

_KERNEL_LOG = "check the kernel log (dmesg) for %s"
_PLAYBOOK = "playbooks/upgrade-npu.yml"
_UPGRADE = "{on_kernel}: upgrade it{to_wanted} with " + _PLAYBOOK + " (rkfleet.npu.upgrade_npu)"
_CANNOT_RUN_JOBS = "{the_driver} cannot run jobs" + _UPGRADE
_CANNOT_RUN_JOBS_THOUGH_UP_TO_DATE = (
    "{the_driver} is not older than {wanted_driver} but cannot run jobs: "
    + _KERNEL_LOG % "RKNPU and iommu messages, then reboot the board")

_VERSION = r"\d{1,4}\.\d{1,4}\.\d{1,4}"
_MISMATCH = (
    r"Mismatch driver version, .{1,120} requires driver version >= (?P<required>" + _VERSION + r"), "
    r"but you have driver version: (?P<driver>" + _VERSION + r") which is incompatible!\Z")
_NO_DEVICE = r"failed to open (?:\S{1,40} module, need to insmod rknpu dirver!|rknn device!)\Z"
_NO_MEMORY = r"failed to (?:allocate (?:fd|handle)\b|convert (?:fd|handle)\(|map memory\b|malloc npu memory!)"
_SUBMIT = r"failed to submit!, "
_MODEL = (
    r"parseRKNN\b|LoadModel from|Invalid RKNN f(?:ormat|romat)|Verify ModelBuffer failed!|Import rknn model failed!"
    r"|The rknn model does not match the RKNPU hardware version!")

DIAGNOSES = (
    # -- no answer in time
    _Row("timeout", when=("timed_out", "stuck"),
         evidence="no answer within {timeout:g} s, last call: {stage}; "
                  "the process cannot be killed, it hangs in the kernel",
         remedy="reboot the board"),
    _Row("timeout", when=("timed_out",),
         evidence="no answer within {timeout:g} s, last call: {stage}",
         remedy=_KERNEL_LOG % "RKNPU messages, then reboot the board"),
    # -- the inference was completed
    _Row("device", stage="done", when=("differs",),
         evidence="a later run gave {differs}, the first gave {top}",
         remedy="the same picture gives different answers: check power supply, temperature and memory of the board"),
    _Row("model", stage="done", when=("difference",),
         evidence="{difference}",
         remedy="check that model, picture and expected Top5 belong together, and to this SoC and runtime"),
    _Row("ok", stage="done", evidence="Top1 is {top1}", remedy=None, may_change="nothing"),
    _Row("runtime", stage="dlopen", when=("error",),
         evidence="{error}",
         remedy="install a complete {library} for this board with " + _PLAYBOOK),
    # -- what the runtime prints counts more than how it ends: older ones abort after printing the reason
    _Row("driver", line=_MISMATCH, when=("up_to_date",),
         remedy="{the_driver} is not older than {wanted_driver}, but this runtime requires {required}: "
                "choose an older npu_runtime_version or a newer npu_driver_version"),
    _Row("driver", line=_MISMATCH,
         remedy="{the_driver} is older than {required}, which this runtime requires" + _UPGRADE),
    _Row("runtime", line=r"Invalid RKNN model version (?P<format>\d{1,9})\Z",
         remedy="the runtime is too old for model format {format}: update {library}, not the driver"),
    _Row("device", line=_NO_DEVICE, when=("closed_nodes",),
         evidence="{found}; {closed_nodes}: permission denied",
         remedy="run the task with become, or add the user to the group {closed_groups}"),
    _Row("device", line=_NO_DEVICE, when=("node",),
         remedy="the node {node} exists but cannot be used: " + _KERNEL_LOG % "RKNPU messages"),
    _Row("device", line=_NO_DEVICE,
         remedy="no RKNPU driver serves the NPU: the driver is missing or not bound" + _UPGRADE),
    _Row("memory", line=_NO_MEMORY, codes=(-4,),
         remedy="free memory or CMA on the board, and end other processes that use the NPU"),
    _Row("driver", line=_SUBMIT, when=("up_to_date",), remedy=_CANNOT_RUN_JOBS_THOUGH_UP_TO_DATE),
    _Row("driver", line=_SUBMIT, remedy=_CANNOT_RUN_JOBS),
    # -- it ended without printing the reason
    _Row("crash", when=("signal", "last_line"),
         evidence="{signal} in {stage}; last line: {last_line}",
         remedy="check the checksums of {library} and of the model: a damaged or mismatched file crashes the runtime"),
    _Row("crash", when=("signal",),
         evidence="{signal} in {stage}",
         remedy="check the checksums of {library} and of the model: a damaged or mismatched file crashes the runtime"),
    _Row("model", line=_MODEL, codes=(-6, -10, -11, -12, -13),
         remedy="send the model again and check that it is made for this SoC and runtime"),
    _Row("timeout", codes=(-2,),
         remedy=_KERNEL_LOG % "RKNPU job timeouts, then reboot the board"),
    _Row("device", codes=(-3,),
         remedy="check that the driver is bound to the NPU and that its render node exists"),
    _Row("driver", stage="rknn_run", when=("answer", "up_to_date"), remedy=_CANNOT_RUN_JOBS_THOUGH_UP_TO_DATE),
    _Row("driver", stage="rknn_run", when=("answer",), remedy=_CANNOT_RUN_JOBS),
    _Row("runtime", when=("answer",),
         remedy="install the runtime that goes with the driver with " + _PLAYBOOK),
    _Row("model", when=("error",),
         evidence="{error}",
         remedy="use the MobileNet model of the vendor's rknn_mobilenet_demo for this SoC"),
    _Row("crash",
         evidence="the process ended without an answer, last call: {stage}",
         remedy="run the verification again and check the kernel log (dmesg)"),
)


def may_change(name):
    """Return what a plan may change because of a diagnosis: the values of `may_change` in its rows, as a set.

    Args:
        name: a diagnosis as a board's record has it; of an unknown one the driver may be changed.
    """
    return {row.may_change for row in DIAGNOSES if row.name == name} or {"driver"}
