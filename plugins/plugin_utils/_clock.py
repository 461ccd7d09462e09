# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Measure how long each board spends in each phase of a run.

The action plugins record when they begin and end, in a file for each board in the run's own temporary folder on the
controller. So no task and no variable of a board is needed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time

from ansible import constants as C

from . import _phases

IDLE = ""


@contextlib.contextmanager
def measured(task, variables):
    """Measure the time spent inside, for the board of a task."""
    mark(_phases.of_task(task), variables)
    try:
        yield
    finally:
        mark(IDLE, variables)


def mark(phase, variables):
    """Record that the board of these task variables enters a phase, or `IDLE`."""
    line = json.dumps([phase, time.time(), variables.get("ansible_play_name")])
    # A task must not fail because its time cannot be recorded.
    with contextlib.suppress(OSError), open(_path(variables["inventory_hostname"]), "a", encoding="utf-8") as stream:
        stream.write(line + "\n")


def spent(board):
    """Return `[(phase, seconds), ...]` of a board in order, and reset its clock.

    The time between two actions belongs to the phase of the second one. Between two plays a board waits for its batch,
    which is not a phase.
    """
    try:
        with open(_path(board), encoding="utf-8") as stream:
            marks = [json.loads(line) for line in stream]
        os.unlink(_path(board))
    except (OSError, ValueError):
        return []
    found = []
    for (phase, since, play), (following, until, its_play) in zip(marks, marks[1:]):
        phase = phase or (following if play == its_play else IDLE)
        if phase and found and found[-1][0] == phase:
            found[-1] = (phase, found[-1][1] + until - since)
        elif phase:
            found.append((phase, until - since))
    return found


def _path(board):
    return os.path.join(C.DEFAULT_LOCAL_TMP, "rkfleet-npu-clock-%s" % hashlib.sha256(board.encode("utf-8")).hexdigest())
