# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the outcome of an inference can mean: a table with one row per cause. diagnosis.py reads it.

The first row whose conditions all hold is the diagnosis: a new row goes above the less specific ones. The conditions:

stage   the last call begun: `dlopen`, a function of the library, or `done`; `rknn_run` is also what else has the NPU
        do its jobs.
when    names of values (below) that must be set.
line    regular expression for the beginning of a line of the runtime's log, without severity and time, or of the
        loader's error; its named groups become values. error: only lines of severity E.
codes   error codes, one of which the last call returned. With `line`, either is enough.

`when`, `evidence` (by default {found}) and `remedy` use the values of the functions _of_...() in diagnosis.py, and
found   the line that matches, else answer or error.
answer  the code in words, after the first error; without a code, signal and error of its own: that there was none.
after   the first error in the log, else its last line; erred: only an error; silent: there is none.
other_toolkit   the release of the toolkit that made the model, if the runtime's `release` is another one.
called  a function other than rknn_init; unknown_call: which one is not known.
of_program      the loader's error is from the log of a program.
rkllm   the program uses RKLLM; vendors_library: one of the vendor's that the loader misses.
zeros   all scores are next to 0.
killed  by SIGKILL, not ours; aborted: by SIGABRT; illegal_instruction: by SIGILL; filtered: by SIGSYS.
at_limit, ended by SIGXCPU or SIGXFSZ; by a signal of diagnosis._OF_PROGRAMS.
unanswered      it gave no code; ending: the signal by which it ended instead.
users   of the NPU, which is why it was not run; user: as whom it was run, if not as the task's.
up_to_date      the driver is not older than wanted_driver; to_wanted: " to 0.9.6" if one is wanted.
or_newer        where a newer release than the driver's may exist, to look for it.
wanted_too_old  wanted_driver is older than the runtime's `required`.
out_of_reach    the page tables of the NPU's IOMMU may be; rv110x: it is an RV1103 or RV1106.
memory_suffices no error of memory came before all others.
root_only       the nodes that are closed belong to root alone; denied_to_root: root may not open them either.
elsewhere       another librknnrt.so; not_there: this one is not.

