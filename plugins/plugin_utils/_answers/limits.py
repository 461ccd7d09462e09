# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Time and memory that one call of a board may take on the controller."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import threading
import time

from ansible.errors import AnsibleConnectionFailure, AnsibleError

from .failure import HOSTILE, MALFORMED

MIB = 1 << 20


class MalformedAnswer(AnsibleError):
    """An answer that is not used; the message says what is wrong with it."""

    cause = MALFORMED


class HostileAnswer(MalformedAnswer):
    """An answer that no honest board gives; the message is a sentence of its own."""

    cause = HOSTILE


class _Expired(BaseException):
    """Raised by the alarm. No `except Exception` of a connection plugin takes it for an error that can be tried again."""


@contextlib.contextmanager
def limited(seconds, memory):
    """Limit what is done inside to some seconds and to so many bytes of memory more than this process has now.

    What was started inside and still runs is killed where it does not end well. It has no limit of memory itself.

    Raises:
        AnsibleConnectionFailure: where the time is over.
        MalformedAnswer: where the memory is not enough.
    """
    started, expired, over, full = [], None, None, False
    try:
        with _deadline(seconds, started) as expired, _memory(memory, started):
            yield
    except _Expired as error:
        _end(started)
        if error is not expired:
            raise
        over = expired
    except MemoryError:
        _end(started)
        full = True
    except BaseException:
        _end(started)
        raise
    # Not inside of "except": a new error would keep the old one, and with it all that was read.
    if over:
        raise AnsibleConnectionFailure("it did not answer within %d s" % seconds)
    if full:
        raise MalformedAnswer("it takes more than the %d MiB of memory that it may take" % (memory // MIB))


@contextlib.contextmanager
def _deadline(seconds, started):
    """Raise what this gives once the time is over, except where an earlier alarm is set, such as that of a task's own timeout."""
    expired = _Expired()
    left = signal.getitimer(signal.ITIMER_REAL)[0]
    if threading.current_thread() is not threading.main_thread() or 0 < left <= seconds:
        yield expired
        return
    active = True

    def ring(*dummy):
        if active:
            # Here, as whoever waits for them may end the first one only on the way out.
            _kill(started)
            raise expired

    began = time.monotonic()
    before = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        yield expired
    finally:
        active = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL if before is None else before)
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - began), 0.001))


@contextlib.contextmanager
def _memory(most, started):
    """Let this process take so many bytes more, by its soft limit of address space, and collect what it starts.

    Where the system does not tell how much it has (macOS), there is no limit.
    """
    usual, used = resource.getrlimit(resource.RLIMIT_AS), _address_space()
    bounds = [limit for limit in (used and used + most, *usual) if limit not in (None, resource.RLIM_INFINITY)]
    lowered = (min(bounds), usual[1]) if used else usual

    class Popen(subprocess.Popen):
        """A process of the connection, which has the usual limit: it may be a build, where the board is this machine."""

        def __init__(self, *args, **kwargs):
            resource.setrlimit(resource.RLIMIT_AS, usual)
            try:
                super().__init__(*args, **kwargs)
            finally:
                resource.setrlimit(resource.RLIMIT_AS, lowered)
            started.append(self)

    before, subprocess.Popen = subprocess.Popen, Popen  # type: ignore[misc]
    try:
        resource.setrlimit(resource.RLIMIT_AS, lowered)
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, usual)
        subprocess.Popen = before  # type: ignore[misc]


def _address_space():
    """Bytes of address space that this process has, or None."""
    try:
        with open("/proc/self/statm", encoding="ascii") as stream:
            return int(stream.read().split()[0]) * resource.getpagesize()
    except (OSError, ValueError):
        return None


def _kill(started):
    """Kill those of the processes that still run, with all that they started."""
    for process in started:
        if process.poll() is None:
            for pid in (*_descendants(process.pid), process.pid):
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)


def _end(started):
    """Kill them, and leave nothing of them in this process either."""
    _kill(started)
    for process in started:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                with contextlib.suppress(OSError):
                    stream.close()


def _descendants(pid):
    """Processes that came of a process, by `/proc`; none where there is no such thing."""
    children = {}
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError), open("/proc/%s/stat" % name, "rb") as stream:
                children.setdefault(int(stream.read().rpartition(b")")[2].split()[1]), []).append(int(name))
    found = []
    todo = list(children.get(pid, ()))
    while todo:
        found.append(todo.pop())
        todo += children.get(found[-1], ())
    return found
