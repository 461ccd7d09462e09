# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""One MobileNet inference through librknnrt.so, and what its outcome says about the board.

infer() talks to the library, in a child process; top_scores(), compare() and diagnose() are pure.
The layouts of the C API are the same in runtimes 1.4.0 to 2.3.2 on 64-bit ARM.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import grp
import json
import math
import os
import re
import resource
import select
import signal
import statistics
import time

from .._board import version as _version
from .._board.tree import clean

WIDTH = HEIGHT = 224
PICTURE_BYTES = WIDTH * HEIGHT * 3
CLASSES = 1001
# Classes kept for the comparison: one expected fifth may come out sixth within the tolerance.
KEPT = 20
# Scores are multiples of 1/256 computed in float32: what is beyond their rounding is a difference.
ROUNDING = 1e-6

# What a runtime may say of itself is bounded: it ends up in the results of a whole fleet.
LOG_LINES = 100
LOG_LINE = 600
_LOG_END = 64 << 10
_RESULT_LIMIT = 64 << 10
_KILL_GRACE = 5.0

QUERY_IN_OUT_NUM, QUERY_INPUT_ATTR, QUERY_OUTPUT_ATTR, QUERY_SDK_VERSION = 0, 1, 2, 5
TYPE_UINT8, FORMAT_NHWC = 3, 1
CODES = {
    -1: "failed", -2: "timeout", -3: "device unavailable", -4: "out of memory", -5: "parameter invalid",
    -6: "model invalid", -7: "context invalid", -8: "input invalid", -9: "output invalid", -10: "device does not match",
    -11: "incompatible precompiled model", -12: "incompatible optimisation level", -13: "model is for another platform",
}


class TensorAttr(ctypes.Structure):
    """rknn_tensor_attr, 376 bytes."""

    _fields_ = [
        ("index", ctypes.c_uint32), ("n_dims", ctypes.c_uint32), ("dims", ctypes.c_uint32 * 16),
        ("name", ctypes.c_char * 256), ("n_elems", ctypes.c_uint32), ("size", ctypes.c_uint32),
        ("fmt", ctypes.c_uint32), ("type", ctypes.c_uint32), ("qnt_type", ctypes.c_uint32),
        ("fl", ctypes.c_int8), ("zp", ctypes.c_int32), ("scale", ctypes.c_float),
        ("w_stride", ctypes.c_uint32), ("size_with_stride", ctypes.c_uint32),
        ("pass_through", ctypes.c_uint8), ("h_stride", ctypes.c_uint32),
    ]


class Input(ctypes.Structure):
    """rknn_input, 32 bytes."""

    _fields_ = [
        ("index", ctypes.c_uint32), ("buf", ctypes.c_void_p), ("size", ctypes.c_uint32),
        ("pass_through", ctypes.c_uint8), ("type", ctypes.c_uint32), ("fmt", ctypes.c_uint32),
    ]


class Output(ctypes.Structure):
    """rknn_output, 24 bytes."""

    _fields_ = [
        ("want_float", ctypes.c_uint8), ("is_prealloc", ctypes.c_uint8), ("index", ctypes.c_uint32),
        ("buf", ctypes.c_void_p), ("size", ctypes.c_uint32),
    ]


class SdkVersion(ctypes.Structure):
    """rknn_sdk_version, 512 bytes."""

    _fields_ = [("api_version", ctypes.c_char * 256), ("drv_version", ctypes.c_char * 256)]


class InputOutputNum(ctypes.Structure):
    """rknn_input_output_num, 8 bytes."""

    _fields_ = [("n_input", ctypes.c_uint32), ("n_output", ctypes.c_uint32)]


class _Refused(Exception):
    """A call of the library answered with an error code."""


class _Unsuitable(Exception):
    """The model is not the MobileNet this module asks for."""


# ---- in the child --------------------------------------------------------------------


