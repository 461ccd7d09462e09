# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the kernel log adds to the diagnosis of a failed inference, where that says little more than that it failed."""

from __future__ import annotations

import re

from ...module_utils._board.tree import clean
from ...module_utils._inference.causes.diagnoses import may_change
from .kernel_lines import cause

_WHERE = r"(?:as user .{1,80}?: )?(?:core \d{1,2} of the NPU: )?"
_SAYS_LITTLE = re.compile(
    _WHERE + r"(?:failed to submit|no answer within|all 1001 scores are 0|SIG[A-Z]{2,8} in "
    r"|the process ended without an answer|(?:.{0,600}; )?rknn_\w{1,30} (?:returned -?\d|gave no answer))")
# An error of the driver's that is not the one for a want of memory, or a line of the runtime that no row knows.
_OTHER_ERROR = re.compile(
    _WHERE + r"(?:failed to .{0,300}\berrno: (?:5|16|19|22|110)\b|.{1,600}; rknn_run (?:returned -1|gave no answer)\b)")
_ASKS_FOR_THE_LOG = re.compile(r"kernel log|no RKNPU driver serves the NPU")
_SAYS_ENOUGH = ("ok", "model", "memory")


def explained(answer):
    """Return the answer of module rknn_mobilenet with the cause that the kernel logged, and without `kernel_log`.

    Args:
        answer: validated, with `kernel_log` as module_utils._facts.kernel_log.of_failure() returns it, if it failed.
    """
    log = answer.pop("kernel_log", None)
    evidence, remedy = answer.get("evidence") or "", answer.get("remedy") or ""
    other = _OTHER_ERROR.match(evidence)
    found = cause(log["run"], log["log"]) if log and (other or answer.get("diagnosis") not in _SAYS_ENOUGH) else None
    if not found or not (other or _SAYS_LITTLE.match(evidence) or _ASKS_FOR_THE_LOG.search(remedy)):
        return answer
    text, row = found
    better = {"evidence": clean(f"{evidence}; kernel log: {text}", 2000)}
    if row.diagnosis:
        better.update(diagnosis=row.diagnosis, remedy=f"{row.meaning}: {row.remedy}",
                      may_change=may_change(row.diagnosis, row.may_change))
    return {**answer, **better}
