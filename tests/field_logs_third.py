# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A third part of the logs of the runtime, as those in field_logs.py, with the logs of the other two in LOGS.

Lines of "1.4.0", "1.5.2", "mini" (2.3.2) and "lite2" (2.5.0) are those of the vendor's own libraries, with values.
"""

from __future__ import annotations

import field_logs_more
from field_logs import LOAD_FAILED, NODES, RIGHT, SUBMIT, TRY, ZEROS, T, errno

OLD = {"driver_version": "0.8.2"}
"""A driver that a diagnosis `driver` would replace."""
LITE = "E Exception: "
FASTDEPLOY = ("[INFO] fastdeploy/runtime/backends/rknpu2/rknpu2_backend.cc(57)::GetSDKAndDeviceVersion\t"
              "rknn_api/rknnrt version: 1.4.2b0 (c5d79ccf9@2023-02-14T17:55:39), driver version: 0.7.2")
GO = "Driver Version: 0.8.2, API Version: 1.5.2 (c6b7b351a@2023-08-23T15:28:22)"
DEBUG = ["D RKNN: [07:52:05.871] DatainEntries overflow, need to tiling more, datain_entries: 4608, limitation: 2048",
         "I RKNN: [10:18:39.903] Compiler: LayerNorm: Shape not support Target:NPU, turn to Target:CPU implement.",
         "W RKNN: [15:46:28.417] Failed to config layer: 'Conv:p2o' using 2Core fallback to single core mode,",
         "W RKNN: [17:47:27.433] emitUnpackRegtasks: align_surf(4) > notch_limit(8192)"]
GPU = ["E RKNN: " + T + "Cannot load clBuildProgram!",
       "E RKNN: " + T + "Failed to find and initialize Opencl library",
       "E RKNN: " + T + "Failed to initialize the OpenCL runtime. Attempting to use the CPU as a substitute"]


def lines(release, texts, name, remedy, never, stage="rknn_run", known=None):
    """Return a row for each of the texts, which mean the same."""
    return [(f"{release}: {text}", OLD if known is None else known, stage, ["E RKNN: " + T + text], name, text, remedy,
             never) for text in texts]


# source; stage, log and what else is known; diagnosis; in evidence; in remedy; not in remedy
THIRD = [
    # -- the model has a layer that the runtime cannot run: the driver is not at fault, also in rknn_run
    *lines("1.4.0", (
        "Deconv: Invalid input channel of 9000. Must be an integer in [1, 8192]",
        "Deconv: Invalid kernel height of 32. Must be an integer in [1, 31]",
        "Div unknown inputA layout:3", "DoElementwiseLogical unknown inputB layout:4",
        "ElementwiseLogical unknown type:9", "MaxUnpool unknown input layout:2",
        "Meet origin tensor size: 5, is not 4", "Not support prec type: 7",
        "The input and output quantization parameters of reshape must be consistent!", "Feature is too large",
        "The sequence_lens shape must be [2]. Got: 3.", "Invalid batch_axis of 2. Must be 0 or 1!",
        "Invalid input dims: 1. Must greater than 1.", "banks num invalid, input_bank_num: 12, weight_bank_num: 0",
        "The time_axis and batch_axis must have different values, but both are 1",
        "RKNNTilingPassRT: illegal tiling params, exiting now.. please report this bug",
        "RKNNTilingPassRT: not been treated by any mc method", "failed to tile argb mode layer!",
        "failed to update tensor addr!, tensor name: images", "failed to update feature data addr!",
        "convert_type: unknown type: 12", "exLSTM: Not support dtype of tensor: Dropout!"),
        "model", "convert it again", "upgrade"),
    *lines("1.5.2", (
        "exGru: Invalid direction of 3.", "Can not find normalize parameter for images", "unknown data_precision",
        "Error: Got different dims of in/out tensor."), "model", "convert it again", "upgrade"),
    *lines("mini", (
        "exlayernorm input shape is not match to normalized_shape 64 vs 32", "exNorm query attribute failed",
        "Creating tmp tensor failed for reducel2", "Error, Invalid total element count: 0 in Exp op",
        "Error: invalid axis for reducel2.", "params not exit for softmax", "rknn fallback cpu failed",
        "op: Softmax, name: Softmax:0, fallback cpu failed"), "model", "convert it again", "upgrade"),
    ("airockchip/rknn_model_zoo#430: RV1106, Aborted", {"code": None, "signal": 6}, "rknn_init",
     ["E RKNN: [11:42:19.437] Squeezed bytes overflow!"], "model", "Squeezed bytes", "convert it again", "checksum"),
    # -- the model itself
    *lines("mini", (
        "failed to parse config!", "failed to parse reginfos config!", "failed to parse taskinfos config!",
        "failed to open model: yolov5.rknn", "failed to read weight data!, read size: 0 != 3606528, errno: Success",
        "failed to read model header!, read size: 0 != 64, errno: Success", "compiler version is not find",
        "failed to read regcmd data!, read size: 12 != 64, errno: Success"), "model", "send the model again", "install",
        "rknn_init"),
    *lines("1.4.0", ("create model buffer failed",), "model", "send the model again", "install", "rknn_init"),
    ("lite2: a path that is not there", {"code": None}, "rknn_init", ["E Invalid RKNN model path: ./yolov8.rknn"],
     "model", "Invalid RKNN model path", "send the model again", "install"),
    ("rockchip-linux/rknn-toolkit#443: rknn-toolkit names the code alone", {"code": None}, "rknn_init",
     ["E Catch exception when init runtime!", "E Exception: RKNN init failed. error code: RKNN_ERR_MODEL_INVALID"],
     "model", "error code: RKNN_ERR_MODEL_INVALID", "send the model again", "install"),
    ("rockchip-linux/rknn-toolkit2#226: the code of memory", {"code": None}, "rknn_init",
     ["Exception: RKNN init failed. error code: RKNN_ERR_MALLOC_FAIL"], "memory", "RKNN_ERR_MALLOC_FAIL", "free memory",
     "send the"),
    *(("lite2: an encrypted model: " + code, {"code": None}, "rknn_init",
       [LITE + "RKNN init failed. error code: " + code], "model", code, "the model is encrypted", "install")
      for code in ("RKNN_ERR_DECRYPT_FAILED", "RKNN_ERR_KEY_INVALID", "RKNN_ERR_SOC_BIND_FAILED")),
    # -- what the caller passes
    *lines("1.4.0", (
        "failed to set input, invalid index: 3", "failed to set input, invalid name: images",
        "input npy shape mismatch!, npy nhwc: [1, 640, 640, 3], request nhwc: [1, 224, 224, 3]"), "model",
        "does not fit the model", "upgrade"),
    *lines("1.5.2", ("Get rknn_outputs[0] size = 4004, but expect size = 2002",), "model", "does not fit the model",
           "upgrade"),
    *((f"lite2: {text}", OLD, "rknn_inputs_set", ["E Catch exception when setting inputs.", LITE + text], "model",
       text, "does not fit the model", "upgrade") for text in (
           "E Inputs are invalid.", "E Size of inputs[0] is invalid!", "E Type of inputs[0] is not np.ndarray!",
           "E The lengths of data_type and inputs are not equal.", "E Unsupport inputs[0].dtype: int64",
           "E Unsupport data type: int4", "E inputs[0].dtype: float64 is not same as data_type[0]")),
    *lines("1.4.0", ("rknn_init_extend is not set!", "Runtime Targeting 1 is not RK3588, illegal CoreMask setting"),
           "model", "compare the call", "upgrade"),
    *lines("1.5.2", (
        "Must set RKNN_FLAG_MEM_ALLOC_OUTSIDE flag in rknn_init(), when using rknn_set_weight_mem()!",
        "RKNN_FLAG_SHARE_WEIGHT_MEM is invalid, dynamic shape rknn model is not supported!"), "model",
        "compare the call", "upgrade"),
    *lines("mini", (
        "You must call rknn_set_internal_mem before rknn_set_io_mem!",
        "please use rknn_tensor_mem from rknn_create_mem", "invalid rknn_device_submit params, fd: -1, args: (nil)"),
        "model", "compare the call", "upgrade"),
    # -- memory, and what an older runtime says of it
    *lines("mini", (
        "failed to allocate addr_regofs config!", "failed to allocate argb_configs in config!",
        "failed to allocate executor context!", "failed to allocate taskinfos config!"), "memory", "free memory",
        "upgrade", "rknn_init"),
    *lines("1.4.0", ("malloc config data failed", "malloc image failed!"), "memory", "free memory", "upgrade",
           "rknn_init"),
    ("1.4.0: files, in its spelling", {}, "rknn_init",
     [errno(24, "Too many open files", "convert handle to fd")], "memory", "convert handle to fd", "ulimit -n", "CMA"),
    ("1.4.0: a driver without that call", {"nodes": []}, "rknn_init",
     [errno(25, "Inappropriate ioctl for device", "convert fd to handle")], "driver", "errno: 25", "no lack of memory",
     "free memory"),
    ("immich-app/immich#15241: RK3566, one thread too many", {"driver_version": "0.9.8"}, "rknn_init",
     ["I RKNN: [09:50:24.865] RKNN Runtime Information, librknnrt version: 2.3.0 (c949ad889d@2024-11-07T11:35:33)",
      "I RKNN: [09:50:24.867] RKNN Driver Information, version: 0.9.8",
      "E RKNN: [09:50:25.353] failed to allocate handle, ret: -1, errno: 12, errstr: Cannot allocate memory"], "memory",
     "errno: 12", "end other processes", "upgrade"),
    ("airockchip/rknn-llm#335: the warning of the driver before it", {}, "rknn_init",
     ["rkllm init start", "W rkllm: Warning: Your rknpu driver version is too low, please upgrade to 0.9.7",
      "I rkllm: rkllm-runtime version: 1.2.1, rknpu driver version: 0.9.6, platform: RK3588",
      "E RKNN: [09:40:45.140] failed to allocate handle, ret: -1, errno: 14, errstr: Bad address",
      "E RKNN: [09:40:45.140] failed to malloc npu memory, size: 3085697024, flags: 0x2",
      "E RKNN: [09:40:45.148] load model file error!", "E rkllm: rkllm_init failed"], "memory", "errno: 14",
     "address space", "0.9.7"),
    # -- jobs
    ("1.4.0: a job that the program waits for with a fence", OLD, "rknn_run",
     ["E RKNN: " + T + "failed to sync wait, errno: Timer expired"], "driver", "failed to sync wait",
     "driver 0.8.2 cannot run jobs", "model"),
    ("rockchip-linux/rknn-toolkit2#217 and PaddlePaddle/FastDeploy#2284: what the compiler tries is no error", OLD,
     "rknn_run", [*DEBUG, SUBMIT % "!"], "driver",
     "failed to submit!", "driver 0.8.2 cannot run jobs", "convert"),
    ("the same, and it works", {"code": None, "top": RIGHT}, "done", DEBUG, "ok", "Top1 is 283", None, "x x"),
    ("the same in a board's answer of zeros", {"code": None, "top": ZEROS, **OLD}, "done", DEBUG, "driver",
     "all 1001 scores are 0", "0.8.2 cannot run jobs", "convert"),
    ("1.5.2: the GPU is not there", {"code": None, "top": RIGHT}, "done", GPU, "ok", "Top1 is 283", None, "x x"),
    ("the same before a crash", {"code": None, "signal": 11}, "rknn_run",
     [*GPU, "E RKNN: " + T + "failed to find tensor: 0x1 for address informations!"], "crash",
     "SIGSEGV in rknn_run; failed to find tensor: 0x1", "checksums", "x x"),
    ("the same before a bare code", {"driver_version": "0.9.8"}, "rknn_run", GPU, "driver", "rknn_run returned -1",
     "its version is not the cause", "GPU"),
    ("1.5.2: a choice of cores that the model cannot follow, before a bare code", OLD, "rknn_run",
     ["E RKNN: " + T + "core mask = 7 is invalid for batch size: 2, fall back to CORE_AUTO mode"], "driver",
     "rknn_run returned -1", "upgrade it to 0.9.6", "core mask"),
    ("gitcode.com: Radxa ROCK 5B, after an update of the kernel", {"driver_version": "0.9.3"}, "rknn_run",
     [SUBMIT.replace("Conv:y", "Conv:MobilenetV1/MobilenetV1/Conv2d_0/Relu6_prequant") % "!" + TRY], "driver",
     "op name: Conv:MobilenetV1", "driver 0.9.3 cannot run jobs", "model"),
    ("PaddlePaddle/FastDeploy#1606: the driver, in the words of FastDeploy", {}, "rknn_run", [FASTDEPLOY, SUBMIT % "!"],
     "driver", "failed to submit!", "driver 0.7.2 cannot run jobs", "kernel log"),
    ("swdee/go-rknnlite: the driver, in its words", {}, "rknn_run", [GO, SUBMIT % "!"], "driver", "failed to submit!",
     "driver 0.8.2 cannot run jobs", "kernel log"),
    ("rockchip-linux/rknn-toolkit#502: FastDeploy", {"code": -6}, "rknn_init",
     ["E RKNN: [09:48:47.957] 6, 1", "E RKNN: [09:48:47.957] Invalid RKNN model version 6",
      "E RKNN: [09:48:47.957] rknn_init, load model failed!",
      "[ERROR] fastdeploy/runtime/backends/rknpu2/rknpu2_backend.cc(180)::LoadModel The function(rknn_init) failed!"],
     "runtime", "Invalid RKNN model version 6", "too old for model format 6", "driver is"),
    # -- the SoC
    *lines("1.4.0", ("Meet unknown rknpu target type: 0x46495247", "Meet unknown rknpu target string: rk3576"),
           "runtime", "does not know this NPU", "driver", "rknn_init"),
    ("1.5.2 with a model for RK3576", {}, "rknn_init",
     ["E RKNN: " + T + "Meet unknown rknpu target string: RKNPU f2",
      "E RKNN: " + T + "failed to check rknpu hardware version: 0x46495245",
      "E RKNN: " + T + "This rknn model is for RK3576, but current platform is RK3588", LOAD_FAILED],
     "model", "This rknn model is for RK3576", "send the model for RK3588", "install"),
    ("1.4.0: Unknown platform", {}, "rknn_init", ["E RKNN: " + T + "Unknown platform", LOAD_FAILED], "runtime",
     "Unknown platform", "a release that supports the SoC", "send the"),
    ("a pod on Kylin V10, which masks /proc", {"nodes": NODES}, "rknn_init",
     ["failed to open /proc/device-tree/compatible"], "runtime", "/proc/device-tree/compatible",
     "map that file into the container", "install"),
    ("lite2: the same in docker", {"code": None}, "rknn_init",
     ["E !!! When starting the container, please use the -v parameter to map the corresponding files in the host"],
     "runtime", "When starting the container", "map that file into the container", "install"),
    *(("lite2: a target that is another board: " + text, {"code": None}, "dlopen", [LITE + text], "runtime", text,
       "call it without one", "install") for text in (
           "Can not find npu_transfer_proxy on Linux aarch64 RK3588", "Connect npu_transfer_proxy failed!",
           "Connect to Device Failure (-1)", "Only support ntb mode on RK1808 Linux.")),
    ("rknn_demo on RK3588S", {
        "code": None, "error": "libjpeg.so.62: cannot open shared object file: No such file or directory"}, "dlopen",
     [], "runtime", "libjpeg.so.62", "apt: libjpeg62", "upgrade-npu"),
    ("airockchip/rknn-llm#276: RKLLM on an older OS", {
        "code": None, "error": "/lib/aarch64-linux-gnu/libstdc++.so.6: version `GLIBCXX_3.4.32' not found (required "
                               "by librkllmrt.so)"}, "dlopen", [],
     "runtime", "GLIBCXX_3.4.32", "C++ library", "complete"),
    ("airockchip/rknn-llm#334 and radxa-docs/docs#881: a container without privileges", {
        "nodes": [dict(node, open=False, group=None) for node in NODES]}, "rknn_init",
     ["rkllm init start", "E RKNN: [06:57:06.857] failed to open rknpu module, need to insmod rknpu dirver!",
      "E RKNN: [06:57:06.857] failed to open rknn device!", "E RKNN: [06:57:06.957] Device is not available",
      "Get device properties failed", "rkllm init failed"], "device", "no such file",
     "pass the node into the container", "install"),
    ("ophub/amlogic-s9xxx-armbian#3123: whisper", {
        "nodes": [], "surroundings": {"bound": "fde40000.npu", "version": "0.9.8", "npu_node": "okay"}}, "rknn_init",
     ["-- read_audio & convert_channels & resample_audio use: 2.238000 ms",
      "E RKNN: [14:08:31.796] failed to open rknpu module, need to insmod rknpu dirver!",
      "E RKNN: [14:08:31.796] failed to open rknn device!", "rknn_init fail! ret=-1"], "device",
     "driver 0.9.8 is bound to fde40000.npu", "Build one for DRM", "group"),
    ("airockchip/rknn_model_zoo#317: RV1126, yamnet", {"code": -3}, "rknn_init",
     ["E RKNNAPI: rknn_init,  recv(MsgLoadAck) fail, -9(ERROR_PIPE) != 368!", "E Catch exception when init runtime!",
      "E Exception: RKNN init failed. error code: RKNN_ERR_DEVICE_UNAVAILABLE"], "runtime", "recv(MsgLoadAck) fail",
     "rknn_server does not answer", "render node"),
    ("airockchip/rknn_model_zoo#214: with the words of the toolkit before it", {"code": None}, "rknn_init",
     ["I target set by user is: rk3566", "E RKNN: [02:59:59.948] 6, 1",
      "E RKNN: [02:59:59.949] Invalid RKNN model version 6", "E RKNN: [02:59:59.949] rknn_init, load model failed!",
      "E init_runtime: Traceback (most recent call last):",
      "Exception: RKNN init failed. error code: RKNN_ERR_FAIL"], "runtime", "Invalid RKNN model version 6",
     "too old for model format 6", "send the"),
]
LOGS = [*field_logs_more.LOGS, *THIRD]
