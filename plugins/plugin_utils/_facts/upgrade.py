# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Facts on the state of upgrades, read from the board's state folder, none of which is trusted."""

from __future__ import annotations

import json

from ...module_utils._board.lock import SCHEMA, describe_lock
from ...module_utils._board.paths import HOLD_FILE, STATE_DIR
from ...module_utils._board.tree import clean, clean_tree

STATES = (
    "unknown", "planned", "staged", "deployed", "activating", "verifying", "committed", "rolled_back",
    "rollback_failed", "held",
)


def read(tree):
    """Return `{state, since, why, run, pending, origin, baseline, driver, locked_by, lock, hold}` of a board.

    `state` is `unknown` where nothing is recorded, `held` where the owner holds the board; `hold` is the first line of
    the hold file, None where there is none.
    """
    record = _strict(tree.text(STATE_DIR + "/state.json", 1 << 16))
    hold = tree.text(HOLD_FILE, 4096)
    lock = _strict(tree.text(STATE_DIR + "/lock.json", 1 << 16))
    state = record.get("state")
    return {
        "state": "held" if hold is not None else state if state in STATES else "unknown",
        "since": _text(record, "since"), "why": _text(record, "why"), "run": _text(record, "run"),
        "pending": tree.exists(STATE_DIR + "/pending/manifest"),
        "origin": tree.exists(STATE_DIR + "/origin/manifest"),
        "baseline": record.get("baseline") if isinstance(record.get("baseline"), dict) else None,
        "driver": record.get("driver") if isinstance(record.get("driver"), dict) else None,
        "locked_by": describe_lock(lock) if lock else None, "lock": lock or None,
        "hold": None if hold is None else clean(hold.splitlines()[0] if hold.strip() else ""),
    }


def _strict(text):
    try:
        record = clean_tree(json.loads(text or "{}"))
    except (ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) and record.get("schema") == SCHEMA else {}


def _text(record, name):
    return record[name] if isinstance(record.get(name), str) else None
