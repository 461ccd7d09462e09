# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Public logs of the runtime: crashes whose log does not say why."""

from __future__ import annotations

from .values import CHANNEL, GPU_MISSING, LOAD_FAILED, MODEL_INFO, NEW, RUNTIME, T

LOGS = [
    ("a crash with other lines behind the one that tells why", {"code": None, "signal": 11}, "rknn_init",
     ["E RKNN: " + T + "failed to find tensor: 0x1 for address informations!", LOAD_FAILED, "rknn_init ..."], "crash",
     "SIGSEGV in rknn_init; failed to find tensor: 0x1", "checksums", "x x"),
    ("a layer on the CPU, and it works; the same in a crash",
     {"code": None, "signal": 11}, "rknn_run", [CHANNEL], "crash", "SIGSEGV in rknn_run",
     "checksums", "x x"),
    ("1.5.2: the GPU is not there; the same before a crash", {"code": None, "signal": 11}, "rknn_run",
     [*GPU_MISSING, "E RKNN: " + T + "failed to find tensor: 0x1 for address informations!"], "crash",
     "SIGSEGV in rknn_run; failed to find tensor: 0x1", "checksums", "x x"),
    ("airockchip/rknn-toolkit2#511: two releases, and no line tells", {**NEW, "code": None, "signal": 11}, "rknn_run",
     [RUNTIME % "2.3.4b0", MODEL_INFO % ("2.3.0", "2.3.0")], "crash", "SIGSEGV in rknn_run",
     "made with toolkit 2.3.0, the runtime is 2.3.4b0", "mismatched"),
    ("airockchip/rknn-toolkit2#511; the same with one release", {**NEW, "code": None, "signal": 11}, "rknn_run",
     [RUNTIME % "2.3.0", MODEL_INFO % ("2.3.0", "2.3.0")], "crash", "SIGSEGV in rknn_run", "mismatched",
     "made with toolkit"),
    ("airockchip/rknn-toolkit2#511; the same with a first release of a toolkit",
     {**NEW, "code": None, "signal": 11}, "rknn_run",
     [RUNTIME % "2.0.0b0", MODEL_INFO % ("2.0.0b0+9bab5682", "2.0.0b0")], "crash", "SIGSEGV", "mismatched",
     "made with"),
    ("lite2: a code that it does not have", {"code": None}, "rknn_run", ["error code: RKNN_ERR_OF_TOMORROW"], "crash",
     "without an answer", "again", "x x"),
    ("NotPunchnox/rkllama#122: RK3576, Illegal instruction", {**NEW, "code": None, "signal": 4}, "rknn_init", [],
     "runtime", "SIGILL in rknn_init", "built for another one", "mismatched"),
]
