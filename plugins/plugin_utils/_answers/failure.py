# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why a board gave no usable answer: a cause for programs, and a sentence for people.

A result of this collection's actions has the cause as `cause`. Roles keep it as `__npu_cause` beside `__npu_error`.
"""

from __future__ import annotations

import re

from ...module_utils._board.tree import clean
from .._schema.values import LONGEST, dictionary, sequence

NO_ANSWER, SUDO, PYTHON, MALFORMED, HOSTILE = CAUSES = ("no_answer", "sudo", "python", "malformed", "hostile")
UNREACHABLE = "does not answer over ssh"
NO_PYTHON = 127
"""Exit code of a command that found no Python."""
NOT_STARTED = (126, NO_PYTHON)
"""Exit codes of a command that could not be started."""
# sudo and become report errors only as text.
_SUDO = re.compile(r"sudo|become")
# What older Pythons print about options and programs of ours, and our own program and Ansible's modules about them.
_TOO_OLD = re.compile(
    r"is too old, |[Uu]nknown option: -I|future feature annotations is not defined|requires a minimum of Python|"
    r"SyntaxError: invalid syntax")
# Printed by ssh itself, not by the board's command.
_SSH = re.compile(r"Warning: Permanently added|Shared connection to |Connection to \S+ closed")
_TRACEBACK = re.compile(r"Traceback \(most recent call last\):|\s*File \"")


def cause_of(result):
    """Return the cause of a failed task, or of the first failed item of its loop; empty if it is none of these."""
    result = _failed(result)
    if result.get("timedout") or result.get("unreachable"):
        return NO_ANSWER
    cause = result.get("cause")
    return cause if isinstance(cause, str) and cause in CAUSES else ""


def reason_of(result):
    """Return why a task failed, in one sentence."""
    result = _failed(result)
    if result.get("timedout"):
        return f"{UNREACHABLE}: a task did not end in time. {_message(result)}"
    return _message(result) or "failed without a message"


def cause_in(text, code=1):
    """Return the cause by the output of a board without an answer, and the exit code of its command."""
    if code and _SUDO.search(text):
        # sudo itself ends with 1; a Python that it did not find has 127.
        return SUDO if code not in NOT_STARTED else PYTHON
    return PYTHON if code in NOT_STARTED or (code and _TOO_OLD.search(text)) else ""


def first_line(stdout, stderr):
    """Return the first line that a command on a board printed, of an error if there is one; empty if it printed none.

    Of a traceback it is the last line, which says what happened.
    """
    for text in (stderr, stdout[:2000]):
        lines = [line.strip() for line in text.splitlines() if line.strip() and not _SSH.match(line.strip())]
        if lines:
            return lines[-1] if _TRACEBACK.match(lines[0]) else lines[0]
    return ""


def explained(reason, line, code):
    """Return why there is no answer, in one sentence, with what the board said.

    Args:
        reason: what is wrong with its output, if its Python was started.
        line: as of `first_line`.
        code: the exit code of the command.
    """
    said = "the board said{}; it ended with {}".format(": " + line if line else " nothing", code)
    if cause_in(line, code) != PYTHON:
        return f"{reason} ({said})"
    why = "is too old" if _TOO_OLD.search(line) else "was not started"
    remedy = "install Python 3.9 or newer, or set ansible_python_interpreter to it"
    return f"there is no answer, because its Python {why} ({said}): {remedy}"


def cannot_read(board, as_root, reason, cause):
    """Return the message for a board that cannot be read."""
    if cause in (NO_ANSWER, MALFORMED, HOSTILE):
        return f"{board}: {reason}"
    sentence = f"{board}: cannot read the board{' as root' if as_root else ''}: {reason.rstrip('.')}"
    if cause == SUDO:
        sentence += ". Give the user of this board sudo without a password, or run with --ask-become-pass."
    return sentence


def _message(result):
    """Return the message of a result as text: that of a built-in module may be anything that a board answers."""
    message = result.get("msg") or ""
    return message if isinstance(message, str) else clean(str(message), LONGEST)


def _failed(result):
    """Return the first failed item of a loop's result, else the result."""
    result = dictionary(result)
    items = map(dictionary, sequence(result.get("results")))
    return next((item for item in items if item.get("failed") or item.get("unreachable")), result)