class _Library:
    """The seven functions, each raising _Refused on a code other than 0."""

    def __init__(self, path, tell):
        tell(stage="dlopen")
        self._tell = tell
        self._library = ctypes.CDLL(path)
        pointer, number = ctypes.c_void_p, ctypes.c_uint32
        self._arguments = {
            "rknn_init": [pointer, pointer, number, number, pointer],
            "rknn_query": [ctypes.c_uint64, ctypes.c_int, pointer, number],
            "rknn_inputs_set": [ctypes.c_uint64, number, pointer],
            "rknn_run": [ctypes.c_uint64, pointer],
            "rknn_outputs_get": [ctypes.c_uint64, number, pointer, pointer],
            "rknn_outputs_release": [ctypes.c_uint64, number, pointer],
            "rknn_destroy": [ctypes.c_uint64],
        }
        for name, arguments in self._arguments.items():
            getattr(self._library, name).argtypes = arguments

    def call(self, name, *arguments):
        self._tell(stage=name)
        code = getattr(self._library, name)(*arguments)
        if code != 0:
            self._tell(code=code)
            raise _Refused(name)

    def query(self, context, what, answer):
        self.call("rknn_query", context, what, ctypes.byref(answer), ctypes.sizeof(answer))
        return answer


def _check_model(library, context):
    """Refuse a model that is not one picture in, 1001 scores out: its answer would be read out of bounds."""
    number = library.query(context, QUERY_IN_OUT_NUM, InputOutputNum())
    if (number.n_input, number.n_output) != (1, 1):
        raise _Unsuitable("the model has %d inputs and %d outputs, expected are 1 and 1" % (number.n_input, number.n_output))
    taken = library.query(context, QUERY_INPUT_ATTR, TensorAttr())
    given = library.query(context, QUERY_OUTPUT_ATTR, TensorAttr())
    if (taken.n_elems, given.n_elems) != (PICTURE_BYTES, CLASSES):
        raise _Unsuitable(
            "the model takes %d values and gives %d, expected are %d and %d"
            % (taken.n_elems, given.n_elems, PICTURE_BYTES, CLASSES)
        )


def _run_once(library, context):
    """(scores, milliseconds in rknn_run) of one run."""
    started = time.perf_counter()
    library.call("rknn_run", context, None)
    elapsed = (time.perf_counter() - started) * 1000
    scores = (ctypes.c_float * CLASSES)()
    output = Output(want_float=1, is_prealloc=1, buf=ctypes.cast(scores, ctypes.c_void_p), size=ctypes.sizeof(scores))
    library.call("rknn_outputs_get", context, 1, ctypes.byref(output), None)
    library.call("rknn_outputs_release", context, 1, ctypes.byref(output))
    return list(scores), elapsed


def _converse(path, model, picture, runs, tell):
    library = _Library(path, tell)
    context = ctypes.c_uint64()
    blob = ctypes.create_string_buffer(model, len(model))
    library.call("rknn_init", ctypes.byref(context), blob, len(model), 0, None)
    version = library.query(context, QUERY_SDK_VERSION, SdkVersion())
    tell(
        sdk_version=version.api_version.decode("ascii", "replace"),
        driver_version=version.drv_version.decode("ascii", "replace"),
    )
    _check_model(library, context)
    pixels = ctypes.create_string_buffer(picture, len(picture))
    one = Input(index=0, buf=ctypes.cast(pixels, ctypes.c_void_p), size=len(picture), type=TYPE_UINT8, fmt=FORMAT_NHWC)
    library.call("rknn_inputs_set", context, 1, ctypes.byref(one))
    # The first run pays for what is set up lazily, so it gives the scores and is not timed.
    first = top_scores(_run_once(library, context)[0], KEPT)
    tell(top=first)
    for dummy in range(runs):
        scores, elapsed = _run_once(library, context)
        tell(elapsed=round(elapsed, 3))
        again = top_scores(scores, KEPT)
        if again != first:
            tell(differs=again[:5])
    library.call("rknn_destroy", context)
    tell(stage="done")


def _child(path, model, picture, runs, result, log):
    """Everything the forked child does; it never returns."""
    status = 1
    try:
        os.setsid()
        # A crash shows as its signal, not as a traceback among the runtime's lines.
        faulthandler.disable()
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        # From level 2 on the runtime says which driver it found; its errors it always tells.
        os.environ["RKNN_LOG_LEVEL"] = "2"
        stdio = ctypes.CDLL(None)
        # Unbuffered, or the lines before a crash would be lost.
        stdio.setvbuf(ctypes.c_void_p.in_dll(stdio, "stdout"), None, 2, 0)

        def tell(**news):
            os.write(result, json.dumps(news).encode("ascii") + b"\n")

        try:
            _converse(path, model, picture, runs, tell)
        except _Refused:
            pass
        except (_Unsuitable, OSError, AttributeError, ValueError) as error:
            tell(error=str(error)[:LOG_LINE])
        status = 0
    finally:
        os._exit(status)


