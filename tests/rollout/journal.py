# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The journals of a rollout: what each run of ansible-playbook wrote (callback/), and what the lab saw on each board.

A journal is a list of events in order, each a dictionary with at least `at` (seconds since 1970) and `event`.
"""

from __future__ import annotations

import dataclasses
import json
import pathlib


@dataclasses.dataclass
class Run:
    """One run of ansible-playbook.

    `code` is its exit code; None if it was killed.
    """

    name: str
    events: list
    code: int | None = None
    wall: float = 0.0
    mib: float | None = None

    def of(self, *kinds: str, board: str | None = None) -> list:
        """Return the events of these kinds, of one board if it is named."""
        return [event for event in self.events if event["event"] in kinds and board in (None, event.get("board"))]

    @property
    def decision(self) -> dict:
        """Return what the run decided about its boards; empty if it ended before."""
        return next(iter(self.of("decision")), {})

    @property
    def began(self) -> dict:
        """Return `{board: at}`: when its transaction began."""
        return {
            event["board"]: event["at"]
            for event in self.of("transaction")
            if event.get("state") == "begun" and event["ok"]
        }

    def ended(self, board: str, since: float) -> float | None:
        """Return when the upgrade of a board that began at `since` ended; None if the run did not see it."""
        ends = [event["at"] for event in self.of("committed", "rolled_back", "rollback_failed", board=board)]
        return min((end for end in ends if end >= since), default=None)

    @property
    def verdicts(self) -> dict:
        """Return the verdicts of the table at the end; empty if the run was killed."""
        return next((event["verdicts"] for event in self.of("recap") if "verdicts" in event), {})


def read(path: pathlib.Path) -> list:
    """Return the events in a file, oldest first. The last line of a run that was killed may be cut off."""
    events = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return events
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and {"at", "event"} <= event.keys():
            events.append(event)
    return events
