# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Public logs of programs that end around the runtime: on the PC, while they are built, in containers, and crashed."""

from __future__ import annotations

from .values import NEW, OLD, RKLLM, T

CSRC = "/k2-fsa/sherpa-onnx/csrc/rknn/online-zipformer-transducer-model-rknn.cc:"
NO_CODE = {"code": None}
CRASHED = ["E RKNN: " + T + "Catch runtime Crash! signal is SIGSEGV!", "Terminated"]


def ends(source, log, name, evidence, remedy, never, known=None, changes="nothing", stage=None):
    """Return the row of a log that is all there is: neither a function nor a code is known."""
    return (source, {**NO_CODE, **(known or {})}, stage, log, name, evidence, remedy, never, changes)


LOGS = [
    # -- what rknn_server, a debugger and other programs say of the end
    ends("airockchip/rknn_model_zoo#291 and #334: rknn_server ends itself after its crash", CRASHED, "crash",
         "Catch runtime Crash!", "crashed in rknn_server", "another process"),
    ends("airockchip/rknn-toolkit2#467", ['Thread 40 "demo" received signal SIGABRT, Aborted.'], "crash", "SIGABRT",
         "of one release", "npu_allow", NEW),
    ends("k2-fsa/sherpa-onnx#2583", [CSRC + "RunEncoder:194 Return code is: -1"], "driver", "rknn_run returned -1",
         "upgrade", "checksum", OLD, "driver"),
    ends("k2-fsa/sherpa-onnx, documentation", [CSRC + "InitEncoder:330 Return code is: -6"], "model",
         "rknn_init returned -6", "send the model again", "upgrade", OLD),
    ends("words of programs: ret", ["RKNN init failed, ret=-6"], "model", "rknn_init returned -6",
         "send the model again", "upgrade", OLD),
    ends("words of programs: error", ["rknn init error: -13"], "model", "rknn_init returned -13", "made for this SoC",
         "upgrade", OLD),
    ends("words of programs: RKLLM", ["RKLLM init failed with error code: -1"], "runtime", "rkllm_init",
         "RKLLM_LOG_LEVEL=2", "librknnrt.so", NEW),
    ends("words of programs: load", ["load rknn model failed, ret = -1"], "model", "load rknn model failed",
         "send the model again", "upgrade", OLD),
    ends("words of programs: RKLLM crashed", [RKLLM % ("1.2.1", "0.9.8"), "rkllm_init returned: 0",
                                              "free(): invalid size"], "crash", "SIGABRT", "librkllmrt.so",
         "librknnrt.so", NEW),
    ends("words of programs: RKLLM crashed, alone", ["rkllm_init returned: 0", "free(): invalid size"], "crash",
         "SIGABRT", "librkllmrt.so", "librknnrt.so", NEW),
    # Its -1 is any failure: of a node that may not be opened as well as of a model.
    ends("airockchip/rknn-toolkit2#399", ["Failed to init runtime, error code: -1"], "crash",
         "the program ended without an answer", "RKNN_LOG_LEVEL=5", "install", OLD),
    ends("airockchip/rknn-toolkit2#399, demo", ["--> Init runtime environment", "Init runtime environment failed!"],
         "crash", "the program ended without an answer", "RKNN_LOG_LEVEL=5", "install", OLD),
    ends("alexw914/RK_VideoPipe#1", [
        "terminate called after throwing an instance of 'nlohmann::detail::parse_error'",
        "  what():  [json.exception.parse_error.101] parse error at line 1, column 1: unexpected end of input",
        "Aborted (core dumped)"], "model", "parse_error.101", "JSON file of the program", "upgrade", OLD),
    # -- calls
    ends("airockchip/rknn-toolkit2#577: of a program whose driver has no fences", [
        "W RKNN: [12:32:44.207] rknn_wait fence fd = -1 is invalid", "rknn_wait failed, ret = -1"], "model",
        "rknn_wait fence fd", "without non_block", "send the model", OLD),
    ends("invisiofficial/rk-llama.cpp#19", [
        "E RKNN: [09:40:45.140] rknn_matmul_create_dynamic_shape, driver version is unknown!"], "device",
        "driver version is unknown!", "does not answer", "upgrade", OLD),
    ends("airockchip/rknn-llm#261", ["E rkllm: The n_image/n_image_token of multimodal_input is not set"], "model",
         "multimodal_input", "rkllm.h", "upgrade", NEW),
    ends("airockchip/rknn-llm#404", ["TODO: support embd input"], "model", "embd input", "rkllm-toolkit", "upgrade",
         NEW),
    ends("airockchip/rknn3-toolkit#16", [
        "ioctl mem create failed, size: 73728", "RKNN heap allocate failed, size: 73728",
        "rknn3_create_mem failed, core_id=0"], "memory", "ioctl mem create failed", "has no room", "upgrade"),
    ends("HyperInspire/InspireFace#276", [
        "E image_processor_rga.cpp:40] RGA parameter check failed: dst unsupport width stride 24"],
        "model", "RGA parameter check failed", "of RGA", "upgrade", OLD),
    ends("airockchip/librga#150", [
        "Fatal error: Failed to call RockChipRga interface, please use 'dmesg' command to view driver error log."],
        "model", "RockChipRga interface", "of RGA", "upgrade", OLD),
    # -- containers
    ends("Proxmox: a node that the driver did not make", [
        "Device /dev/dri/renderD129 is not a device", "TASK ERROR: startup for container '101' failed"], "device",
        "is not a device", "driver is bound", "checksum"),
    ends("runc: a folder where the node was", [
        'error mounting "/dev/rknpu" to rootfs at "/dev/rknpu": not a directory'], "device", "not a directory",
        "driver is bound", "checksum"),
    ends("Kubernetes: hostPath", [
        'MountVolume.SetUp failed for volume "npu" : hostPath type check failed: /dev/rknpu is not a character device'],
        "device", "not a character device", "driver is bound", "checksum"),
    ends("Kubernetes: smarter-device-manager", [
        "Warning: FailedScheduling, nodes are available: 1 Insufficient smarter-devices/renderD129."],
        "device", "Insufficient", "driver is bound", "checksum"),
    ends("ultralytics/ultralytics: a container without /proc/device-tree", [
        "OSError: RKNN inference is only supported on Rockchip devices."], "runtime", "only supported on Rockchip",
        "cannot read that in its container", "upgrade"),
    # -- Android
    ends("airockchip/rknn-toolkit2#382", [
        'CANNOT LINK EXECUTABLE "./demo": library "libmpimmz.so" not found: needed by main executable'], "runtime",
        "libmpimmz.so", "for Android", "playbooks"),
    ends("words of Android: RKLLM", [
        'java.lang.UnsatisfiedLinkError: dlopen failed: library "librkllmrt.so" not found'], "runtime",
        "librkllmrt.so", "for Android", "playbooks"),
    # -- rknn-toolkit2 on a PC
    ends("airockchip/rknn_model_zoo#120", [
        "adb server version (41) doesn't match this client (40); killing...",
        "error: device '192.168.0.133:40655' not found",
        "E init_runtime: Connect to Device Failure (-1), Please check the USB connection!"], "runtime", "not found",
        "adb devices", "is for another board"),
    ends("airockchip/rknn_model_zoo#63", [
        "error: cannot bind listener: attempted to listen on unavailable socket type: 'localabstract:transfer_proxy'",
        "E init_runtime: Connect to Device Failure (-2), Please check the USB connection!"], "runtime",
        "cannot bind listener", "adb devices", "is for another board"),
    ends("airockchip/rknn-toolkit2#131", [
        "E init_runtime: Connect to Device (58299137ef51f80d) Failure (-2), Please check the USB connection!"],
        "runtime", "Connect to Device", "without a target", "is for another board"),
    ends("airockchip/rknn-toolkit2#43", [
        "--> Building model", "E build: Catch exception when building RKNN model!",
        "E build: TypeError: '>' not supported between instances of 'numpy.ndarray' and 'str'", "Build model failed!"],
        "model", "E build: ", "could not convert", "send the model"),
    ends("rockchip-linux/rknn-toolkit#495", [
        "Unsupport onnx opset 17, need <= 12!", "E Catch exception when loading onnx model: ./optimize.onnx!"],
        "model", "onnx", "could not convert", "send the model"),
    ends("k2-fsa/icefall#2038", [
        "ValueError: The input shape ['N', 45, 80] of 'x' is not support!",
        "Please set the 'inputs' / 'input_size_list' parameters of 'rknn.load_onnx'"], "model", "rknn.load_onnx",
        "could not convert", "send the model"),
    ends("onnx 1.19 with rknn-toolkit2 2.3.2", ["AttributeError: module 'onnx' has no attribute 'mapping'"], "model",
         "has no attribute 'mapping'", "release of it or of onnx", "send the model"),
    ends("airockchip/rknn-toolkit2#486", [
        "I RKNN: librknnc version: 2.3.2 (e045de294f@2025-04-07T19:48:25)",
        "No lowering found for: Atan_129, node type = Atan, use CustomOperatorLower instead.",
        "Segmentation fault (core dumped)"], "crash", "SIGSEGV after: librknnc version", "on a PC", "checksum"),
    ends("airockchip/rknn-toolkit2#81", [
        "D RKNN: [16:54:56.448] >>>>>> start: rknn::RKNNFuseOptimizerPass", "Segmentation fault (core dumped)"],
        "crash", "RKNNFuseOptimizerPass", "on a PC", "checksum"),
    # -- programs that cannot be built
    ends("rockchip-linux/rknpu2#2", [
        "main.cc:(.text.startup+0x1c): undefined reference to `rknn_init'", "collect2: error: ld returned 1"],
        "runtime", "undefined reference", "cannot be built", "playbooks"),
    ends("gcc: header", ["main.cc:5:10: fatal error: rknn_api.h: No such file or directory"], "runtime", "rknn_api.h",
         "cannot be built", "playbooks"),
    ends("ld: library", ["/usr/bin/ld: cannot find -lrknnrt: No such file or directory"], "runtime", "-lrknnrt",
         "cannot be built", "playbooks"),
    ends("ld: of another processor", [
        "/usr/bin/ld: skipping incompatible ../lib/librknnrt.so when searching for -lrknnrt"], "runtime",
        "skipping incompatible", "cannot be built", "playbooks"),
]
