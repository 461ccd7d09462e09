# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs on the controller only: see plugins/modules/npu_recap.py for the documentation."""

from __future__ import annotations

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..plugin_utils._report import table as _recap
from ..plugin_utils._report.hostvars import board_variables
from ..plugin_utils._schema.values import dictionary, sequence
from ..plugin_utils import _clock


class ActionModule(ActionBase):
    """Print one table of all boards."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        params = self.validate_argument_spec(
            argument_spec=dict(boards=dict(type="list", elements="str", required=True))
        )[1]
        variables, rows, phases, notes, verdicts, sentences = {}, [], [], [], {}, {}
        for board in params["boards"]:
            try:
                told = _of_board(board, board_variables(task_vars["hostvars"][board]))
            except Exception as error:  # pylint: disable=broad-exception-caught
                # Whatever one board answered, the others have their table.
                told = _of_board(board, {"__npu_error": "%s (%s)" % (_recap.NO_SENSE, type(error).__name__)})
            variables[board] = told["variables"]
            rows.append(told["row"])
            phases += told["phases"]
            notes += told["notes"]
            verdicts[board], sentences[board] = told["verdict"], told["sentence"]
        table = _recap.render(rows)
        lost = {board: text for board, text in sentences.items() if verdicts[board] == _recap.ROLLBACK_FAILED}
        plan = dictionary(task_vars.get("__npu_rollout"))
        lines = [
            "", *table, "", *phases, *notes, *(sequence(plan.get("summary")) if plan.get("check") else []),
            *_recap.skipped_lines(variables),
        ]
        lines.append(_recap.summary_line(verdicts.values()))
        if lost:
            lines += ["", "%s on %s: go and see to it" % (_recap.ROLLBACK_FAILED, ", ".join(map(_recap.clean, lost)))]
        Display().display("\n".join(lines))
        # The first of the boards that were skipped speaks for all of them: they have not failed.
        skipped = _recap.not_reached(variables)
        if skipped:
            named = [_recap.not_reached_sentence(skipped, len(variables)), sentences[skipped[0]]]
            sentences[skipped[0]] = " ".join(filter(None, named))
        result.update(
            changed=False, verdicts=verdicts,
            outcomes=[_recap.outcome(board, verdicts[board], text) for board, text in sentences.items() if text])
        return result


def _of_board(board, there):
    """What the table and the lines below it say of one board."""
    told = {
        "variables": there, "row": _recap.row(board, there), "notes": _recap.note_lines(board, there),
        "verdict": _recap.verdict(there), "sentence": _recap.sentence(board, there),
    }
    phases = _clock.spent(board)
    return dict(told, phases=[_recap.phase_line(board, phases)] if phases else [])