# ---- in the parent -------------------------------------------------------------------


class _Tail:
    """The beginning and the end of a stream, bounded."""

    def __init__(self, limit):
        self.limit, self.head, self.tail, self.dropped = limit, bytearray(), bytearray(), 0

    def add(self, chunk):
        room = self.limit - len(self.head)
        self.head += chunk[:max(room, 0)]
        self.tail += chunk[max(room, 0):]
        if len(self.tail) > self.limit:
            self.dropped += len(self.tail) - self.limit
            del self.tail[: len(self.tail) - self.limit]

    def data(self):
        return bytes(self.head) + (b"\n" if self.dropped else b"") + bytes(self.tail)


def _merge(text):
    """The child's news as one dictionary: the last word counts, timings are collected.

    Strict about types: the library shares the child's memory and pipes, so what comes may be anything.
    """
    kinds = {"stage": str, "code": int, "error": str, "sdk_version": str, "driver_version": str}
    outcome: dict = dict((name, None) for name in kinds)
    outcome.update(top=None, differs=None, elapsed=[])
    for line in text.splitlines():
        try:
            news = json.loads(line)
        except ValueError:
            continue
        for name, value in news.items() if isinstance(news, dict) else ():
            if name == "elapsed" and isinstance(value, float):
                outcome["elapsed"].append(value)
            elif name in ("top", "differs") and isinstance(value, list):
                try:
                    outcome[name] = pairs(value[:KEPT])
                except ValueError:
                    continue
            elif name in kinds and isinstance(value, kinds[name]):
                outcome[name] = clean(value, LOG_LINE) if isinstance(value, str) else value
    return outcome


def _watch(pid, result, log, timeout):
    """Collect what the child says until it ends or the time is up; (news, log, wait status or None, timed out)."""
    deadline = time.monotonic() + timeout
    streams = {result: _Tail(_RESULT_LIMIT), log: _Tail(_LOG_END)}
    open_streams, status, late = [result, log], None, False
    while True:
        ready = select.select(open_streams, [], [], 0.1)[0] if open_streams else []
        for stream in ready:
            chunk = os.read(stream, 65536)
            streams[stream].add(chunk)
            if not chunk:
                open_streams.remove(stream)
        if status is not None:
            # A grandchild may hold the pipes open: what lies in them is read, and that is all.
            if not ready or time.monotonic() >= deadline:
                break
        elif os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            # What it started goes with it, while the number of its group is still its own.
            _kill(pid)
            status = os.waitpid(pid, 0)[1]
        elif time.monotonic() >= deadline:
            if late:
                break
            late, deadline = True, time.monotonic() + _KILL_GRACE
            _kill(pid)
        elif not open_streams:
            time.sleep(0.02)
    return streams[result].data(), streams[log].data(), status, late


def _kill(pid):
    """End the child, not yet waited for, with its process group (it may not have made one yet)."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(OSError):
            kill(pid, signal.SIGKILL)


def infer(library, model, picture, runs, timeout):
    """Run a MobileNet in a child process: one run for its scores and I(runs) timed ones.

    :arg library: path of librknnrt.so.
    :arg model: content of the .rknn file, bytes.
    :arg picture: raw RGB, 224 rows of 224 pixels, 150,528 bytes.
    :arg timeout: seconds for everything together; then the child's process group is killed.
    :returns: a dict for diagnose(): C(stage) (the last call begun, C(done) at the end), C(code) (what it answered),
        C(error) (why it could not be made), C(signal), C(timed_out), C(stuck) (cannot be killed), C(timeout) (s),
        C(sdk_version), C(driver_version), C(top) ([[index, score], ...], best first), C(differs) (another answer to
        the same picture), C(elapsed) (ms in rknn_run), C(log) (lines of the runtime).
    :raises ValueError: where the picture does not have the size. A crash or a hang of the library is a result.
    """
    if len(picture) != PICTURE_BYTES:
        raise ValueError("the picture has %d bytes, %d were expected" % (len(picture), PICTURE_BYTES))
    result_read, result_write = os.pipe()
    log_read, log_write = os.pipe()
    pid = os.fork()
    if pid == 0:
        _child(library, model, picture, runs, result_write, log_write)
    os.close(result_write)
    os.close(log_write)
    try:
        news, log, status, late = _watch(pid, result_read, log_read, timeout)
    finally:
        os.close(result_read)
        os.close(log_read)
    outcome = _merge(news.decode("ascii", "replace"))
    outcome.update(
        timed_out=late,
        stuck=status is None,
        timeout=timeout,
        signal=os.WTERMSIG(status) if status is not None and os.WIFSIGNALED(status) and not late else None,
        log=log_lines(log),
    )
    return outcome


# ---- reading the outcome -------------------------------------------------------------


def log_lines(data):
    """The runtime's lines, cleaned of control characters: the first and last of them, at most LOG_LINES."""
    lines = [line for line in (clean(raw, LOG_LINE) for raw in data.splitlines()) if line]
    if len(lines) <= LOG_LINES:
        return lines
    half = LOG_LINES // 2
    return lines[:half] + ["(%d lines left out)" % (len(lines) - 2 * half)] + lines[-half:]


