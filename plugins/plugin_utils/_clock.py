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
    """Return `[(phase, seconds), ...]` of a board in order, and reset its clock except for the last moment.

    The time between two actions belongs to the phase of the second one. Between two plays a board waits for its batch,
    which is not a phase.
    """
    marks = _marks(board)
    if marks:
        with contextlib.suppress(OSError), open(_path(board), "w", encoding="utf-8") as stream:
            # Of no play, so that the time from then until the next action is not counted.
            stream.write(json.dumps([IDLE, marks[-1][1], None]) + "\n")
    found = []
    for (phase, since, play), (following, until, its_play) in zip(marks, marks[1:]):
        phase = phase or (following if play == its_play else IDLE)
        if phase and found and found[-1][0] == phase:
            found[-1] = (phase, found[-1][1] + until - since)
        elif phase:
            found.append((phase, until - since))
    return found


def working(board):
    """Return for how many seconds the actions of this run have worked on a board so far; 0 if unknown."""
    marks = _marks(board)
    return sum(until - since for (phase, since, dummy), (dummy, until, dummy) in zip(marks, marks[1:]) if phase != IDLE)


def last(board):
    """Return when an action of this run was last at a board, in seconds since the epoch; None if none was."""
    marks = _marks(board)
    return marks[-1][1] if marks else None


def _marks(board):
    """Return the recorded `[phase, since, play]` of a board; none if they cannot be read."""
    try:
        with open(_path(board), encoding="utf-8") as stream:
            return [json.loads(line) for line in stream]
    except (OSError, ValueError):
        return []


def _path(board):
    return os.path.join(C.DEFAULT_LOCAL_TMP, "rkfleet-npu-clock-%s" % hashlib.sha256(board.encode("utf-8")).hexdigest())
