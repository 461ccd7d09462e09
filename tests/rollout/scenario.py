# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The steps of a rollout: boards with faults, limited runs, slices, a killed controller, two at once, and the end."""

from __future__ import annotations

import json
import os
import pathlib
import random
import time

from light_boards import LightBoards
from rollout import figures, judge
from rollout.controllers import AUDIT, ROOT, Controllers
from rollout.journal import Run

#: What a board may have, in the order in which they are given out.
FAULTS = (
    "no-bind",
    "inference-fails",
    "never-back",
    "late-back",
    "build-fails",
    "ssh-flaps",
    "disk-full",
    "slow",
    "silent",
)
#: Those that an upgrade cannot survive, whatever the store has: for the run whose threshold is crossed.
FATAL = ("no-bind", "inference-fails")
STEPS = ("limited", "threshold", "slices", "killed", "together", "rest", "repeat")
#: A guard that waits for a lost board is the longest part of a short rollout.
VARIABLES = {"npu_reboot_ok": True, "npu_reboot_timeout": 150, "npu_confirm_minutes": 3, "npu_max_failed": "100%"}


def give_faults(kernels: dict, share: float, seed: int) -> dict:
    """Return `{board: fault}` for this share of the boards, spread over the kernels; the first of a kernel has none.

    Args:
        kernels: `{board: kernel}` in the inventory's order.
        share: part of the boards, at least one fault if it is above 0.
    """
    choice = random.Random(seed)
    left: dict = {}
    for board, kernel in kernels.items():
        left.setdefault(kernel, []).append(board)
    for names in left.values():
        del names[:1]
        choice.shuffle(names)
    wanted, given = max(round(len(kernels) * share), 1) if share else 0, {}
    while len(given) < wanted and any(left.values()):
        for names in left.values():
            if names and len(given) < wanted:
                given[names.pop()] = FAULTS[len(given) % len(FAULTS)]
    return given


def slices(names: list, count: int) -> list[list]:
    """Return every n-th board, as AWX slices an inventory."""
    return [part for part in (names[number::count] for number in range(count)) if part]


def state_of(record: dict) -> dict:
    """Return the state of a board, as judge.py takes it, of its record in fleet.json."""
    upgrade, verification = record.get("upgrade") or {}, record.get("verification") or {}
    return {
        "answers": record.get("status") not in ("unreachable", "held"),
        "driver": (record.get("driver") or {}).get("version"),
        "runtime": (record.get("runtime") or {}).get("version"),
        "verified": verification.get("diagnosis") if verification.get("current") else "unknown",
        "upgrade": upgrade.get("state"),
        "pending": bool(upgrade.get("pending")),
        "lock": upgrade.get("locked_by"),
        "kernel": (record.get("kernel") or {}).get("release"),
    }