`may_change` is what a plan may change because of the row: driver, runtime or nothing; by default as CHANGES has it
for the row's diagnosis.
"""

from __future__ import annotations

from . import loader_diagnoses, log_lines, program_diagnoses, rkllm_diagnoses

NAMES = ("ok", "driver", "runtime", "model", "device", "memory", "timeout", "crash", "busy")
"""The diagnoses, as module rknn_mobilenet documents them: what is at fault."""

CHANGES = {"driver": "driver", "timeout": "driver", "crash": "driver", "runtime": "runtime"}
"""What a plan may change because of a diagnosis, unless a row says otherwise: nothing because of the others."""

_Row = loader_diagnoses.Row

_KERNEL_LOG = "check the kernel log (dmesg) for %s"
_PLAYBOOK = loader_diagnoses.PLAYBOOK
_UPGRADE = "{on_kernel}: upgrade it{to_wanted} with " + _PLAYBOOK + " (rkfleet.npu.upgrade_npu)"
_CANNOT_RUN_JOBS = "{the_driver} cannot run jobs" + _UPGRADE
_OUT_OF_REACH = (
    "on an RK356x with more than 4 GiB of memory the kernel's IOMMU driver may put page tables where the NPU cannot "
    "read them: boot with mem=3840M to see that, and then use a kernel that keeps them below 4 GiB")
_NOT_THE_VERSION = (
    "{the_driver} is new enough ({wanted_driver} is wanted) but cannot run jobs, so its version is not the cause: ")
_SLOW = "no answer within {timeout:g} s, last call: {stage}"
_LOOK = _KERNEL_LOG % "RKNPU and iommu messages"
_OTHERWISE = _NOT_THE_VERSION + _OUT_OF_REACH + "; otherwise " + _LOOK
_REBOOT = _NOT_THE_VERSION + _LOOK + ", then reboot the board"
_NO_WISH = "{the_driver} cannot run jobs{on_kernel}: " + _LOOK + "{or_newer}"
_CMA = (
    "without IOMMU the NPU's memory comes from CMA: enable the NPU's IOMMU in the device tree, "
    "or reserve more with cma= on the kernel command line")
_FREE = "free memory or CMA on the board, and end other processes that use the NPU; " + _CMA
_OFF = "{found}; the NPU's IOMMU is off"
_FULL = (
    "the NPU's address space (IOMMU, 4 GiB) has no room for it: end other programs that use the NPU, such as large "
    "language models, use a smaller model, or reboot the board")
_HEAP_CLOSED = (
    "with the node {node} memory comes from /dev/dma_heap/system, which the user may not open: open it to the node's "
    "group with a udev rule, or pass it into the container")
_ZEROS = "all 1001 scores are 0 or next to it: the NPU has not written its output"
_CONVERT = (
    "the model has an operator or a type that this runtime lacks: convert it again without it, or with the toolkit of "
    "this runtime's release")
_DAMAGED = (
    "check the checksums of {library} and of the model, and that both are of one release: a damaged or mismatched file "
    "crashes the runtime")
_ONE_RELEASE = "the model was made with toolkit {toolkit}, the runtime is {release}: use both of one release"

_UNKNOWN_NPU = "this runtime does not know this NPU: install a release that supports the SoC with " + _PLAYBOOK


def _jobs_fail(when=(), **seen):
    """Return the rows for jobs that fail: a newer driver helps only if this one is older than the wanted one."""
    return [_Row("driver", when=(*when, *more), remedy=remedy, **seen) for more, remedy in (
        (("up_to_date",), _REBOOT), (("to_wanted",), _CANNOT_RUN_JOBS), ((), _NO_WISH))]


def _too_old(line):
    """Return the rows for a line by which the runtime requires a newer driver."""
    return [_Row("driver", line=line, when=when, remedy=remedy) for when, remedy in (
        (("up_to_date",), (
            "{the_driver} is new enough ({wanted_driver} is wanted), but this runtime requires {required}: choose an "
            "older npu_runtime_version or a newer npu_driver_version")),
        (("wanted_too_old",), (
            "{the_driver} is older than {required}, which this runtime requires, and so is {wanted_driver}: choose a "
            "newer npu_driver_version or an older npu_runtime_version")),
        ((), "{the_driver} is older than {required}, which this runtime requires" + _UPGRADE))]


DIAGNOSES = (
    # -- it was not run
    _Row("busy", when=("users",),
         evidence="the NPU is in use by {users}",
         remedy="stop it, name its systemd unit in npu_services, or set npu_force to true: "
                "with two programs on the NPU some drivers crash the kernel"),
    # -- no answer in time
    _Row("timeout", when=("timed_out", "stuck"),
         evidence=_SLOW + "; the process cannot be killed, it hangs in the kernel",
         remedy="reboot the board"),
    _Row("timeout", stage="dlopen", when=("timed_out",), may_change="nothing",
         evidence=_SLOW,
         remedy="loading {library} hangs: check the disk or network file system that holds it, and the kernel log "
                "(dmesg)"),
    _Row("timeout", when=("timed_out",),
         evidence=_SLOW + "{erred}",
         remedy=_KERNEL_LOG % "RKNPU messages, then reboot the board"),
    # -- the log is read before the answer is judged: with drivers up to 0.9.1 rknn_run returns 0 though no job ran
    _Row("driver", line=log_lines.SUBMIT, when=("memory_suffices", "up_to_date", "out_of_reach", "rk356x"),
         remedy=_OTHERWISE),
    _Row("driver", line=log_lines.SUBMIT, when=("memory_suffices", "up_to_date", "other_toolkit"),
         remedy=(_NOT_THE_VERSION + "the model was made with toolkit {other_toolkit}, the runtime is {release}: use "
                 "both of one release; if that does not help, " + _LOOK)),
    _Row("driver", line=log_lines.SUBMIT, when=("memory_suffices", "up_to_date", "out_of_reach"), remedy=_OTHERWISE),
    _Row("driver", line=log_lines.SUBMIT, when=("memory_suffices", "up_to_date", "rv110x"),
         remedy=(_NOT_THE_VERSION + "on an RV1103 or RV1106 the camera's ISP and the NPU share the bus: end what uses "
                 "the camera (rkipc) to see that, and lower its resolution or frame rate; otherwise " + _LOOK)),
    *_jobs_fail(("memory_suffices",), line=log_lines.SUBMIT),
    # -- the inference was completed
    _Row("device", stage="done", when=("differs",),
         evidence="a later run gave {differs}, the first gave {top}",
         remedy="the same picture gives different answers: check power supply, temperature and memory of the board"),
    _Row("model", stage="done", when=("zeros",), error=1, line=log_lines.LAYER, evidence="{found}; " + _ZEROS,
         remedy=_CONVERT),
    *_jobs_fail(("difference", "zeros"), stage="done", evidence=_ZEROS),
    *_jobs_fail(line=r"the output holds values that are not numbers\Z"),
    _Row("model", stage="done", when=("difference",), line=log_lines.OTHER_RELEASE, evidence="{difference}; {found}",
         remedy=_ONE_RELEASE),
    _Row("model", stage="done", when=("difference",),
         evidence="{difference}",
         remedy="check that model, picture and expected Top5 belong together, and to this SoC and runtime; if they do, "
                "the NPU computes wrongly: check its voltage, clock and temperature, and the kernel log (dmesg)"),
    _Row("ok", stage="done", evidence="Top1 is {top1}", remedy=None),
    *loader_diagnoses.ROWS,
    # -- what the runtime prints counts more than how it ends: older ones abort after printing the reason
    *_too_old(log_lines.MISMATCH),
    _Row("runtime", line=log_lines.TOO_OLD_FOR_MODEL,
         remedy="the runtime is too old for model format {format}: update {library}, not the driver, or convert the "
                "model with the toolkit of this runtime's release"),
    *program_diagnoses.ROWS,
    _Row("device", when=("rknpu_link",),
         line=r"Meet unsupported target type: 0x0{1,8}\b|" + log_lines.NO_ANSWER + "|" + log_lines.errno(25, 38),
         evidence="/dev/rknpu is a link to {rknpu_link}; {found}",
         remedy="remove the link /dev/rknpu and the udev rule that makes it: the runtime takes it for another driver"),
    _Row("device", line=log_lines.NO_ANSWER,
         remedy="the driver does not answer as this runtime expects: remove /dev/rknpu and the udev rule that makes "
                "it if it is a link, and reboot"),
    _Row("runtime",
         line=r"Meet unsupported target type: 0x[0-9a-f]{1,8}\b"
         r"|This shared library is (?:not supported on|.{0,80}hw_version = )"
         r"|Unknown (?:platform|target type)\Z",
         remedy=_UNKNOWN_NPU),
    _Row("device", line=log_lines.NO_DEVICE, codes=(-3,), when=("missing_nodes",),
         evidence="{found}; {missing_nodes}: no such file",
         remedy="the driver is bound, but its node is not in /dev: run udev (udevadm trigger --subsystem-match=drm), "
                "or pass the node into the container"),
    _Row("device", line=log_lines.NO_DEVICE, codes=(-3,), when=("closed_nodes", "denied_to_root"),
         evidence="{found}; {closed_nodes}: permission denied, to root",
         remedy="root may not open it either: this is a container whose rules for devices do not have the node, or a "
                "security policy forbids it. Start the container with --device for each node (LXC: "
                "lxc.cgroup2.devices.allow), or privileged"),
    _Row("device", line=log_lines.NO_DEVICE, codes=(-3,), when=("closed_nodes", "root_only"),
         evidence="{found}; {closed_nodes}: permission denied",
         remedy="only root may open the node: run the task with become, and to programs of other users open it "
                'with a udev rule (KERNEL=="rknpu", GROUP="render", MODE="0660")'),
    _Row("device", line=log_lines.NO_DEVICE, codes=(-3,), when=("closed_nodes", "user"),
         evidence="{found}; {closed_nodes}: permission denied",
         remedy="run usermod -aG {group_list} {user} on the board, or name the user in npu_group_users; "
                "the programs of that user have to be started again"),
    _Row("device", line=log_lines.NO_DEVICE, codes=(-3,), when=("closed_nodes",),
         evidence="{found}; {closed_nodes}: permission denied",
         remedy="run the task with become, or add the user to the group {closed_groups}"),
    _Row("device", line=log_lines.NO_PERMISSION,
         remedy="the user may not open the node: run the program as a user of the node's group (ls -l /dev/dri; often "
                "render or video), or pass the node into the container"),
    _Row("device", line=log_lines.NO_NODE,
         remedy="the node is not there: check on the board, outside of a container, that the driver is bound and "
                "which nodes it has (ls -l /dev/dri /dev/rknpu), and pass those into the container"),
    _Row("device", line=log_lines.NO_DEVICE, when=("node", "no_heap"),
         evidence="{found}; /dev/dma_heap/system does not exist",
         remedy="the node {node} exists, but memory for it comes from /dev/dma_heap/system: "
                "use a kernel with CONFIG_DMABUF_HEAPS_SYSTEM=y"),
    _Row("device", line=log_lines.NO_DEVICE, when=("misc_node", "closed_heap"),
         evidence="{found}; /dev/dma_heap/system: permission denied",
         remedy=_HEAP_CLOSED),
    _Row("device", line=log_lines.NO_HEAP, when=("closed_heap",),
         evidence="{found}; /dev/dma_heap/system: permission denied",
         remedy=_HEAP_CLOSED),
    _Row("device", line=log_lines.NO_HEAP,
         remedy="memory comes from a DMA heap that does not exist or is not for this user: use a kernel with "
                "CONFIG_DMABUF_HEAPS_SYSTEM=y, pass /dev/dma_heap into the container, or open it with a udev rule"),
    _Row("device", line=log_lines.NO_DEVICE, when=("node",),
         remedy="the node {node} exists but cannot be used: check that /dev/dma_heap/system exists "
                "(CONFIG_DMABUF_HEAPS_SYSTEM), and " + _KERNEL_LOG % "RKNPU messages"),
    _Row("device", line=log_lines.NO_DEVICE, when=("bound",),
         evidence="{found}; {bound_driver} is bound to {bound} and has no device file (no DRM node, no /dev/rknpu)",
         remedy="the driver is there, but offers programs no device: it is built neither for DRM "
                "(ROCKCHIP_RKNPU_DRM_GEM) nor for a DMA heap that works. Build one for DRM with " + _PLAYBOOK
                + ", or boot a kernel of the board's vendor that does"),
    _Row("device", line=log_lines.NO_DEVICE, codes=(-3,), when=("disabled_node",),
         evidence="{found}; the device tree has the NPU disabled ({disabled_node})",
         remedy="enable the NPU's node in the device tree, with the board's overlay tool, and reboot: "
                "no other driver helps"),
    _Row("device", line=log_lines.NO_DEVICE, codes=(-3,), when=("no_node",),
         evidence="{found}; the device tree has no node for the RKNPU driver",
         remedy="use a kernel and device tree of the board's vendor, which describe the NPU for this driver: "
                "no other driver helps"),
    _Row("device", line=log_lines.NO_DEVICE,
         remedy="no RKNPU driver serves the NPU{on_kernel}: the kernel has none, its device tree has no node for it "
                "or has that disabled, or the driver is not bound. playbooks/audit-npu.yml says which"),
    # -- memory: what size and errno say
    _Row("model", line=log_lines.IMPOSSIBLE_SIZE,
         remedy="the size is an impossible one, which is no lack of memory: the model has a tensor whose size cannot "
                "be computed (a shape that changes, or more than 2 GiB). Convert it with fixed shapes, and send it "
                "again"),
    _Row("driver", line=log_lines.errno(25, 38, 95),
         remedy="the driver's memory interface does not answer, which is no lack of memory: the driver is built for "
                "DMA_HEAP where the kernel has none, or /dev/rknpu is something else. "
                "Build it for DRM (ROCKCHIP_RKNPU_DRM_GEM)"),
    _Row("device", line=log_lines.errno(5, 6, 19, 110),
         remedy="the NPU did not answer its driver, which is no lack of memory: " + _LOOK + ", then reboot the board"),
    _Row("device", line=r"failed to sync memory\b.{0,60}\berrno: 22\b",
         remedy="the driver cannot reach this memory any more, which is no lack of memory: end the programs that use "
                "the NPU, " + _LOOK + ", then reboot the board"),
    _Row("device", line=r"failed to sync partial buffer\b",
         remedy="the kernel cannot sync a part of a buffer that another driver has made, which only the vendor's "
                "kernels can: have the program use buffers of rknn_create_mem(), or use a vendor kernel. No other "
                "driver release helps"),
    _Row("device", line=log_lines.errno(1, 13),
         remedy="permission denied: run the task with become, or add the user to the groups video and render"),
    _Row("memory", line=log_lines.errno(12, 14), when=("no_iommu",), evidence=_OFF, remedy=_CMA),
    _Row("memory", line=log_lines.errno(12), remedy=_FREE),
    _Row("memory", line=log_lines.errno(14), remedy=_FULL),
    _Row("memory", line=log_lines.NO_ROOM, remedy=_FULL),
    _Row("model", line=log_lines.errno(9),
         remedy="the program gives the runtime a buffer (fd) that is closed, or none: keep it open until the NPU has "
                "its result. Neither NPU nor driver is at fault"),
    _Row("memory", line=log_lines.errno(23, 24),
         remedy="too many files are open: raise the limit (ulimit -n, LimitNOFILE=), and look for a program that "
                "does not release its contexts"),
    _Row("memory", line=log_lines.OUT_OF_MEMORY, codes=(-4,), when=("no_iommu",), evidence=_OFF, remedy=_CMA),
    _Row("memory", line=log_lines.OUT_OF_MEMORY, codes=(-4,), remedy=_FREE),
    _Row("memory", when=("killed",),
         evidence="SIGKILL in {stage}, not sent by this module: the kernel ends processes that way for want of memory",
         remedy="free memory, add swap, or use a board with more memory; the kernel log (dmesg) names the process"),
    # -- the model is for another NPU, or the NPU does not say which one it is
    _Row("model", line=log_lines.PLATFORM, when=("rk356x",),
         remedy="send the model for this SoC: this one is for {platform}"),
    _Row("device", line=r"failed to check rknpu hardware version: (?:0|0x0{1,8}|-1|0xf{8})\Z", when=("not_rk356x",),
         remedy="the NPU answers as if it had no power or no clock, the model is right: check the NPU's power domain, "
                "regulator and clocks in the device tree and the kernel log (dmesg). On RK3566 and RK3568, which "
                "answer so too, the model is for another SoC"),
    _Row("model", line=log_lines.PLATFORM,
         remedy="send the model for {found_platform}: this one is for {platform}"),
    # A line before the previous one, if the model is for an NPU that is newer than the runtime.
    _Row("runtime", line=r"Meet unknown rknpu target\b", remedy=_UNKNOWN_NPU),
    _Row("model", error=1, line=log_lines.LAYER,
         remedy=_CONVERT),
    _Row("model", line=log_lines.INPUT,
         remedy="what the caller passes does not fit the model: size, type and layout of the input are the model's"),
    _Row("runtime", line=r"rknn_\w{1,30} not supported in mini runtime!|rknn_\w{1,30}, context config invalid!",
         may_change="nothing",
         remedy="the mini runtime of RV1103 and RV1106 lacks this call: write the program as the vendor's "
                "RV1106_RV1103 demos (inputs and outputs with rknn_create_mem and rknn_set_io_mem)"),
    _Row("runtime", line=r"rknn_query, (?:info_len\(\d{1,9}\) < sizeof|(?:unsupported )?cmd\b)", may_change="nothing",
         remedy="the program was compiled for another release of the runtime than the one it loads: "
                "update the program, or install the runtime it was made for"),
    *(_Row("model", remedy="this SoC or model does not have the cores that the caller chooses: let the runtime choose",
           **seen) for seen in (dict(stage="rknn_set_core_mask", when=("answer",)), dict(line=log_lines.CORES))),
    # -- it ended without printing the reason
    _Row("crash", when=("ended",), may_change="nothing",
         evidence="{signal} in {stage}, which a program sends{after}",
         remedy="something ended it (a shutdown, the end of a session, the time limit of a service or container): "
                "run it again"),
    _Row("memory", when=("at_limit",),
         evidence="{signal} in {stage}{after}",
         remedy="a limit of the process is exhausted: raise it (ulimit -t and -f, LimitCPU= and LimitFSIZE= of its "
                "service)"),
    _Row("device", when=("filtered",),
         evidence="{signal} in {stage}{after}",
         remedy="a filter of system calls (seccomp of the container, SystemCallFilter= of the service) forbids what "
                "the runtime calls: run it without the filter to see that, and allow the calls of the NPU"),
    _Row("model", when=("signal",), line=r".{0,200}(?:json|jsonxx)\S{0,40}parse_error|.{0,80}json_parse_error",
         remedy="the model's description is damaged: send the model again. Or it is a JSON file of the program"),
    _Row("model", when=("unanswered",), evidence="{ending}{found}",
         line=r"rga_im2d\b|im2d_rga_impl\b|failed to open RGA\b|.{0,60}\bRGA_(?:BLIT|COLORFILL) fail\b"
         r"|.{0,80}\bRGA (?:buffer allocation|parameter check) failed|.{0,100}\brga_(?:mm|dma_buf|iommu)\w{0,40}\b"
         r"|open /dev/dma_heap/system-\S{1,40} fail|dlopen \S{0,100}librga\.so failed|.{0,60}\bRockChipRga interface\b",
         remedy="the line is of RGA (librga), which scales the program's pictures: neither NPU nor driver is at fault"),
    _Row("runtime", when=("signal",),
         line=log_lines.OTHER_RELEASE,
         evidence="{signal} in {stage}; {found}", remedy=_ONE_RELEASE),
    _Row("model", line=r".{0,80}\bRKNN_ERR_(?:DECRYPT_FAILED|KEY_INVALID|SOC_BIND_FAILED)\b"
         r"|.{0,40}\buser_key should be bytes\b",
         remedy="the model is encrypted: it requires the key that was made with it, and the SoC it may be bound to"),
    _Row("model", line=log_lines.ENCRYPTED,
         remedy="the model is encrypted, which the mini runtime of RV1103 and RV1106 does not support: send the model "
                "as it was before export_encrypted_rknn_model()"),
    _Row("model", line=log_lines.WEB_PAGE,
         remedy="the file is a web page, not a model: download the file itself (raw), and send the model again"),
    _Row("model", line=log_lines.LFS_POINTER,
         remedy="the file is a pointer of Git LFS, not a model: run git lfs pull where it was cloned, and send the "
                "model again"),
    _Row("model", line=log_lines.MODEL, codes=(-6, -10, -11, -12, -13),
         remedy="send the model again and check that it is made for this SoC and runtime"),
    *rkllm_diagnoses.ROWS,
    *_too_old(log_lines.TOO_LOW),
    *_jobs_fail(line=r"matmul\(\w{1,20}\) run failed"),
    _Row("model", error=1, line=log_lines.GPU,
         remedy="the runtime computes this operator on the GPU, whose OpenCL fails: do not ask for the GPU "
                "(RKNN_FLAG_EXECUTE_FALLBACK_PRIOR_DEVICE_GPU, a custom operator for it), or install the GPU's driver "
                "that fits its kernel (libmali). The NPU's driver is not at fault"),
    _Row("model", error=1, line=log_lines.CALL,
         remedy="the program asks for what this model, SoC or release of the runtime does not have: compare the call "
                "with rknn_api.h of that release and with what rknn_query says of the model"),
    *program_diagnoses.LAST,
    *rkllm_diagnoses.CRASHES,
    *(_Row("runtime", when=when, may_change=change,
           evidence="{signal} in {stage}{after}",
           remedy="a library has an instruction that this processor does not know: it was built for another one (the "
                  "cores of an RK3576 or RK3562 know fewer than those of an RK3588, and those lack SVE, which "
                  "librkllmrt.so 1.3.0 requires), or it is damaged. Check the checksum of {library}, and use a build "
                  "of the program and its libraries for this SoC")
      for when, change in ((("illegal_instruction", "unknown_call"), "nothing"), (("illegal_instruction",), None))),
    # No program has asked for the NPU yet.
    _Row("crash", stage="dlopen", when=("signal",), may_change="runtime",
         evidence="{signal} in dlopen{after}",
         remedy="{library} is damaged or for another system: check its checksum, and install it again with "
                + _PLAYBOOK),
    _Row("crash", when=("signal", "other_toolkit"), may_change="runtime",
         evidence="{signal} in {stage}{after}",
         remedy="the model was made with toolkit {other_toolkit}, the runtime is {release}: use both of one release, "
                "and check the checksums of {library} and of the model"),
    _Row("crash", when=("signal", "unknown_call"), may_change="nothing",
         evidence="{signal} in {stage}{after}",
         remedy="run it again with RKNN_LOG_LEVEL=5, which shows the call in which it ends; " + _DAMAGED
                + "; SIGBUS in a container can also be its shared memory, too small (shm_size)"),
    # It has ended itself, as where it finds its memory damaged, or an error that it cannot handle.
    _Row("crash", when=("aborted",), may_change="runtime",
         evidence="{signal} in {stage}{after}",
         remedy=_DAMAGED),
    _Row("crash", when=("signal",),
         evidence="{signal} in {stage}{after}",
         remedy=_DAMAGED),
    _Row("timeout", codes=(-2,),
         remedy=_KERNEL_LOG % "RKNPU job timeouts, then reboot the board"),
    _Row("device", codes=(-3,),
         remedy="check that the driver is bound to the NPU and that its render node exists"),
    _Row("model", when=("called",), codes=(-5, -7, -8, -9),
         remedy="the runtime refused the call before the NPU had a job: compare inputs, outputs and context of the "
                "program with the vendor's demo of this release"),
    # A job that fails has a line of its own, so another line is not about the driver.
    _Row("model", stage="rknn_run", when=("answer", "erred"),
         remedy="the runtime says what it cannot do with this model or call, and names no job that failed: convert the "
                "model with the toolkit of the runtime's release and compare the program with the vendor's demo. The "
                "driver is not at fault"),
    _Row("device", stage="rknn_init", when=("answer", "silent", "closed_nodes"),
         evidence="{answer}; {closed_nodes}: permission denied",
         remedy="the runtime does not say why, but the user may not open the node: run the task with become, or give "
                "the user the node's group"),
    _Row("runtime", stage="rknn_init", when=("answer", "silent"), line=log_lines.OTHER_RELEASE,
         evidence="{answer}; {found}", remedy=_ONE_RELEASE),
    *rkllm_diagnoses.ANSWERS,
    *_jobs_fail(("answer",), stage="rknn_run"),
    _Row("runtime", when=("answer", "erred"),
         remedy="use model and runtime of one release: convert the model with the toolkit of the runtime's, or install "
                "the runtime of the model's (npu_runtime_version) with " + _PLAYBOOK),
    _Row("runtime", when=("answer",),
         remedy="install the runtime that goes with the driver with " + _PLAYBOOK),
    _Row("model", when=("error",),
         evidence="{error}",
         remedy="use the MobileNet model of the vendor's rknn_mobilenet_demo for this SoC"),
    program_diagnoses.NO_REASON,
    # It proves nothing: it may have ended itself, for whatever reason.
    _Row("crash", may_change="nothing",
         evidence="the process ended without an answer, last call: {stage}{after}",
         remedy="run the verification again and check the kernel log (dmesg)"),
)


def may_change(name, stated=None):
    """Return what may be changed because of a diagnosis: what its row states, else what CHANGES has for its name."""
    return stated or CHANGES.get(name, "nothing")
