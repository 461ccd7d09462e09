# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The phases of a run: which one a task belongs to, how far it has come, and how that is said in a line."""

from __future__ import annotations

import re
import unicodedata

# Phase -> the files of our roles it is made of. The first phase that any of the files is of counts by which a task got
# where it is: what is looked at after a reboot belongs to the reboot. Files that are not here go with whatever phase is on.
PHASES = (
    ("rollback", ("guard/rollback",)),
    ("preflight", ("driver/preflight",)),
    ("soak", ("verify/soak",)),
    ("baseline", ("verify/baseline",)),
    ("activate", ("driver/activate", "driver/reboot")),
    ("build", ("driver/build",)),
    ("kernel", ("driver/vendor_kernel",)),
    ("begin", ("guard/main",)),
    ("commit", ("guard/commit",)),
    ("runtime", ("runtime/main",)),
    ("verify", ("verify/main", "verify/told")),
    ("fetch", ("driver/fetch", "runtime/fetch", "verify/fetch")),
    ("plan", ("rollout/decide",)),
    ("detect", ("detect/main", "detect/plan", "detect/audit", "detect/look")),
    ("report", ("report/main", "report/show", "report/audit")),
)
# From the mildest: a board counts once a phase, as the worst that happened to it there.
STATES = ("skipped", "ok", "changed", "unreachable", "failed")
# The order in which they are said.
SAID = ("ok", "changed", "failed", "unreachable", "skipped")
LONG = 3  # seconds after which what was done so far says something of what is left
BARS = {True: ("", "\u2588", "\u2591", ""), False: ("[", "#", "-", "]")}
WIDEST_BAR, NARROWEST_BAR = 24, 8
SHORTEST_NAME = 12

_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_COLOUR = re.compile("(\x1b\\[[0-9;]*m)")


def phase_of(places):
    """Return the phase of a task, or None.

    :arg places: C(role/file) of the task and of all that included it, as in C(driver/build).
    """
    return next((name for name, files in PHASES if not set(files).isdisjoint(places)), None)


def place(path):
    """Return C(role/file) of a task's path, C(…/roles/driver/tasks/build.yml:12); None where it is no role's."""
    found = re.search(r"/roles/([^/]+)/(?:tasks|handlers)/(.+?)\.ya?ml(?::\d+)?$", path or "")
    return "%s/%s" % (found[1], found[2]) if found else None


class Phase:
    """What happened to the boards in a phase."""

    def __init__(self, name, started, silent=False):
        self.name, self.started, self.silent, self.boards = one_line(name), started, silent, {}

    def note(self, board, state):
        """A board came so far."""
        known = self.boards.get(board)
        if known is None or STATES.index(state) > STATES.index(known):
            self.boards[board] = state

    def counts(self):
        """Return C([(state, boards)]) of the states there are."""
        states = list(self.boards.values())
        return [(state, states.count(state)) for state in SAID if state in states]

    def line(self, now):
        """Return what a phase leaves behind; empty where no board did anything in it."""
        if self.silent or not self.boards:
            return ""
        counts = ", ".join("%d %s" % (count, state) for state, count in self.counts())
        boards = "1 board" if len(self.boards) == 1 else "%d boards" % len(self.boards)
        return "phase %s: %s (%s, %.1f s)" % (self.name, counts, boards, now - self.started)


class Task:
    """How far the task that runs has come: *due* are the boards it is for, as far as one knows."""

    def __init__(self, name, started, due):
        self.name, self.began, self.due, self.started, self.done = one_line(name), started, due, set(), set()

    @property
    def total(self):
        """How many boards it is for; there may turn out to be more."""
        return max(self.due, len(self.started | self.done))

    def left(self, now):
        """Return for how many seconds it is likely to go on; None where nothing tells."""
        done, spent = len(self.done), now - self.began
        if not done or spent < LONG:
            return None
        return spent * (self.total - done) / done


def live_line(phase, task, now, width, usual=None, unicode=True, paint=lambda text, state: text):
    """Return one line of at most *width* columns: the phase, a bar, counts, the time, an estimate, and the task.

    :arg usual: how long the phase took the last time, in seconds.
    :arg paint: function that colours a text for a state.
    """
    done, total = (len(task.done), task.total) if task else (0, 0)
    spent, left = now - phase.started, task.left(now) if task else None
    if left is None and usual is not None and usual > spent:
        left = usual - spent
    ratio = "%d/%d" % (done, total)
    # In this order they get what there is of the line.
    extras = [*(("%s %d" % (state, count), state) for state, count in phase.counts()), (clock(spent), None)]
    if left:
        extras.append(("about %s left" % clock(left), None))
    wide = max(NARROWEST_BAR, min(WIDEST_BAR, width // 5))
    room = width - columns(phase.name) - 1 - wide - 1 - columns(ratio)
    if room < 0:
        return cut("%s %s" % (phase.name, ratio), width)
    parts = [phase.name, _bar(done, total, wide, unicode), ratio]
    for text, state in extras:
        room -= columns(text) + 1
        if room < 0:
            break
        parts.append(paint(text, state) if state else text)
    if task and room > SHORTEST_NAME:
        parts.append(cut(task.name, room - 1))
    return " ".join(parts)


def _bar(done, total, width, unicode):
    left, full, empty, right = BARS[unicode]
    inner = width - len(left) - len(right)
    filled = inner * done // total if total else 0
    return left + full * filled + empty * (inner - filled) + right


def clock(seconds):
    """Return seconds as 0:07, or 1:02:03."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return "%d:%02d:%02d" % (hours, minute, second) if hours else "%d:%02d" % (minute, second)


def columns(text):
    """Return how many columns of a terminal a text takes."""
    return sum(_width(character) for character in text)


def cut(text, width):
    """Return a text that takes no more than *width* columns."""
    kept, used = "", 0
    for character in text:
        used += _width(character)
        if used > width:
            break
        kept += character
    return kept


def _width(character):
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def one_line(text):
    """Return a text without anything that would leave its line."""
    return printable(" ".join(str(text).split()))


def printable(text, colours=False):
    """Return a text that does nothing to a terminal but to be written: other control characters are spelt out.

    :arg colours: leave sequences alone that only colour, as Ansible's own.
    """
    if colours:
        return "".join(part if index % 2 else printable(part) for index, part in enumerate(_COLOUR.split(text)))
    return _UNPRINTABLE.sub(_spelt, text)


def _spelt(found):
    code = ord(found[0])
    return "\\x%02x" % code if code < 256 else "\\u%04x" % code
