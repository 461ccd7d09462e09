# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Figures of a rollout as ratios, of the journals of its runs: where time went, and how much of it was waiting."""

from __future__ import annotations

import itertools
import statistics

from rollout.journal import Run


def own_times(run: Run) -> dict:
    """Return `{board: seconds}` for which a fork of the controller worked on each board."""
    spent: dict = {}
    for event in run.of("task"):
        spent[event["board"]] = spent.get(event["board"], 0) + event["seconds"]
    return spent


def overhead(run: Run, forks: int) -> float | None:
    """Return the wall time to the sum of the boards' own times over forks: 1 if no fork ever waits."""
    own = sum(own_times(run).values())
    return round(run.wall / (own / forks), 2) if own else None


def tasks_per_board(run: Run) -> dict:
    """Return the medians of tasks that ran and of tasks that were skipped, of boards that were begun."""
    ran, skipped = {}, {}
    for event in run.of("task"):
        counted = skipped if event.get("skipped") else ran
        counted[event["board"]] = counted.get(event["board"], 0) + 1
    begun = list(run.began)
    if not begun:
        return {"ran": 0, "skipped": 0}
    return {
        what: round(statistics.median(found.get(board, 0) for board in begun))
        for what, found in (("ran", ran), ("skipped", skipped))
    }


def store(runs: list[Run]) -> dict:
    """Return how many boards took their module from the store, built it, and the share of the first."""
    steps = [event.get("steps") or [] for run in runs for event in run.of("driver") if event["ok"]]
    loaded, built = sum("load" in done for done in steps), sum("install" in done for done in steps)
    return {"loaded": loaded, "built": built, "hits": round(loaded / (loaded + built), 3) if loaded + built else None}


def plays(run: Run) -> list:
    """Return `[(play, wall seconds)]` in order."""
    marks = [event for event in run.events if event["event"] in ("play", "end")] + run.events[-1:]
    return [(one["play"], round(two["at"] - one["at"], 1)) for one, two in itertools.pairwise(marks) if "play" in one]


def phases(run: Run, most: int = 12) -> list:
    """Return `[(play, role, boards' own seconds)]`, the longest first; a role's tasks together."""
    own: dict = {}
    for event in run.of("task"):
        key = event["play"], _role(event["task"])
        own[key] = own.get(key, 0) + event["seconds"]
    return sorted(((*key, round(seconds, 1)) for key, seconds in own.items()), key=lambda row: -row[2])[:most]


def _role(task: str) -> str:
    return task.partition(" : ")[0].rpartition(".")[2] if " : " in task else "playbook"


def spans(run: Run) -> dict:
    """Return `{boards, median, longest, board}` of the seconds from begin to end of each board's upgrade."""
    ends = {board: (at, run.ended(board, at)) for board, at in run.began.items()}
    found = {board: until - at for board, (at, until) in ends.items() if until is not None}
    if not found:
        return {"boards": 0, "median": None, "longest": None, "board": None}
    longest = max(found, key=found.get)
    middle = round(statistics.median(found.values()), 1)
    return {"boards": len(found), "median": middle, "longest": round(found[longest], 1), "board": longest}


def flat(memory: dict) -> float | None:
    """Return the highest to the lowest of the controller's peaks, `{boards: MiB}`: 1 if it does not grow."""
    return round(max(memory.values()) / min(memory.values()), 2) if len(memory) > 1 else None


def of_run(run: Run, forks: int) -> dict:
    """Return all figures of one run."""
    return {
        "name": run.name,
        "code": run.code,
        "wall": round(run.wall, 1),
        "boards_begun": len(run.began),
        "overhead": overhead(run, forks),
        "mib": run.mib,
        "tasks": tasks_per_board(run),
        "phases": phases(run),
        "plays": plays(run),
        "spans": spans(run),
    }


def lines(figures: dict) -> list[str]:
    """Return the figures as text."""
    machine = f"load {figures['load']}, {figures['processors']} processors, {figures['forks']} forks"
    text = [f"{machine}; store: {figures['store']}"]
    for run in figures["runs"]:
        mib = f", {run['mib']:.0f} MiB" if run["mib"] else ""
        tasks = f"tasks {run['tasks']['ran']} (and {run['tasks']['skipped']} skipped) a board"
        text.append(
            f"{run['name']}: code {run['code']}, {run['wall']:.0f} s, {run['boards_begun']} boards begun, "
            f"wall to own times over forks {run['overhead']}, {tasks}{mib}"
        )
        text.append("    " + ", ".join(f"{play} {seconds} s" for play, seconds in run["plays"]))
        text += [f"    {own:8.1f} s of boards in {play}: {role}" for play, role, own in run["phases"][:6]]
        if run["spans"]["boards"]:
            text.append(
                "    a board takes {median} s (median), {board} the longest: {longest} s".format(**run["spans"])
            )
    if figures.get("memory"):
        memory = figures["memory"]
        text.append(f"controller memory, MiB by boards: {memory}; highest to lowest: {flat(memory)}")
    return text
