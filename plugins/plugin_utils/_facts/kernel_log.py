# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the kernel log says of the NPU, from the lines that a board has sent (module_utils/_facts/kernel_log.py)."""

from __future__ import annotations

import re

from ...module_utils._board.tree import clean
from .._schema.values import FLAG, INTEGER, TEXT, check
from .kernel_lines import NO_DEVICE_FILE, NO_IOMMU, SUSPECT, parse_line, telling

SENT = {"first": TEXT, "omitted": INTEGER, "lines": [{"text": TEXT, "count": INTEGER, "load": INTEGER, "ours": FLAG}]}
UNKNOWN = {"complete": None, "jobs_failed": None, "iommu_faults": None, "ours": None, "suspect": None, "remedy": None,
           "cause": None, "cause_remedy": None, "lines": []}
_MOST = 20
_CAUSES = ("power", "iommu", "probe", "clock")
_WORDS = (("job", "{} job{} of the NPU failed"), ("iommu", "{} fault{} of the NPU's IOMMU"),
          ("power", "{} fault{} of the NPU's power supply"), ("crash", "{} fault{} inside the driver"))


def read(sent):
    """Return `{complete, jobs_failed, iommu_faults, ours, suspect, remedy, cause, cause_remedy, lines}`.

    What counts was logged since the driver was initialized the last time, and not while MobileNet ran for a
    verification: a verification that failed before the cause was removed makes no board suspect.

    Args:
        sent: as module_utils._facts.kernel_log.read() returns it, or None if the log cannot be read.

    Returns:
        complete: whether the log still begins with the boot; ours: how many jobs failed in verifications; suspect: one
        sentence on the faults it shows, or None, with its remedy; cause: why the driver could not start, if
        it did not, and what to do; lines: the telling lines with time and meaning, and how often they were logged.

    Raises:
        ValueError: if it is malformed.
    """
    if sent is None:
        return dict(UNKNOWN)
    sent = check(sent, SENT, "kernel_log")
    found = [(text, {**entry, "count": max(entry["count"] or 1, 1)}, row)
             for text, entry, row in telling(sent["lines"])]
    load = max((entry["load"] or 0 for entry in sent["lines"]), default=0)
    present = [item for item in found if (item[1]["load"] or 0) + (item[2] is NO_IOMMU and load > 0) == load]
    counted = [item for item in present if not item[1]["ours"]]
    first, seconds = parse_line(sent["first"] or "")
    complete = seconds == 0 or first.startswith(("Booting Linux", "Linux version"))
    numbers = {kind: _count(kind, counted) for kind in SUSPECT}
    facts = dict(
        UNKNOWN, complete=complete, jobs_failed=numbers["job"], iommu_faults=numbers["iommu"],
        ours=_count("job", [item for item in present if item[1]["ours"]]),
        lines=[_line(text, entry, row) for text, entry, row in present][:_MOST])
    causes = [item for kind in _CAUSES for item in present if item[2].kind == kind and item[2].diagnosis == "device"]
    if causes and NO_DEVICE_FILE not in [item[2] for item in present]:
        text, dummy, row = causes[0]
        facts.update(cause=clean(f"{row.meaning}: {text}", 500), cause_remedy=row.remedy)
    worst = [item for item in counted if item[2].kind in SUSPECT]
    if worst:
        words = [text.format(numbers[kind], "" if numbers[kind] == 1 else "s")
                 for kind, text in _WORDS if numbers[kind]]
        text, dummy, row = max(worst, key=lambda item: (item[2].remedy is not None, item[1]["count"]))
        since = "the driver was loaded" if load or complete else "the log begins"
        facts["suspect"] = clean(f"{' and '.join(words)} since {since} (kernel log): {text}", 600)
        facts["remedy"] = row.remedy
    return facts


def _count(kind, items):
    """Return how many faults of a kind there are; a job that fails has two lines, of the wait for it and of its end."""
    def total(pattern):
        return sum(entry["count"] for text, entry, row in items if row.kind == kind and re.search(pattern, text))

    if kind != "job":
        return min(total(""), 1) if kind == "crash" else total("")
    waited, ended = total("failed to wait job"), total(r"job (?:timeout|abort)\b")
    return max(waited, ended, total("commit failed|invalid irq|timed out"))


def _line(text, entry, row):
    seconds = parse_line(entry["text"])[1]
    notes = [f"{entry['count']} times"] if entry["count"] > 1 else []
    notes += [f"{'last ' if notes else ''}{seconds} s after boot"] if seconds is not None else []
    notes += ["in a verification"] if entry["ours"] else []
    return clean(f"{text} ({', '.join(notes)}): {row.meaning}" if notes else f"{text}: {row.meaning}", 500)
