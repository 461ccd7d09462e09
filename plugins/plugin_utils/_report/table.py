# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One table for all boards of a run, and the time of each phase."""

from __future__ import annotations

import re

from .._answers.failure import NO_ANSWER
from .._plan.checks import build_losses as _losses
from .._plan.condition import CONDITION
from .._plan.predicates import has_work, needs_nothing
from .._schema.record import TOP5
from .._schema.values import dictionary, fit, number, sequence

COLUMNS = ("board", "kernel", "driver", "runtime", "Top1", "latency", "verdict")
LONGEST_CELL = 60
LONGEST_NOTE = 300
MOST_NOTES = 100
LONGEST_SENTENCE = 2000
NOTHING = "-"
NO_SENSE = "its answers are invalid"
ROLLBACK_FAILED = "ROLLBACK FAILED"
NOT_INSPECTED = "not inspected"
WHY_NOT_INSPECTED = "no task of this run has inspected it"
INSPECT_IT = "Rerun without --start-at-task and --step."
OUTCOMES = {
    "rolled_back": "rolled back", "rollback_planned": "planned: rollback", "rollback_failed": ROLLBACK_FAILED,
}
# The order in which they are counted; failures come last.
VERDICTS = (
    "ok", "planned", "held", "not selected", "nothing to undo", "waiting", "skipped", "pending", "not verified",
    NOT_INSPECTED, "unsupported", "unreachable", "failed", "rolled back", ROLLBACK_FAILED,
)


def row(board, variables):
    """Return the table's cells of one board, as text, in the order of `COLUMNS`.

    Args:
        variables: what the roles have set: `__npu_before` and `ansible_facts.npu` as of `rkfleet.npu.npu_facts`,
            `__npu_plan`, `__npu_verification` as of `rkfleet.npu.rknn_mobilenet`, `__npu_error`, `__npu_cause`,
            `__npu_skipped` of a skipped board, `__npu_outcome` of a rollback.
    """
    before = dictionary(variables.get("__npu_before"))
    after = dictionary(dictionary(variables.get("ansible_facts")).get("npu")) or before
    if not after:
        return (board, *[NOTHING] * 5, verdict(variables))
    plan = dictionary(variables.get("__npu_plan"))
    # Without a verification in this run, the recorded one counts.
    verification = dictionary(variables.get("__npu_verification") or not has_work(plan) and plan.get("verified"))
    return (
        board,
        _get(after, "kernel", "release") or NOTHING,
        _change(_get(before, "driver", "version"), _get(after, "driver", "version")),
        _change(_get(before, "runtime", "version"), _get(after, "runtime", "version")),
        _top1(verification),
        _latency(verification),
        verdict(variables),
    )


def verdict(variables):
    """Return the result of a board in a few words."""
    verification = dictionary(variables.get("__npu_verification"))
    plan = dictionary(variables.get("__npu_plan"))
    error = str(variables.get("__npu_error") or "")
    if str(variables.get("__npu_outcome")) in OUTCOMES:
        return OUTCOMES[variables["__npu_outcome"]]
    skipped = dictionary(variables.get("__npu_skipped"))
    if skipped:
        return str(skipped.get("verdict"))
    if verification.get("diagnosis") == "ok" and not error:
        return "ok"
    if verification.get("diagnosis") == "busy":
        return "not verified: in use"
    if plan.get("action") == "unsupported":
        return "unsupported"
    if variables.get("__npu_cause") == NO_ANSWER:
        return "unreachable"
    if verification.get("diagnosis", "ok") != "ok":
        return "failed: %s" % clean(verification["diagnosis"])
    if error:
        return "failed"
    if not plan:
        # Nothing shows that the board does not answer.
        return NOT_INSPECTED
    return planned(plan, dictionary(dictionary(variables.get("ansible_facts")).get("npu")))


def planned(plan, facts):
    """Return the plan of an inspected board in a few words, or its state if nothing is planned."""
    if has_work(plan):
        return "planned: %s" % (plan.get("action") if plan.get("action") != "none" else "runtime")
    if not needs_nothing(plan, facts):
        return "pending"
    verified = dictionary(plan.get("verified")).get("diagnosis")
    return "ok" if verified == "ok" else "failed: %s" % clean(verified) if verified else "not verified"


def summary_line(verdicts):
    """Return one line that counts the boards by verdict, without what follows its colon."""
    kinds = [text.split(":")[0] for text in verdicts]
    counts = ["%s %d" % (kind, kinds.count(kind)) for kind in VERDICTS if kind in kinds]
    return ", ".join(["boards: %d" % len(kinds), *counts])


def sentence(board, variables):
    """Return why a board failed, and the result of its rollback; empty if it succeeded."""
    if not variables.get("__npu_error") and variables.get("__npu_outcome") != "rollback_failed":
        return ""
    words = [str(variables.get(name) or "") for name in ("__npu_error", "__npu_rolled_back")]
    text = clean(" ".join(" ".join(words).split()), LONGEST_SENTENCE)
    return text if text.startswith(board + ":") else "%s: %s" % (clean(board), text)


