# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The report of a fleet for other programs: C(fleet.csv) for spreadsheets, C(fleet.prom) for the textfile collector of Prometheus's node exporter."""

from __future__ import annotations

import calendar
import csv as _csv
import io
import math
import re
import time

from . import board_record
from ...module_utils._board.tree import clean

# Column -> where it is in a record.
COLUMNS = {
    "name": "name", "status": "status", "verdict": "verdict", "reason": "reason", "remedy": "remedy", "checked_at": "checked_at",
    "model": "board.model", "soc": "board.soc", "serial": "board.serial", "os": "os.version", "kernel": "kernel.release", "headers": "kernel.headers",
    "driver": "driver.version", "driver_date": "driver.date", "driver_presence": "driver.presence", "driver_module": "driver.module",
    "runtime": "runtime.version", "runtime_sha256": "runtime.sha256", "plan": "plan.action", "plan_driver": "plan.driver", "plan_runtime": "plan.runtime",
    "plan_reboot": "plan.reboot", "plan_changes": "plan.changes", "diagnosis": "verification.diagnosis", "verified_at": "verification.verified_at",
    "verification_current": "verification.current", "latency_ms": "verification.latency_ms.median", "upgrade_state": "upgrade.state",
    "upgrade_pending": "upgrade.pending", "hold": "upgrade.hold", "privileged": "privileged", "evidence": "evidence",
}
# Where a spreadsheet may see the beginning of a formula: the cell's first character, and what follows a semicolon, which separates cells where the
# comma is the decimal mark. The fullwidth forms of = + - @ count as well; blanks and quotation marks before them do not protect.
_FORMULA = re.compile(r"""(^|;)(?=[\s"']*[=+\-@\uff1d\uff0b\uff0d\uff20])""")
LONGEST = 2000

# Name -> what it says. In a file of the textfile collector a metric that is not there is not said, so a board that was not asked has none.
METRICS = {
    "rkfleet_npu_boards": "Boards in the report by status.",
    "rkfleet_npu_board_healthy": "Whether the NPU of the board is proven to work and nothing is to be done (1), or not (0). Boards on hold have none.",
    "rkfleet_npu_board_upgrade_pending": "Whether an upgrade of the board is neither committed nor taken back (1), or not (0).",
    "rkfleet_npu_board_inference_latency_seconds": "Median time of one MobileNet inference, of the last verification of this kernel, driver and runtime.",
    "rkfleet_npu_board_verified_timestamp_seconds": "When MobileNet was last run on the board, in seconds since the epoch.",
    "rkfleet_npu_board_checked_timestamp_seconds": "When the board was last looked at, in seconds since the epoch.",
    "rkfleet_npu_board_info": "What the board is, runs and needs; always 1.",
    "rkfleet_npu_report_timestamp_seconds": "When the report was written, in seconds since the epoch.",
}
INFO = {"status": "status", "model": "board.model", "soc": "board.soc", "kernel": "kernel.release", "driver": "driver.version",
        "runtime": "runtime.version", "plan": "plan.action"}


def get(entry, path):
    """Return what is at a path such as C(driver.version) of a record; None where something on the way is null."""
    for part in path.split("."):
        entry = entry.get(part) if isinstance(entry, dict) else None
    return entry


def natural(text):
    """Return a sort key that has rock-2 before rock-10."""
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d{1,18})", text.lower()) if part]


def latency_ms(entry):
    """Return the median latency in milliseconds that goes with what the board has now, or None."""
    value = get(entry, "verification.latency_ms.median")
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return value if number and get(entry, "verification.current") is True and 0 < value < 3600000 and math.isfinite(value) else None


def csv(report):
    """Return the boards of a report as CSV: a header, and one line for each board. No text is a formula, whether cells end at C(,) or at C(;)."""
    stream = io.StringIO()
    writer = _csv.writer(stream, lineterminator="\n", quoting=_csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    for entry in report["boards"]:
        writer.writerow([_cell(get(entry, path)) for path in COLUMNS.values()])
    return stream.getvalue()


def prom(report, now):
    """Return a report in the text format of Prometheus.

    Each value is counted here or was checked to be a number; what a board says as text is in labels only.
    """
    boards = report["boards"]
    samples = {name: [] for name in METRICS}
    samples["rkfleet_npu_boards"] = [({"status": status}, report["summary"][status]) for status in board_record.STATUSES]
    for entry in boards:
        board = {"board": entry["name"]}
        if entry["status"] != "held":
            samples["rkfleet_npu_board_healthy"].append((board, int(entry["status"] == "healthy")))
        if entry["upgrade"]["pending"] is not None:
            samples["rkfleet_npu_board_upgrade_pending"].append((board, int(entry["upgrade"]["pending"] is True)))
        latency = latency_ms(entry)
        if latency is not None:
            samples["rkfleet_npu_board_inference_latency_seconds"].append((board, latency / 1000))
        for name, path in (("verified", "verification.verified_at"), ("checked", "checked_at")):
            seconds = _epoch(get(entry, path))
            if seconds:
                samples["rkfleet_npu_board_%s_timestamp_seconds" % name].append((board, seconds))
        samples["rkfleet_npu_board_info"].append((dict(board, **{label: get(entry, path) for label, path in INFO.items()}), 1))
    samples["rkfleet_npu_report_timestamp_seconds"].append(({}, int(now)))
    lines = []
    for name, text in METRICS.items():
        if samples[name]:
            lines += ["# HELP %s %s" % (name, text), "# TYPE %s gauge" % name]
            lines += ["%s%s %s" % (name, _labels(labels), _value(value)) for labels, value in samples[name]]
    return "\n".join(lines) + "\n"


def _cell(value):
    if isinstance(value, list):
        value = "; ".join(clean(str(item), LONGEST) for item in value)
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value).lower()
    if isinstance(value, (int, float)):
        return repr(value)
    return _FORMULA.sub(r"\1'", clean(str(value), LONGEST))


def _labels(labels):
    return "{%s}" % ",".join('%s="%s"' % (name, _escaped(value)) for name, value in labels.items()) if labels else ""


def _escaped(value):
    text = "" if value is None else clean(str(value), LONGEST)
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _value(value):
    return "%d" % value if isinstance(value, int) else "%.9g" % value


def _epoch(text):
    try:
        return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ")) if isinstance(text, str) else None
    except ValueError:
        return None
