# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a plan may change because of a diagnosis: only what it proves to be at fault."""

from __future__ import annotations

import re

from ...module_utils._inference.causes import diagnoses

CHANGES = ("driver", "runtime", "nothing")
# Records of releases before 2.0.0 have only name and evidence.
# The evidence of a crash in the call that loads the library: no program has asked for the NPU yet.
_CRASH_OF_LOADER = re.compile(r"(?:as user .{1,80}: )?\w{1,12} in dlopen\b")
# The evidence of one that hangs there.
_HANGS_IN_LOADER = re.compile(r"(?:as user .{1,80}: )?no answer within \S{1,20} s, last call: dlopen\b")
# The evidence of one that something else ended.
_ENDED = re.compile(
    r"(?:as user .{1,80}: )?(?:core \d{1,2} of the NPU: )?\w{1,12} in \w{1,40}, which a program sends\b")


def may_change(record):
    """Return what may be changed because of a recorded verification that failed, as a set.

    Args:
        record: `verification` of a board's record, with a `diagnosis`; because of an unknown one nothing is changed.
    """
    if record.get("may_change") in CHANGES:
        return {record["may_change"]}
    name, evidence = record.get("diagnosis"), record.get("evidence")
    text = evidence if isinstance(evidence, str) else ""
    if name == "timeout":
        return {"nothing" if _HANGS_IN_LOADER.match(text) else "driver"}
    if name == "crash":
        return {"nothing" if _ENDED.match(text) else "runtime" if _CRASH_OF_LOADER.match(text) else "driver"}
    rows = (row for row in diagnoses.DIAGNOSES if row.name == name)
    return {diagnoses.may_change(name, row.may_change) for row in rows} or {"nothing"}