def top_scores(scores, count=5):
    """The best classes as [[index, score], ...]; of equal scores the lower index first.

    :raises ValueError: where a score is not a finite number.
    """
    if not all(math.isfinite(score) for score in scores):
        raise ValueError("the output holds values that are not numbers")
    best = sorted(range(len(scores)), key=lambda index: (-scores[index], index))[:count]
    return [[index, round(scores[index], 6)] for index in best]


def pairs(top):
    """[[index, score], ...] from such pairs or from dicts with C(index) and C(score).

    :raises ValueError: where an entry is neither.
    """
    result = []
    for entry in top:
        values = [entry.get("index"), entry.get("score")] if isinstance(entry, dict) else entry
        try:
            index, score = values
            result.append([int(index), float(score)])
        except (TypeError, ValueError) as error:
            raise ValueError("%r is not a class with its score, such as [283, 0.46875]" % (entry,)) from error
    return result


def compare(top, expected, tolerance):
    """Say in one sentence how a Top5 differs from the expected one; None where it does not.

    :arg top: what came out, best first, [[index, score], ...]; more than five entries make it more exact.
    :arg expected: likewise. Its first class must come out first, and each of its scores within I(tolerance).
    """
    if not top:
        return "there are no scores"
    if not expected:
        return None
    if top[0][0] != expected[0][0]:
        return "Top1 is %d: %.6f, expected is %d: %.6f" % (tuple(top[0]) + tuple(expected[0]))
    found = dict(top)
    for index, score in expected:
        if index not in found:
            # It is no better than the last one kept, which may still be near enough.
            if score - top[-1][1] > tolerance + ROUNDING:
                return "class %d is not among the first %d, expected is %.6f" % (index, len(top), score)
        elif abs(found[index] - score) > tolerance + ROUNDING:
            return "class %d is %.6f, expected is %.6f within %.6f" % (index, found[index], score, tolerance)
    return None


def latency(elapsed):
    """{runs, min, median, max} in ms, numbers None where nothing was timed."""
    if not elapsed:
        return {"runs": 0, "min": None, "median": None, "max": None}
    figures = {"min": min(elapsed), "median": statistics.median(elapsed), "max": max(elapsed)}
    return dict((name, round(value, 3)) for name, value in figures.items()) | {"runs": len(elapsed)}


_PREFIX = re.compile(r"(?:[EWIDT] RKNN: )?(?:\[[0-9:.]{8,15}\] ?)?")
_NUMBER = r"(\d{1,4}\.\d{1,4}\.\d{1,4})"
_DRIVER = re.compile(r"RKNN Driver Information(?:,|:) version: %s\Z" % _NUMBER)
_RUNTIME = re.compile(r"RKNN Runtime Information(?:,|:) librknnrt version: (\S{3,20} \(\S{8,60}\))\Z")
_RECOMMENDED = re.compile(r"Current driver version: %s, recommend to upgrade the driver to the new version: >= %s\Z" % (_NUMBER, _NUMBER))
_MISMATCH = re.compile(
    r"Mismatch driver version, .{1,120} requires driver version >= %s, but you have driver version: %s which is incompatible!\Z"
    % (_NUMBER, _NUMBER)
)
_MODEL_VERSION = re.compile(r"Invalid RKNN model version (\d{1,9})\Z")
_NO_DEVICE = re.compile(r"failed to open (?:\S{1,40} module, need to insmod rknpu dirver!|rknn device!)\Z")
_SUBMIT = re.compile(r"failed to submit!, ")
_MEMORY = re.compile(
    r"failed to (?:allocate (?:fd|handle)\b|convert (?:fd|handle)\(|map memory\b|malloc npu memory!)"
)
_MODEL = re.compile(
    r"parseRKNN\b|LoadModel from|Invalid RKNN f(?:ormat|romat)|Verify ModelBuffer failed!|Import rknn model failed!"
    r"|The rknn model does not match the RKNPU hardware version!"
)


