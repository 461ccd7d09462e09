# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a plan may change because of a diagnosis: only what it proves to be at fault."""

from __future__ import annotations

import re

from ...module_utils._inference.diagnoses import DIAGNOSES

_OF_NAME = {"driver": "driver", "timeout": "driver", "crash": "driver", "runtime": "runtime"}
# The evidence of a crash in the call that loads the library: no program has asked for the NPU yet.
_CRASH_OF_LOADER = re.compile(r"(?:as user .{1,80}: )?\w{1,12} in dlopen\b")
# The evidence of one that something else ended.
_ENDED = re.compile(
    r"(?:as user .{1,80}: )?(?:core \d{1,2} of the NPU: )?\w{1,12} in \w{1,40}, which a program sends\b")


def of_row(row):
    """Return what may be changed because of a row of the table of diagnoses: `driver`, `runtime` or `nothing`."""
    return row.may_change or _OF_NAME.get(row.name, "nothing")


def may_change(name, evidence=None):
    """Return what may be changed because of a diagnosis, as a set: a record has its name, and not its row.

    Args:
        name: a diagnosis as a board's record has it; because of an unknown one nothing may be changed.
        evidence: as the record has it. A library that is cut off crashes while it is loaded, which no driver does.
    """
    if name == "crash":
        text = evidence if isinstance(evidence, str) else ""
        return {"nothing" if _ENDED.match(text) else "runtime" if _CRASH_OF_LOADER.match(text) else _OF_NAME[name]}
    return {of_row(row) for row in DIAGNOSES if row.name == name} or {"nothing"}
