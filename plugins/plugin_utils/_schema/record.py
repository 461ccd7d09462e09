# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The record of a board in the report: a row for each value, in queries, fleet.json and docs/fleet.schema.json."""

from __future__ import annotations

from .._plan.checks.build_losses import LOSSES
from .facts import FACTS
from .values import AMOUNT, FLAG, INTEGER, NUMBER, SENTENCE, TEXT, TEXTS, TIME, Field, part

STATUSES = ("healthy", "needs_work", "unknown", "unreachable", "held")
RANK = {status: place for place, status in enumerate(("needs_work", "unreachable", "unknown", "held", "healthy"))}
"""The place of each status where the worst comes first."""


def _shown(name):
    field = FACTS[name]
    return field._replace(kind={key: inner for key, inner in field.kind.items() if isinstance(inner, Field)})


TOP5 = Field([part({"index": Field(INTEGER, nullable=False), "score": Field(NUMBER, nullable=False)})], most=5)
LATENCY = {
    "runs": Field(AMOUNT),
    "min": Field(AMOUNT),
    "median": Field(AMOUNT, column="latency_ms"),
    "max": Field(AMOUNT),
}

RECORD = part({
    "name": Field(TEXT, "the name in the inventory", column="name", nullable=False),
    "status": Field(
        STATUSES, "healthy: nothing to do, and MobileNet is verified with this kernel, driver and runtime; unknown: "
        "nothing to do by its versions, and nothing proves it; held: npu_hold, not contacted",
        column="status", label="status", nullable=False),
    "verdict": Field(TEXT, "in a few words, as in the table at the end of a run", column="verdict", nullable=False),
    "reason": Field(TEXT, "one sentence", column="reason", nullable=False, longest=SENTENCE),
    "remedy": Field(TEXT, "what to do", column="remedy", longest=SENTENCE),
    "evidence": Field(TEXTS, "what the status rests on, each with its source", column="evidence", longest=SENTENCE),
    "checked_at": Field(TIME, "when a run was last at the board, by the controller's clock, in UTC",
                        column="checked_at", nullable=False),
    **{name: _shown(name) for name in (
        "board", "os", "kernel", "device", "driver", "condition", "kernel_log", "runtime", "rkllm")},
    "plan": part({
        "action": Field(TEXT, column="plan", label="plan"),
        "reason": Field(TEXT, longest=SENTENCE),
        "remedy": Field(TEXT, longest=SENTENCE),
        "driver": Field(TEXT, "the version it would have", column="plan_driver"),
        "runtime": Field(TEXT, "the version it would have", column="plan_runtime"),
        "kernel": Field(TEXT),
        "module": Field(TEXT),
        "reboot": Field(FLAG, column="plan_reboot"),
        "packages": Field(TEXTS),
        "changes": Field(TEXTS, column="plan_changes", longest=SENTENCE),
        "notes": Field(TEXTS, longest=SENTENCE),
    }, "what upgrade-npu.yml would do"),
    "verification": Field({
        "diagnosis": Field(TEXT, column="diagnosis"),
        "evidence": Field(TEXT, longest=SENTENCE),
        "top5": TOP5,
        "expected_top5": TOP5,
        "verified_at": Field(TIME, "by the board's clock, in UTC", column="verified_at"),
        "driver": Field(TEXT),
        "kernel": Field(TEXT),
        "runtime_sha256": Field(TEXT),
        "current": Field(FLAG, "whether it is of the kernel, driver and runtime that the board has now",
                         column="verification_current"),
        "latency_ms": Field(LATENCY, "of one inference"),
        "cores": Field([Field(INTEGER, nullable=False)], "the cores of an NPU with several that each gave the expected "
                       "result", most=8),
    }, "the last run of MobileNet, recorded on the board or in this run; null where there is none"),
    "build_losses": Field([part({
        "name": Field(TEXT, nullable=False),
        "cause": Field(TEXT, "the missing symbol or header, or the compiler's line", nullable=False),
        "effect": Field(TEXT, nullable=False),
    })], "what the build of the running driver left out, of {}".format(", ".join(LOSSES)), most=len(LOSSES)),
    "device_nodes": Field(TEXTS, "the NPU's, with mode and the group that a program's user needs, or a link's target"),
    "in_use": Field(TEXTS, "the processes that have the NPU open, with unit or container"),
    "suspect": Field(TEXT, "what the kernel log says against the board, also if MobileNet works; null if nothing",
                     column="suspect", title="Suspect", longest=SENTENCE),
    "upgrade": _shown("upgrade"),
    "privileged": FACTS["privileged"],
    "unread": FACTS["unread"],
}, "a board, as it was when it was last contacted")


def _places(fields, above=""):
    for name, field in fields.items():
        yield above + name, field
        if isinstance(field.kind, dict):
            yield from _places(field.kind, f"{above}{name}.")


PLACES = dict(_places(RECORD.kind))
"""`{path in a record, such as driver.version: field}`."""
COLUMNS = {field.column: path for path, field in PLACES.items() if field.column}
# The longest column comes last.
COLUMNS["evidence"] = COLUMNS.pop("evidence")
TITLES = {field.title: path for path, field in PLACES.items() if field.title}
LABELS = {field.label: path for path, field in PLACES.items() if field.label}


def get(entry, path):
    """Return what is at a path such as `driver.version` of a record; None if a part of the path is null."""
    for name in path.split("."):
        entry = entry.get(name) if isinstance(entry, dict) else None
    return entry
