# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs on the controller only: see plugins/modules/npu_recap.py for the documentation."""

from __future__ import annotations

from ..plugin_utils import _clock
from ..plugin_utils._action.controller import ControllerAction
from ..plugin_utils._answers.limits import COMPUTING, computing
from ..plugin_utils._report import run_stats, stdout
from ..plugin_utils._report import table as _recap
from ..plugin_utils._report.hostvars import board_variables
from ..plugin_utils._schema.values import dictionary, sequence


class ActionModule(ControllerAction):
    """Print one table of all boards."""

    ARGUMENTS = dict(argument_spec=dict(boards=dict(type="list", elements="str", required=True)))

    def act(self, result, params, task_vars):
        variables, rows, phases, notes, verdicts, sentences = {}, [], [], [], {}, {}
        for board in params["boards"]:
            try:
                with computing(COMPUTING):
                    summary = _summary_of(board, board_variables(task_vars["hostvars"][board]))
            except Exception as error:  # pylint: disable=broad-exception-caught
                # One board's answers must not prevent the table for the others.
                summary = _summary_of(board, {"__npu_error": "%s (%s)" % (_recap.NO_SENSE, type(error).__name__)})
            variables[board] = summary["variables"]
            rows.append(summary["row"])
            phases += summary["phases"]
            notes += summary["notes"]
            verdicts[board], sentences[board] = summary["verdict"], summary["sentence"]
        table = _recap.render(rows)
        for board, text in sentences.items():
            if verdicts[board] == _recap.NOT_INSPECTED and not text:
                sentences[board] = _recap.not_inspected_sentence(board)
        lost = {board: text for board, text in sentences.items() if verdicts[board] == _recap.ROLLBACK_FAILED}
        plan = dictionary(task_vars.get("__npu_rollout"))
        lines = [
            "", *table, "", *phases, *notes, *(sequence(plan.get("summary")) if plan.get("check") else []),
            *_recap.skipped_lines(variables), *_recap.not_inspected_lines(verdicts),
        ]
        lines.append(_recap.summary_line(verdicts.values()))
        if lost:
            boards = ", ".join(map(_recap.clean, lost))
            lines += ["", "%s on %s: manual intervention required" % (_recap.ROLLBACK_FAILED, boards)]
        stdout.show("\n".join(lines))
        # The message of the first skipped board reports all of them once, as they have not failed.
        skipped = _recap.not_reached(variables)
        if skipped:
            named = [_recap.not_reached_sentence(skipped, len(variables)), sentences[skipped[0]]]
            sentences[skipped[0]] = " ".join(filter(None, named))
        run_stats.add(result, verdicts)
        result.update(verdicts=verdicts, outcomes=[
            _recap.outcome(board, verdicts[board], text) for board, text in sentences.items() if text])


def _summary_of(board, variables):
    """Return what the table and the lines below it show of one board."""
    summary = {
        "variables": variables, "row": _recap.row(board, variables), "notes": _recap.note_lines(board, variables),
        "verdict": _recap.verdict(variables), "sentence": _recap.sentence(board, variables),
    }
    phases = _clock.spent(board)
    return dict(summary, phases=[_recap.phase_line(board, phases)] if phases else [])
