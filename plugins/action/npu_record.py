# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writes the record by a program, which takes half the time of a module: see plugins/modules/npu_record.py."""

from __future__ import annotations

from ..module_utils._board.paths import FACT_FILE
from ..plugin_utils._action.program import NoAnswer, ProgramAction
from ..plugin_utils._answers import gate

# Paths on the board: type str, as type path would expand them on the controller.
ARGUMENTS = dict(
    argument_spec=dict(
        facts=dict(type="dict", required=True),
        verification=dict(type="dict", required=True),
        path=dict(type="str", default=FACT_FILE),
        max_age=dict(type="int", default=24),
    )
)


class ActionModule(ProgramAction):
    """Write the record of a verification."""

    def act(self, result, task_vars):
        arguments = self.validate_argument_spec(**ARGUMENTS)[1]
        if not self.can_run_programs():
            result.update(self.run_module("npu_record", None, task_vars))
            return result
        seconds = gate.limits("npu_record")[0]
        arguments["checking"] = bool(self._task.check_mode)
        try:
            answer = self.run_program("record", {"arguments": arguments}, task_vars, seconds)
        except NoAnswer as error:
            result.update(failed=True, msg=str(error), cause=error.cause)
        else:
            result.update(gate.validated("npu_record", answer.get("record")))
        return result
