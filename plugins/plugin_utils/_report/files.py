# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The folder with the report of a fleet: `fleet.json`, `.csv`, `.prom` and `.html`, and the `history` of runs."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import re

from ...module_utils._board.files import clean_leftovers, describe_error, ensure_dir, write_file
from ...module_utils._board.paths import timestamp
from ...module_utils._board.tree import clean
from .._rollout.staging import locked
from .._schema.record import COLUMNS, PLACES, RECORD, STATUSES, get
from .._schema.values import fit, parse_json, seconds_of
from . import board_record
from . import html as _report_html
from . import text as _report_text
from .table import NOT_INSPECTED

SCHEMA = 2
"""Release 1.x wrote 1, with exit code 3 where this writes 4 or 2."""
JSON_FILE = "fleet.json"
HISTORY = "history"
# The columns of fleet.csv that the history, the diff and the history of verdicts in the HTML cover.
STATE = ("checked_at", "status", "verdict", "kernel", "driver", "runtime", "plan", "latency_ms")
_HISTORY_NAME = re.compile(r"fleet-\d{8}T\d{6}\.\d{6}Z\.json\Z")


class ReportError(Exception):
    """The report cannot be read or written: one sentence why, and what to do."""


class Damaged(ReportError):
    """A file that is not an earlier report, with the reason in `why`."""

    def __init__(self, path, why):
        super().__init__("%s is not a report of this collection, or is damaged (%s)" % (path, why))
        self.why = why


def document(records, now):
    """Return the content of `fleet.json` for these records.

    Args:
        records: as of `board_record.record` or `conform`.
        now: seconds since the epoch.
    """
    records = sorted(records, key=lambda entry: _report_text.natural(entry["name"]))
    summary = dict(boards=len(records), **board_record.count(records))
    return {
        "schema": SCHEMA, "generated_at": timestamp(now), "summary": summary,
        "exit_code": board_record.exit_code(records), "boards": records,
    }


def state(entry):
    """Return the part of a board's record that the history keeps."""
    return {name: get(entry, COLUMNS[name]) for name in STATE}


def load(path):
    """Return an earlier report, `fleet.json` or a file of the history, with its `boards` as `{name: record or state}`.

    Raises:
        Damaged: if the file is not a report.
        ReportError: if it cannot be read, or was written by a newer release.
    """
    try:
        with open(path, encoding="utf-8") as stream:
            data = parse_json(stream.read())
    except OSError as error:
        raise ReportError("the report %s cannot be read: %s" % (path, os.strerror(error.errno))) from error
    except ValueError as error:
        raise Damaged(path, "it is not JSON: %s" % clean(str(error))) from error
    if not isinstance(data, dict) or not isinstance(data.get("schema"), int):
        raise Damaged(path, "it has no schema number")
    if data["schema"] > SCHEMA:
        raise ReportError(
            "%s was written by a newer release of this collection (schema %d). Use that release, or another folder"
            % (path, data["schema"])
        )
    if seconds_of(data.get("generated_at")) is None:
        raise Damaged(path, "it has no valid generated_at")
    boards = data.get("boards")
    try:
        if isinstance(boards, dict):
            return dict(data, boards={clean(name): _as_state(entry) for name, entry in boards.items()})
        records = [conform(entry) for entry in boards]
        return dict(data, boards={entry["name"]: entry for entry in records})
    except (TypeError, ValueError) as error:
        raise Damaged(path, "its boards are not records of boards") from error


def conform(entry):
    """Return the record of a board that was read from a file, with exactly the keys and kinds of a record.

    Raises:
        ValueError: if it is not a record.
    """
    if (
        not isinstance(entry, dict) or not isinstance(entry.get("name"), str) or not clean(entry["name"])
        or entry.get("status") not in STATUSES
    ):
        raise ValueError("not a record of a board")
    return fit(entry, RECORD)


def was_inspected(entry):
    """Return whether the record or state of a board is of an inspection, and not only of its absence."""
    return entry["verdict"] != NOT_INSPECTED


def states(report):
    """Return `{name: state}` of a report that `load` or `document` returned; None if there is no report."""
    if not report:
        return None
    boards = (
        report["boards"] if isinstance(report["boards"], dict) else {entry["name"]: entry for entry in report["boards"]}
    )
    return {name: state(entry) if "board" in entry else entry for name, entry in boards.items()}


def sentences(records):
    """Return a sentence for each board that needs attention: why, and what to do."""
    found = ["%s: %s" % (entry["name"], " ".join(_ended(text) for text in (entry["reason"], entry["remedy"]) if text))
             for entry in records if entry["status"] not in ("healthy", "held")]
    return found + ["%s: suspect: %s" % (entry["name"], _ended(entry["suspect"]))
                    for entry in records if board_record.is_suspect(entry)]


def plan(folder, records, now, merge=False, keep=100):
    """Return what `write` would return, without writing."""
    path = os.path.join(os.path.abspath(folder), JSON_FILE)
    notes = []
    try:
        before = _earlier(path)
    except Damaged as error:
        before = None
        notes.append("The earlier report is damaged (%s)." % error.why)
    return {"files": [], "before": before, "after": document(_merged(before, records, merge, now), now), "notes": notes}


