# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The board's own record, /etc/ansible/facts.d/npu.fact: static JSON that Ansible returns as ansible_local.npu."""

from __future__ import annotations

import calendar
import json
import os
import time

from .._board.files import describe_error, ensure_dir, read_file, write_file
from .._board.paths import FACT_FILE, TIME_FORMAT, timestamp

SCHEMA = 1
# Values that differ from run to run on an unchanged board.
VOLATILE = ("verified_at", "latency_ms")
KEPT_OF_FACTS = {
    "board": ("model", "soc", "serial"),
    "kernel": ("release",),
    "driver": ("presence", "module", "version", "date"),
    "runtime": ("path", "version", "build", "sha256"),
}
KEPT_OF_VERIFICATION = (
    "diagnosis", "evidence", "remedy", "may_change", "cores", "top5", "expected_top5", "tolerance", "latency_ms",
    "sdk_version", "driver_version",
)


def compose(facts, verification, now=None):
    """Return the record of a board.

    Args:
        facts: `ansible_facts.npu`.
        verification: what module rknn_mobilenet returned.
        now: seconds since the epoch; the record has it in UTC, as `2026-01-31T12:00:00Z`.
    """
    record: dict = {"schema": SCHEMA}
    for part, names in KEPT_OF_FACTS.items():
        values = facts.get(part) or {}
        record[part] = {name: values.get(name) for name in names}
    record["verification"] = {name: verification.get(name) for name in KEPT_OF_VERIFICATION}
    record["verification"]["verified_at"] = timestamp(now)
    return record


def stable(record):
    """Return a record without the values that differ from run to run."""
    verification = record.get("verification")
    if not isinstance(verification, dict):
        return record
    return dict(record, verification={k: v for k, v in verification.items() if k not in VOLATILE})


def load(path=FACT_FILE):
    """Return the existing record; an empty dict if there is none or it cannot be parsed."""
    try:
        record = json.loads(read_file(path, 1 << 20) or b"{}")
        return record if isinstance(record, dict) else {}
    except ValueError:
        return {}


def is_changed(old, new):
    """Return whether a record differs from the previous one in more than volatile values."""
    # Through JSON once, so that tuples and lists compare equal.
    return stable(old) != stable(json.loads(json.dumps(new)))


def is_stale(old, max_age, now=None):
    """Return whether a record's time is older than `max_age` hours, in the future or missing."""
    try:
        stated = time.strptime(old["verification"]["verified_at"], TIME_FORMAT)
    except (KeyError, TypeError, ValueError):
        return True
    now = time.time() if now is None else now
    age = now - calendar.timegm(stated)
    return age < 0 or age > max_age * 3600


def save(record, path=FACT_FILE):
    """Write the record for everyone to read, atomically."""
    ensure_dir(os.path.dirname(path))
    write_file(path, as_text(record).encode(), 0o644)


def as_text(record):
    """Return the text of a record in the fact file."""
    return json.dumps(record, indent=2, sort_keys=True) + "\n"


def put(facts, verification, path, max_age, checking):
    """Record a board and return the answer of module npu_record.

    Args:
        facts, verification: as for compose().
        max_age: hours after which the time of an unchanged record is updated.
        checking: whether nothing is written.
    """
    path = os.path.expanduser(os.path.expandvars(path))
    new = compose(facts, verification)
    try:
        old = load(path)
        changed = is_changed(old, new)
        refreshed = not changed and is_stale(old, max_age)
        if (changed or refreshed) and not checking:
            save(new, path)
    except OSError as error:
        return {"failed": True, "msg": f"{path} cannot be written: {describe_error(error, path)}"}
    return {
        "changed": changed, "refreshed": refreshed, "record": new if changed or refreshed else old,
        "diff": {"before": as_text(old) if changed else "", "after": as_text(new) if changed else "", "path": path},
    }
