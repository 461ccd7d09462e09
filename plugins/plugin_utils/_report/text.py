# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The report of a fleet for programs: `fleet.csv` for spreadsheets, `fleet.prom` for Prometheus's node exporter."""

from __future__ import annotations

import csv as _csv
import io
import re

from .._schema.record import COLUMNS, LABELS, STATUSES, get
from .._schema.values import number, seconds_of

# Where a spreadsheet may see the beginning of a formula: at the start of a cell, and after a semicolon, which separates
# cells in locales with a decimal comma. The fullwidth forms of = + - @ count, too. Leading blanks and quotes do not
# protect.
_FORMULA = re.compile(r"""(^|;)(?=[\s"']*[=+\-@\uff1d\uff0b\uff0d\uff20])""")
# How the evidence of a verification begins if one core failed (module_utils/_inference/causes/diagnosis.py).
_FAILED_CORE = re.compile(r"core (\d{1,2}) of the NPU: ")

# Name and help text. The textfile format cannot express a missing value, so boards that were not read get no sample.
METRICS = {
    "rkfleet_npu_boards": "Boards in the report by status.",
    "rkfleet_npu_board_healthy":
        "Whether the NPU is verified and nothing is to be done (1), or not (0). Boards on hold have none.",
    "rkfleet_npu_board_upgrade_pending":
        "Whether an upgrade of the board is neither committed nor rolled back (1), or not (0).",
    "rkfleet_npu_board_inference_latency_seconds":
        "Median time of one MobileNet inference, of the last verification with this kernel, driver and runtime.",
    "rkfleet_npu_board_core_healthy":
        "Whether a core of an NPU with several gave the expected result (1), or not (0), in the last verification with"
        " this kernel, driver and runtime. Cores that were not tried have none.",
    "rkfleet_npu_board_verified_timestamp_seconds":
        "When MobileNet was last run on the board, in seconds since the epoch.",
    "rkfleet_npu_board_checked_timestamp_seconds": "When the board was last inspected, in seconds since the epoch.",
    "rkfleet_npu_board_suspect": "Whether the kernel log shows faults of the NPU: 1 if so.",
    "rkfleet_npu_board_jobs_failed": "How many jobs of the NPU failed since its driver was loaded, by the kernel log.",
    "rkfleet_npu_board_iommu_faults": "How many page faults the NPU's IOMMU had since its driver was loaded.",
    "rkfleet_npu_board_frequency_hertz": "The NPU's clock when the board was inspected.",
    "rkfleet_npu_board_info": "What the board is, runs and needs; always 1.",
    "rkfleet_npu_report_timestamp_seconds": "When the report was written, in seconds since the epoch.",
}


def natural(text):
    """Return a sort key that puts rock-2 before rock-10."""
    return [
        (0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d{1,18})", text.lower())
        if part
    ]


def latency_ms(entry):
    """Return the median latency in milliseconds of a current verification, or None."""
    value = number(get(entry, "verification.latency_ms.median"))
    return value if value is not None and get(entry, "verification.current") is True and 0 < value < 3600000 else None


def core_results(entry):
    """Return `{core: "ok" or diagnosis}` of a current verification; empty if the NPU has a single core."""
    if get(entry, "verification.current") is not True:
        return {}
    diagnosis = get(entry, "verification.diagnosis")
    results = dict.fromkeys(get(entry, "verification.cores") or [], "ok")
    failed = _FAILED_CORE.match(get(entry, "verification.evidence") or "")
    if failed and diagnosis != "ok":
        results[int(failed.group(1))] = diagnosis
    return results


def csv(report):
    """Return a report as CSV: a header, and one line for each board. No text can be read as a formula."""
    stream = io.StringIO()
    writer = _csv.writer(stream, lineterminator="\n", quoting=_csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    for entry in report["boards"]:
        writer.writerow([_cell(get(entry, path)) for path in COLUMNS.values()])
    return stream.getvalue()


def prom(report, now):
    """Return a report in the text format of Prometheus.

    Each value is counted here or was validated as a number; text from boards is in labels only.
    """
    boards = report["boards"]
    samples = {name: [] for name in METRICS}
    samples["rkfleet_npu_boards"] = [({"status": status}, report["summary"][status]) for status in STATUSES]
    for entry in boards:
        board = {"board": entry["name"]}
        if entry["status"] != "held":
            samples["rkfleet_npu_board_healthy"].append((board, int(entry["status"] == "healthy")))
        if entry["upgrade"]["pending"] is not None:
            samples["rkfleet_npu_board_upgrade_pending"].append((board, int(entry["upgrade"]["pending"] is True)))
        if entry["kernel_log"]["jobs_failed"] is not None:
            samples["rkfleet_npu_board_suspect"].append((board, int(bool(entry["suspect"]))))
        for name, path in (("jobs_failed", "kernel_log.jobs_failed"), ("iommu_faults", "kernel_log.iommu_faults"),
                           ("frequency_hertz", "condition.hz")):
            value = get(entry, path)
            if value is not None and value >= 0:
                samples["rkfleet_npu_board_" + name].append((board, value))
        latency = latency_ms(entry)
        if latency is not None:
            samples["rkfleet_npu_board_inference_latency_seconds"].append((board, latency / 1000))
        samples["rkfleet_npu_board_core_healthy"] += [
            (dict(board, core=str(core), result=result), int(result == "ok"))
            for core, result in sorted(core_results(entry).items())
        ]
        for name, path in (("verified", "verification.verified_at"), ("checked", "checked_at")):
            seconds = seconds_of(get(entry, path))
            if seconds:
                samples["rkfleet_npu_board_%s_timestamp_seconds" % name].append((board, seconds))
        samples["rkfleet_npu_board_info"].append(
            (dict(board, **{label: get(entry, path) for label, path in LABELS.items()}), 1)
        )
    samples["rkfleet_npu_report_timestamp_seconds"].append(({}, int(now)))
    lines = []
    for name, text in METRICS.items():
        if samples[name]:
            lines += ["# HELP %s %s" % (name, text), "# TYPE %s gauge" % name]
            lines += ["%s%s %s" % (name, _labels(labels), _value(value)) for labels, value in samples[name]]
    return "\n".join(lines) + "\n"


def _cell(value):
    if isinstance(value, list):
        value = "; ".join(value)
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value).lower()
    if isinstance(value, (int, float)):
        return repr(value)
    return _FORMULA.sub(r"\1'", value)


def _labels(labels):
    return "{%s}" % ",".join('%s="%s"' % (name, _escaped(value)) for name, value in labels.items()) if labels else ""


def _escaped(value):
    return ("" if value is None else value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _value(value):
    return "%d" % value if isinstance(value, int) else "%.9g" % value
