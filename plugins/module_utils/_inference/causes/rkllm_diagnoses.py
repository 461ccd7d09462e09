# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The rows of the table in diagnoses.py for programs that use RKLLM: of librkllmrt.so, which no upgrade changes."""

from __future__ import annotations

from . import log_lines
from .loader_diagnoses import Row

ROWS = (
    Row("model", line=log_lines.RKLLM_CALL,
        remedy="what the program passes to RKLLM does not fit the model (prompt, length of the context, tokenizer, "
               "embedding or number of CPUs): compare the call with rkllm.h of this release and with how the model "
               "was exported"),
    Row("model", line=r".{0,80}\bGGML_ASSERT\((?!alloc)|TODO: support embd input\b",
        remedy="RKLLM cannot compute this model: convert it with the rkllm-toolkit of librkllmrt.so's release, and "
               "keep prompt and answer within the length of the context that it was made for"),
    Row("runtime", line=r"The rkllm-runtime version is lower than the rkllm-toolkit version\b", may_change="nothing",
        remedy="the model was made with a newer rkllm-toolkit: replace librkllmrt.so of the program by that of the "
               "toolkit's release, not the driver or librknnrt.so"),
    Row("runtime", line=r".{0,80}\bcould find any OpenCL devices\b", may_change="nothing",
        remedy="the program has RKLLM use the GPU (use_gpu): switch that off, or install OpenCL for the GPU. Neither "
               "NPU nor driver is at fault"),
    Row("runtime", line=r"Platform error: must be|Your platform is (?!unknown)|Platform types setting error",
        may_change="nothing",
        remedy="RKLLM does not support this SoC: use an RK3588, RK3576, RK3562 or RV1126B"),
    Row("runtime", line=r"Query platform error!|Your platform is unknown", may_change="nothing",
        remedy="RKLLM could not find out which SoC this is: update librkllmrt.so, and let the program read "
               "/proc/device-tree/compatible and open the NPU's nodes, also in a container"),
)
CRASHES = (
    Row("runtime", when=("illegal_instruction", "rkllm"), may_change="nothing",
        evidence="{signal} in {stage}{after}",
        remedy="librkllmrt.so or the program has an instruction that this processor does not know: RK3588, RK3576 and "
               "RK3562 lack SVE, which librkllmrt.so 1.3.0 requires. Use another release of it, and a model of that "
               "release. librknnrt.so is not at fault"),
    Row("crash", when=("signal", "rkllm", "other_toolkit"), may_change="nothing",
        evidence="{signal} in {stage}{after}",
        remedy="the model was made with toolkit {other_toolkit}, the runtime is {release}: use librkllmrt.so and a "
               "model of one release"),
    Row("crash", when=("signal", "rkllm"), may_change="nothing",
        evidence="{signal} in {stage}{after}",
        remedy="check the checksum of the model, and that librkllmrt.so, the model and the rkllm.h with which the "
               "program was compiled are of one release: its structures change from release to release"),
)
_LOG_MORE = (
    "have RKLLM log more (RKLLM_LOG_LEVEL=2), use librkllmrt.so and model of one release, and compare the program with "
    "the demo of that release; with a large model check the free memory, too")
ANSWERS = (
    Row("runtime", when=("answer", "rkllm"), may_change="nothing", remedy=_LOG_MORE),
    Row("runtime", line=r"(?:[Ee]rror: )?(?:rk|RK)llm[ _](?:init|run) (?:failed|error)\b", may_change="nothing",
        remedy=_LOG_MORE),
)
