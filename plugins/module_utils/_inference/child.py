# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""One inference in a child process, watched: a runtime that crashes or hangs takes the child with it, not the task."""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import json
import os
import resource
import select
import signal
import time

from .._board.tree import clean
from .._facts import kernel_log
from .account import become
from .librknnrt import PICTURE_BYTES, Refused, Unsuitable, classify
from .top5 import KEPT, pairs

# What the runtime prints is bounded: it ends up in the results of a whole fleet.
MOST_CORES = 8
LOG_LINES = 100
LOG_LINE = 600
_LOG_LIMIT = 64 << 10
_REPORT_LIMIT = 64 << 10
_KILL_GRACE = 5.0


def _run_child(path, model, picture, runs, cores, result, log, account=None):
    """Run in the forked child: report to the pipe `result`, print to the pipe `log`, and never return."""
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
        # From level 2 on the runtime prints which driver it found; it prints errors at any level.
        os.environ["RKNN_LOG_LEVEL"] = "2"
        stdio = ctypes.CDLL(None)
        # Unbuffered, or the lines before a crash would be lost.
        stdio.setvbuf(ctypes.c_void_p.in_dll(stdio, "stdout"), None, 2, 0)
        if account:
            os.chdir("/")
            become(account)

        def report(**values):
            os.write(result, json.dumps(values).encode("ascii") + b"\n")

        try:
            classify(path, model, picture, runs, report, cores)
        except Refused:
            pass
        except (Unsuitable, OSError, AttributeError, ValueError) as error:
            report(error=str(error)[:LOG_LINE])
        status = 0
    finally:
        os._exit(status)


class _Bounded:
    """The beginning and the end of a stream, each at most `limit` bytes."""

    def __init__(self, limit):
        self.limit, self.head, self.tail, self.dropped = limit, bytearray(), bytearray(), 0

    def add(self, chunk):
        """Take the next bytes of the stream."""
        room = self.limit - len(self.head)
        self.head += chunk[:max(room, 0)]
        self.tail += chunk[max(room, 0):]
        if len(self.tail) > self.limit:
            self.dropped += len(self.tail) - self.limit
            del self.tail[: len(self.tail) - self.limit]

    def data(self):
        """Return what was kept."""
        return bytes(self.head) + (b"\n" if self.dropped else b"") + bytes(self.tail)


def _merge(text):
    """Return the child's reports as one dictionary: later values replace earlier ones, timings are collected.

    Values of another type are ignored: the library shares the child's memory and pipes and may write anything there.
    """
    kinds = {"stage": str, "code": int, "error": str, "sdk_version": str, "driver_version": str, "core": int}
    outcome: dict = dict((name, None) for name in kinds)
    outcome.update(top=None, differs=None, elapsed=[], cores=[])
    for line in text.splitlines():
        try:
            report = json.loads(line)
        except ValueError:
            continue
        for name, value in report.items() if isinstance(report, dict) else ():
            if name == "elapsed" and isinstance(value, float):
                outcome["elapsed"].append(value)
            elif name == "cores" and isinstance(value, list):
                outcome["cores"] = [
                    core for core in value[:MOST_CORES] if isinstance(core, int) and not isinstance(core, bool)]
            elif name in ("top", "differs") and isinstance(value, list):
                try:
                    outcome[name] = pairs(value[:KEPT])
                except ValueError:
                    continue
            elif name in kinds and isinstance(value, kinds[name]):
                outcome[name] = clean(value, LOG_LINE) if isinstance(value, str) else value
    return outcome


def _watch(pid, result, log, timeout):
    """Read both pipes until the child ends or the time is up; return (reports, log, wait status or None, timed out)."""
    deadline = time.monotonic() + timeout
    streams = {result: _Bounded(_REPORT_LIMIT), log: _Bounded(_LOG_LIMIT)}
    open_streams, status, late = [result, log], None, False
    while True:
        ready = select.select(open_streams, [], [], 0.1)[0] if open_streams else []
        for stream in ready:
            chunk = os.read(stream, 65536)
            streams[stream].add(chunk)
            if not chunk:
                open_streams.remove(stream)
        if status is not None:
            # A grandchild may hold the pipes open: only what they already contain is read.
            if not ready or time.monotonic() >= deadline:
                break
        elif os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            # Its process group ends with it, killed before another process can get the group's number.
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
    """Kill the child and its process group, which it may not have created yet. The child must not have been reaped."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(OSError):
            kill(pid, signal.SIGKILL)


def infer(library, model, picture, runs, timeout, cores=1, account=None):
    """Run one inference for its scores, `runs` timed ones and one on each core in a child process; return the outcome.

    Args:
        library: path of librknnrt.so.
        model: content of the .rknn file, bytes.
        picture: raw RGB, 224 rows of 224 pixels, 150,528 bytes.
        runs: number of timed runs.
        timeout: seconds for all runs together; then the child's process group is killed.
        cores: number of cores of the NPU; where there is one, it is not chosen.
        account: as account.find() returns it, to run it as that user.

    Returns:
        A dict for diagnosis.diagnose(): `stage` (the last call begun, `done` at the end), `code` (the error code it
        returned), `error` (why it could not be made), `signal` (number), `timed_out`, `stuck` (cannot be killed),
        `timeout` (s), `sdk_version`, `driver_version`, `top` ([[index, score], ...], best first), `differs` (a later,
        different Top5 of the same picture), `elapsed` (list of ms), `cores` (those that gave the same answer),
        `core` (the one being tried; -1 or None if none is), `log` (list of lines).

    Raises:
        ValueError: if the picture has the wrong size. A crash or a hang of the library is an outcome, not an error.
    """
    if len(picture) != PICTURE_BYTES:
        raise ValueError("the picture has %d bytes, %d were expected" % (len(picture), PICTURE_BYTES))
    # Jobs that fail now are not those of other programs: the facts do not count them.
    kernel_log.mark(int(timeout) + 60)
    result_read, result_write = os.pipe()
    log_read, log_write = os.pipe()
    pid = os.fork()
    if pid == 0:
        _run_child(library, model, picture, runs, min(cores, MOST_CORES), result_write, log_write, account)
    os.close(result_write)
    os.close(log_write)
    try:
        reports, log, status, late = _watch(pid, result_read, log_read, timeout)
    except BaseException:
        _kill(pid)
        raise
    finally:
        os.close(result_read)
        os.close(log_read)
    kernel_log.mark(0)
    outcome = _merge(reports.decode("ascii", "replace"))
    outcome.update(
        timed_out=late,
        stuck=status is None,
        timeout=timeout,
        signal=os.WTERMSIG(status) if status is not None and os.WIFSIGNALED(status) and not late else None,
        log=log_lines(log),
    )
    return outcome


def log_lines(data):
    """Return the runtime's lines without control characters: the first and the last, at most LOG_LINES in all."""
    lines = [line for line in (clean(raw, LOG_LINE) for raw in data.splitlines()) if line]
    if len(lines) <= LOG_LINES:
        return lines
    half = LOG_LINES // 2
    return lines[:half] + ["(%d lines omitted)" % (len(lines) - 2 * half)] + lines[-half:]
