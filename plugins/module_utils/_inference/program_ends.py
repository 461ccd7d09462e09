# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How a program ended, in the words of programs, shells, systemd and containers, where only its log is known."""

from __future__ import annotations

import re
import signal

_FUNCTION = (
    r"(?P<function>rknn_(?:init|destroy|query|inputs_set|run|wait|outputs_get|outputs_release|dup_context|mem_sync"
    r"|(?:create|destroy)_mem[a-z0-9_]{0,20}|set_[a-z]{2,10}_(?:mem|mask|num|shapes?)|matmul_[a-z_]{3,30}"
    r"|register_custom_ops)|rkllm_[a-z_]{3,30})(?![a-z0-9_])")
# rknn-toolkit-lite2 raises an exception with the name of the code that the library returned.
_NAME = re.compile(
    r".{0,200}(?:\b[Ee]rror code: |\b[Vv]alue: |\brknn_\w{1,30}: |-\d{1,2} \()RKNN_ERR_(?P<name>\w{1,60})")
_NAMES = (
    "FAIL", "TIMEOUT", "DEVICE_UNAVAILABLE", "MALLOC_FAIL", "PARAM_INVALID", "MODEL_INVALID", "CTX_INVALID",
    "INPUT_INVALID", "OUTPUT_INVALID", "DEVICE_UNMATCH", "INCOMPATILE_PRE_COMPILE_MODEL",
    "INCOMPATILE_OPTIMIZATION_LEVEL_VERSION", "TARGET_PLATFORM_UNMATCH")
# A code of the vendor's client for rknn_server has its own name behind it.
_NUMBER = r"(?P<code>-\d{1,2})\b(?!\(ERROR)"
# The demos print the code; so do other programs, many of them in Chinese.
_CODES = tuple(map(re.compile, (
    r".{0,150}?\b" + _FUNCTION + r"(?=[^-]{0,60}(?:fail|[Ee]rror|return|\bret\b|\brc\b|status|code|=|\u5931\u8d25"
    r"|\u9519\u8bef|\u8fd4\u56de))[^-]{0,80}" + _NUMBER,
    r".{0,100}\bRKNN error " + _NUMBER + r" (?:at|in) .{0,150}?(?P<function>(?:rknn_)?(?:init|run|query|inputs_set"
    r"|outputs_get|create_mem|set_io_mem|matmul_[a-z_]{3,30}))\b",
    r".{0,100}\b(?:Create RKNN model fail, error=|(?i:fail\w{0,3} to (?:init\w{0,9}|load) rk(?:nn|llm)\b"
    r"|init\w{0,9} rk(?:nn|llm)\b[^-]{0,20}\bfail\w{0,3}\b|rk(?:nn|llm) init\w{0,9} (?:fail|err)\w{0,3}\b)[^-]{0,30})"
    + _NUMBER,
    # sherpa-onnx names its own functions.
    r".{0,200}\brknn/\S{1,80}\.cc:(?P<function>Init|Run)\w{0,40}:\d{1,5} Return code is: " + _NUMBER,
    r".{0,100}(?:\u521d\u59cb\u5316|\u52a0\u8f7d\u6a21\u578b|\u6a21\u578b\u52a0\u8f7d)[^-]{0,20}\u5931\u8d25[^-]{0,20}"
    + _NUMBER)))
_TOOLKITS_WORDS = (
    ("RKNN init ", "rknn_init"), ("RKNN run ", "rknn_run"), ("Set inputs ", "rknn_inputs_set"),
    ("Get outputs ", "rknn_outputs_get"), ("core mask ", "rknn_set_core_mask"),
    ("Set input shape ", "rknn_set_input_shapes"), ("Query ", "rknn_query"), ("Get input output num ", "rknn_query"))

_OF_SHELL = (
    (signal.SIGSEGV, r"(?:Fatal Python error: )?Segmentation fault|\u6bb5\u9519\u8bef"),
    (signal.SIGABRT, r"(?:Fatal Python error: )?Abort(?:ed)?|\u5df2\u653e\u5f03|\u5df2\u4e2d\u6b62"),
    (signal.SIGBUS, r"(?:Fatal Python error: )?Bus error|\u603b\u7ebf\u9519\u8bef"),
    (signal.SIGILL, r"(?:Fatal Python error: )?Illegal (?:hardware )?instruction|\u975e\u6cd5\u6307\u4ee4"),
    (signal.SIGFPE, r"Floating point exception|\u6d6e\u70b9\u6570\u4f8b\u5916"),
    (signal.SIGKILL, r"Killed|\u5df2\u6740\u6b7b"), (signal.SIGTERM, r"Terminated|\u5df2\u7ec8\u6b62"),
    (signal.SIGSYS, "Bad system call"), (signal.SIGXCPU, "CPU time limit exceeded"),
    (signal.SIGXFSZ, "File size limit exceeded"))
