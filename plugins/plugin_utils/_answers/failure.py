# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why a board gave no answer that can be used: a cause for programs, and a sentence for people.

A result of this collection's actions has the cause as `cause`. Roles keep it as `__npu_cause` beside `__npu_error`.
"""

from __future__ import annotations

import re

NO_ANSWER, SUDO, PYTHON, MALFORMED, HOSTILE = CAUSES = ("no_answer", "sudo", "python", "malformed", "hostile")
UNREACHABLE = "does not answer over ssh"
NO_PYTHON = 127
"""How a command ends that found no Python."""
# What sudo and become print has no other form.
_SUDO = re.compile(r"sudo|become")


def cause_of(result):
    """Return the cause of a failed task, or of the first failed item of its loop; empty where it is none of these."""
    result = _failed(result)
    if result.get("timedout") or result.get("unreachable"):
        return NO_ANSWER
    return result["cause"] if result.get("cause") in CAUSES else ""


def reason_of(result):
    """Return why a task failed, in one sentence."""
    result = _failed(result)
    if result.get("timedout"):
        return "{}: a task did not end in time. {}".format(UNREACHABLE, result.get("msg") or "")
    return result.get("msg") or "failed without a message"


def cause_in(text, code=1):
    """Return the cause that shows in what a board printed instead of an answer, and in how its command ended."""
    return PYTHON if code == NO_PYTHON else SUDO if code and _SUDO.search(text) else ""


def cannot_read(board, as_root, reason, cause):
    """Return the sentence on a board that cannot be read."""
    if cause in (NO_ANSWER, MALFORMED, HOSTILE):
        return f"{board}: {reason}"
    sentence = f"{board}: cannot read the board{' as root' if as_root else ''}: {reason.rstrip('.')}"
    if cause == SUDO:
        sentence += ". Give the user of this board sudo without a password, or run with --ask-become-pass."
    return sentence


def _failed(result):
    items = (item for item in result.get("results") or [] if isinstance(item, dict))
    return next((item for item in items if item.get("failed") or item.get("unreachable")), result)
