# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Whether a rollout kept its rules. Plain functions over journals; each returns sentences that name board and rule.

A state of a board is `{answers, driver, runtime, verified, upgrade, lock, pending}`: whether the board answers, the
versions that are active, the diagnosis of a verification (`ok`), the state in state.json, who holds the lock, and
whether an upgrade is pending.
"""

from __future__ import annotations

import itertools

from rollout.journal import Run

#: States of a board between whose changes nothing is half done. unknown: it has no state.json, as before an upgrade.
AT_REST = {None, "unknown", "committed", "rolled_back"}
#: How a run is told that another one works on a board, or has done so since the board was inspected.
REFUSALS = ("locked by", "changed after it was inspected")
#: Exit codes of a run that ended by itself: all well, boards failed, boards unreachable.
CODES = {0, 2, 4}


def threshold(runs: list[Run]) -> list[str]:
    """No batch starts after more boards have failed than npu_max_failed allows; a batch is begun as a whole."""
    broken = []
    for run in runs:
        if not run.decision:
            broken += [f"{board}: begun in {run.name}, which has decided nothing" for board in run.began]
            continue
        todo = {*run.decision["staging"], *run.decision["rollout"]}
        gates = run.of("gate")
        for board, at in run.began.items():
            gate = max(
                (gate.get("since", gate["at"]) for gate in gates if gate["at"] <= at and board in gate["go"]),
                default=None,
            )
            if gate is None:
                broken.append(f"{board}: begun in {run.name}, which no decision about its batch allowed")
                continue
            losses = [event for event in run.of("failed", "rollback_failed") if event["at"] < gate]
            failed = sorted({event["board"] for event in losses if event["board"] in todo})
            if len(failed) > run.decision["allowed"]:
                why = f"{len(failed)} boards had failed ({', '.join(failed[:5])}), and {run.decision['allowed']} may"
                broken.append(f"{board}: begun in {run.name} after {why}")
    return broken


def builds(boards: dict, kinds: dict) -> list[str]:
    """No kernel is built twice. A build that failed or was cut off does not count, as it gave no module.

    Args:
        boards: `{board: journal}` as the lab kept them; a finished build is `{event: built, kernel, trial}`. A trial
            before an older driver of ours is replaced is no build of its own.
        kinds: `{board: kernel}`, for builds whose journal names none.
    """
    made: dict = {}
    for board, events in boards.items():
        for event in events:
            if event["event"] == "built" and not event.get("trial"):
                made.setdefault(event.get("kernel") or kinds.get(board), []).append((event["at"], board))
    return [
        f"{', '.join(board for _at, board in sorted(found))}: kernel {kernel} was built {len(found)} times"
        for kernel, found in made.items()
        if len(found) > 1
    ]


def staging(runs: list[Run]) -> list[str]:
    """No board is begun before a staging board of its kernel was committed; the staging board itself is."""
    broken = []
    commits = sorted((event["at"], event["board"]) for run in runs for event in run.of("committed"))
    kernels = {board: kernel for run in runs for board, kernel in run.decision.get("kernels", {}).items()}
    for run in runs:
        for board, at in run.began.items():
            kernel = kernels.get(board)
            before = [other for since, other in commits if since <= at and kernels.get(other) == kernel]
            if not before and board not in run.decision.get("staging", ()):
                broken.append(f"{board}: begun in {run.name} before a board with kernel {kernel} was verified")
        first: dict = {}
        for board in run.decision.get("staging", ()):
            first.setdefault(run.decision["kernels"].get(board), []).append(board)
        broken += [
            f"{', '.join(names)}: {run.name} staged {len(names)} boards of kernel {kernel}"
            for kernel, names in first.items()
            if len(names) > 1
        ]
    return broken


def locks(states: dict, held: list[str]) -> list[str]:
    """No lock is left on a board, and none in the controller's cache is held."""
    broken = [f"{board}: its lock is left ({state['lock']})" for board, state in states.items() if state.get("lock")]
    return broken + [f"controller: {path} is still locked" for path in held]


def at_rest(boards: dict) -> list[str]:
    """The last state that each board wrote is one between whose changes nothing is half done.

    Args:
        boards: `{board: journal}` as the lab kept them; a state is `{event: state, state, why}`.
    """
    broken = []
    for board, events in boards.items():
        last = [event for event in events if event["event"] == "state"][-1:]
        broken += [f"{board}: its last state is {event['state']}" for event in last if event["state"] not in AT_REST]
    return broken


def twice(runs: list[Run]) -> list[str]:
    """No board is committed twice, and no two runs work on a board at the same time."""
    broken, commits, spans = [], {}, {}
    for run in runs:
        for event in run.of("committed"):
            commits.setdefault(event["board"], []).append(run.name)
        for board, at in run.began.items():
            until = run.ended(board, at)
            spans.setdefault(board, []).append((at, run.events[-1]["at"] if until is None else until, run.name))
    for board, names in commits.items():
        if len(names) > 1:
            broken.append(f"{board}: upgraded {len(names)} times ({', '.join(names)})")
    for board, found in spans.items():
        found.sort()
        for (_began, until, one), (since, _end, other) in itertools.pairwise(found):
            if since < until:
                broken.append(f"{board}: {one} and {other} worked on it at the same time")
    return broken


