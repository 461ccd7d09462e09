# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Public logs of the runtime: warnings and errors beside a right answer."""

from __future__ import annotations

from .values import CHANNEL, DEBUG, GPU_FAILS, GPU_MISSING, LOWER, NO_FILE, QUERY, RIGHT, TOO_LOW

LOGS = [
    ("a model and a runtime that do not match, and work", {"code": None, "top": RIGHT}, "done",
     ["W RKNN: [02:28:20.940] RKNN Model version: 2.2.0 not match with rknn runtime version: 2.1.0"], "ok",
     "Top1 is 283", None, "x x"),
    ("rockchip-linux/rknpu2#105: no core can be chosen, and it works", {"code": None, "top": RIGHT}, "done",
     ["E RKNN: Not support core mask: 1, fallback to single core auto mode",
      "E RKNN: NN Compiler/Model Version is 1.3.0 now"], "ok", "Top1 is 283", None, "x x"),
    ("airockchip/rknn-toolkit2#324: the RGA's lines beside a right answer", {"code": None, "top": RIGHT}, "done",
     [" RgaBlit(1465) RGA_BLIT fail: Invalid argument"], "ok", "Top1 is 283", None, "x x"),
    ("a warning before the right answer", {"code": None, "top": RIGHT}, "done", [TOO_LOW], "ok", "Top1 is 283", None,
     "x x"),
    ("a layer on the CPU, and it works", {"code": None, "top": RIGHT}, "done", [CHANNEL, CHANNEL], "ok",
     "Top1 is 283", None, "x x"),
    ("a question that static models do not answer", {"code": None, "top": RIGHT}, "done",
     [QUERY, ("W Query dynamic range failed. Ret code: RKNN_ERR_MODEL_INVALID. (If it is a static shape RKNN model, "
              "please ignore the above warning message.)")], "ok", "Top1 is 283", None, "x x"),
    ("a note of RKLLM", {"code": None, "top": RIGHT}, "done",
     ["W rkllm: Calling rkllm_set_chat_template will disable the internal automatic chat template parsing"], "ok",
     "Top1 is 283", None, "x x"),
    ("rockchip-linux/rknn-toolkit2#217 and PaddlePaddle/FastDeploy#2284; the same, and it works",
     {"code": None, "top": RIGHT}, "done", DEBUG, "ok", "Top1 is 283", None, "x x"),
    ("1.5.2: the GPU is not there", {"code": None, "top": RIGHT}, "done", GPU_MISSING, "ok", "Top1 is 283", None,
     "x x"),
    ("1.5.2: what the GPU and the end of the program add is no error; the same, and it works",
     {"code": None, "top": RIGHT}, "done", GPU_FAILS, "ok", "Top1 is 283", None, "x x"),
    ("RKLLM 1.2.1b1 with a model of 1.2.2; the same, and it works", {"code": None, "top": RIGHT}, "done",
     [LOWER], "ok", "Top1 is 283", None, "x x"),
    ("airockchip/rknn-toolkit2#41 and #290: the owners ask what is wrong", {"code": None, "top": RIGHT}, "done",
     [("W RKNN: [09:44:39.467] Output(output0): size_with_stride larger than model origin size, if need run "
      "OutputOperator in NPU, please call rknn_create_memory using size_with_stride."),
      "W RKNN: [22:49:12.934] Warning: indice out of range, ignore this update"], "ok", "Top1 is 283", None, "x x"),
    ("airockchip/rknn_model_zoo#55: an older driver of RGA", {"code": None, "top": RIGHT}, "done",
     ["librga fail to get driver version! Compatibility mode will be enabled.", "rga_api version 1.10.1_[0]"], "ok",
     "Top1 is 283", None, "x x"),
    ("airockchip/rknn-llm#174: a library to preload that is not there", {"code": None, "top": RIGHT}, "done",
     [("ERROR: ld.so: object '/usr/lib64/libgomp.so.1' from LD_PRELOAD cannot be preloaded (cannot open shared object "
      "file): ignored.")], "ok", "Top1 is 283", None, "x x"),
    ("2.5.0: layers that the CPU or one core computes", {"code": None, "top": RIGHT}, "done",
     ["W RKNN: [10:00:00.000] Transpose will fallback to CPU, because input shape has exceeded the max limit, height(",
      "E RKNN: [10:00:00.000] Conv MultiCore grade2 failed in getNewLineIndex, will fallback to SingleCore Mode"], "ok",
     "Top1 is 283", None, "x x"),
    ("Joshua-Riek/ubuntu-rockchip#527: Mesa tries the NPU as a GPU", {"code": None, "top": RIGHT}, "done",
     ["libEGL warning: MESA-LOADER: failed to open rknpu: /usr/lib/dri/rknpu_dri.so" + NO_FILE + " (search paths)",
      "MESA-LOADER: failed to open rknpu: /usr/lib/dri/rknpu_dri.so" + NO_FILE, "failed to load driver: rknpu"], "ok",
     "Top1 is 283", None, "x x"),
]
