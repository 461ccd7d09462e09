# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Logs of the runtime from public reports, each with the diagnosis that is right; personal details are replaced."""

from __future__ import annotations

EXPECTED = [[283, 0.46875], [282, 0.242188], [286, 0.105469], [464, 0.089844], [264, 0.019531]]
RIGHT = [*EXPECTED, [1, 0.00390625]]
ZEROS = [[number, 0.0] for number in range(20)]
NODES = [{"path": "/dev/dri/card1", "open": True, "group": "video"},
         {"path": "/dev/dri/renderD129", "open": True, "group": "render"}]
T = "[10:00:00.000] "
INSMOD = ["E RKNN: " + T + "failed to open rknpu module, need to insmod rknpu dirver!",
          "E RKNN: " + T + "failed to open rknn device!"]
SUBMIT = ("E RKNN: " + T + "failed to submit%s, op id: 1, op name: Conv:y, flags: 0x5, task start: 0, task number: 1, "
          "run task counter: 0, int status: 0")
TRY = ", please try updating to the latest version of the toolkit2 and runtime from: https://example.com/s (PWD: rknn)"
IF_USING = (", If using rknn, update to the latest toolkit2 and runtime from: https://example.com/l (PWD: rknn). "
            "If using rknn-llm, update from: https://example.com/rknn-llm")
TRACEBACK = [
    "E Traceback (most recent call last):",
    '  File "/usr/lib/python3/dist-packages/rknnlite/api/rknn_lite.py", line 148, in init_runtime',
    "Exception: RKNN init failed. error code: RKNN_ERR_FAIL"]
LOAD_FAILED = "E RKNN: " + T + "rknn_init, load model failed!"


def errno(number, words, what="allocate fd", prefix="E RKNN: "):
    return f"{prefix}{T}failed to {what}, ret: -1, errno: {number}, errstr: {words}"


