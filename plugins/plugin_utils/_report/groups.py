# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Boards with the same problem, and the command that is next for all of them."""

from __future__ import annotations

import collections
import re

from .._schema.record import RANK, get

# A command takes names that mean nothing to a shell or to `--limit`; other boards are left to their owner.
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}\Z")
PING = "ansible -i boards.yml %s -m ansible.builtin.ping"
PLAYBOOK = "ansible-playbook -i boards.yml rkfleet.npu.%s --limit %s"


def groups(boards):
    """Return `[{status, verdict, count, names, reason, remedy, command, others, left_out}]`, the worst status first.

    `reason` and `remedy` are those of most boards of the group, `others` is the number of boards with another reason,
    `command` is None where none can be given, and `left_out` counts the boards that it does not name.

    Args:
        boards: records; healthy ones and those on hold have no problem.
    """
    found = collections.defaultdict(list)
    for entry in boards:
        if entry["status"] not in ("healthy", "held"):
            found[entry["status"], entry["verdict"], next_step(entry)].append(entry)
    return [
        _group(*key, entries)
        for key, entries in sorted(found.items(), key=lambda item: (RANK[item[0][0]], -len(item[1]), item[0][1]))
    ]


def next_step(entry):
    """Return the playbook that is next for a board, `ping` for one that does not answer, None without any.

    It is decided by what the controller has judged, never by a text of the board.
    """
    action = get(entry, "plan.action")
    if entry["status"] == "unreachable":
        return "ping"
    if get(entry, "upgrade.state") == "rollback_failed" or entry["verdict"] == "ROLLBACK FAILED":
        return None
    if get(entry, "upgrade.pending"):
        return "upgrade_npu"
    if entry["verdict"] == "not readable":
        return "audit_npu -e npu_audit_become=true"
    if action in (None, "unsupported"):
        return None if action else "audit_npu"
    if action != "none" or get(entry, "plan.changes"):
        return "upgrade_npu"
    return "verify_npu"


def command(step, names):
    """Return the command line for boards, None without a step or without a plain name."""
    plain = [name for name in names if _PLAIN_NAME.match(name)]
    if not step or not plain:
        return None
    limit = ",".join(plain)
    return PING % limit if step == "ping" else PLAYBOOK % (step, limit)


def _group(status, verdict, step, entries):
    names = [entry["name"] for entry in entries]
    reason, most = collections.Counter(entry["reason"] for entry in entries).most_common(1)[0]
    remedies = collections.Counter(entry["remedy"] for entry in entries if entry["reason"] == reason)
    remedy = remedies.most_common(1)[0][0]
    line = command(step, names)
    return {
        "status": status, "verdict": verdict, "count": len(entries), "names": names, "reason": reason,
        "remedy": remedy, "others": len(entries) - most, "command": line,
        "left_out": sum(not _PLAIN_NAME.match(name) for name in names) if line else 0,
    }