def _text(line):
    """A line without severity and time: what it says is the same in every run."""
    return line[_PREFIX.match(line).end():]


def _match(log, pattern):
    """(text, match) of the first line whose text the pattern begins, or (None, None)."""
    for text in map(_text, log):
        match = pattern.match(text)
        if match:
            return text, match
    return None, None


def versions(outcome):
    """(runtime with its build, driver) as the runtime tells them by query or in its log; None where it does not."""
    sdk, driver = outcome.get("sdk_version"), outcome.get("driver_version")
    if not sdk:
        match = _match(outcome["log"], _RUNTIME)[1]
        sdk = match.group(1) if match else None
    if not driver:
        match = _match(outcome["log"], _DRIVER)[1] or _match(outcome["log"], _RECOMMENDED)[1]
        driver = match.group(1) if match else None
    return sdk, driver


def notes(outcome):
    """Lines of the runtime that are advice and no fault."""
    line = _match(outcome["log"], _RECOMMENDED)[0]
    return [line] if line else []


def _older(version, wanted):
    """Whether a version is older than the wanted one; False where either cannot be told."""
    try:
        return _version.parse(version) < _version.parse(wanted)
    except ValueError:
        return False


def _upgrade(driver, facts, what):
    """The remedy of a driver that is too old, or not too old and failing all the same."""
    wanted, kernel = facts.get("wanted_driver"), facts.get("kernel")
    name = "driver %s" % driver if driver else "the driver"
    if driver and wanted and not _older(driver, wanted):
        return (
            "%s is the wanted one and %s: look in the kernel log (dmesg) for RKNPU and iommu messages, then reboot the board"
            % (name, what)
        )
    goal = " to %s" % wanted if wanted else ""
    place = " on kernel %s" % kernel if kernel else ""
    return "%s %s%s: upgrade it%s with playbooks/upgrade-npu.yml (rkfleet.npu.upgrade_npu)" % (name, what, place, goal)


def _no_device(line, facts):
    closed = [node for node in facts.get("nodes") or [] if not node["open"]]
    if closed:
        groups = sorted({node["group"] or "render" for node in closed})
        return "%s; %s: permission denied" % (line, " and ".join(node["path"] for node in closed)), (
            "run the task with become, or put the user into the group %s" % " and the group ".join(groups)
        )
    if facts.get("nodes"):
        return line, "the node %s is there and cannot be used: look in the kernel log (dmesg) for RKNPU" % facts["nodes"][0]["path"]
    return line, "no RKNPU driver serves the NPU: %s" % _upgrade(None, facts, "is missing or not bound")


