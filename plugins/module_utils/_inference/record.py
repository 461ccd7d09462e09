# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The board's own record, /etc/ansible/facts.d/npu.fact: static JSON that ansible_local.npu answers with."""

from __future__ import annotations

import calendar
import json
import os
import time

from .._board.files import ensure_dir, read_file, write_file
from .._board.paths import FACT_FILE

SCHEMA = 1
# What differs from run to run on a board that did not change.
VOLATILE = ("verified_at", "latency_ms")
KEPT_OF_FACTS = {
    "board": ("model", "soc", "serial"),
    "kernel": ("release",),
    "driver": ("presence", "module", "version", "date"),
    "runtime": ("path", "version", "build", "sha256"),
}
KEPT_OF_VERIFICATION = (
    "diagnosis", "evidence", "top5", "expected_top5", "tolerance", "latency_ms", "sdk_version", "driver_version",
)


def compose(facts, verification, now=None):
    """Return the record of a board.

    :arg facts: C(ansible_facts.npu).
    :arg verification: what M(rkfleet.npu.rknn_mobilenet) returned.
    :arg now: seconds since the epoch; the record states it in UTC, as C(2026-01-31T12:00:00Z).
    """
    record: dict = {"schema": SCHEMA}
    for part, names in KEPT_OF_FACTS.items():
        there = facts.get(part) or {}
        record[part] = {name: there.get(name) for name in names}
    record["verification"] = {name: verification.get(name) for name in KEPT_OF_VERIFICATION}
    record["verification"]["verified_at"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
    return record


def stable(record):
    """Return a record without what differs from run to run."""
    verification = record.get("verification")
    if not isinstance(verification, dict):
        return record
    return dict(record, verification={k: v for k, v in verification.items() if k not in VOLATILE})


def load(path=FACT_FILE):
    """Return the record that is there, an empty dict where there is none or it cannot be read as one."""
    try:
        record = json.loads(read_file(path, 1 << 20) or b"{}")
        return record if isinstance(record, dict) else {}
    except ValueError:
        return {}


def is_changed(old, new):
    """Tell whether a record says something else of the board than before."""
    # Through JSON once, so that tuples and lists compare equal.
    return stable(old) != stable(json.loads(json.dumps(new)))


def is_stale(old, max_age, now=None):
    """Tell whether a record's time is older than I(max_age) hours, in the future or no time at all."""
    try:
        stated = time.strptime(old["verification"]["verified_at"], "%Y-%m-%dT%H:%M:%SZ")
    except (KeyError, TypeError, ValueError):
        return True
    now = time.time() if now is None else now
    age = now - calendar.timegm(stated)
    return age < 0 or age > max_age * 3600


def save(record, path=FACT_FILE):
    """Write the record for everyone to read, atomically."""
    ensure_dir(os.path.dirname(path))
    write_file(path, (json.dumps(record, indent=2, sort_keys=True) + "\n").encode(), 0o644)