# A script's shell names itself, the process and the command; Go and zsh have the words in lower case.
_WORDS = [(number, re.compile(
    r".{0,80}\bsignal: (?i:" + words + r")\b|(?:zsh: |\d{3,9} {1,4})(?i:" + words + r")(?:\Z| \(core| {2})"
    r"|(?:\S{1,100}: (?:line )?\d{1,5}: {1,9}(?:\d{1,9} )?|\[\d\][+-]? {1,4}(?:\d{1,9} {1,4})?)?(?:" + words
    + r")(?:\Z|[: ] {0,40}[(./].{0,300}\Z)"))
    for number, words in _OF_SHELL]
_ABORTS = re.compile(
    r"(?:free|realloc|malloc|munmap_chunk)\(\): |double free or corruption|corrupted (?:size|double-linked list)"
    r"|\*\*\* stack smashing detected|terminate called |Catch runtime Crash!")
_KILLED = re.compile(
    r".{0,200}\b(?:OOMKilled|result 'oom-kill'|killed by the OOM killer|[Oo]ut of memory: Killed process)")
# systemd, Android, fish, gdb, Python, Go, Rust, Java, s6 and gunicorn. The code of a container or a shell is 128 more
# than the signal, that of Python or ROS below 0.
_NUMBERED = re.compile(
    r".{0,200}(?:\bcode=(?:killed|dumped), status=|\b(?i:signal) (?=\d{1,2}(?:\)|:? \(?SIG))"
    r"|\bunhandled .{1,60} fault \()(?P<number>\d{1,2})\b"
    r"|.{0,200}\b(?i:exit ?code:?|returncode)[ =]-(?P<below>[46789]|11|15|31)\b"
    r"|.{0,200}\b(?:(?i:exit(?:ed)?(?: with)? (?:code|status)):? {1,12}|was sent code )"
    r"(?P<code>1(?:29|3\d|4\d|5\d))\b"
    r"|(?:.{0,200}\b(?:terminated by (?:signal )?|(?:with|received) signal |was sent |died with <Signals\."
    r"|signal: \d{1,2}, )"
    r"|.{0,80}\[signal |# {1,4}|\*{3} |(?=SIG[A-Z]{2,6}: ))(?P<name>SIG[A-Z]{2,6})\b")
_SANITIZER = re.compile(r".{0,80}\bAddressSanitizer: ?(?P<segv>SEGV|DEADLYSIGNAL)?")


def call_and_code(log, stage):
    """Return (function, negative code) that the log says it returned, or (stage, None).

    Args:
        log: Messages.
        stage: the last call begun, which is the function where the log names none.
    """
    for line in log:
        match = _NAME.match(line.text)
        if match and match.group("name") in _NAMES:
            call = re.search(_FUNCTION, line.text)
            told = [name for words, name in _TOOLKITS_WORDS if words in line.text]
            return (call.group("function") if call else told[0] if told else stage,
                    -1 - _NAMES.index(match.group("name")))
        for pattern in _CODES:
            match = pattern.match(line.text)
            if match:
                function = match.groupdict().get("function")
                if not function:
                    return "rkllm_init" if "RKLLM" in line.text else stage or "rknn_init", int(match.group("code"))
                function = function.lower()
                return function if function.startswith("rk") else "rknn_" + function, int(match.group("code"))
    return stage, None


def signal_number(log):
    """Return the number of the signal by which the program ended, as its shell or service says in the log, or None.

    Where one process has ended by itself, the others of a container are stopped with SIGTERM.
    """
    numbers = [int(number) for number in (_signal_of(line.text) for line in log) if number in set(signal.Signals)]
    return min(numbers, key=lambda number: number == signal.SIGTERM, default=None)


def _signal_of(text):
    if _KILLED.match(text):
        return signal.SIGKILL
    match = _NUMBERED.match(text)
    if match:
        if match.group("name"):
            return getattr(signal, match.group("name"), None)
        return int(match.group("number") or match.group("below") or int(match.group("code")) - 128)
    sanitizer = _SANITIZER.match(text)
    if sanitizer:
        return signal.SIGSEGV if sanitizer.group("segv") else signal.SIGABRT
    if _ABORTS.match(text):
        return signal.SIGABRT
    return next((number for number, words in _WORDS if words.match(text)), None)