def write(folder, records, now, merge=False, keep=100):
    """Write the report and return `{files, before, after, notes}`: paths, previous and new report, and sentences.

    One run at a time writes to a folder: others wait.

    Args:
        merge: keep the boards of the previous report that are not in `records`.
        keep: number of runs in the history.

    Raises:
        ReportError: if it cannot be written.
    """
    folder = os.path.abspath(folder)
    notes = []
    try:
        ensure_dir(folder, 0o700)
        with locked(os.path.join(folder, JSON_FILE)):
            before = _before(os.path.join(folder, JSON_FILE), now, notes)
            after = document(_merged(before, records, merge, now), now)
            written = {entry["name"]: entry for entry in after["boards"]}
            _remember(folder, [entry for entry in records if written[entry["name"]] is entry], now, keep)
            past = history(os.path.join(folder, HISTORY), notes)
            contents = {
                "fleet.csv": _report_text.csv(after),
                "fleet.prom": _report_text.prom(after, now),
                "fleet.html": _report_html.html(after, past),
                # Written last: until then the earlier report is the one to compare with.
                JSON_FILE: dump(after, indent=1),
            }
            for name, text in contents.items():
                path = os.path.join(folder, name)
                # The mode of an existing file is kept: the user may have made it readable for the node exporter.
                write_file(path, text.encode("utf-8"), None if os.path.exists(path) else 0o600)
    except OSError as error:
        raise ReportError("the report in %s cannot be written: %s" % (folder, describe_error(error, folder))) from error
    return {
        "files": sorted(os.path.join(folder, name) for name in contents), "before": before, "after": after,
        "notes": notes,
    }


def history(folder, notes):
    """Return `{name: [spell, ...]}`: the states of each board in the files of the history, oldest first.

    A spell is a state with `since`, `until` and `times`: equal states one after another are one.

    Args:
        notes: list to which a sentence about damaged files is appended.
    """
    boards, bad = {}, []
    for name in _history_files(folder):
        try:
            past = load(os.path.join(folder, name))
        except ReportError:
            bad.append(name)
            continue
        for board, current in states(past).items():
            spells = boards.setdefault(board, [])
            same = spells and all(spells[-1][key] == current[key] for key in STATE[1:-1])
            if same:
                spells[-1].update(
                    until=current["checked_at"], times=spells[-1]["times"] + 1,
                    latency_ms=current["latency_ms"] or spells[-1]["latency_ms"],
                )
            else:
                spells.append(dict(current, since=current["checked_at"], until=current["checked_at"], times=1))
    if bad:
        notes.append(
            "%s in %s cannot be read and %s missing from the history of verdicts: %s"
            % (
                "a file" if len(bad) == 1 else "%d files" % len(bad), folder, "is" if len(bad) == 1 else "are",
                ", ".join(bad),
            )
        )
    return boards


def dump(data, indent=None):
    """Return JSON that any terminal can show, with only ASCII characters."""
    return json.dumps(data, indent=indent, separators=None if indent else (",", ":"), allow_nan=False) + "\n"


# -- parts
# ------------------------------------------------------------------------------------------------------------------

def _earlier(path):
    """Return the existing report, or None.

    Raises:
        Damaged: if the file is no report, such as one of the history, which has only states of boards.
    """
    report = load(path) if os.path.exists(path) else None
    if report and not all("board" in entry for entry in report["boards"].values()):
        raise Damaged(path, "its boards are not records of boards")
    return report


def _before(path, now, notes):
    """Return the existing report, or None; a damaged one is renamed."""
    try:
        return _earlier(path)
    except Damaged as error:
        aside = "%s.damaged-%s" % (path, timestamp(now).replace(":", "").replace("-", ""))
        os.replace(path, aside)
        notes.append(
            "The earlier report is damaged (%s). It was renamed to %s, and the new report does not use it."
            % (error.why, aside)
        )
        return None


def _merged(before, records, merge, now):
    """Return the records, with `merge` also those of the earlier report for other boards.

    A board keeps its earlier record if it was not inspected, or if another run has inspected it after this one did.
    """
    earlier = before["boards"] if before else {}
    ours = {entry["name"] for entry in records}
    records = [
        entry if was_inspected(entry) and not _is_later(earlier.get(entry["name"]), entry, now)
        else earlier.get(entry["name"], entry) for entry in records
    ]
    return [*records, *(entry for name, entry in earlier.items() if name not in ours)] if merge else records


def _is_later(earlier, entry, now):
    """Return whether the earlier record of a board, or None, is of a later inspection.

    One of the future does not count: the controller's clock was wrong.
    """
    checked = seconds_of(earlier["checked_at"]) if earlier and was_inspected(earlier) else None
    return checked is not None and (seconds_of(entry["checked_at"]) or 0) < checked <= now


def _remember(folder, records, now, keep):
    """Add this run to the history, and remove the oldest runs above the limit."""
    records = [entry for entry in records if was_inspected(entry)]
    if not records:
        return
    folder = os.path.join(folder, HISTORY)
    ensure_dir(folder, 0o700)
    clean_leftovers(folder)
    moment = datetime.datetime.fromtimestamp(now, datetime.timezone.utc)
    while True:
        path = os.path.join(folder, moment.strftime("fleet-%Y%m%dT%H%M%S.%fZ.json"))
        if not os.path.lexists(path):
            break
        moment += datetime.timedelta(microseconds=1)
    content = {
        "schema": SCHEMA, "generated_at": timestamp(now), "boards": {entry["name"]: state(entry) for entry in records},
    }
    write_file(path, dump(content).encode("utf-8"), 0o600)
    for name in _history_files(folder)[:-max(keep, 1)]:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(folder, name))


def _history_files(folder):
    return sorted(filter(_HISTORY_NAME.match, os.listdir(folder))) if os.path.isdir(folder) else []


def _as_state(entry):
    if not isinstance(entry, dict) or entry.get("status") not in STATUSES:
        raise ValueError("not a state of a board")
    return {name: fit(entry.get(name), PLACES[COLUMNS[name]]) for name in STATE}


def _ended(text):
    return text if text.endswith((".", "!", "?")) else text + "."
