# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs on the controller only: see plugins/modules/npu_recap.py for the documentation."""

from __future__ import annotations

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..plugin_utils import _recap
from ..plugin_utils._look import look


class ActionModule(ActionBase):
    """Print one table of all boards."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        params = self.validate_argument_spec(argument_spec=dict(boards=dict(type="list", elements="str", required=True)))[1]
        variables = {board: look(task_vars["hostvars"][board]) for board in params["boards"]}
        table = _recap.render([_recap.row(board, variables[board]) for board in variables])
        phases = [
            _recap.phase_line(board, there["__npu_phases"], there["__npu_phases_end"])
            for board, there in variables.items()
            if there.get("__npu_phases") and there.get("__npu_phases_end")
        ]
        notes = [line for board, there in variables.items() for line in _recap.note_lines(board, there)]
        verdicts = {board: _recap.verdict(there) for board, there in variables.items()}
        sentences = {board: _recap.sentence(board, there) for board, there in variables.items()}
        lost = {board: text for board, text in sentences.items() if verdicts[board] == _recap.ROLLBACK_FAILED}
        plan = task_vars.get("__npu_rollout") or {}
        lines = ["", *table, "", *phases, *notes, *(plan.get("summary") or [] if plan.get("check") else []), *_recap.left_lines(variables)]
        lines.append(_recap.summary_line(verdicts.values()))
        if lost:
            lines += ["", "%s on %s: go and see to it" % (_recap.ROLLBACK_FAILED, ", ".join(map(_recap.clean, lost)))]
        Display().display("\n".join(lines))
        behind = _recap.left_behind(variables)
        result.update(
            changed=False, verdicts=verdicts, rollback_failed=lost,
            failed_boards={board: text for board, text in sentences.items() if text and board not in lost},
            speakers=sorted({board for board, text in sentences.items() if text} | set(behind[:1])),
            left={"board": behind[0] if behind else "", "msg": _recap.left_sentence(behind, len(variables))},
        )
        return result
