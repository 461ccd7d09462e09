# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Public logs of the runtime: calls that do not fit the model, the SoC or the release."""

from __future__ import annotations

from .values import OLD, T, errno, lines

LOGS = [
    ("airockchip/rknn-toolkit2#558", {"code": -5, "driver_version": "0.9.8"}, "rknn_inputs_set",
     ["E RKNN: " + T + "rknn_inputs_set, param input size(1228800) < model input size(4915200)"], "model",
     "input size(1228800)", "does not fit the model", "upgrade-npu"),
    ("airockchip/rknn-toolkit2#295", {"code": -5, "driver_version": "0.9.2"}, "rknn_outputs_get",
     ["E RKNN: rknn_outputs_get, param output index(127) is out of range(3)"], "model", "output index(127)",
     "does not fit the model", "upgrade-npu"),
    ("rockchip-linux/rknpu2#81 and HyperInspire/InspireFace#210: RGA", {"code": None, "signal": 11}, "rknn_inputs_set",
     ["rga_api version 1.8.1_[3]", "rga_im2d: invaild dst buffer"], "model", "rga_im2d: invaild dst buffer",
     "neither NPU nor driver", "checksum"),
    ("airockchip/rknn-toolkit2#7: cores at a time that the runtime cannot use together", {}, "rknn_set_core_mask",
     ["E RKNN: [18:09:24.926] Not support core mask: 3, fallback to single core auto mode",
      "E RKNN: [18:09:24.926] NN Compiler/Model Version is 0.0.0 now",
      "E RKNN: [18:09:24.926] rknn_set_core_mask: failed to set core mask: 3"], "model",
     "rknn_set_core_mask: failed to set core mask: 3; rknn_set_core_mask returned -1", "let the runtime choose",
     "upgrade"),
    ("happyme531/ztu_somemodelruntime_ez_rknn_async#1 and swdee/go-rknnlite#22: RK3566", {"code": -13},
     "rknn_set_core_mask", [], "model", "rknn_set_core_mask returned -13", "let the runtime choose", "send the model"),
    ("marty1885/rknn-superresolution#3", {}, "rknn_inputs_set",
     ["E RKNN: " + T + "rknn_set_input_shapes error, input name = input supported input shapes are as follows:",
      "E RKNN: " + T + " shape = [1,224,224,1], layout = NHWC"],
     "model", "input name", "does not fit the model", "install"),
    ("genuine runtime 1.5.2: outputs as another type", {}, "rknn_outputs_get",
     ["E RKNN: " + T + "Meet unsupported tensor dtype: 3 for rknn_outputs_get,expected 0"], "model",
     "for rknn_outputs_get", "does not fit the model", "send the model"),
    ("genuine runtime 1.5.2: inputs in another layout", {}, "rknn_inputs_set",
     ["E RKNN: " + T + "rknn_inputs_set, meet unsupported layout(3)!"], "model", "meet unsupported layout",
     "does not fit the model", "install"),
    ("genuine runtime 1.5.2: a model of changing shapes", {}, "rknn_run",
     ["E RKNN: " + T + "input tensor:x has the same dynamic shapes, please call rknn_set_input_shapes() to bind"],
     "model", "has the same dynamic shapes", "does not fit the model", "upgrade it"),
    *(("of a call, in 1.5.2 and the mini runtime: " + line, {"driver_version": "0.9.8", "code": -5}, "rknn_run",
       ["E RKNN: " + T + line], "model", line, "compare the call", "driver 0.9.8")
      for line in (
          "rknn_set_input_shape error, context is null", "rknn_query, info == nullptr!", "rknn_mem_sync, invalid mem",
          "rknn_query, RKNN_QUERY_OUTPUT_ATTR, p_attr->index(3) >= ouput_num(3)!", "rknn_query, info_len(4) < 8!",
          "query RKNN_QUERY_CURRENT_INPUT_ATTR error, please call rknn_set_input_shape first",
          "rknn_run, input(x) tensor not attached to memory!", "rknn_inputs_set, unsupported pass through mode!",
          "rknn_matmul_create, matmul K must be align with 32!")),
    ("padded inputs", {"code": -5}, "rknn_inputs_set",
     ["E RKNN: rknn_set_io_mem, input memory size(1728) < model input size(2304)"], "model", "size(1728)",
     "does not fit the model", "install"),
    ("rockchip-linux/rknpu2#28: librga without permission, then a crash", {"code": None, "signal": 11},
     "rknn_inputs_set", ["resize with RGA!", "failed to open RGA:Permission denied.",
                         "rga_api version 1.6.0_[4] (d041200 build: 2021-12-01 15:26:14 base: )"], "model",
     "failed to open RGA:Permission denied", "neither NPU nor driver", "checksum"),
    ("rockchip-linux/rknpu2#28; the same without its node", {"code": None, "signal": 11}, "rknn_inputs_set",
     ["failed to open RGA:No such file or directory."], "model", "failed to open RGA", "librga", "checksum"),
    *lines("1.4.0", (
        "failed to set input, invalid index: 3", "failed to set input, invalid name: images",
        "input npy shape mismatch!, npy nhwc: [1, 640, 640, 3], request nhwc: [1, 224, 224, 3]"), "model",
        "does not fit the model", "upgrade"),
    *lines("1.5.2", ("Get rknn_outputs[0] size = 4004, but expect size = 2002",), "model", "does not fit the model",
           "upgrade"),
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
    *lines("2.3.2", (
        "Requst input channel is 3, but true input channel is 1", "The input format is not support yet!",
        "The request input shape is not support yet!, shape dims: 5",
        "Meet unsupported layout for udpate input, layout: NC1HWC2"), "model", "does not fit the model", "upgrade"),
    *lines("2.3.2", (
        "Illegal core_mask 7", "Illegal core num, rknn model version illegal", "Unkown core mode: 9",
        "Job can not submit multi core tasks"), "model", "let the runtime choose", "upgrade"),
    *lines("1.5.2", (
        "Illegal job core_mask 7", "rknn_set_core_mask: failed to set dynamic shape model core mask: 0x7",
        "rknn_set_core_mask error, batch size(3) > 1 not support dynamic shape rknn model now!",
        "rknn_set_batch_core_num: failed to set core_num 3"), "model", "let the runtime choose", "upgrade"),
    *lines("2.3.2", (
        "dimension -1 of first input must be aligned to 32", "dynamic_shapes K and N must be same!",
        "shapes format error,should be M1,K1,N1#M2,K2,N2#...!",
        "rknn_matmul_create_dynamic_shape, need kernel tile for M = 1, K = 9, N = 9, but not support kernel tile!"),
        "model", "compare the call", "upgrade"),
    *((f"1.5.2: rknn_run returns {code} without a line", {**OLD, "code": code}, "rknn_run", [], "model",
       f"rknn_run returned {code}", "before the NPU had a job", "upgrade") for code in (-5, -7, -8, -9)),
    ("an input too many", {**OLD, "code": -5}, "rknn_query",
     ["E RKNN: [12:10:04.479] rknn_query, RKNN_QUERY_INPUT_ATTR, p_attr->index(1) >= input_num(1)!"], "model",
     "index(1) >= input_num(1)", "compare the call", "upgrade"),
    ("rknn_create_mem_from_fd with a buffer that is closed", OLD, "rknn_run",
     [errno(9, "Bad file descriptor", "convert fd(31) to handle")], "model", "errno: 9", "buffer (fd)", "upgrade"),
]
