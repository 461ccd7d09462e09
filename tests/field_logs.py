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
