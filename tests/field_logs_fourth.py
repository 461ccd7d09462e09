# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A fourth part of the logs of the runtime, as those in field_logs.py, with the logs of the other three in LOGS.

Lines of "1.5.2" are those of the vendor's runtime, those of "2.3.2" are in the toolkit of that release (PyPI,
rknn-toolkit2), which has the runtime in it, and those of "lite2" in rknn-toolkit-lite2.
"""

from __future__ import annotations

import field_logs_third
from field_logs import IF_USING, LOAD_FAILED, NODES, RIGHT, SUBMIT, TRY, ZEROS, T, errno
from field_logs_third import OLD, lines

NEW = {"driver_version": "0.9.8"}
MODEL_INFO = ("I RKNN: [03:18:17.585] RKNN Model Information, version: 6, toolkit version: %s(compiler version: %s "
              "(c949ad889d@2024-11-07T11:39:30)), target: RKNPU v2, target platform: rk3588, framework name: ONNX")
RUNTIME = "I RKNN: [03:18:17.583] RKNN Runtime Information, librknnrt version: %s (873ed75722@2026-01-21T09:49:14)"
RKLLM = "I rkllm: rkllm-runtime version: %s, rknpu driver version: 0.9.8, platform: RK3588"
OTHER = "W RKNN: [10:00:00.000] RKNN Model version: 2.3.2 not match with rknn runtime version: 2.3.0"
LOWER = "E rkllm: The rkllm-runtime version is lower than the rkllm-toolkit version."
CLOSED = [dict(node, open=False) for node in NODES]
GPU = ["E RKNN: " + T + "FallbackGPU failed with a return value of 3 for the op 'Add', and will fallback to CPU.",
       "E RKNN: " + T + "Op:Add runs on GPU failed, it will fallback to CPU. Please do not set RKNN_FLAG_EXECUTE_X.",
       "E RKNN: " + T + "failed to get DDR freq, take 528MHz as default freq",
       "E RKNN: " + T + "failed to unmap memory, errno = Invalid argument",
       "E RKNN: " + T + "failed to destroy handle, ret: -1, errno: 22, errstr: Invalid argument",
       "E RKNN: " + T + "can not find memory for freeing"]
NO_FILE = ": cannot open shared object file: No such file or directory"


def loader(source, error, name, remedy, never, **known):
    """Return a row for a sentence of the dynamic loader."""
    return source, {"code": None, "error": error, **known}, "dlopen", [], name, error, remedy, never


# source; stage, log and what else is known; diagnosis; in evidence; in remedy; not in remedy
FOURTH = [
    # -- the runtime says what it cannot do: no driver is at fault, also if no row knows the line
    *lines("2.3.2", (
        "Reset cmd value addr is error!", "m_RegcmdPtr is empty", "Unknown split Method -> 3",
        "Mul: tensor(images) zero_point must be 0, but get 3!", "error: can't find weight",
        "init Job Regcmd and Task Tensors failed", "Parse quantization parameter failed, scale miss!",
        "failed to find normalize config by name: images", "Normalize does not do this. src type(3), dst type(2)",
        "Invalid: the size of src is greater than dst, at function: f, line: 3"), "model",
        "names no job that failed", "upgrade"),
    *lines("1.5.2", (
        "MatMul gpu op RunKernel failed, ret is 3", "LpNorm's p should be 1 or 2, current p is: 3!",
        "_internal_create_set_input_io_mem error! ret=-5", "exec Softmax failed.", "OpenCL error with code -54.",
        "output operator can not find afterproc"), "model", "The driver is not at fault", "upgrade"),
    *lines("2.3.2", (
        "Depthwise: Invalid kernel height of 9. Must be an integer in [1, 8]",
        "Gru: Invalid direction of up. Must be a string in ['forward', 'reverse', 'bidirectional']",
        "Lstm: Invalid batch_size of 3. Must be an integer equals 1",
        "Build op:Conv error, Unspport asymmetric pad, when left pad(3) + width(3) < width kernelsize(9)",
        "Generate Y config crash! Failed to config layer: 'Conv:x',", "Illegal argb input channel 5",
        "Cast tensor failed!", "Illegal argb input type_bits 16, not support now"), "model", "convert it again",
        "upgrade"),
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
    ("1.5.2: what the GPU and the end of the program add is no error", OLD, "rknn_run", GPU, "driver",
     "rknn_run returned -1", "upgrade it to 0.9.6", "GPU"),
    ("the same, and it works", {"code": None, "top": RIGHT}, "done", GPU, "ok", "Top1 is 283", None, "x x"),
    ("airockchip/rknn-toolkit2#315: a layer for which the compiler fails, and zeros",
     {**OLD, "code": None, "top": ZEROS}, "done",
     ["E RKNN: [11:32:15.981] REGTASK: The bit width of field value exceeds the limit, target: v2, offset: 0x1014"],
     "model", "offset: 0x1014; all 1001 scores are 0", "convert it again", "upgrade"),
    # -- jobs
    ("rockchip-linux/rknn-toolkit2#38: RK3588S, retyped", OLD, "rknn_run", ["E RKNN: faild to submit!"], "driver",
     "faild to submit!", "driver 0.8.2 cannot run jobs", "model"),
    ("armbian/build#10366: ODROID-M1 with 8 GB, and the line broken into two",
     {**NEW, "surroundings": {"soc": "rk3568", "memory": 7800}}, "rknn_run",
     ["E RKNN: failed to submit, op id: 1", "E RKNN: op name: Conv:/model.0/convsp/Conv", "rknn_run fail! ret=-1"],
     "driver", "failed to submit, op id: 1", "mem=3840M", "upgrade it"),
    ("rockchip-linux/rknpu2#102: a load of 429496%", OLD, "rknn_run",
     [SUBMIT % "!" + TRY], "driver", "failed to submit!", "upgrade it to 0.9.6", "http"),
    ("rockchip-linux/rknn-toolkit2#297: Orange Pi 5 Plus, 6.1.43, core 1", {"driver_version": "0.9.2", "core": 1},
     "rknn_run", [SUBMIT.replace("task start: 0", "task start: 618") % "!"], "driver", "failed to submit!",
     "driver 0.9.2 cannot run jobs", "model"),
    ("thanhtantran/rknn-multi-threaded-3588#3: a warning before it", {"driver_version": "0.9.2"}, "rknn_run",
     ["W RKNN: [22:06:38.699] Output(285): size_with_stride larger than model origin size, if need run Operator in NPU",
      SUBMIT % "!"], "driver", "failed to submit!", "driver 0.9.2 cannot run jobs", "model"),
    ("docker's log file, JSON", OLD, "rknn_run",
     ['{"log":"E RKNN: [15:34:39.465] failed to submit!, op id: 1, op name: Conv:Conv_0\\n","stream":"stderr"}'],
     "driver", "failed to submit!, op id: 1", "driver 0.8.2 cannot run jobs", "model"),
    ("a logger with colors, of which the escape was removed", OLD, "rknn_run",
     ["[31mE RKNN: [15:34:39.465] Unsupport CPU op: CumSum in this librknnrt.so[0m"], "model", "Unsupport CPU op",
     "convert it again", "upgrade"),
    # -- the model and the runtime
    ("2.3.2 with a model of a later format", {}, "rknn_init",
     ["E RKNN: " + T + "RKNN model version is 7, but current librknnrt.so is support model version <= 6" + IF_USING,
      LOAD_FAILED], "runtime",
     "support model version <= 6", "too old for model format 7", "http"),
    ("cqu20160901/yolov11_dfl_rknn_Cplusplus#3: rknn_init error ret=-6", {"code": -6}, "rknn_init",
     ["E RKNN: [02:27:31.133] 6, 4", "E RKNN: [02:27:31.133] Invalid RKNN model version 6",
      "E RKNN: [02:27:31.133] rknn_init, load model failed!"], "runtime", "Invalid RKNN model version 6",
     "too old for model format 6", "send the"),
    *lines("2.3.2", (
        "Failed to read model data", "failed to map file: yolov5.rknn", "parseRKNN: rknn model is too small!",
        "invalid model path: a.rknn, real_model_offset(0) + real_model_size(9) > total_file_size(4)",
        "Number of subgraphs in rknn should be greater than 0.", "invalid rknn full model!"), "model",
        "send the model again", "install", "rknn_init"),
    ("airockchip/rknn-toolkit2#511: two releases, and no line tells", {**NEW, "code": None, "signal": 11}, "rknn_run",
     [RUNTIME % "2.3.4b0", MODEL_INFO % ("2.3.0", "2.3.0")], "crash", "SIGSEGV in rknn_run",
     "made with toolkit 2.3.0, the runtime is 2.3.4b0", "mismatched"),
    ("the same with one release", {**NEW, "code": None, "signal": 11}, "rknn_run",
     [RUNTIME % "2.3.0", MODEL_INFO % ("2.3.0", "2.3.0")], "crash", "SIGSEGV in rknn_run", "mismatched",
     "made with toolkit"),
    ("the same with a first release of a toolkit", {**NEW, "code": None, "signal": 11}, "rknn_run",
     [RUNTIME % "2.0.0b0", MODEL_INFO % ("2.0.0b0+9bab5682", "2.0.0b0")], "crash", "SIGSEGV", "mismatched",
     "made with"),
    ("airockchip/rknn-llm#509: RKLLM", {**NEW, "code": None, "signal": 11}, "rknn_run",
     [RKLLM % "1.3.0", "I rkllm: rkllm-toolkit version: 1.1.1, max_context_limit: 4096, npu_core_num: 3"], "crash",
     "SIGSEGV in rknn_run", "made with toolkit 1.1.1, the runtime is 1.3.0", "mismatched"),
    ("airockchip/rknn-toolkit2#506: the same warning before a bare code", OLD, "rknn_init", [OTHER], "runtime",
     "rknn_init returned -1 (failed); RKNN Model version: 2.3.2", "the runtime is 2.3.0", "goes with the driver"),
    ("the same before a wrong answer",
     {**OLD, "code": None, "top": [[91, 0.5], [7, 0.2]]}, "done", [OTHER], "model", "Top1 is 91: 0.500000",
     "made with toolkit 2.3.2, the runtime is 2.3.0", "upgrade"),
    ("a sentence that no row knows, of rknn_init", OLD, "rknn_init",
     ["E RKNN: " + T + "Dubious model, giving up", LOAD_FAILED], "runtime", "Dubious model, giving up",
     "use model and runtime of one release", "goes with the driver"),
    # -- RKLLM
    ("RKLLM 1.2.1b1 with a model of 1.2.2", NEW, "rknn_init",
     [RKLLM % "1.2.1b1", LOWER + " Please update rkllm-runtime to 1.2.2 or higher."], "runtime",
     "rkllm-runtime version is lower", "librkllmrt.so", "upgrade-npu"),
    ("the same, and it works", {"code": None, "top": RIGHT}, "done",
     [LOWER], "ok", "Top1 is 283", None, "x x"),
    ("a prompt without its picture", OLD, "rknn_run", ["E rkllm: prompt must contains <image> tag"],
     "model", "prompt must contains", "does not fit the model", "driver"),
    ("a model without its tokenizer", NEW, "rknn_init",
     ["E rkllm: Tokenizer is unavailable: model has no internal tokenizer and no external tokenizer_callback"],
     "model", "Tokenizer is unavailable", "how the model was exported", "install"),
    ("a model without its embedding", NEW, "rknn_init",
     ["E rkllm: Model has no embedding layer and no embed callback provided."], "model", "no embedding layer",
     "how the model was exported", "install"),
    ("NotPunchnox/rkllama#25: a prompt that is too long", OLD, "rknn_run",
     ["error: prompt gather than max context (prompt: 1299 tokens, max context: 1020)"], "model",
     "prompt gather than max context", "length of the context", "driver"),
    ("airockchip/rknn-llm#59: RK3582, the GPU", {}, "rknn_init",
     ["rkllm-runtime version: 1.0.1, rknpu driver version: 0.9.6, platform: RK3588",
      "E RKNN: [16:36:48.736] Cannot load clGetPlatformIDs!", "Error: could find any OpenCL devices!"], "runtime",
     "could find any OpenCL devices", "use_gpu", "install the runtime"),
    ("airockchip/rknn-llm#23: RK3566", {}, "rknn_init", ["Platform types setting error"], "runtime",
     "Platform types setting error", "does not support this SoC", "upgrade"),
    ("airockchip/rknn-llm#522: a second model, and a crash", {"code": None, "signal": 11}, "rknn_init",
     ["E RKNN: " + T + "failed to malloc npu memory, size: 3085697024, flags: 0x2", "E rkllm: rkllm_init failed"],
     "memory", "failed to malloc npu memory", "free memory", "checksum"),
    ("airockchip/rknn-llm#68: without the runtime's own lines", {"code": None, "signal": 11}, "rknn_init",
     ["can not create weight memory for domain1", "Error: iommu_context->weight_memory is NULL"], "memory",
     "weight memory for domain1", "address space", "checksum"),
    ("reboot helps", {"driver_version": "0.9.6"}, "rknn_init",
     [errno(14, "Bad address", "allocate handle"), "can not create weight memory for domain0",
      "Error: iommu_context->weight_memory is NULL"], "memory", "errno: 14", "reboot the board", "upgrade"),
    ("airockchip/rknn-llm#274: RKLLM without a reason", OLD, "rknn_run", [RKLLM % "1.2.1", "Server busy! Try later."],
     "runtime", "rknn_run returned -1", "RKLLM_LOG_LEVEL", "upgrade"),
    ("airockchip/rknn-llm#287: it does not say why, the node is closed", {"nodes": CLOSED}, "rknn_init", [], "device",
     "rknn_init returned -1 (failed); /dev/dri/card1 and /dev/dri/renderD129: permission denied", "group", "install"),
    ("the same with a line that says why", {"nodes": CLOSED}, "rknn_init",
     ["E RKNN: [11:40:07.311] parseRKNN from buffer: Invalid RKNN format!", LOAD_FAILED], "model",
     "Invalid RKNN format", "send the model again", "group"),
    ("rockchip-linux/rknn-toolkit#281: the toolkit for another board", {"code": None}, "rknn_init",
     ["E Execute ntp_transfer_proxy devices failed, ret code: 126. /bin/sh: 1: npu_transfer_proxy: Permission denied"],
     "runtime", "Execute ntp_transfer_proxy", "call it without one", "install"),
    # -- the loader
    *(loader(source, error + NO_FILE, "runtime", remedy, never) for source, error, remedy, never in (
        ("RKLLM's library", "librkllmrt.so", "librkllmrt.so is the vendor's", "apt"),
        ("the same, in the folder of the program", "lib/librkllmrt.so", "LD_LIBRARY_PATH", "apt"),
        ("RGA's library", "librga.so", "librga.so is the vendor's", "apt"),
        ("a program for the runtime's name of 2021", "librknn_api.so", "librknn_api.so is the vendor's", "apt"),
        ("Debian's names of packages", "libz.so.1", "apt: zlib1g", "libz1"),
        ("the same for OpenCL", "libOpenCL.so.1", "apt: ocl-icd-libopencl1", "vendor"),
        ("the same for OpenSSL", "libcrypto.so.1.1", "apt: libssl1.1", "libcrypto1"))),
    loader("glibc, a limit of memory", "/usr/lib/librknnrt.so: failed to map segment from shared object: Cannot "
           "allocate memory", "memory", "ulimit -v", "install"),
    *((source, {"code": None}, None, [line], "runtime", evidence, remedy, never)
      for source, line, evidence, remedy, never in (
          ("airockchip/rknn_model_zoo#289: a program's own words",
           "./VideoProc: error while loading shared libraries: librknnrt.so" + NO_FILE, "librknnrt.so: cannot open",
           "install a complete librknnrt.so", "apt"),
          ("rockchip-linux/rknn-toolkit2#260: Python's", "E OSError: /usr/lib/librknnrt.so: invalid ELF header",
           "invalid ELF header", "complete librknnrt.so", "apt"),
          ("RKLLM in Python", "OSError: librkllmrt.so" + NO_FILE, "librkllmrt.so: cannot open",
           "LD_LIBRARY_PATH", "apt"),
          ("a module of Python", "ImportError: libOpenCL.so.1" + NO_FILE, "libOpenCL.so.1: cannot",
           "apt: ocl-icd-libopencl1", "upgrade-npu"),
          ("a runtime that is too old", "AttributeError: /usr/lib/librknnrt.so: undefined symbol: x",
           "undefined symbol: x", "complete librknnrt.so", "apt"),
          ("glibc, a program for a newer runtime",
           "./demo: symbol lookup error: ./libdemo.so: undefined symbol: rknn_create_mem2", "rknn_create_mem2",
           "complete librknnrt.so", "apt"))),
    # -- rknn-toolkit-lite2 alone: the exception has the code
    ("airockchip/rknn_model_zoo#102: no line of the runtime, and closed nodes",
     {"code": None, "nodes": CLOSED}, "rknn_init",
     ["E Exception: RKNN init failed. error code: RKNN_ERR_DEVICE_UNAVAILABLE"], "device",
     "rknn_init returned -3 (device unavailable); /dev/dri/card1", "group render", "upgrade"),
    ("lite2: the time is up", {"code": None}, "rknn_run",
     ["E Exception: RKNN run failed. error code: RKNN_ERR_TIMEOUT"], "timeout", "rknn_run returned -2", "kernel log",
     "x x"),
    ("lite2: a context that is gone", {"code": None, **OLD}, "rknn_run",
     ["E Exception: RKNN run failed. error code: RKNN_ERR_CTX_INVALID"], "model", "rknn_run returned -7",
     "before the NPU had a job", "upgrade"),
    ("lite2: a code that it does not have", {"code": None}, "rknn_run", ["error code: RKNN_ERR_OF_TOMORROW"], "crash",
     "without an answer", "again", "x x"),
    *(("the code in the words of a demo: " + line, {"code": None}, "rknn_init", [line], name, evidence, remedy, never)
      for line, name, evidence, remedy, never in (
          ("rknn_init fail! ret=-13", "model", "returned -13 (model is for another platform)", "this SoC", "install"),
          ("rknn_init error ret=-6", "model", "rknn_init returned -6", "send the model again", "install"),
          ("[ERR] rknn_init failed: -4", "memory", "rknn_init returned -4", "free memory", "install"),
          ("[ERROR] rknn_init failed with code -1", "runtime", "rknn_init returned -1", "install", "x x"))),
    ("-3 where the device tree has the NPU disabled",
     {"code": -3, "nodes": [], "surroundings": {"disabled_node": "npu@fdab0000"}}, "rknn_init", [], "device",
     "NPU disabled (npu@fdab0000)", "enable the NPU's node", "upgrade"),
    ("a driver without power management of its own", {"nodes": []}, "rknn_init",
     [errno(95, "Operation not supported", "allocate handle")], "driver", "errno: 95", "no lack of memory",
     "free memory"),
    ("rknn_create_mem_from_fd with a buffer that is closed", OLD, "rknn_run",
     [errno(9, "Bad file descriptor", "convert fd(31) to handle")], "model", "errno: 9", "buffer (fd)", "upgrade"),
]
LOGS = [*field_logs_third.LOGS, *FOURTH]
