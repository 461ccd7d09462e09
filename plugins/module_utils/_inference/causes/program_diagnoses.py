# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The rows of the table in diagnoses.py for programs, rknn_server and Python: the NPU has no part in these."""

from __future__ import annotations

from . import log_lines
from .loader_diagnoses import OLDER_NPU, OTHER_PYTHON, PLAYBOOK, Row

_CONVERSION = (
    "rknn-toolkit2 could not convert the model, which it does on a PC: the lines around this one say which operator or "
    "shape. Try another release of it or of onnx, or a model of the vendor's model zoo. The board has no part in it")
# A program in the shell's folder, as the shell names it; shells of boards from China answer in Chinese.
_SHELL = r"(?:-|/\S{1,40}/)?\w{0,3}sh: (?:(?:line )?\d{1,4}: )?\./[^\s:\uff1a]{1,200}[:\uff1a]"

ROWS = (
    Row("runtime", may_change="nothing", line=r"rknn3_\w{1,20},\s{1,4}find \d{1,2} devices, please specify\b",
        remedy="the program is for one RK1820 or RK1828 (RKNN3), and there are several: let it choose one "
               "(init_extend)"),
    Row("model", line=r"rknn3_\w{1,40}, core_mask \w{1,10} is not match with npu core number\b",
        remedy="the model of the RK1820 or RK1828 (RKNN3) was made for another number of cores than the program asks "
               "for: pass the core mask that fits it, or convert it for that number"),
    Row("runtime", may_change="nothing",
        line=r"(?:rknn3_\w{1,40}[,:]|MSG_\w{1,60}_ACK)\s{1,4}.{0,60}\b(?:fail(?:ed)?|timeout)\b",
        remedy="the program is for an RK1820 or RK1828 beside the SoC (RKNN3), which does not answer: check its PCIe "
               "or USB link, and that its firmware and librknn3_api.so are of one release. The SoC's NPU has no part "
               "in it"),
    Row("runtime", may_change="nothing",
        line=r"rknn_server version is too old\b|rknn_\w{1,20},\s{1,4}msg_\w{1,20} fail\b(?!.{1,20}\(ACK_FAIL\))",
        remedy="update rknn_server together with the runtime (npu_rknn_server) with " + PLAYBOOK),
    Row("runtime", may_change="nothing", line=log_lines.NO_SERVER,
        remedy="rknn_server does not answer, ended or reports a failure: start it on the board, in the runtime's "
               "release (npu_rknn_server), and read what it prints there (RKNN_LOG_LEVEL=5)"),
    Row("runtime", may_change="nothing",
        line=r".{0,60}(?:Execute ntp_transfer_proxy|Unsupported run platform: Linux (?:aarch64|x86_64)"
        r"|Unsupported target: .{1,40}! Currently, RKNN Toolkit Lite|Not support target = "
        r"|Can not find npu_transfer_proxy on|npu_transfer_proxy failed"
        r"|Only support ntb mode on|\bbut npu_transfer_proxy is running\b|\bget target_platform is \S{1,20}, while )",
        remedy="the target of init_runtime() is for another board: on the board call it without one, on a PC with the "
               "SoC of the board that is connected"),
    Row("runtime", may_change="nothing",
        line=r".{0,40}\b[Nn]ot support in(?:ference on the simulator| simulator environment)\b"
        r"|.{0,40}\bThe runtime has not been initialized\b"
        r"|.{0,40}\bRKNN model that loaded by 'load_rknn' not support\b",
        remedy="the program calls rknn-toolkit2 as on a PC: on a board use RKNNLite of rknn-toolkit-lite2, and call "
               "init_runtime() before inference()"),
    Row("runtime", may_change="nothing",
        line=r".{0,60}(?:Execute adb devices failed|More than 1 device detected to use ntb"
        r"|device\(s\) are using adb forward|Get board target failed|insufficient permissions for device: "
        r"|no devices/emulators found|Connect to Device\b.{0,40} Failure|cannot bind listener: "
        r"|error: device (?:unauthorized|offline|'.{1,40}' not found)|not found in (?:adb|ntb) device list\.?\Z)",
        remedy="rknn-toolkit2 on a PC cannot use the board through adb: check adb devices there, its udev rules, and "
               "that adbd runs on the board. On the board itself call init_runtime() without a target"),
    Row("runtime", may_change="nothing", line=r".{0,200}\bNo module named '?(?:rknn|rknnlite)\b",
        remedy="the Python that runs the program has no rknn-toolkit: on a board install rknn-toolkit-lite2 into it "
               "(pip install rknn-toolkit-lite2, import rknnlite); rknn-toolkit2 (import rknn) is for PCs"),
    Row("runtime", may_change="nothing",
        line=r".{0,200}(?:cannot execute binary file: |\b(?:exec|spawning) \S{1,200}: |\[Errno 8\] |process caused:? )"
        r"[Ee]xec format error|.{0,200}\u53ef\u6267\u884c\u6587\u4ef6\u683c\u5f0f\u9519\u8bef",
        remedy="the program is for another processor, or the file is empty or cut off (file PROGRAM): use its build "
               "for aarch64, on the board"),
    Row("runtime", may_change="nothing",
        line=_SHELL + r" ?(?:No such file or directory|not found"
        r"|\u6ca1\u6709\u90a3\u4e2a\u6587\u4ef6\u6216\u76ee\u5f55)\Z"
        r"|.{0,200}\b(?:exec|spawning) /\S{1,200}: [Nn]o such file or directory\Z|.{0,60}Could not open '/lib/ld-linux",
        remedy="the program is not there, or the loader that it was built for is not (another C library, or 32 bits): "
               "file PROGRAM says which. Build it with the toolchain of this OS"),
    Row("runtime", line=r".{0,40}\bThe runtime library does not support dynamic shape\b",
        remedy="librknnrt.so is older than models with shapes that change require: install a newer npu_runtime_version "
               "with " + PLAYBOOK + ", or convert the model with fixed shapes"),
    Row("runtime", may_change="nothing",
        line=r".{0,60}Can not find dynamic library on (?:RK1808|RK3399PRO|RV11(?:09|26))!", remedy=OLDER_NPU),
    Row("runtime", line=r".{0,60}Can not find dynamic library on \w{1,20}!",
        remedy="rknn-toolkit-lite2 finds no librknnrt.so: install it with " + PLAYBOOK),
    Row("runtime", may_change="nothing",
        line=r"failed to open /proc/device-tree/compatible|.{0,20}When starting the container, please use the -v\b"
        r"|.{0,60}\bMake sure to run docker in privileged mode\b|.{0,60}\bYour SoC is: None\b"
        r"|.{0,40}\bPlease specify the target in init_runtime!|.{0,100}Error\b.{0,60}'/proc/device-tree/compatible'",
        remedy="the program cannot read /proc/device-tree/compatible, by which it knows the SoC: map that file into "
               "the container (docker: -v, Kubernetes: privileged or procMount: Unmasked)"),
    Row("runtime", may_change="nothing",
        line=r".{0,100}\b(?:Your SoC is not supported\. Your SoC is: |RKNN inference is only supported on Rockchip\b)",
        remedy="the program does not know this SoC by its name in /proc/device-tree/compatible, or cannot read that in "
               "its container: update the program. A variant, as rk3588s or rk3582, takes what is for its family "
               "(rk3588)"),
    Row("model", line=r"rknn_wait fence fd\b",
        remedy="the program waits for a job that has no fence: have it call rknn_run() without non_block, or use a "
               "driver that is built with ROCKCHIP_RKNPU_FENCE, as those of " + PLAYBOOK + " are where the kernel has "
               "SYNC_FILE"),
    Row("device", line=log_lines.NO_POLICY,
        remedy="the security policy of the system (SELinux, AppArmor) does not let the program open the node: allow it "
               "to the program or its container. The driver is not at fault"),
)

