# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a board answers to a request to record it, and its validation."""

from __future__ import annotations

import base64
import re

from .._answers import gate
from .._schema.values import BASE64, FLAG, INTEGER, TEXT, TEXTS, Some, check, dictionary

ANSWER = {
    "files": [Some({"path": TEXT, "kind": (None, "folder", "device", "special"), "link": TEXT, "content": BASE64,
                    "names": TEXTS, "note": TEXT})],
    "programs": [Some({"program": ("driver", "command"), "of": TEXT, "output": TEXTS, "error": TEXT,
                       "number": INTEGER}, needed=("program", "of", "output"))],
    "kernel_log": TEXTS, "kernel_log_error": TEXT,
    "uname": {"sysname": TEXT, "release": TEXT, "version": TEXT, "machine": TEXT},
    "nodename": TEXT, "uid": INTEGER, "live": FLAG,
}
_PATH = re.compile(r"(?:/(?!\.{1,2}(?:/|\Z))[^/\0\n]{1,255})+\Z|/\Z")


def is_path(path):
    """Return whether a path is absolute and has no `.` and `..`, so that it cannot lead out of a folder."""
    return isinstance(path, str) and len(path) <= 1024 and _PATH.match(path) is not None


def validated(answer):
    """Return the validated answer of a board.

    Raises:
        ValueError: if it is malformed, with the reason.
    """
    facts = gate.facts_of(dictionary(answer).get("facts"))
    answer = dict(check(answer, ANSWER, "the recording"), facts=facts)
    for entry in answer["programs"]:
        entry.setdefault("error", None)
    for entry in answer["files"]:
        if not is_path(entry.get("path")):
            raise ValueError("a path of the recording is malformed")
        try:
            base64.b64decode(entry.get("content") or "", validate=True)
        except ValueError:
            raise ValueError("a content of the recording is not base64") from None
    return answer
