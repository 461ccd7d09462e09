# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How far a run is, as one line for a terminal: boards done, running and failed, and about how long the rest takes.

No clock, no terminal and no Ansible in here: times are given, in seconds of any one clock.
"""

from __future__ import annotations

import re
import unicodedata

# What Ansible itself writes to color a text. Others could hide what is printed.
COLORS = re.compile(r"\x1b\[(?:0|[01];3[0-7]|38;5;[0-9]{1,3})m")
# Seconds within which nothing is estimated of a task.
SHORT = 5
# A board that has been in no phase but these was skipped.
BARE = frozenset({"begin", "commit"})


def covered(spans):
    """Return the length of what spans of time cover together, `[(since, until), ...]`."""
    total, end = 0.0, float("-inf")
    for since, until in sorted(map(tuple, spans)):
        total += max(0.0, until - max(since, end))
        end = max(end, until)
    return total


class Boards:
    """The boards that are upgraded one after another in a rolling window."""

    def __init__(self):
        self.ended: dict[str, str] = {}
        """`done`, `failed` or `skipped` for each board that has ended."""
        self._failed: set[str] = set()
        self._phase: dict[str, tuple[str, float]] = {}
        self._spent: dict[str, dict[str, float]] = {}
        self._finished: list[dict[str, float]] = []

    @property
    def running(self):
        """The boards that have begun and have not ended, with `(phase, since when)`, the longest in its phase first."""
        return dict(sorted(self._phase.items(), key=lambda item: item[1][1]))

    @property
    def failed(self):
        """The number of boards that have failed, among them those that are still being rolled back."""
        return len(self._failed)

    def enter(self, board, phase, now):
        """Note that a board is in a phase, and return whether it was not before."""
        if board in self.ended or self._phase.get(board, ("",))[0] == phase:
            return False
        self._leave(board, now)
        self._phase[board] = (phase, now)
        return True

    def fail(self, board):
        """Note that a task of a board has failed, whatever comes after it."""
        self._failed.add(board)

    def end(self, board, now):
        """Note that a board runs no further task."""
        if board in self._phase:
            self._leave(board, now)
            spent = self._spent.pop(board, {})
            if board not in self._failed and set(spent) <= BARE:
                self.ended[board] = "skipped"
            else:
                self.ended[board] = "failed" if board in self._failed else "done"
                self._finished.append(spent)

    def left(self, now, waiting, forks):
        """Return about how many seconds the boards that have not ended still need, or None if that is unknown.

        Args:
            waiting: number of boards that have not begun.
            forks: number of boards at the same time.
        """
        if not self._finished:
            return None
        usual: dict[str, float] = {}
        for spent in self._finished:
            for phase, seconds in spent.items():
                usual[phase] = usual.get(phase, 0.0) + seconds / len(self._finished)
        rest = [self._rest(board, usual, now) for board in self._phase]
        at_once = max(1, min(forks, len(rest) + waiting))
        return max([(sum(rest) + waiting * sum(usual.values())) / at_once, *rest])

    def _rest(self, board, usual, now):
        """Return how many seconds a running board still needs if it takes as long as those that have ended."""
        phase, since = self._phase[board]
        names = list(usual)
        # A phase that the board has left does not come again, and one that it has passed by does not come either.
        later = names[names.index(phase) + 1:] if phase in usual else names
        ahead = sum(usual[name] for name in later if name not in self._spent[board])
        return ahead + max(0.0, usual.get(phase, 0.0) - self._spent[board].get(phase, 0.0) - (now - since))

    def _leave(self, board, now):
        spent = self._spent.setdefault(board, {})
        if board in self._phase:
            phase, since = self._phase.pop(board)
            spent[phase] = spent.get(phase, 0.0) + now - since


def left_of_task(done, total, seconds):
    """Return about how many seconds a task still takes that `done` of `total` boards ended in `seconds`, or None.

    Most tasks are so short that an estimate would only flicker.
    """
    return seconds / done * (total - done) if seconds >= SHORT and done and total and done <= total else None


def about(seconds):
    """Return a duration as text that claims no more than is known: `about 14 min left`; empty for None."""
    if seconds is None:
        return ""
    if seconds < 55:
        return f"about {max(10, round(seconds / 10) * 10)} s left"
    if seconds < 5400:
        return f"about {max(1, round(seconds / 60))} min left"
    return f"about {seconds / 3600:.1f} h left"


def duration(seconds):
    """Return a duration as `M:SS`, or `H:MM:SS` from an hour on."""
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def of_boards(boards, total, now, since, forks):
    """Return the line of a rolling window.

    Args:
        boards: `Boards`.
        total: number of boards that are to be upgraded in the run.
        since: when the first of them began.
    """
    running, ended = boards.running, list(boards.ended.values())
    waiting = max(0, total - len(running) - len(ended))
    counts = _counts(len(ended), total, len(running), boards.failed, ended.count("skipped"))
    text = f"upgrade: {counts} | {_time(now - since, boards.left(now, waiting, forks))}"
    if running and not waiting:
        # Everything waits for this one.
        board, (phase, begun) = next(iter(running.items()))
        return f"{text} | {board}: {phase} for {duration(now - begun)}"
    phases = [phase for phase, dummy in running.values()]
    each = sorted(set(phases), key=lambda phase: (-phases.count(phase), phase))
    return " | ".join([text, ", ".join(f"{phase} {phases.count(phase)}" for phase in each)])


def of_task(phase, task, done, total, running, failed, seconds, task_seconds):
    """Return the line of a task that all boards run before the next task begins.

    Args:
        total: number of boards that run the task, or None if it is unknown.
        failed: number of boards that have failed in this phase.
        seconds: duration of the phase so far.
        task_seconds: duration of the task so far.
    """
    left = left_of_task(done, total, task_seconds)
    return f"{phase}: {_counts(done, total, running, failed)} | {_time(seconds, left)} | {task}"


def _counts(done, total, running, failed, skipped=0):
    found = [f"{done} of {total} done" if total else f"{done} done", f"{running} running"]
    found += [f"{failed} failed"] * bool(failed) + [f"{skipped} skipped"] * bool(skipped)
    return ", ".join(found)


def _time(seconds, left):
    return ", ".join(filter(None, [duration(seconds), about(left)]))


def printable(text):
    """Return a text with `?` for each control character, except line ends, tabs and Ansible's own colors."""
    parts = re.split(f"({COLORS.pattern})", text.replace("\r\n", "\n"))
    return "".join(
        part if number % 2 else "".join(letter if letter.isprintable() or letter in "\n\t" else "?" for letter in part)
        for number, part in enumerate(parts)
    )


def fit(text, columns):
    """Return as much of a text as fits into this many columns of a terminal, on one line without control characters."""
    found, used = [], 0
    for letter in (letter if letter.isprintable() else "?" for letter in text):
        used += columns_of(letter)
        if used > columns:
            break
        found.append(letter)
    return "".join(found)


def columns_of(letter):
    """Return how many columns of a terminal a printable character takes: 2 if it is wide, 0 if it is combined."""
    if unicodedata.combining(letter) or unicodedata.category(letter) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