class Rollout:
    """A rollout over light boards of its own."""

    def __init__(self, scratch: pathlib.Path, count: int, forks: int, *, faulty: int, seed: int, lasts: dict):
        """`faulty`: how many of a hundred boards have a fault; `lasts`: seconds of a `build` and of a `boot`."""
        self.scratch, self.count, self.forks = scratch, count, forks
        self.faulty, self.seed, self.lasts = faulty, seed, lasts
        self.boards = LightBoards(ROOT, scratch / "lab")
        self.controllers, self.runs, self.broken, self.memory = None, [], [], {}
        self.kernels, self.faults, self.done = {}, {}, set()

    @staticmethod
    def say(text: str) -> None:
        """Print a line at once, also into a file."""
        print(text, flush=True)

    def start(self) -> None:
        """Start the boards and give them their faults."""
        lasts = [word for what, seconds in self.lasts.items() for word in (f"--{what}-seconds", str(seconds))]
        self.boards.lab("up", "--count", str(self.count), "--mix", "rollout", *lasts)
        self.controllers = Controllers(self.scratch, self.boards.inventory, self.forks, VARIABLES)
        self.before = self.states("before")
        self.kernels = {board: state["kernel"] for board, state in self.before.items()}
        self.faults = give_faults(self.kernels, self.faulty / 100, self.seed)
        for board, fault in self.faults.items():
            self.boards.lab("fault", board, fault)
        self.say(f"{self.count} boards with {len(set(self.kernels.values()))} kernels; faults: {self.faults}")

    def end(self) -> None:
        """Leave no run, connection or board."""
        if self.controllers:
            self.controllers.end()
        self.boards.down()

    # -- what is on the boards --

    def states(self, name: str) -> dict:
        """Return the state of every board, by an audit with a verification."""
        report = self.scratch / f"report-{name}"
        run = self.controllers.start(
            name, playbook=AUDIT, variables={"npu_audit_verify": True, "npu_report_dir": str(report)}
        ).wait()
        if run.code not in (0, 2, 4) or not (report / "fleet.json").exists():
            raise RuntimeError(f"the audit ended with {run.code}: {(self.scratch / f'{name}.log').read_text()[-2000:]}")
        return {
            record["name"]: state_of(record) for record in json.loads((report / "fleet.json").read_text())["boards"]
        }

    def settle(self, limit: float) -> dict:
        """Take all faults away, as an owner does in the end; return the states once no board is being rolled back."""
        for board in self.faults:
            self.boards.lab("fault", board, "none")
        deadline, number = time.monotonic() + limit, 0
        while True:
            number += 1
            after = self.states(f"after-{number}")
            if (
                all(state["answers"] and not state["pending"] for state in after.values())
                or time.monotonic() > deadline
            ):
                return after
            time.sleep(10)

    # -- the runs --

    def finished(self, *controllers) -> list[Run]:
        """Wait for these runs and keep them."""
        runs = [controller.wait() for controller in controllers]
        for run in runs:
            self._keep(run)
        return runs

    def _keep(self, run: Run) -> None:
        self.runs.append(run)
        counted = {text: list(run.verdicts.values()).count(text) for text in sorted(set(run.verdicts.values()))}
        self.say(
            f"  {run.name}: code {run.code}, {run.wall:.0f} s, {len(run.began)} boards begun, {counted or 'killed'}"
        )

    def not_begun(self) -> list[str]:
        """Return the boards that no run has begun yet, in the inventory's order."""
        begun = {board for run in self.runs for board in run.began}
        return [board for board in self.kernels if board not in begun]

    def limited(self) -> None:
        """A run with --limit: two boards of each kernel, so that all kernels are verified afterwards."""
        names = [
            name
            for kernel in dict.fromkeys(self.kernels.values())
            for name in [board for board, other in self.kernels.items() if other == kernel][:2]
        ]
        self.finished(self.controllers.start("limited", limit=names))

    def threshold(self) -> None:
        """A run in which more boards fail than may: those of later batches are skipped, and stay as they are."""
        left = self.not_begun()
        bad = [board for board in left if self.faults.get(board) in FATAL][:2]
        # Boards begin in the inventory's order: those that must be skipped come after the faulty ones.
        after = left[left.index(bad[-1]) + 1 :] if bad else []
        good = [board for board in after if board not in self.faults][:6]
        if not good:
            self.broken.append("threshold: no board with such a fault, or none after it, so nothing was tried")
            return
        # Each batch is as small as the faulty boards are many.
        settings = {"npu_max_failed": 0, "npu_rollout": [len(bad)]}
        limit = [board for board in left if board in bad + good]
        run = self.finished(self.controllers.start("threshold", limit=limit, variables=settings))[0]
        if "skipped" not in run.verdicts.values():
            self.broken.append("threshold: boards failed, and no board was skipped")

    def slices(self, count: int = 4) -> None:
        """AWX's slices: several runs at once, each with every n-th of a part of the boards."""
        names = self.not_begun()[: max(self.count // 4, count)]
        self.finished(
            *[
                self.controllers.start(f"slice-{number}", limit=part)
                for number, part in enumerate(slices(names, count), 1)
            ]
        )

    def killed(self) -> None:
        """All boards; the controller is killed with its children when a third of them have their driver."""
        enough = max(len(self.not_begun()) // 3, 1)
        controller = self.controllers.start("killed")
        if controller.wait_for(lambda events: sum(one["event"] == "driver" for one in events) >= enough, 6 * 3600):
            self._keep(controller.kill())
        else:
            self.finished(controller)
            self.broken.append("killed: the run ended before it could be killed")

    def together(self) -> None:
        """The same command again, and a second controller in the middle of it."""
        first = self.controllers.start("again")
        first.wait_for(
            lambda events: (
                sum(event["event"] == "transaction" and event.get("state") == "begun" for event in events) > 0
            ),
            6 * 3600,
        )
        second = self.controllers.start("second")
        one, other = self.finished(first, second)
        self.broken += judge.second_controller(other, one)

    def rest(self) -> None:
        """The same command once more: boards that were skipped or busy."""
        self.finished(self.controllers.start("rest"))

    def repeat(self) -> None:
        """Boards that are right stay unchanged; the controller's memory with a quarter, a half and all of them."""
        right = [board for board, text in self.runs[-1].verdicts.items() if text == "ok"]
        for part in (4, 2, 1):
            names = right[: len(right) // part]
            if names:
                run = self.finished(self.controllers.start(f"repeat-{len(names)}", limit=names))[0]
                self.memory[len(names)] = run.mib
                self.broken += judge.unchanged_run(run)

    # -- the verdict --

    def run(self, steps: tuple = STEPS) -> None:
        """Run these steps."""
        for step in steps:
            self.say(f"{step}: {getattr(self, step).__doc__.splitlines()[0]}")
            getattr(self, step)()
            self.done.add(step)

    def verdict(self, limit: float = 900) -> tuple[dict, list, dict]:
        """Return `(what became of each board, broken rules, figures)`."""
        after = self.settle(limit)
        wanted = self.wanted(after)
        ends = judge.outcomes(self.before, after, wanted)
        lab = json.loads(self.boards.lab("journal", "--json"))
        broken = self.broken + (judge.all_upgraded(ends, self.faults) if "rest" in self.done else [])
        broken += judge.judge(self.runs, lab, self.kernels, ends, after, self.controllers.held_locks())
        found = {
            "boards": self.count,
            "forks": self.forks,
            "seed": self.seed,
            "faults": self.faults,
            "load": round(os.getloadavg()[0], 1),
            "processors": os.cpu_count(),
            "store": figures.store(self.runs),
            "memory": self.memory,
            "runs": [figures.of_run(run, self.forks) for run in self.runs],
        }
        return ends, broken, found

    def wanted(self, after: dict) -> dict:
        """Return `{driver, runtime}` that upgrades bring: what boards have that a run committed, most often."""
        done = {event["board"] for run in self.runs for event in run.of("committed")}
        found = [(state["driver"], state["runtime"]) for board, state in after.items() if board in done]
        driver, runtime = max(set(found), key=found.count) if found else (None, None)
        return {"driver": driver, "runtime": runtime}