def diagnose(outcome, facts):
    """What an inference says about the board.

    :arg outcome: as infer() returns it.
    :arg facts: C(library) and C(model) (paths, for the sentences), C(expected) and C(tolerance) as compare() takes them,
        C(wanted_driver) (version), C(kernel) (release), C(nodes) as drm_nodes() returns them. All may be missing.
    :returns: (diagnosis, evidence, remedy): C(ok), C(driver), C(runtime), C(model), C(device), C(memory), C(timeout) or
        C(crash); the line (without its time) or fact that shows it; what to do, None where nothing is to be done.
    """
    stage, code, log = outcome["stage"], outcome["code"], outcome["log"]
    driver = versions(outcome)[1]
    library = facts.get("library") or "librknnrt.so"
    answered = "%s returned %s (%s)" % (stage, code, CODES.get(code, "unknown code"))

    if outcome["timed_out"]:
        evidence = "no answer within %g s, last call: %s" % (outcome["timeout"], stage)
        if outcome["stuck"]:
            return "timeout", evidence + "; the process cannot be killed, it hangs in the kernel", "reboot the board"
        return "timeout", evidence, "look in the kernel log (dmesg) for RKNPU messages, then reboot the board"
    if stage == "done":
        return _judge_answer(outcome, facts)
    if stage == "dlopen" and outcome["error"]:
        return "runtime", outcome["error"], "install a complete %s for this board with playbooks/upgrade-npu.yml" % library

    # What the runtime says comes before how it ended: older ones abort after telling the reason.
    line, match = _match(log, _MISMATCH)
    if line:
        return "driver", line, _upgrade(match.group(2), facts, "is older than %s, which this runtime requires" % match.group(1))
    line, match = _match(log, _MODEL_VERSION)
    if line:
        return "runtime", line, (
            "the runtime is too old for model format %s: update %s, not the driver" % (match.group(1), library)
        )
    line = _match(log, _NO_DEVICE)[0]
    if line:
        evidence, remedy = _no_device(line, facts)
        return "device", evidence, remedy
    line = _match(log, _MEMORY)[0]
    if line or code == -4:
        return "memory", line or answered, "free memory or CMA on the board, and end other processes that use the NPU"
    line = _match(log, _SUBMIT)[0]
    if line:
        return "driver", line, _upgrade(driver, facts, "cannot run jobs")
    if outcome["signal"]:
        name = signal.Signals(outcome["signal"]).name if outcome["signal"] in set(signal.Signals) else outcome["signal"]
        evidence = "%s in %s" % (name, stage) + ("; last line: %s" % _text(log[-1]) if log else "")
        return "crash", evidence, "check the checksums of %s and of the model: a damaged or mismatched file crashes the runtime" % library
    return _judge_code(outcome, facts, answered, driver)


def _judge_code(outcome, facts, answered, driver):
    """The diagnosis of a run that ended by itself, without a line that tells why."""
    stage, code = outcome["stage"], outcome["code"]
    line = _match(outcome["log"], _MODEL)[0]
    if line or code in (-6, -10, -11, -12, -13):
        return "model", line or answered, "send the model again and see that it is made for this SoC and runtime"
    if code == -2:
        return "timeout", answered, "look in the kernel log (dmesg) for RKNPU job timeouts, then reboot the board"
    if code == -3:
        return "device", answered, "see that the driver is bound to the NPU and the render node is there"
    if code is not None and stage == "rknn_run":
        return "driver", answered, _upgrade(driver, facts, "cannot run jobs")
    if code is not None:
        return "runtime", answered, "install the runtime that goes with the driver with playbooks/upgrade-npu.yml"
    if outcome["error"] and stage != "dlopen":
        return "model", outcome["error"], "use the MobileNet model of the vendor's rknn_mobilenet_demo for this SoC"
    return "crash", outcome["error"] or "the process ended in %s without an answer" % stage, "run it again and look in the kernel log (dmesg)"


def _judge_answer(outcome, facts):
    """The diagnosis of an inference that went through."""
    if outcome["differs"]:
        evidence = "a later run gave %s, the first gave %s" % (outcome["differs"], outcome["top"][:5])
        remedy = "the same picture gives different answers: look at supply, temperature and memory of the board"
        return "device", evidence, remedy
    wrong = compare(outcome["top"], facts.get("expected") or [], facts.get("tolerance") or 0)
    if wrong:
        return "model", wrong, "see that model, picture and expected Top5 belong together, and to this SoC and runtime"
    return "ok", "Top1 is %d: %.6f" % tuple(outcome["top"][0]), None


def drm_nodes(sys="/sys", dev="/dev"):
    """The RKNPU driver's nodes, found by their device: [{path, open (may be used by us), group}].

    Both kinds: the vendor's runtime 1.5.2 looks at card nodes only (seen), which belong to another group than render nodes.
    """
    nodes = []
    base = os.path.join(sys, "class/drm")
    try:
        names = sorted(os.listdir(base))
    except OSError:
        return nodes
    for name in names:
        if not re.match(r"(?:card|renderD)\d{1,4}\Z", name):
            continue
        try:
            with open(os.path.join(base, name, "device/uevent"), encoding="utf-8", errors="replace") as stream:
                uevent = stream.read(4096).splitlines()
        except OSError:
            continue
        if "DRIVER=RKNPU" in uevent:
            path = os.path.join(dev, "dri", name)
            nodes.append({"path": path, "open": os.access(path, os.R_OK | os.W_OK), "group": _group(path)})
    return nodes


def _group(path):
    """Name of the group a node belongs to, or None."""
    try:
        return grp.getgrgid(os.stat(path).st_gid).gr_name
    except (OSError, KeyError):
        return None
