# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What a program's log says of its end, in words that no public log of tests/field_logs has."""

from __future__ import annotations

import signal
import time

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._inference import program_ends
from ansible_collections.rkfleet.npu.plugins.module_utils._inference.causes import log_text

PIPE = "rknn_init,  driver open fail!  ret = -9(ERROR_PIPE)!"


@pytest.mark.parametrize(("line", "stage", "found"), [
    ("Failed to initialize RKLLM: error code -1", None, ("rkllm_init", -1)),
    ("RKNN error -1 in rknn_init", None, ("rknn_init", -1)),
    ("rknn_run fail! ret=-1", "rknn_init", ("rknn_run", -1)),
    ("RknnError: -6 (RKNN_ERR_MODEL_INVALID)", "rknn_init", ("rknn_init", -6)),
    ("Exception: E Get outputs failed, error code: RKNN_ERR_OUTPUT_INVALID", "rknn_run", ("rknn_outputs_get", -9)),
    # The code of the client for rknn_server is another one, as is a number behind something else.
    ("E RKNNAPI: " + PIPE, "rknn_init", ("rknn_init", None)), (PIPE, "rknn_init", ("rknn_init", None)),
    ("rknn_create_mem, size -1096810496 fail", "rknn_init", ("rknn_init", None)),
    ("rknn_toolkit failed: -1", "rknn_init", ("rknn_init", None)), ("error code: RKNN_ERR_NEW", None, (None, None)),
])
def test_function_and_code_in_a_programs_words(line, stage, found):
    assert program_ends.call_and_code(log_text.messages([line]), stage) == found


@pytest.mark.parametrize(("line", "number"), [
    ("Command '['./demo']' died with <Signals.SIGSEGV: 11>.", signal.SIGSEGV),
    ("fish: Job 1, './demo' terminated by signal SIGBUS (Misaligned address error)", signal.SIGBUS),
    ("09-14 08:45:03.277  6912  6912 F libc    : Fatal signal 11 (SIGSEGV), code 1", signal.SIGSEGV),
    ("Nov 29 10:00:00 rock kernel: Out of memory: Killed process 812 (demo)", signal.SIGKILL),
    ("rkllama.service: A process of this unit has been killed by the OOM killer.", signal.SIGKILL),
    ("Fatal Python error: Bus error", signal.SIGBUS), ("terminate called without an active exception", signal.SIGABRT),
    ("signal: killed", signal.SIGKILL), ("signal: segmentation fault (core dumped)", signal.SIGSEGV),
    ("[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x7f]", signal.SIGSEGV),
    ("SIGABRT: abort", signal.SIGABRT), ("#  SIGSEGV (0xb) at pc=0x0000007f", signal.SIGSEGV),
    ("process didn't exit successfully: `demo` (signal: 11, SIGSEGV: invalid memory reference)", signal.SIGSEGV),
    # rockchip-linux/rknpu2#88
    ("AddressSanitizer:DEADLYSIGNAL", signal.SIGSEGV),
    ("==15525==ERROR: AddressSanitizer: SEGV on unknown address 0x00000000006c", signal.SIGSEGV),
    ("==15525==ERROR: AddressSanitizer: heap-use-after-free on address 0x6c", signal.SIGABRT),
    # Home Assistant (s6), Immich (gunicorn), ROS, Celery, glog and the kernel
    ("[INFO] The go2rtc-healthcheck service exited with code 256 (by signal 15)", signal.SIGTERM),
    ("Service whisper exited with code 256 (by signal 4)", signal.SIGILL),
    ("[INFO] Service NGINX exited with code 0 (by signal 0)", None),
    ("ERROR    Worker (pid:696) was sent SIGSEGV!", signal.SIGSEGV), ("was sent code 139!", signal.SIGSEGV),
    ("[ERROR] Worker (pid:28) was sent SIGKILL! Perhaps out of memory?", signal.SIGKILL),
    ("[rknn_node-1]: process has died [pid 1234, exit code -11, cmd '/opt/ros/rknn_node']", signal.SIGSEGV),
    ("WorkerLostError: Worker exited prematurely: signal 9 (SIGKILL) Job: 1.", signal.SIGKILL),
    ("*** SIGSEGV (@0x0) received by PID 1234 (TID 0x7f) from PID 0; stack trace: ***", signal.SIGSEGV),
    ("demo[1446]: unhandled level 2 translation fault (11) at 0x00000000, in librknnrt.so[7f8a]", signal.SIGSEGV),
    ("process failed with exit code -1", None), ("rknn_run returned -6", None),
    ("zsh: killed     python3 demo.py", signal.SIGKILL), ("zsh: abort (core dumped)  ./demo", signal.SIGABRT),
    ("[1]    12345 segmentation fault (core dumped)  ./rknn_yolov5_demo", signal.SIGSEGV),
    ("zsh: illegal hardware instruction (core dumped)  ./llm_demo", signal.SIGILL), ("abort the upload", None),
    ("SIGTERM handler was installed", None),
    ("Killed 3 old processes", None), ("Aborted: 0, done: 7", None), ("exited with code 1", None),
    ("demo terminated by SIGNONE", None), ("exited with code 159", signal.SIGSYS), ("exit code: 255", None),
])
def test_the_signal_in_the_words_of_shells_and_services(line, number):
    assert program_ends.signal_number(log_text.messages([line])) == number


def test_the_process_that_ended_first_counts_not_those_that_were_stopped_then():
    log = ["The nginx service exited with code 256 (by signal 15)", "Frigate exited with code 256 (by signal 11)"]
    assert program_ends.signal_number(log_text.messages(log)) == signal.SIGSEGV
    assert program_ends.signal_number(log_text.messages(log[:1])) == signal.SIGTERM


@pytest.mark.parametrize("text", [
    "was sent " * 60, "signal 1 " * 60, "unhandled " * 60,
    "ERROR " * 100, "[a] " * 150, "a.b " * 150, "10:00:00 " * 60, "| " * 300, 'x="a" ' * 100, '{"a": "b", ' * 60,
    "rknn_init fail " * 40, "\u521d\u59cb\u5316" * 200, "sh: 1: " * 80, "exit code: " * 50, "RKNN error -1 at " * 35,
])
def test_no_line_takes_long(text):
    begin = time.monotonic()
    log = log_text.messages([text] * 10)
    program_ends.call_and_code(log, None)
    program_ends.signal_number(log)
    assert time.monotonic() - begin < 5
