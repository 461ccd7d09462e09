# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs on the controller only: see plugins/modules/npu_recap.py for the documentation."""

from __future__ import annotations

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..plugin_utils._recap import note_lines, phase_line, render, row, verdict


class ActionModule(ActionBase):
    """Print one table of all boards."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        params = self.validate_argument_spec(argument_spec=dict(boards=dict(type="list", elements="str", required=True)))[1]
        variables = {board: task_vars["hostvars"][board] for board in params["boards"]}
        table = render([row(board, variables[board]) for board in variables])
        phases = [
            phase_line(board, there["__npu_phases"], there["__npu_phases_end"])
            for board, there in variables.items()
            if there.get("__npu_phases") and there.get("__npu_phases_end")
        ]
        notes = [line for board, there in variables.items() for line in note_lines(board, there)]
        Display().display("\n".join(["", *table, "", *phases, *notes]))
        result.update(changed=False, verdicts={board: verdict(there) for board, there in variables.items()})
        return result