# source; stage, log and what else is known; diagnosis; in evidence; in remedy; not in remedy
LOGS = [
    ("w568w/rknpu-module, PLAN.md 7.5", {"driver_version": "0.9.8", "kernel": "6.19.3-edge-rockchip64"},
     "rknn_run", [SUBMIT % ""], "driver", "failed to submit, op id: 1", "mem=3840M", "reboot"),
    ("rockchip-linux/rknn-toolkit2#151 and runtime 1.5.2",
     {"driver_version": "0.8.2", "code": None, "top": ZEROS},
     "done", [SUBMIT % "!" + TRY], "driver", "int status: 0", "0.8.2 cannot run jobs", "model"),
    ("airockchip/rknn-toolkit2#447", {"driver_version": "0.7.2"}, "rknn_run", [SUBMIT % "!" + IF_USING], "driver",
     "int status: 0", "upgrade it to 0.9.6", "example.com"),
    ("airockchip/rknn-toolkit2#384: no newer driver exists", {"driver_version": "0.9.8", "wanted_driver": None},
     "rknn_run", [SUBMIT % "!"], "driver", "failed to submit!", "kernel log", "upgrade it"),
    ("rockchip-linux/rknn-toolkit2#195", {"driver_version": "0.8.8", "code": None, "top": ZEROS}, "done", [],
     "driver", "all 1001 scores are 0", "0.8.8 cannot run jobs", "picture"),
    ("runtime 1.5.2 with a model of 1001 outputs and driver 0.9.6, whose modelled NPU computes nothing",
     {"driver_version": "0.9.6", "code": None, "top": [[number, 2.8e-05] for number in range(20)]}, "done", [],
     "driver", "all 1001 scores are 0 or next to it", "kernel log", "picture"),
    ("airockchip/rknn-toolkit2#95: right answers before the failure", {"driver_version": "0.8.2", "top": RIGHT},
     "rknn_run", [SUBMIT % "!"], "driver", "failed to submit!", "upgrade it to 0.9.6", "x x"),
    ("airockchip/rknn-toolkit2#534", {"code": None, "signal": 11}, "rknn_init",
     ["E RKNN: Meet unsupported target type: 0xffffffff"], "device", "0xffffffff", "/dev/rknpu", "checksum"),
    ("k2-fsa/sherpa-onnx#2489", {"nodes": []}, "rknn_init", INSMOD, "device", "insmod", "device tree", "upgrade it"),
    ("airockchip/rknn_model_zoo#102", {"nodes": []}, "rknn_init",
     ["E RKNNAPI: rknn_init,  driver open fail!  ret = -12(ERROR_NOT_SUPPORTED)!"], "device", "driver open fail",
     "no RKNPU driver serves", "upgrade it"),
    ("rockchip-linux/rknpu2#114: in a container", {"nodes": [dict(node, open=False, group=None) for node in NODES]},
     "rknn_init", INSMOD, "device", "/dev/dri/card1 and /dev/dri/renderD129: no such file", "container", "group"),
    ("rockchip-linux/rknn-toolkit2#244", {"nodes": [dict(node, open=False) for node in NODES]},
     "rknn_init", INSMOD, "device", "permission denied", "group render and the group video", "upgrade it"),
    ("schwankner/talos-rk3588-npu, bug 24", {}, "rknn_init", INSMOD, "device", "insmod", "CONFIG_DMABUF_HEAPS_SYSTEM",
     "upgrade it"),
    ("schwankner/talos-rk3588-npu, bug 47", {"nodes": []}, "rknn_init",
     [errno(38, "Function not implemented"), "E RKNN: " + T + "failed to malloc npu memory, size: 6120, flags: 0xa"],
     "driver", "errno: 38", "no lack of memory", "free memory"),
    ("errno 13 of the same call", {}, "rknn_init", [errno(13, "Permission denied")], "device", "errno: 13", "become",
     "free memory"),
    ("airockchip/rknn-llm#62: memory first, then files", {}, "rknn_init",
     [errno(12, "Cannot allocate memory", "allocate handle"),
      errno(24, "Too many open files", "convert handle(9) to fd")],
     "memory", "errno: 12", "free memory", "files"),
    ("airockchip/rknn-llm#62: files only", {}, "rknn_init",
     [errno(24, "Too many open files", "convert handle(1020) to fd")], "memory", "errno: 24", "files", "CMA"),
    ("rockchip-linux/rknn-toolkit2#218", {"code": None, "signal": 11}, "rknn_init",
     [errno(22, "Invalid argument", "allocate handle"), "E RKNN: " + T + "failed to malloc npu memory!, size: 6421360"],
     "memory", "errno: 22", "IOMMU", "checksum"),
    ("rockchip-linux/rknn-toolkit2#44", {}, "rknn_init",
     ["E/RKNN: failed to allocate handle, ret: -1", "E/RKNN: failed to malloc npu memory!, size: 59187712, flags: 0x2"],
     "memory", "failed to allocate handle", "cma=", "x x"),
    ("airockchip/rknn-llm#249", {"code": None, "signal": 9}, "rknn_init", [], "memory", "SIGKILL", "swap", "checksum"),
    ("rockchip-linux/rknn-toolkit#440", {"code": -5, "driver_version": "0.8.2"}, "rknn_query",
     ["E RKNN: " + T + "rknn_query, info_len(372) < sizeof(rknn_tensor_attr)(376)!"], "runtime", "info_len(372)",
     "older runtime", "driver"),
    ("airockchip/rknn-toolkit2#572", {
        "code": None, "error": "libfmt.so.9: cannot open shared object file: No such file or directory"},
     "dlopen", [], "runtime", "libfmt.so.9", "apt: libfmt9", "upgrade-npu"),
    ("the same of the C++ library",
     {"code": None, "error": "libstdc++.so.6: cannot open shared object file: No such file"},
     "dlopen", [], "runtime", "libstdc++", "apt: libstdc++6", "upgrade-npu"),
    ("a board with an older OS than the runtime's", {
        "code": None,
        "error": "/lib/aarch64-linux-gnu/libc.so.6: version `GLIBC_2.38' not found (required by librknnrt.so)"},
     "dlopen", [], "runtime", "GLIBC_2.38", "C library", "complete"),
    ("rockchip-linux/rknn-toolkit2#350", {
        "code": None, "library": "/usr/lib64/librknnrt.so",
        "error": "/usr/lib64/librknnrt.so: cannot open shared object file: No such file or directory"},
     "dlopen", [], "runtime", "/usr/lib64", "which puts it to /usr/lib/librknnrt.so", "x x"),
    ("airockchip/rknn-toolkit2#394",
     {"code": None, "error": "/usr/lib/librknnrt.so: undefined symbol: rknn_set_core_mask"},
     "dlopen", [], "runtime", "undefined symbol", "complete librknnrt.so", "apt"),
    ("immich-app/immich#17098", {"driver_version": "0.9.8"}, "rknn_run",
     ["E RKNN: " + T + "Unsupport CPU op: CumSum in this librknnrt.so, please try to register custom op or"],
     "model", "Unsupport CPU op: CumSum in this librknnrt.so", "driver is not at fault", "please try"),
    ("airockchip/rknn-toolkit2#558", {"code": -5, "driver_version": "0.9.8"}, "rknn_inputs_set",
     ["E RKNN: " + T + "rknn_inputs_set, param input size(1228800) < model input size(4915200)"], "model",
     "input size(1228800)", "does not fit the model", "upgrade-npu"),
    ("airockchip/rknn-toolkit2#229", {"code": -3}, "rknn_init",
     ["E RKNNAPI: rknn_server version is too old, please update rknn_server to at least 2.3.0"], "runtime",
     "rknn_server version is too old", "npu_rknn_server", "render node"),
    ("rockchip-linux/rknn-toolkit2#75", {"code": -3}, "rknn_init",
     ["E RKNNAPI: rknn_init,  msg_ioctl_ack fail, data_len = 104985, expect 103961!"], "runtime", "msg_ioctl_ack",
     "update rknn_server", "render node"),
    ("rockchip-linux/rknpu2#1, runtime 1.5.2", {"code": -6}, "rknn_init",
     ["E RKNN: " + T + "failed to check rknpu hardware version: 0x46495245",
      "E RKNN: " + T + "This rknn model is for RK3568, but current platform is RK3588",
      "E RKNN: " + T + "Import rknn model failed!", LOAD_FAILED], "model", "is for RK3568, but", "RK3588", "power"),
    ("rockchip-linux/rknn-toolkit#133", {"code": -13}, "rknn_init",
     ["E RKNNAPI: rknn model target platform[0] is RK1806, while current platform is RK3399"], "model", "RK1806",
     "for RK3399", "power"),
    ("schwankner/talos-rk3588-npu, bugs 41 and 44", {"code": -6}, "rknn_init",
     ["E RKNN: " + T + "failed to check rknpu hardware version: 0",
      "E RKNN: " + T + "This rknn model is for RK3588, but current platform is RK3566/RK3568", LOAD_FAILED],
     "device", "hardware version: 0", "power", "send the model"),
    ("the same on an RK3568, which answers so", {"code": -6, "surroundings": {"soc": "rk3568"}}, "rknn_init",
     ["E RKNN: " + T + "failed to check rknpu hardware version: 0",
      "E RKNN: " + T + "This rknn model is for RK3588, but current platform is RK3566/RK3568", LOAD_FAILED],
     "model", "is for RK3588", "send the model for this SoC", "power"),
    ("rockchip-linux/rknpu2#25", {}, "rknn_init",
     ["E RKNN    : The rknn model does not match the RKNPU hardware version!", LOAD_FAILED], "model",
     "does not match", "made for this SoC", "upgrade-npu"),
    ("rockchip-linux/rknpu#43", {}, "rknn_init", ["E RKNN: incompatible model version: 1"], "model",
     "incompatible model version", "made for this SoC", "upgrade-npu"),
    ("rockchip-linux/rknn-toolkit2#316", {"code": -6}, "rknn_init",
     ["E RKNN: " + T + "6, 4", "E RKNN: " + T + "Invalid RKNN model version 6", LOAD_FAILED], "runtime",
     "Invalid RKNN model version 6", "not the driver", "x x"),
    ("genuine runtime 1.5.2 with a damaged description", {"code": None, "signal": 6}, "rknn_init",
     ["terminate called after throwing an instance of 'jsonxx::json_parse_error'"], "model", "json_parse_error",
     "send the model again", "checksum"),
    ("a sentence that no row knows", {"code": -1}, "rknn_inputs_set",
     ["E RKNN: " + T + "6, 1", "E RKNN: " + T + "the stars are not right", LOAD_FAILED], "runtime",
     "the stars are not right; rknn_inputs_set returned -1", "", "x x"),
    # -- read from what the reports show, with what loggers and programs put before a line or after it
    ("invisiofficial/rk-llama.cpp#19: a link made for a pod",
     {"code": None, "signal": 6, "driver_version": "0.9.8", "surroundings": {"rknpu_link": "/dev/dri/renderD129"}},
     "rknn_init", ["E RKNN: This shared library is not supported on the current platform, hw_version = -1",
                   "E RKNN: rknn_matmul_create_dynamic_shape, driver version is unknown!"],
     "device", "/dev/rknpu is a link to /dev/dri/renderD129; This shared library", "remove the link", "checksum"),
    ("the sentence of the same in runtime 1.5.2, with the number of a newer SoC", {"code": -1}, "rknn_init",
     ["E RKNN: This shared library is for RK356X/RK3588 platforms only!, hw_version = 1179210309"], "runtime",
     "hw_version = 1179210309", "does not know this NPU", "/dev/rknpu"),
    ("blakeblackshear/frigate-hass-addons#145: a container without the nodes, with a traceback",
     {"nodes": [dict(node, open=False, group=None, exists=False) for node in NODES]}, "rknn_init",
     [f"2024-02-12 19:35:55.670507576 {line}" for line in INSMOD]
     + ["2024-02-12 19:35:55.771905809 E Catch exception when init runtime!", *TRACEBACK],
     "device", "/dev/dri/card1 and /dev/dri/renderD129: no such file", "pass the node into the container",
     "upgrade it"),
    ("rockchip-linux/rknn-toolkit#454: sudo helps", {"nodes": [dict(node, open=False) for node in NODES]},
     "rknn_init", [*INSMOD, "E Catch exception when init runtime!", *TRACEBACK], "device", "permission denied",
     "run the task with become", "upgrade it"),
    ("ophub/fnnas#620: RK3576 with a node that cannot be used", {
        "driver_version": None, "kernel": "6.18.3", "surroundings": {"soc": "rk3576", "heap": True}}, "rknn_init",
     INSMOD, "device", "failed to open", "exists but cannot be used", "upgrade it"),
    ("rockchip-linux/rknn-toolkit2#119: an old runtime does not know the format", {"driver_version": "0.6.4"},
     "rknn_init", ["E RKNN: [11:40:07.311] parseRKNN from buffer: Invalid RKNN format!", LOAD_FAILED,
                   "E Catch exception when init runtime!", *TRACEBACK], "model", "Invalid RKNN format!",
     "SoC and runtime", "kernel log"),
    ("airockchip/rknn-toolkit2#405", {"code": -6, "driver_version": "0.9.8"}, "rknn_init",
     ["E RKNN: parseRKNN: invalid RKNN_MAGIC!", "E RKNN: parseRKNN from buffer: Invalid RKNN fromat!", LOAD_FAILED],
     "model", "invalid RKNN_MAGIC!", "send the model again", "upgrade it"),
    ("airockchip/rknn_model_zoo#214: rknn_init fail! ret=-1", {}, "rknn_init",
     ["E RKNN: [15:17:18.225] 6, 1", "E RKNN: [15:17:18.225] Invalid RKNN model version 6",
      "E RKNN: [15:17:18.226] rknn_init, load model failed!", "rknn_init fail! ret=-1"], "runtime",
     "Invalid RKNN model version 6", "too old for model format 6", "upgrade it"),
    ("airockchip/rknn-toolkit2#506: another release of the runtime crashes", {
        "code": None, "signal": 11, "driver_version": "0.9.7"}, "rknn_run",
     ["W RKNN: [10:00:00.000] RKNN Model version: 2.3.2 not match with rknn runtime version: 2.3.0"], "runtime",
     "SIGSEGV in rknn_run; RKNN Model version: 2.3.2", "made with toolkit 2.3.2, the runtime is 2.3.0", "driver"),
    ("a model and a runtime that do not match, and work (find_string: many)", {"code": None, "top": RIGHT}, "done",
     ["W RKNN: [02:28:20.940] RKNN Model version: 2.2.0 not match with rknn runtime version: 2.1.0"], "ok",
     "Top1 is 283", None, "x x"),
    ("rockchip-linux/rknn-toolkit2#2 and #91: rknn_server is not started", {"code": -3}, "rknn_init",
     ["I NPUTransfer: Starting NPU Transfer Client, Transfer version 2.1.0 (b5861e7@2020-11-23T11:50:36)",
      "D NPUTransfer: ERROR: socket read fd = 3, n = -1: Connection reset by peer",
      "E RKNNAPI: rknn_init,  server connect fail!  ret = -9(ERROR_PIPE)!"], "runtime", "server connect fail!",
     "start it on the board", "driver is bound"),
    ("rockchip-linux/rknn-toolkit#511: rknn_server ends while it loads", {"code": -3}, "rknn_init",
     ["E RKNNAPI: rknn_init,  recv(MsgLoadAck) fail, -9(ERROR_PIPE) != 368!"], "runtime", "recv(MsgLoadAck) fail",
     "ended while it loaded the model", "driver is bound"),
    ("rockchip-linux/rknn-toolkit#214: no proxy on the other side", {"code": -3}, "rknn_init",
     ["E NPUTransfer: Cannot connect to proxy: Connection refused",
      "E RKNNAPI: rknn_init,  driver open fail!  ret = -4(ERROR_NO_DEVICE)!"], "runtime", "Cannot connect to proxy",
     "rknn_server does not answer", "upgrade it"),
    ("rockchip-linux/rknn-toolkit2#16: RK3566", {"code": None}, "dlopen",
     ["E Catch exception when init runtime!", "Exception: Can not find dynamic library on RK3566!"], "runtime",
     "Can not find dynamic library on RK3566!", "install it with", "driver"),
    ("airockchip/rknn-toolkit2#531: RV1103, the program's word before the line",
     {"driver_version": "0.9.2", "nodes": []}, "rknn_run",
     ["rknn_run E RKNN: failed to submit!, op id: 1, op name: Conv:/conv1/conv/Conv, task start: 0, task number: 77, "
      "run task counter: 0, int status: 0" + TRY, "rknn_run fail! ret=-1"], "driver", "failed to submit!, op id: 1",
     "driver 0.9.2 cannot run jobs", "http"),
    ("rockchip-linux/rknn-toolkit2#218, as Android's log has it", {"code": None, "signal": 11}, "rknn_init",
     ["09-14 08:45:03.277  6912  6912 E RKNN    : failed to allocate handle, ret: -1, errno: 22, errstr: Invalid",
      "09-14 08:45:03.277  6912  6912 E RKNN    : failed to malloc npu memory!, size: 6421360, flags: 0xa"],
     "memory", "failed to allocate handle, ret: -1, errno: 22", "IOMMU", "checksum"),
    ("airockchip/rknn-llm#68 and 0.9.6 with RKLLM 1.1.4", {"driver_version": "0.9.6"}, "rknn_init",
     [errno(14, "Bad address", "allocate handle"),
      "E RKNN: " + T + "failed to malloc npu memory, size: 4059037696, flags: 0x2"], "memory", "errno: 14", "memory",
     "become"),
    ("rockchip-linux/rknpu2#105: no core can be chosen, and it works", {"code": None, "top": RIGHT}, "done",
     ["E RKNN: Not support core mask: 1, fallback to single core auto mode",
      "E RKNN: NN Compiler/Model Version is 1.3.0 now"], "ok", "Top1 is 283", None, "x x"),
    ("airockchip/rknn-toolkit2#295", {"code": -5, "driver_version": "0.9.2"}, "rknn_outputs_get",
     ["E RKNN: rknn_outputs_get, param output index(127) is out of range(3)"], "model", "output index(127)",
     "does not fit the model", "upgrade-npu"),
    ("airockchip/rknn-toolkit2#193", {"code": None, "signal": 11}, "rknn_init",
     ["E RKNN: [16:50:26.190] invalid tensor malloc size, tensor name: , target: CPU, size: 0"], "model",
     "invalid tensor malloc size", "convert it again", "checksum"),
    ("airockchip/rknn-toolkit2#324: the RGA's lines beside a right answer", {"code": None, "top": RIGHT}, "done",
     [" RgaBlit(1465) RGA_BLIT fail: Invalid argument"], "ok", "Top1 is 283", None, "x x"),
    ("rockchip-linux/rknpu2#81 and HyperInspire/InspireFace#210: RGA", {"code": None, "signal": 11}, "rknn_inputs_set",
     ["rga_api version 1.8.1_[3]", "rga_im2d: invaild dst buffer"], "model", "rga_im2d: invaild dst buffer",
     "neither NPU nor driver", "checksum"),
    ("rockchip-linux/rknn-toolkit#226 and #400: RKNN_ERR_MALLOC_FAIL", {"code": -4}, "rknn_init", TRACEBACK, "memory",
     "rknn_init returned -4 (out of memory)", "free memory", "upgrade it"),
]


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
    ({"npu_node": "okay", "bound": "fdab0000.npu"}, INSMOD, "driver of an unknown version is bound to fdab0000.npu",
     "DMA heap"),
    ({"iommu": False}, [errno(12, "Cannot allocate memory")], "the NPU's IOMMU is off", "cma="),
    ({"iommu": False}, ["E RKNN: failed to allocate handle, ret: -1"], "the NPU's IOMMU is off", "cma="),
    ({"soc": "rk3588", "memory": 16000}, [SUBMIT % "!"], "failed to submit!", "is not the cause: check the kernel"),
    ({"soc": "rk3566", "memory": 2000}, [SUBMIT % "!"], "failed to submit!", "is not the cause: check the kernel"),
    ({"soc": "rk3566", "memory": 8000}, [SUBMIT % "!"], "failed to submit!", "mem=3840M"),
]