# A program can print these beside what the runtime says, which counts more.
LAST = (
    *(Row(name, line=r"(?:insmod|modprobe): .{0,60}\brknpu.{0,20}\b(?:" + words + ")", remedy=remedy)
      for name, words, remedy in (
        ("driver", "Invalid module format|Exec format error|Unknown symbol",
         "module rknpu was built for another kernel: build it for the running one with " + PLAYBOOK),
        ("device", "Key was rejected|Required key",
         "the kernel accepts signed modules only: sign it with a key that the kernel knows (npu_signing_key)"),
        ("device", "File exists|resource busy|Invalid argument|not found in|No such device",
         ("the driver is built into this kernel or loaded already, or this kernel has none, or no NPU for it: "
          "playbooks/audit-npu.yml says which")))),
    Row("crash", line=log_lines.KERNEL_FAULT,
        remedy="the kernel reported a fault while the program ran: read the report in the kernel log (dmesg), which "
               "names the driver at fault, and reboot the board"),
    Row("crash", may_change="nothing", line=r"Catch runtime Crash!",
        remedy="librknnrt.so crashed in rknn_server while it ran this model: use model, runtime and rknn_server of one "
               "release (npu_rknn_server), or convert the model without the operator at which it ends"),
    Row("crash", may_change="nothing", when=("signal",),
        line=r"librknnc version\b|No lowering found for: |>{6} start: rknn::",
        evidence="{signal} after: {found}",
        remedy=_CONVERSION),
    Row("model",
        line=r"E (?:build|export_rknn|load_(?!rknn\b)\w{1,12}): |.{0,20}\bCatch exception when (?:building|loading) "
        r"|.{0,40}\b(?:[Bb]uild|[Ee]xport \w{4}) model failed\b|Unsupport onnx opset\b|.{0,120}'rknn\.load_\w{1,12}'"
        r"|.{0,80}\bmodule 'onnx' has no attribute\b",
        remedy=_CONVERSION),
    Row("runtime", may_change="nothing",
        line=r".{0,200}(?:\bundefined reference to `(?:rk(?:nn|llm)_|.{1,200}@(?:GLIBC|CXXABI))|\bcannot find -lrk"
        r"|\bfatal error: (?:rk(?:nn|llm)\w{0,20}|im2d|RgaUtils)\.h\w{0,2}: No such file"
        r"|\bskipping incompatible \S{0,200}librk)",
        remedy="the program cannot be built: take header and library (rknn_api.h and librknnrt.so, rkllm.h and "
               "librkllmrt.so) of one release and for the board's processor, with the toolchain of its OS"),
    Row("device", line=r".{0,80}\bDo you run docker in privileged mode\?",
        remedy="the program's container has not been given the NPU: start it with --device for each of its nodes, or "
               "privileged, and check on the board that the driver is bound (playbooks/audit-npu.yml)"),
    Row("model", when=("unanswered",), line=r".{0,60}\bfailed to (?:open rknpu: |load driver: rknpu\b)",
        remedy="Mesa takes the NPU for a GPU: have the program use the node of the GPU (another device of EGL or GBM). "
               "Neither NPU nor driver is at fault"),
    Row("model", line=r".{0,200}\bOpenCV\(\d[\w.-]{0,20}\) ",
        remedy="the line is of OpenCV: the program has no picture (a path or a camera that cannot be read), or one of "
               "another size or type. Neither NPU nor driver is at fault"),
    Row("memory", line=r".{0,40}\bwhat\(\):  ?Resource temporarily unavailable\Z"
        r"|.{0,100}\b(?:can't start new thread|pthread_create failed)\b",
        remedy="the program may not start another thread: raise the limit (ulimit -u, TasksMax= of its service, "
               "pids_limit of its container)"),
    Row("memory", line=r".{0,200}\bNo space left on device\b",
        remedy="a file system is full: free the disk, or raise the shared memory of the container (shm_size)"),
    Row("runtime", may_change="nothing", line=r".{0,20}\bexternally-managed-environment\b",
        remedy="pip installs into virtual environments only: make one (python3 -m venv) for rknn-toolkit-lite2"),
    Row("runtime", may_change="nothing",
        line=r".{0,200}(?:\bnumpy\.\S{0,20}multiarray failed to import|\bnumpy\.dtype size changed"
        r"|\bmodule compiled against A[BP]I version|\bmodule 'numpy' has no attribute '"
        r"|\bcompiled using NumPy 1\.x cannot)",
        remedy="a module of Python was built for another release of NumPy: rknn-toolkit-lite2 before 2.3 wants "
               "numpy<2 (pip install 'numpy<2')"),
    Row("runtime", may_change="nothing",
        line=r".{0,200}(?:\.whl is not a supported wheel on this platform"
        r"|\bWheel 'rknn\S{1,40}' located at .{1,300} is invalid"
        r"|\bCould not find a version that satisfies the requirement rk(?:nn|llm))",
        remedy="the package is for another release of Python (cp310 is 3.10) or another processor, or its file was "
               "renamed or damaged: on a board install rknn-toolkit-lite2 for aarch64 and this Python; rknn-toolkit2 "
               "and rkllm-toolkit, which convert models, are for PCs"),
    Row("runtime", may_change="nothing",
        line=r".{0,200}(?:'RKNN(?:Lite)?' object has no attribute"
        r"|\binit_runtime\(\) got an unexpected keyword argument|\bcannot import name 'RKNN(?:Lite)?')",
        remedy="the program is for another release of rknn-toolkit-lite2, or a file rknnlite.py in its folder hides "
               "that: install the release that the program is made for"),
    Row("runtime", may_change="nothing",
        line=r".{0,200}(?:\bdoes not define module export function \(PyInit_"
        r"|\bPython version mismatch: module was compiled"
        r"|\bcompiletime version \S{1,9} of module 'rknn|\bbad magic number in 'rknn)",
        remedy=OTHER_PYTHON),
    Row("runtime", may_change="nothing", line=r".{0,200}\bNo module named '?[\w.]{1,60}'?\Z",
        remedy="a module of Python is missing: install it into the Python that runs the program (pip install). Neither "
               "NPU nor driver is at fault"),
    Row("model", line=r".{0,60}(?:\bModel is not loaded yet\b|\b[Pp]lease load (?:the )?model first\b)",
        remedy="the program calls init_runtime() or inference() although load_rknn() has failed or was not called: "
               "check what load_rknn() returns, and the path of the model"),
    Row("runtime", line=r".{0,100}\bNo such file or directory: '\S{0,200}librknnrt\.so'",
        remedy="install librknnrt.so with " + PLAYBOOK),
    Row("runtime", may_change="nothing", line=r".{0,40}\brknn_server(?:: (?:command )?not found\b"
        r"|[:\uff1a] ?\u672a\u627e\u5230\u547d\u4ee4)",
        remedy="rknn_server is not installed: set npu_rknn_server to true and run " + PLAYBOOK),
    Row("runtime", may_change="nothing",
        line=_SHELL + r" ?(?:Permission denied|\u6743\u9650\u4e0d\u591f)\Z"
        r"|.{0,200}\b(?:exec|spawning) /\S{1,200}: [Pp]ermission denied\Z",
        remedy="the program's file may not be executed: run chmod +x, and keep it on a file system without noexec"),
)
NO_REASON = Row(
    "crash", when=("unknown_call",), may_change="nothing",
    evidence="the program ended without an answer{after}",
    remedy="the log does not say why: run the program again with RKNN_LOG_LEVEL=5 and read its first error, check the "
           "kernel log (dmesg), and that the user may open the NPU's nodes")
