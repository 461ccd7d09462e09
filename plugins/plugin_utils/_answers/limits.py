# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Limit the time and memory that one call of a board takes on the controller."""

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
COMPUTING = 120
"""Seconds of processor time that the controller spends on one task of a board."""


class MalformedAnswer(AnsibleError):
    """An answer that is refused; the message is the reason."""

    cause = MALFORMED


class HostileAnswer(MalformedAnswer):
    """An answer that no honest board gives; the message is a complete sentence."""

    cause = HOSTILE


class OutOfTime(AnsibleConnectionFailure):
    """A board that holds its connection and does not answer in time."""


class _Expired(BaseException):
    """Raised by the alarm. Not an Exception, so that connection plugins do not catch and retry it."""


@contextlib.contextmanager
def limited(seconds, memory):
    """Limit the time and the additional memory, in bytes, of what is done inside.

    Processes started inside are killed if it fails. They have no memory limit themselves.

    Raises:
        OutOfTime: if the time is over.
        MalformedAnswer: if the memory is not enough.
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
    # Raised outside of "except", as the new error would keep the old one and all data in its frames.
    if over:
        raise OutOfTime("it did not answer within %d s" % seconds)
    if full:
        raise MalformedAnswer("it needs more than %d MiB of memory" % (memory // MIB))


@contextlib.contextmanager
def computing(seconds):
    """Limit the processor time of this process: an answer may be made for code that reads it slowly.

    Raises:
        MalformedAnswer: if it is not enough.
    """
    expired = _Expired()

    def ring(*dummy):
        raise expired

    # An outer limit stays in force.
    if threading.current_thread() is not threading.main_thread() or signal.getitimer(signal.ITIMER_VIRTUAL)[0]:
        yield
        return
    before = signal.signal(signal.SIGVTALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
        yield
    except _Expired as error:
        if error is not expired:
            raise
        raise MalformedAnswer("it takes more than %d s of processor time to read" % seconds) from None
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, signal.SIG_DFL if before is None else before)


@contextlib.contextmanager
def within(seconds):
    """Raise TimeoutError once the time is over, whatever the code inside is waiting for."""
    expired = None
    try:
        with _deadline(seconds, []) as expired:
            yield
    except _Expired as error:
        if error is not expired:
            raise
        raise TimeoutError("it takes longer than %d s" % seconds) from None


@contextlib.contextmanager
def _deadline(seconds, started):
    """Raise the yielded exception once the time is over, unless an earlier alarm is set, such as a task's timeout."""
    expired = _Expired()
    pending = signal.getitimer(signal.ITIMER_REAL)[0]
    if threading.current_thread() is not threading.main_thread() or 0 < pending <= seconds:
        yield expired
        return
    active = True

    def ring(*dummy):
        if active:
            # Killed here, as their parent may be blocked waiting for them.
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
        if pending:
            signal.setitimer(signal.ITIMER_REAL, max(pending - (time.monotonic() - began), 0.001))


@contextlib.contextmanager
def _memory(most, started):
    """Limit the additional address space of this process by its soft limit, and collect the processes it starts.

    If the system does not report the current size (macOS), there is no limit.
    """
    usual, used = resource.getrlimit(resource.RLIMIT_AS), _address_space()
    bounds = [limit for limit in (used and used + most, *usual) if limit not in (None, resource.RLIM_INFINITY)]
    lowered = (min(bounds), usual[1]) if used else usual

    class Popen(subprocess.Popen):
        """A process of the connection, with the usual limit: it may be a build if the board is this machine."""

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
    """Return the bytes of address space of this process, or None."""
    try:
        with open("/proc/self/statm", encoding="ascii") as stream:
            return int(stream.read().split()[0]) * resource.getpagesize()
    except (OSError, ValueError):
        return None


def _kill(started):
    """Kill the processes that still run, with their descendants."""
    for process in started:
        if process.poll() is None:
            for pid in (*_descendants(process.pid), process.pid):
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)


def _end(started):
    """Kill them, and close their pipes in this process."""
    _kill(started)
    for process in started:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                with contextlib.suppress(OSError):
                    stream.close()


def _descendants(pid):
    """Return the descendants of a process by `/proc`; none without /proc."""
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