def outcome(before: dict, after: dict, wanted: dict) -> tuple[str, str]:
    """Return `(what became of a board, why)`: upgraded, rolled back, unchanged or worse.

    Args:
        before: the board's state before the first run.
        after: the same after the last one.
        wanted: `{driver, runtime}` that an upgrade brings.
    """
    if not after.get("answers"):
        return ("worse", "it does not answer") if before.get("answers") else ("unchanged", "it never answered")
    if after.get("pending") or after.get("upgrade") not in AT_REST:
        pending = ", an upgrade is pending" if after.get("pending") else ""
        return "worse", f"it is between old and new: state {after.get('upgrade')}{pending}"
    if before.get("verified") == "ok" != after.get("verified"):
        return "worse", f"MobileNet worked before, now: {after.get('verified')}"
    versions = {name: (after.get(name), before.get(name), wanted.get(name)) for name in ("driver", "runtime")}
    if all(now == new for now, dummy, new in versions.values()) and after.get("verified") == "ok":
        return "upgraded", ""
    if all(now == old for now, old, dummy in versions.values()):
        if after.get("upgrade") == "committed" != before.get("upgrade"):
            return "worse", "state.json says committed, and the board has its old versions"
        return ("rolled back", "") if after.get("upgrade") == "rolled_back" else ("unchanged", "")
    mixed = ", ".join(f"{name} {now} (before {old}, wanted {new})" for name, (now, old, new) in versions.items())
    return "worse", f"it is between old and new: {mixed}; MobileNet: {after.get('verified')}"


def outcomes(before: dict, after: dict, wanted: dict) -> dict:
    """Return `{board: (what became of it, why)}`; states as for `outcome`."""
    return {board: outcome(state, after.get(board, {}), wanted) for board, state in before.items()}


def verdicts(runs: list[Run], ends: dict) -> list[str]:
    """The last table that names a board is true: `ok` only if it is upgraded, `rolled back` only in its old state."""
    broken, last = [], {}
    for run in sorted(runs, key=lambda run: max((event["at"] for event in run.of("recap")), default=0)):
        last.update({board: (text, run.name) for board, text in run.verdicts.items()})
    for board, (text, name) in last.items():
        end = ends.get(board, ("", ""))[0]
        if end in {"ok": ("rolled back", "unchanged", "worse"), "rolled back": ("upgraded",)}.get(text, ()):
            broken.append(f"{board}: {name} reports {text}, and the board is {end}")
    return broken


def second_controller(second: Run, first: Run) -> list[str]:
    """One of two runs is refused boards of the other, and fails; that no board is upgraded twice is `twice`."""
    refused = {
        run.name: [
            event["board"]
            for event in run.of("failed", "transaction")
            if any(words in str(event.get("why") or event.get("msg")) for words in REFUSALS)
        ]
        for run in (second, first)
    }
    if not any(refused.values()):
        return [f"{second.name}: no board was refused to it because of {first.name}, which was running"]
    return [
        f"{run.name}: ended with 0, although boards were refused to it because of the other run"
        for run in (second, first)
        if run.code == 0 and refused[run.name]
    ]


def unchanged_run(run: Run) -> list[str]:
    """A run with nothing left to do ends with 0, begins no board and changes nothing."""
    broken = [f"{board}: begun again by {run.name}" for board in run.began]
    changed = sum(event["totals"]["changed"] for event in run.of("end"))
    if run.code != 0 or not run.of("end"):
        broken.append(f"{run.name}: ended with {run.code}, and every board was right before")
    return broken + ([f"{run.name}: changed {changed} things on boards that were right"] if changed else [])


def ended(runs: list[Run]) -> list[str]:
    """Each run that was not killed ended by itself, and its journal is whole."""
    broken = [f"{run.name}: ended with {run.code}" for run in runs if run.code not in {None, *CODES}]
    whole = {run.name for run in runs if run.code is None or (run.decision and run.of("end"))}
    return broken + [f"{run.name}: its journal has no decision or no end" for run in runs if run.name not in whole]


def all_upgraded(ends: dict, faults: dict) -> list[str]:
    """Once all boards were tried, each board without a fault is upgraded."""
    return [
        f"{board}: has no fault, and is {what}"
        for board, (what, _why) in ends.items()
        if board not in faults and what != "upgraded"
    ]


def counts(ends: dict) -> str:
    """Return the last line of `make rollout`."""
    kinds = [what for what, _why in ends.values()]
    return (
        f"rollout: {len(kinds)} boards, {kinds.count('upgraded')} upgraded, {kinds.count('rolled back')} rolled back, "
        f"{kinds.count('unchanged')} unchanged, {kinds.count('worse')} worse"
    )


def judge(runs: list[Run], boards: dict, kinds: dict, ends: dict, after: dict, held: list[str]) -> list[str]:
    """Return all broken rules, empty if there are none; arguments as of the functions above."""
    worse = [f"{board}: worse: {why}" for board, (what, why) in ends.items() if what == "worse"]
    of_boards = [*builds(boards, kinds), *at_rest(boards), *locks(after, held)]
    return [*worse, *ended(runs), *threshold(runs), *staging(runs), *twice(runs), *verdicts(runs, ends), *of_boards]
