# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What the public logs have in common: lines, boards, and rows for lines that mean the same."""

from __future__ import annotations

EXPECTED = [[283, 0.46875], [282, 0.242188], [286, 0.105469], [464, 0.089844], [264, 0.019531]]
RIGHT = [*EXPECTED, [1, 0.00390625]]
ZEROS = [[number, 0.0] for number in range(20)]

# -- boards
NODES = [{"path": "/dev/dri/card1", "open": True, "group": "video"},
         {"path": "/dev/dri/renderD129", "open": True, "group": "render"}]
CLOSED = [dict(node, open=False) for node in NODES]
NO_CARD = dict(NODES[0], exists=False, open=False, group=None)
ROOT_ONLY = [{"path": "/dev/rknpu", "open": False, "group": "root"}]
OLD = {"driver_version": "0.8.2"}
"""A driver that a diagnosis `driver` would replace."""
NEW = {"driver_version": "0.9.8"}

# -- lines of the runtime
T = "[10:00:00.000] "
INSMOD = ["E RKNN: " + T + "failed to open rknpu module, need to insmod rknpu dirver!",
          "E RKNN: " + T + "failed to open rknn device!"]
MINI = "E RKNN: failed to open %s, need to insmod rknpu dirver!"
SUBMIT = ("E RKNN: " + T + "failed to submit%s, op id: 1, op name: Conv:y, flags: 0x5, task start: 0, task number: 1, "
          "run task counter: 0, int status: 0")
TRY = ", please try updating to the latest version of the toolkit2 and runtime from: https://example.com/s (PWD: rknn)"
IF_USING = (", If using rknn, update to the latest toolkit2 and runtime from: https://example.com/l (PWD: rknn). "
            "If using rknn-llm, update from: https://example.com/rknn-llm")
LOAD_FAILED = "E RKNN: " + T + "rknn_init, load model failed!"
CUSTOM = " in this librknnrt.so, please try to register custom op by callingrknn_register_custom_ops"
QUERY = ("W RKNN: [08:58:26.240] query RKNN_QUERY_INPUT_DYNAMIC_RANGE error, rknn model is static shape type, "
         "please export rknn with dynamic_shapes")
CHANNEL = "E RKNN: [22:20:30.187] channel is too large, may produce thousands of regtask, fallback to cpu!"
DEBUG = ["D RKNN: [07:52:05.871] DatainEntries overflow, need to tiling more, datain_entries: 4608, limitation: 2048",
         "I RKNN: [10:18:39.903] Compiler: LayerNorm: Shape not support Target:NPU, turn to Target:CPU implement.",
         "W RKNN: [15:46:28.417] Failed to config layer: 'Conv:p2o' using 2Core fallback to single core mode,",
         "W RKNN: [17:47:27.433] emitUnpackRegtasks: align_surf(4) > notch_limit(8192)"]
GPU_MISSING = [
    "E RKNN: " + T + "Cannot load clBuildProgram!",
    "E RKNN: " + T + "Failed to find and initialize Opencl library",
    "E RKNN: " + T + "Failed to initialize the OpenCL runtime. Attempting to use the CPU as a substitute"]
GPU_FAILS = [
    "E RKNN: " + T + "FallbackGPU failed with a return value of 3 for the op 'Add', and will fallback to CPU.",
    "E RKNN: " + T + "Op:Add runs on GPU failed, it will fallback to CPU. Please do not set RKNN_FLAG_EXECUTE_X.",
    "E RKNN: " + T + "failed to get DDR freq, take 528MHz as default freq",
    "E RKNN: " + T + "failed to unmap memory, errno = Invalid argument",
    "E RKNN: " + T + "failed to destroy handle, ret: -1, errno: 22, errstr: Invalid argument",
    "E RKNN: " + T + "can not find memory for freeing"]
RUNTIME = "I RKNN: [03:18:17.583] RKNN Runtime Information, librknnrt version: %s (873ed75722@2026-01-21T09:49:14)"
MODEL_INFO = ("I RKNN: [03:18:17.585] RKNN Model Information, version: 6, toolkit version: %s(compiler version: %s "
              "(c949ad889d@2024-11-07T11:39:30)), target: RKNPU v2, target platform: rk3588, framework name: ONNX")
OTHER = "W RKNN: [10:00:00.000] RKNN Model version: 2.3.2 not match with rknn runtime version: 2.3.0"

# -- lines of RKLLM, rknn-toolkit-lite2 and other programs
RKLLM = "I rkllm: rkllm-runtime version: %s, rknpu driver version: %s, platform: RK3588"
TOO_LOW = "W rkllm: Warning: Your rknpu driver version is too low, please upgrade to 0.9.7"
MATMUL = "E rkllm: matmul(w8a8) run failed"
LOWER = "E rkllm: The rkllm-runtime version is lower than the rkllm-toolkit version."
LITE = "E Exception: "
TRACEBACK = [
    "E Traceback (most recent call last):",
    '  File "/usr/lib/python3/dist-packages/rknnlite/api/rknn_lite.py", line 148, in init_runtime',
    "Exception: RKNN init failed. error code: RKNN_ERR_FAIL"]
FASTDEPLOY = ("[INFO] fastdeploy/runtime/backends/rknpu2/rknpu2_backend.cc(57)::GetSDKAndDeviceVersion\t"
              "rknn_api/rknnrt version: 1.4.2b0 (c5d79ccf9@2023-02-14T17:55:39), driver version: 0.7.2")
GO = "Driver Version: 0.8.2, API Version: 1.5.2 (c6b7b351a@2023-08-23T15:28:22)"
NO_FILE = ": cannot open shared object file: No such file or directory"


def errno(number, words, what="allocate fd", prefix="E RKNN: "):
    """Return a line of a failed request for memory."""
    return f"{prefix}{T}failed to {what}, ret: -1, errno: {number}, errstr: {words}"


def lines(release, texts, name, remedy, never, stage="rknn_run", known=None):
    """Return a row for each of the texts, which mean the same."""
    return [(f"{release}: {text}", OLD if known is None else known, stage, ["E RKNN: " + T + text], name, text, remedy,
             never) for text in texts]


def loader(source, error, name, remedy, never, **known):
    """Return a row for a sentence of the dynamic loader."""
    return source, {"code": None, "error": error, **known}, "dlopen", [], name, error, remedy, never
