# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A board on the bench: what it was before a fault, and what must be true of it afterwards."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from compiled import Results
from faults.board import READY, Dead, FaultBoard
from faults.points import Point
from faults.runs import Playing

UPGRADE = "upgrade-npu.yml"
#: The board gives up on the controller after half an hour, as by default, or two minutes where that is what is tried.
CALM = {"npu_confirm_minutes": 30, "npu_reboot_timeout": 240}
HASTY = {"npu_confirm_minutes": 2, "npu_reboot_timeout": 110}
MOST = int(os.environ.get("RKFLEET_FAULT_POINTS", "16"))
UPGRADED = "faults-upgraded"
TOP1 = "283: 0.468750"
UNPRINTABLE = {chr(code) for code in (*range(32), *range(127, 160))} - {"\n", "\t", "\r"}


class Broken(Exception):
    """Something that must be true is not; *worse* where the board is worse off than before."""

    def __init__(self, message: str, worse: bool = False):
        super().__init__(message)
        self.worse = worse


@dataclass
class Before:
    """What a board was before the fault."""

    seen: dict
    files: list[str]
    packages: set[str]

    @property
    def works(self) -> bool:
        """Whether MobileNet worked."""
        return self.seen["answer"].startswith(TOP1)


@dataclass
class Bench:
    """A board on the bench, and the rows that were made of it. *save* keeps a row."""

    board: FaultBoard
    save: Callable[[dict], None]
    #: As in `make test`: a chain of faults does not end with an upgrade that succeeds, which other tests there show.
    short: bool = False
    scenario: str = ""
    #: What the board has that others of its kind have not, and the snapshot of it as it comes.
    extra: str = ""
    ready: str = READY
    compiled: Results | None = None
    kept: set[str] = field(default_factory=set)
    before: Before | None = None
    writes: list[Point] = field(default_factory=list)

    # -- states to begin from

    def warm(self) -> None:
        """Have the compiler's results on the board, so that no build of the matrix takes its full time."""
        self.compiled = results = Results(self.board.kind, "make test" if self.short else "the matrix")
        # The one build of `make test` is kept as it is made.
        if not (self.short or results.file.exists()):
            results.put(self.board)
            playing = self.play()
            if not playing.says(r"^TASK \[.*Configure the boot loader"):
                playing.wait()
                raise Broken(f"the driver could not be built: {playing.sentence()}\n{playing.output[-2000:]}")
            playing.kill()
            playing.wait()
            results.take(self.board)
            self.board.restore(READY)
        results.put(self.board)
        self.board.keep(READY)

    def fresh(self) -> None:
        """The board as it comes, and what it then is."""
        self.board.restore(self.ready)
        self.note()

    @contextlib.contextmanager
    def variant(self, extra: str) -> Iterator[None]:
        """While inside, the board comes as it is now; *extra*: what it has that others of its kind have not."""
        others = self.extra, self.ready, self.writes
        self.extra, self.ready, self.writes = extra, "faults-variant", []
        self.board.keep(self.ready)
        try:
            yield
        finally:
            self.extra, self.ready, self.writes = others

    def upgraded(self) -> None:
        """The board after a successful upgrade to driver 0.9.6 and runtime 2.3.2: one on which MobileNet works."""
        if UPGRADED in self.kept:
            self.board.restore(UPGRADED)
        else:
            self.fresh()
            self.again()
            self.board.keep(UPGRADED)
            self.kept.add(UPGRADED)
        self.note()

    def note(self) -> None:
        """Take what is there as what was there before."""
        self.before = Before(self.board.probe(), self.board.state(), self.board.packages())

    # -- runs

    def play(self, variables: dict | None = None, playbook: str = UPGRADE, words: tuple[str, ...] = ()) -> Playing:
        """Start a playbook."""
        return Playing(self.board, playbook, {**CALM, **(variables or {})}, words)

    def ran(self, variables: dict | None = None, playbook: str = UPGRADE, words: tuple[str, ...] = ()) -> Playing:
        """Run a playbook to its end."""
        playing = self.play(variables, playbook, words)
        playing.code = playing.wait()
        return playing

    def again(self, variables: dict | None = None) -> None:
        """What an owner does after a fault: run the upgrade again. It must end well."""
        playing = self.ran(variables)
        seen = self.board.settled()
        if playing.code or not seen["answer"].startswith(TOP1) or seen["pending"] or seen["state"].get("state") != "committed":
            raise Broken(f"the run after it ends with {playing.code}: {playing.sentence()} (state {seen['state'].get('state')}, {seen['answer']})")

    # -- judging

    def judge(self, where: str, playing: Playing | None, alone: bool = False, back: bool = False, happened: str = "", files: bool = True) -> dict:
        """See that the board is no worse, and keep the row.

        *alone*: it heals by itself; *back*: it must be back on the old state; not *files*: the owner changed some meanwhile.
        """
        board = ", ".join(filter(None, (self.board.kind, self.extra)))
        row = {"scenario": self.scenario, "board": board, "where": where, "happened": happened, "outcome": "recovered", "sentence": ""}
        try:
            row.update(self._look(playing, alone, back, files))
        except Dead as problem:
            row.update(outcome="worse", sentence=str(problem).splitlines()[0])
        except Broken as problem:
            row.update(outcome="worse" if problem.worse else "failed", sentence=str(problem))
        self.save(row)
        if row["outcome"] != "recovered":
            raise Broken(f"{where}: {row['sentence']}")
        return row

    def _look(self, playing: Playing | None, alone: bool, back: bool, compare: bool) -> dict:
        seen, before = self.board.settled(alone=alone), self.before
        state, why = seen["state"].get("state", "unknown"), seen["state"].get("why") or ""
        said = f"driver {seen['driver'] or 'none'}, runtime {seen['runtime'] or 'none'}, MobileNet: {seen['answer']}, state {state}"
        old = (before.seen["driver"], before.seen["runtime_sha256"]) == (seen["driver"], seen["runtime_sha256"])
        if not seen["driver"] and before.seen["driver"]:
            raise Broken(f"no driver answers any more ({said})", worse=True)
        if before.works and not seen["answer"].startswith(TOP1):
            raise Broken(f"MobileNet worked before and does not now ({said})", worse=True)
        if state in ("rollback_failed", "broken"):
            raise Broken(f"{state}: {why} ({said})", worse=True)
        ended = playing is not None and not playing.killed and not playing.alive
        rolled_back = state == "rolled_back" or (ended and playing.code != 0 and not seen["pending"])
        if back and not (old and rolled_back):
            raise Broken(f"it was not rolled back ({said})")
        if rolled_back and state != "committed" and compare:
            files = self.board.state()
            gone, new = sorted(set(before.files) - set(files)), sorted(set(files) - set(before.files))
            if gone or new:
                brought = self.board.brought(self.board.packages() - before.packages)
                gone, new = ([line for line in lines if not brought(line)] for lines in (gone, new))
            if gone or new:
                raise Broken(f"files differ after the rollback: gone {gone[:4]}, new {new[:4]} of {len(gone) + len(new)}")
        sentence = why or (playing.sentence() if playing else "")
        if not sentence and (not ended or playing.code):
            # The power went, or the controller: the board says how far it had come.
            sentence = f"state.json: {state}" if state != "unknown" else "nothing was changed yet" if self.board.state() == before.files else ""
        if not sentence and (not ended or playing.code):
            raise Broken(f"nothing says what happened ({said})")
        if UNPRINTABLE & set(sentence):
            raise Broken(f"the sentence has control characters: {sentence!r}")
        ending = "rolled back" if rolled_back and old else "upgraded" if state == "committed" else "resumed by the next run"
        return {"ending": ending, "state": state, "driver": seen["driver"], "answer": seen["answer"], "sentence": " ".join(sentence.split())[:400]}
