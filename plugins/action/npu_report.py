# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs on the controller only: see plugins/modules/npu_report.py for the documentation."""

from __future__ import annotations

import time

from ansible.utils.display import Display

from ..module_utils._board.tree import clean
from ..plugin_utils import _clock
from ..plugin_utils._action.controller import ControllerAction
from ..plugin_utils._report import board_record, hostvars, run_stats, stdout, table
from ..plugin_utils._report import diff as _report_diff
from ..plugin_utils._report import files as _report


class ActionModule(ControllerAction):
    """Write the report of a fleet."""

    ARGUMENTS = dict(argument_spec=dict(
        boards=dict(type="list", elements="str", required=True),
        path=dict(type="path", default=""),
        merge=dict(type="bool", default=False),
        keep=dict(type="int", default=100),
        diff_against=dict(type="path", default=""),
        audit=dict(type="bool", default=False),
    ))

    def act(self, result, params, task_vars):
        now = time.time()
        # An audit covers only the boards that npu_select selects.
        boards = [
            board for board in params["boards"]
            if not params["audit"] or not self._is_not_selected(task_vars["hostvars"][board])
        ]
        # What another run wrote meanwhile may be newer than what this one found at its beginning.
        records = [
            board_record.record(board, task_vars["hostvars"][board], _clock.last(board) or now) for board in boards
        ]
        report = {"after": _report.document(records, now), "before": None, "files": [], "notes": []}
        problems = []
        # The report to compare with may be in the same folder, so it is read before the new one is written.
        base = self._try(problems, _report.load, params["diff_against"]) if params["diff_against"] else None
        if params["path"]:
            # Check mode predicts the report and writes nothing.
            act = _report.plan if self._task.check_mode else _report.write
            report = self._try(problems, act, params["path"], records, now, params["merge"], params["keep"]) or report
        if params["diff_against"] or self._task.diff:
            result.update(self._diff(report, base, params, task_vars))
        for note in [*report["notes"], *problems]:
            Display().warning(clean(note, 2000))
        summary = board_record.summary(records)
        outcomes = []
        if params["audit"]:
            stdout.show("\n".join([*_report.sentences(records), summary]))
            outcomes = self._of_audit(records, problems)
            run_stats.add(result, {entry["name"]: entry["status"] for entry in records})
        elif problems and params["boards"]:
            # The message of the first board reports the problems, before its own.
            outcomes = [self._of_problems(problems, params["boards"][0], task_vars)]
        code = board_record.exit_code(records)
        result.update(summary=summary, exit_code=code, files=report["files"], outcomes=outcomes)

    def _of_audit(self, records, problems):
        """Return the outcome of each board of an audit that is not healthy: its own, and short.

        The sentence with the reason is in the summary. The first outcome also reports the problems with the report.
        """
        outcomes = []
        for entry in records:
            if entry["status"] == "unreachable":
                text = "%s: %s" % (entry["name"], entry["reason"])
                outcomes.append(table.outcome(entry["name"], "unreachable", text))
            elif entry["status"] in ("needs_work", "unknown") or board_record.is_suspect(entry):
                status = "suspect" if entry["status"] == "healthy" else entry["status"].replace("_", " ")
                text = "%s: %s: %s" % (entry["name"], status, entry["verdict"])
                outcomes.append(table.outcome(entry["name"], "failed", text))
        if problems and records:
            # A board that is unreachable ends as such, and does not report for others.
            found = next((one for one in outcomes if one["kind"] == "failed"), None)
            healthy = next((entry["name"] for entry in records if entry["status"] in ("healthy", "held")), None)
            if not found and healthy:
                found = table.outcome(healthy, "failed", "")
                outcomes.append(found)
            found = found or outcomes[0]
            found["msg"] = " ".join([*problems, found["msg"]]).strip()
        return outcomes

    def _of_problems(self, problems, board, task_vars):
        known = hostvars.board_variables(task_vars["hostvars"][board])
        message = " ".join([*problems, table.sentence(board, known)]).strip()
        return table.outcome(board, table.verdict(known), message)

    def _is_not_selected(self, variables):
        try:
            return hostvars.is_not_selected(variables)
        except Exception:  # pylint: disable=broad-exception-caught
            # The record of this board reports that its answers are invalid.
            return False

    def _try(self, problems, function, *arguments):
        try:
            return function(*arguments)
        except _report.ReportError as error:
            problems.append("%s." % error)
            return None

    def _diff(self, report, base, params, task_vars):
        """Print and return what changed since an earlier report: Ansible shows diffs only of changed tasks."""
        before = base if params["diff_against"] else report["before"]
        source = params["diff_against"] or "the last report in %s" % params["path"]
        if before is None:
            if not params["diff_against"]:
                stdout.show(
                    "fleet: no earlier report%s to compare with"
                    % (" in %s" % params["path"] if params["path"] else "")
                )
            return {}
        after = {name: state for name, state in _report.states(report["after"]).items() if _report.was_inspected(state)}
        found = _report_diff.changes(_report.states(before), after, set(task_vars.get("groups", {}).get("all", ())))
        text = _report_diff.render(found, after, source, before["generated_at"])
        for line, color in _report_diff.colored(text):
            stdout.show(line, color)
        return {"diff": {"prepared": text}, "changes": found}