def skipped_lines(boards):
    """Return a line for each verdict and reason of skipped boards, with the names of all of them.

    Args:
        boards: `{name: variables}`.
    """
    groups = {}
    for board, variables in boards.items():
        skipped = dictionary(variables.get("__npu_skipped"))
        if skipped:
            groups.setdefault((str(skipped.get("verdict")), str(skipped.get("reason"))), []).append(board)
    return [
        "%s: %s: %s" % (clean(verdict_), ", ".join(map(clean, names)), clean(reason, LONGEST_NOTE))
        for (verdict_, reason), names in groups.items()
    ]


def not_inspected_sentence(board):
    """Return the sentence of a board that no task of this run has inspected."""
    return "%s: %s: %s" % (clean(board), NOT_INSPECTED, WHY_NOT_INSPECTED)


def not_inspected_lines(verdicts):
    """Return a line with the boards that no task has inspected, and what to do; none if there are none.

    Args:
        verdicts: `{board: verdict}`.
    """
    boards = [board for board, text in verdicts.items() if text == NOT_INSPECTED]
    named = ", ".join(map(clean, boards))
    line = "%s: %s: the tasks that inspect boards were skipped. %s" % (NOT_INSPECTED, named, INSPECT_IT)
    return [line] if boards else []


def not_reached(boards):
    """Return the boards that the upgrade did not reach; in a run that only stages, waiting boards do not count."""
    skipped = {board: dictionary(variables.get("__npu_skipped")) for board, variables in boards.items()}
    return [
        board for board in skipped
        if str(skipped[board].get("verdict")) in ("waiting", "skipped") and not skipped[board].get("fine")
    ]


def not_reached_sentence(boards, count):
    """Return the sentence that names these boards, of `count` in total; empty if there are none."""
    return (
        "%d of %d boards were skipped: %s" % (len(boards), count, ", ".join(map(clean, boards))) if boards
        else ""
    )


def render(rows):
    """Return the table as lines, each column as wide as its longest cell."""
    table = [[clean(cell) for cell in cells] for cells in (COLUMNS, *rows)]
    widths = [max(len(line[column]) for line in table) for column in range(len(COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in table]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return lines


def phase_line(board, phases):
    """Return one line with the seconds of each phase.

    Args:
        phases: `[(phase, seconds), ...]` as of `_clock.spent`.
    """
    spent = ", ".join("%s %.0f s" % (clean(phase), seconds) for phase, seconds in phases)
    return "%s: %s, together %.0f s" % (clean(board), spent, sum(seconds for dummy, seconds in phases))


def outcome(board, verdict_, message):
    """Return the outcome of a failed board: `{board, kind, msg}`.

    The kind is failed, unreachable or rollback failed.
    """
    kind = {"unreachable": "unreachable", ROLLBACK_FAILED: "rollback failed"}.get(verdict_, "failed")
    return {"board": board, "kind": kind, "msg": message}


def note_lines(board, variables):
    """Return the notes of a board: from the plan, the build and a rollback."""
    notes = []
    # The plan after the reboot lacks the notes of the plan that chose the driver.
    for plan in ("__npu_driver_target", "__npu_plan"):
        found = _texts(dictionary(variables.get(plan)).get("notes"))
        # What was noted of the NPU's condition then is not what it is now.
        notes += [note for note in found if plan == "__npu_plan" or not note.startswith(CONDITION)]
    build = dictionary(variables.get("__npu_build"))
    notes += _losses.sentences(build.get("losses")) + _texts(build.get("notes"))
    built = dictionary(variables.get("__npu_builder_did"))
    kernels = [dictionary(tried) for tried in sequence(built.get("kernels"))]
    reasons = [tried.get("reason") for tried in kernels if tried.get("verdict") != "builds"]
    if reasons or built.get("msg") and not kernels:
        notes.append("npu_builder did not build for it: %s" % (reasons[0] if reasons else built["msg"]))
    if variables.get("__npu_rolled_back") and not sentence(board, variables):
        notes.append(str(variables["__npu_rolled_back"]))
    # Notes are sentences, so they may be longer than a cell.
    return ["%s: note: %s" % (clean(board), clean(note, LONGEST_NOTE)) for note in dict.fromkeys(notes)]


def clean(text, longest=LONGEST_CELL):
    """Return the text of a board without control characters, shortened to its limit."""
    text = re.sub(r"[^\x20-\x7e\u2192]", "?", str(text))
    return text if len(text) <= longest else text[: longest - 3] + "..."


def _get(facts, part, name):
    return dictionary(facts.get(part)).get(name)


def _texts(value):
    return [str(text) for text in sequence(value)[:MOST_NOTES]]


def _change(before, after):
    before, after = before or "none", after or "none"
    return after if before == after else "%s \u2192 %s" % (before, after)


def _top1(verification):
    top5 = fit(verification.get("top5"), TOP5)
    return "%d: %.6f" % (top5[0]["index"], top5[0]["score"]) if top5 else NOTHING


def _latency(verification):
    median = number(dictionary(verification.get("latency_ms")).get("median"))
    return "%.1f ms" % median if median is not None else NOTHING
