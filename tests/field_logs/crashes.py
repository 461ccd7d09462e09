# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Public logs of the runtime: crashes whose log does not say why."""

from __future__ import annotations

from .values import CHANNEL, GPU_MISSING, LOAD_FAILED, MODEL_INFO, NEW, RUNTIME, SUBMIT, T

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
    ("airockchip/rknn-llm#518: librkllmrt.so 1.3.0 on an RK3588", {**NEW, "code": None, "signal": 4}, "rknn_init",
     ["rkllm init start", "Illegal instruction (core dumped)"], "runtime", "SIGILL in rknn_init", "lack SVE",
     "mismatched"),
    ("kind: a shutdown, or the time limit of a container", {**NEW, "code": None, "signal": 15}, "rknn_run", [],
     "crash", "SIGTERM in rknn_run, which a program sends", "run it again", "checksums"),
    ("kind: the session ends", {**NEW, "code": None, "signal": 1}, "rknn_init", [], "crash",
     "SIGHUP in rknn_init, which a program sends", "run it again", "checksums"),
    ("kind: its reader ended", {**NEW, "code": None, "signal": 13}, "rknn_init", ["rkllm init start"], "crash",
     "SIGPIPE in rknn_init, which a program sends; last line: rkllm init", "run it again", "checksums"),
    ("kind: a signal behind the line that tells why", {"driver_version": "0.8.2", "code": None, "signal": 15},
     "rknn_run", [SUBMIT % "!"], "driver", "failed to submit!", "upgrade", "run it again"),
    ("kind: a limit of CPU time", {**NEW, "code": None, "signal": 24}, "rknn_run", [], "memory", "SIGXCPU in rknn_run",
     "LimitCPU=", "checksums"),
    ("kind: a filter of system calls", {**NEW, "code": None, "signal": 31}, "rknn_init", ["Bad system call"], "device",
     "SIGSYS in rknn_init", "seccomp", "checksums"),
    ("rockchip-linux/rknpu2#28: RGA is not for this user", {**NEW, "code": None}, "rknn_inputs_set",
     ["resize with RGA!", "failed to open RGA:Permission denied.",
      "rga_im2d: The current RockchipRga singleton is destroyed."], "model",
     "failed to open RGA:Permission denied.", "of RGA", "usermod"),
]
