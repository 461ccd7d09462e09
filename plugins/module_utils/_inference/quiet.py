# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who uses the NPU, and services that are stopped while MobileNet runs."""

from __future__ import annotations

import contextlib
import os
import signal

from .._board.tree import Tree
from .._facts import holders
from .._facts.hardware import device_nodes

NOT_RUN = dict(dict.fromkeys(("stage", "code", "error", "signal", "top", "differs", "sdk_version", "driver_version")),
               timed_out=False, stuck=False, timeout=0, elapsed=[], cores=[], log=[])
"""What child.infer() would return of an inference that was not run."""
_SIGNALS = (signal.SIGHUP, signal.SIGTERM, signal.SIGALRM)


def users_of_npu():
    """Return the processes that have the NPU open, of holders()."""
    tree = Tree()
    return holders.holders(tree, device_nodes.read(tree), (os.getpid(),))


def _systemctl(*words):
    child = os.fork()
    if not child:
        try:
            for number in range(3):
                os.dup2(os.open(os.devnull, os.O_RDWR), number)
            os.execvp("systemctl", ("systemctl", *words))
        finally:
            os._exit(127)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@contextlib.contextmanager
def without(services, systemctl=_systemctl):
    """Stop those of these systemd units that run, and start them again, also if the task is ended."""
    running = [name for name in services if systemctl("is-active", "--quiet", "--", name) == 0]
    if not running:
        yield []
        return

    def end(number, dummy):
        raise ValueError(f"the verification was ended by signal {number}")

    previous = {number: signal.signal(number, end) for number in _SIGNALS}
    try:
        for name in running:
            systemctl("stop", "--", name)
        yield running
    finally:
        for number, handler in previous.items():
            signal.signal(number, signal.SIG_IGN if number != signal.SIGALRM else handler)
        for name in running:
            systemctl("start", "--no-block", "--", name)
        for number, handler in previous.items():
            signal.signal(number, handler)
