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
        words, after the first error in the log), signal (its name), killed (SIGKILL, not by us), last_line (of the
        log), top (the first Top5), top1, difference (from the expected), zeros (all scores are 0 or next to it)
from the loader's error                missing_library, package (of apt), too_old (C or C++ library), not_there (the
        library itself)
from the row                           found: the line that matches, else the answer
from the board and its plan            library, driver (version), the_driver ("driver 0.9.3"), wanted_driver, up_to_date
        (the driver is not older than wanted_driver), wanted_too_old (wanted_driver is older than the runtime's
        `required`), to_wanted (" to 0.9.6"), on_kernel (" on kernel 6.1.84"), node,
        closed_nodes, closed_groups and group_list (device nodes that may not be opened), missing_nodes (not in /dev),
        users (processes that have the NPU open: it was not run), user (as whom it was run, if not as the task's)
from surroundings.py                   rknpu_link (target of /dev/rknpu), no_heap, no_iommu, disabled_node, no_node,
        rk356x, not_rk356x, out_of_reach (page tables may be), elsewhere (another librknnrt.so), bound (device that the
        vendor's driver serves), bound_driver ("driver 0.9.8")

`may_change` is what a plan may change because of the row: driver, runtime or nothing. The planner reads it
(plugin_utils/_plan/board_state.py), and changes a driver only to a newer one.
"""

from __future__ import annotations

import collections
import os

NAMES = ("ok", "driver", "runtime", "model", "device", "memory", "timeout", "crash", "busy")
"""The diagnoses, as module rknn_mobilenet documents them: what is at fault."""

_Row = collections.namedtuple(
    "_Row", "name remedy evidence stage when line codes may_change", defaults=("{found}", None, (), None, (), None))
_MAY_CHANGE = {"driver": "driver", "timeout": "driver", "crash": "driver", "runtime": "runtime"}
"""What a plan may change because of a diagnosis, unless its row says otherwise; because of the others nothing."""

_KERNEL_LOG = "check the kernel log (dmesg) for %s"
_PLAYBOOK = "playbooks/upgrade-npu.yml"
_UPGRADE = "{on_kernel}: upgrade it{to_wanted} with " + _PLAYBOOK + " (rkfleet.npu.upgrade_npu)"
_CANNOT_RUN_JOBS = "{the_driver} cannot run jobs" + _UPGRADE
_OUT_OF_REACH = (
    "on an RK356x with more than 4 GiB of memory the kernel's IOMMU driver may put page tables where the NPU cannot "
    "read them: boot with mem=3840M to see that, and then use a kernel that keeps them below 4 GiB")
_NOT_THE_VERSION = (
    "{the_driver} is not older than {wanted_driver} but cannot run jobs, so its version is not the cause: ")
_LOOK = _KERNEL_LOG % "RKNPU and iommu messages"
_NO_WISH = "{the_driver} cannot run jobs{on_kernel}: " + _LOOK + ", and the releases of the driver for a newer one"
_CMA = (
    "without IOMMU the NPU's memory comes from CMA: enable the NPU's IOMMU in the device tree, "
    "or reserve more with cma= on the kernel command line")
_FREE = (
    "free memory or CMA on the board, and end other processes that use the NPU; if the NPU's IOMMU is off, "
    "enable it in the device tree or reserve more CMA (cma= on the kernel command line)")
_ZEROS = "all 1001 scores are 0 or next to it: the NPU has not written its output"
_APT = "install the package that contains it (apt: {package})"

_VERSION = r"\d{1,4}\.\d{1,4}\.\d{1,4}"
_MISMATCH = (
    r"Mismatch driver version, .{1,120} requires driver version >= (?P<required>" + _VERSION + r"), "
    r"but you have driver version: (?P<driver>" + _VERSION + r") which is incompatible!\Z")
OTHER_RELEASE = (
    r"RKNN Model version: (?P<toolkit>[\d.]{3,14}) not match with rknn runtime version: (?P<release>[\d.]{3,14})\Z")
_NO_DEVICE = (
    r"failed to open (?:\S{1,40} module, need to insmod rknpu dirver!|rknn device!)\Z"
    r"|rknn_init,\s{1,4}driver open fail\b")
_MEMORY = (
    r"failed to (?:allocate (?:fd|handle)\b|convert (?:fd|handle)\(|get map offset\b|(?:map|sync) memory\b"
    r"|malloc npu memory\b|mmap\b)")


def _errno(*numbers):
    """Return the pattern of a failed request for memory, with one of these errors as a number or in words."""
    digits, words = "|".join(map(str, numbers)), "|".join(map(os.strerror, numbers))
    return _MEMORY + r".{0,200}\berrno(?:: (?:" + digits + r")\b| = (?:" + words + r")\Z)"


_SUBMIT = r"failed to submit!?, "
_PLATFORM = (
    r"(?:This rknn model is for|rknn model target platform\[\d{1,2}\] is) (?P<platform>[^\s,]{1,40}), "
    r"(?:but|while) current platform is (?P<found_platform>\S{1,40})")
_MODEL = (
    r"parseRKNN\b|LoadModel from|Invalid RKNN f(?:ormat|romat)|Verify ModelBuffer failed!|Import rknn model failed!"
    r"|The rknn model does not match the RKNPU hardware version!|failed to (?:check rknpu hardware|decode config data)"
    r"|Un(?:known|kown) op target|Unsupport target|Meet unsupported|incompatible model version")
_INPUT = (
    r"rknn_(?:inputs_set|outputs_get|set_io_mem|create_mem\w{0,20}), .{0,80}(?:size|type|fmt|stride|index|num)"
    r"|output\[\d{1,4}\] buf size error")
_NO_SERVER = r"rknn_\w{1,20},\s{1,4}(?:server connect fail\b|recv\(\w{1,20}\) fail\b)|Cannot connect to proxy\b"

DIAGNOSES = (
    # -- it was not run
    _Row("busy", when=("users",),
         evidence="the NPU is in use by {users}",
         remedy="stop it, name its systemd unit in npu_services, or set npu_force to true: "
                "with two programs on the NPU some drivers crash the kernel"),
    # -- no answer in time
    _Row("timeout", when=("timed_out", "stuck"),
         evidence="no answer within {timeout:g} s, last call: {stage}; "
                  "the process cannot be killed, it hangs in the kernel",
         remedy="reboot the board"),
    _Row("timeout", when=("timed_out",),
         evidence="no answer within {timeout:g} s, last call: {stage}",
         remedy=_KERNEL_LOG % "RKNPU messages, then reboot the board"),
    # -- the log is read before the answer is judged: with drivers up to 0.9.1 rknn_run returns 0 though no job ran
    _Row("driver", line=_SUBMIT, when=("up_to_date", "out_of_reach"),
         remedy=_NOT_THE_VERSION + _OUT_OF_REACH + "; otherwise " + _LOOK),
    _Row("driver", line=_SUBMIT, when=("up_to_date",), remedy=_NOT_THE_VERSION + _LOOK + ", then reboot the board"),
    _Row("driver", line=_SUBMIT, when=("to_wanted",), remedy=_CANNOT_RUN_JOBS),
    _Row("driver", line=_SUBMIT, remedy=_NO_WISH),
    # -- the inference was completed
    _Row("device", stage="done", when=("differs",),
         evidence="a later run gave {differs}, the first gave {top}",
         remedy="the same picture gives different answers: check power supply, temperature and memory of the board"),
    _Row("driver", stage="done", when=("difference", "zeros", "up_to_date"), evidence=_ZEROS,
         remedy=_NOT_THE_VERSION + _LOOK + ", then reboot the board"),
    _Row("driver", stage="done", when=("difference", "zeros", "to_wanted"), evidence=_ZEROS, remedy=_CANNOT_RUN_JOBS),
    _Row("driver", stage="done", when=("difference", "zeros"), evidence=_ZEROS, remedy=_NO_WISH),
    _Row("model", stage="done", when=("difference",),
         evidence="{difference}",
         remedy="check that model, picture and expected Top5 belong together, and to this SoC and runtime"),
    _Row("ok", stage="done", evidence="Top1 is {top1}", remedy=None),
    # -- the runtime cannot be loaded
    _Row("runtime", stage="dlopen", when=("error", "missing_library"), may_change="nothing",
         evidence="{error}",
         remedy="{library} is there, but a library that it requires is not: " + _APT),
    _Row("runtime", stage="dlopen", when=("error", "too_old"), may_change="nothing",
         evidence="{error}",
         remedy="the board's {too_old} is older than this release of the runtime requires: "
                "upgrade the OS, or choose an older npu_runtime_version"),
    _Row("runtime", stage="dlopen", when=("error", "not_there", "elsewhere"), may_change="nothing",
         evidence="{error}",
         remedy="the runtime is {elsewhere}: use that path, or link {library} to it"),
    _Row("runtime", stage="dlopen", when=("error",),
         evidence="{error}",
         remedy="install a complete librknnrt.so for this board with " + _PLAYBOOK
                + ", which puts it to {installed_as}"),
    # -- what the runtime prints counts more than how it ends: older ones abort after printing the reason
    _Row("driver", line=_MISMATCH, when=("up_to_date",),
         remedy="{the_driver} is not older than {wanted_driver}, but this runtime requires {required}: "
                "choose an older npu_runtime_version or a newer npu_driver_version"),
    _Row("driver", line=_MISMATCH, when=("wanted_too_old",),
         remedy="{the_driver} is older than {required}, which this runtime requires, and so is {wanted_driver}: "
                "choose a newer npu_driver_version or an older npu_runtime_version"),
    _Row("driver", line=_MISMATCH,
         remedy="{the_driver} is older than {required}, which this runtime requires" + _UPGRADE),
    _Row("runtime", line=r"Invalid RKNN model version (?P<format>\d{1,9})\Z",
         remedy="the runtime is too old for model format {format}: update {library}, not the driver"),
    _Row("runtime", may_change="nothing",
         line=r"rknn_server version is too old\b|rknn_\w{1,20},\s{1,4}msg_\w{1,20} fail\b",
         remedy="update rknn_server together with the runtime (npu_rknn_server) with " + _PLAYBOOK),
    _Row("runtime", may_change="nothing", line=_NO_SERVER,
         remedy="rknn_server does not answer or ended while it loaded the model, which is no fault of the driver: "
                "start it on the board, in the runtime's release (npu_rknn_server)"),
    _Row("runtime", line=r".{0,60}Can not find dynamic library on \w{1,20}!",
         remedy="rknn-toolkit-lite2 finds no librknnrt.so: install it with " + _PLAYBOOK),
    _Row("device", line=r"Meet unsupported target type: 0x[0f]{1,8}\b|.{0,100}hw_version = -1\b|" + _errno(25, 38),
         when=("rknpu_link",),
         evidence="/dev/rknpu is a link to {rknpu_link}; {found}",
         remedy="remove the link /dev/rknpu and the udev rule that makes it: the runtime takes it for another driver"),
    _Row("device", line=r"Meet unsupported target type: 0xf{8}\b|.{0,100}hw_version = -1\b",
         remedy="the driver does not answer as this runtime expects: remove /dev/rknpu and the udev rule that makes "
                "it if it is a link, and start the board again"),
    _Row("runtime", line=r"Meet unsupported target type: 0x[0-9a-f]{1,8}\b|This shared library is .{0,80}hw_version = ",
         remedy="this runtime does not know this NPU: install a release that supports the SoC with " + _PLAYBOOK),
    _Row("device", line=_NO_DEVICE, when=("missing_nodes",),
         evidence="{found}; {missing_nodes}: no such file",
         remedy="the driver is bound, but its node is not in /dev: run udev (udevadm trigger --subsystem-match=drm), "
                "or pass the node into the container"),
    _Row("device", line=_NO_DEVICE, when=("closed_nodes", "user"),
         evidence="{found}; {closed_nodes}: permission denied",
         remedy="run usermod -aG {group_list} {user} on the board, or name the user in npu_group_users; "
                "the programs of that user have to be started again"),
    _Row("device", line=_NO_DEVICE, when=("closed_nodes",),
         evidence="{found}; {closed_nodes}: permission denied",
         remedy="run the task with become, or add the user to the group {closed_groups}"),
    _Row("device", line=_NO_DEVICE, when=("node", "no_heap"),
         evidence="{found}; /dev/dma_heap/system does not exist",
         remedy="the node {node} exists, but memory for it comes from /dev/dma_heap/system: "
                "use a kernel with CONFIG_DMABUF_HEAPS_SYSTEM=y"),
    _Row("device", line=_NO_DEVICE, when=("node",),
         remedy="the node {node} exists but cannot be used: check that /dev/dma_heap/system exists "
                "(CONFIG_DMABUF_HEAPS_SYSTEM), and " + _KERNEL_LOG % "RKNPU messages"),
    _Row("device", line=_NO_DEVICE, when=("bound",),
         evidence="{found}; {bound_driver} is bound to {bound} and has no device file (no DRM node, no /dev/rknpu)",
         remedy="the driver is there, but offers programs no device: it is built neither for DRM "
                "(ROCKCHIP_RKNPU_DRM_GEM) nor for a DMA heap that works. Build one for DRM with " + _PLAYBOOK
                + ", or boot a kernel of the board's vendor that does"),
    _Row("device", line=_NO_DEVICE, when=("disabled_node",),
         evidence="{found}; the device tree has the NPU disabled ({disabled_node})",
         remedy="enable the NPU's node in the device tree, with the board's overlay tool, and reboot: "
                "no other driver helps"),
    _Row("device", line=_NO_DEVICE, when=("no_node",),
         evidence="{found}; the device tree has no node for the RKNPU driver",
         remedy="use a kernel and device tree of the board's vendor, which describe the NPU for this driver: "
                "no other driver helps"),
    _Row("device", line=_NO_DEVICE,
         remedy="no RKNPU driver serves the NPU{on_kernel}: the kernel has none, its device tree has no node for it "
                "or has that disabled, or the driver is not bound. playbooks/audit-npu.yml says which"),
    # -- memory: what errno says
    _Row("driver", line=_errno(25, 38),
         remedy="the driver's memory interface does not answer, which is no lack of memory: the driver is built for "
                "DMA_HEAP where the kernel has none, or /dev/rknpu is something else. "
                "Build it for DRM (ROCKCHIP_RKNPU_DRM_GEM)"),
    _Row("device", line=_errno(1, 13),
         remedy="permission denied: run the task with become, or add the user to the groups video and render"),
    _Row("memory", line=_errno(12), when=("no_iommu",), evidence="{found}; the NPU's IOMMU is off",
         remedy=_CMA),
    _Row("memory", line=_errno(12), remedy=_FREE),
    _Row("memory", line=_errno(23, 24),
         remedy="too many files are open: raise the limit (ulimit -n, LimitNOFILE=), and look for a program that "
                "does not release its contexts"),
    _Row("memory", line=_MEMORY, codes=(-4,), when=("no_iommu",),
         evidence="{found}; the NPU's IOMMU is off", remedy=_CMA),
    _Row("memory", line=_MEMORY, codes=(-4,), remedy=_FREE),
    _Row("memory", when=("killed",),
         evidence="SIGKILL in {stage}, not sent by this module: the kernel ends processes that way for want of memory",
         remedy="free memory, add swap, or use a board with more memory; the kernel log (dmesg) names the process"),
    # -- the model is for another NPU, or the NPU does not say which one it is
    _Row("model", line=_PLATFORM, when=("rk356x",),
         remedy="send the model for this SoC: this one is for {platform}"),
    _Row("device", line=r"failed to check rknpu hardware version: (?:0|0x0{1,8}|-1|0xf{8})\Z", when=("not_rk356x",),
         remedy="the NPU answers as if it had no power or no clock, the model is right: check the NPU's power domain, "
                "regulator and clocks in the device tree and the kernel log (dmesg). On RK3566 and RK3568, which "
                "answer so too, the model is for another SoC"),
    _Row("model", line=_PLATFORM,
         remedy="send the model for {found_platform}: this one is for {platform}"),
    _Row("model", line=r"Unsupport(?:ed)? (?:CPU )?op\b|.{0,80}\bcustom op\b|invalid tensor malloc size\b",
         remedy="the model has an operator that this runtime lacks: convert it again without it, or with the toolkit "
                "of this runtime's release; the driver is not at fault"),
    _Row("model", line=_INPUT,
         remedy="what the caller passes does not fit the model: size, type and layout of the input are the model's"),
    _Row("runtime", line=r"rknn_query, info_len\(\d{1,9}\) < sizeof", may_change="nothing",
         remedy="the program was compiled for an older runtime than the one it loads: "
                "update the program, or install the runtime it was made for"),
    # -- it ended without printing the reason
    _Row("model", when=("signal",), line=r".{0,200}(?:json|jsonxx)\S{0,40}parse_error|.{0,80}json_parse_error",
         remedy="the model's description is damaged: send the model again"),
    _Row("model", when=("signal",),
         line=r"rga_im2d\b|.{0,60}\bRGA_(?:BLIT|COLORFILL) fail\b|.{0,80}\bRGA buffer allocation failed",
         evidence="{signal} in {stage}; {found}",
         remedy="the line is of RGA (librga), which scales the program's pictures: neither NPU nor driver is at fault"),
    _Row("runtime", when=("signal",),
         line=OTHER_RELEASE,
         evidence="{signal} in {stage}; {found}",
         remedy="the model was made with toolkit {toolkit}, the runtime is {release}: use both of one release"),
    _Row("crash", when=("signal", "last_line"),
         evidence="{signal} in {stage}; last line: {last_line}",
         remedy="check the checksums of {library} and of the model, and that both are of one release: "
                "a damaged or mismatched file crashes the runtime"),
    _Row("crash", when=("signal",),
         evidence="{signal} in {stage}",
         remedy="check the checksums of {library} and of the model, and that both are of one release: "
                "a damaged or mismatched file crashes the runtime"),
    _Row("model", line=_MODEL, codes=(-6, -10, -11, -12, -13),
         remedy="send the model again and check that it is made for this SoC and runtime"),
    _Row("timeout", codes=(-2,),
         remedy=_KERNEL_LOG % "RKNPU job timeouts, then reboot the board"),
    _Row("device", codes=(-3,),
         remedy="check that the driver is bound to the NPU and that its render node exists"),
    _Row("driver", stage="rknn_run", when=("answer", "up_to_date"),
         remedy=_NOT_THE_VERSION + _LOOK + ", then reboot the board"),
    _Row("driver", stage="rknn_run", when=("answer", "to_wanted"), remedy=_CANNOT_RUN_JOBS),
    _Row("driver", stage="rknn_run", when=("answer",), remedy=_NO_WISH),
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
        name: a diagnosis as a board's record has it; because of an unknown one nothing may be changed.
    """
    default = _MAY_CHANGE.get(name, "nothing")
    return {row.may_change or default for row in DIAGNOSES if row.name == name} or {"nothing"}
