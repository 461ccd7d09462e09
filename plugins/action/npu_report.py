# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs on the controller only: see plugins/modules/npu_report.py for the documentation."""

from __future__ import annotations

import time

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..module_utils._board.tree import clean
from ..plugin_utils._report import board_record, diff as _report_diff, files as _report, hostvars, table

ARGUMENTS = dict(
    boards=dict(type="list", elements="str", required=True),
    path=dict(type="path", default=""),
    merge=dict(type="bool", default=False),
    keep=dict(type="int", default=100),
    diff_against=dict(type="path", default=""),
    audit=dict(type="bool", default=False),
)


class ActionModule(ActionBase):
    """Write the report of a fleet."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        params = self.validate_argument_spec(argument_spec=ARGUMENTS)[1]
        now = time.time()
        # An audit is of the boards that its query selects.
        boards = [
            board for board in params["boards"]
            if not params["audit"] or not self._is_not_selected(task_vars["hostvars"][board])
        ]
        records = [board_record.record(board, task_vars["hostvars"][board], now) for board in boards]
        told = {"after": _report.document(records, now), "before": None, "files": [], "notes": []}
        problems = []
        # What is to be compared is read before the folder is written to: it may be the report there.
        base = self._try(problems, _report.load, params["diff_against"]) if params["diff_against"] else None
        if params["path"]:
            # With --check this tells what it would say, and writes nothing.
            act = _report.plan if self._task.check_mode else _report.write
            told = self._try(problems, act, params["path"], records, now, params["merge"], params["keep"]) or told
        if params["diff_against"] or self._task.diff:
            result.update(self._diff(told, base, params, task_vars))
        for note in [*told["notes"], *problems]:
            Display().warning(clean(note, 2000))
        summary = board_record.summary(records)
        outcomes = []
        if params["audit"]:
            Display().display("\n".join([*_report.sentences(records), summary]))
            outcomes = self._of_audit(records, problems, summary)
        elif problems and params["boards"]:
            # The first board speaks of it, and says what is to be said of itself, too.
            outcomes = [self._of_problems(problems, params["boards"][0], task_vars)]
        code = board_record.exit_code(records)
        result.update(changed=False, summary=summary, exit_code=code, files=told["files"], outcomes=outcomes)
        return result

    def _of_audit(self, records, problems, summary):
        """Return how the run of each board of an audit ends. The first of those that need work speaks for all of them."""
        outcomes = {}
        for entry in records:
            if entry["status"] == "unreachable":
                message = "%s: %s" % (entry["name"], entry["reason"])
                outcomes[entry["name"]] = table.outcome(entry["name"], "unreachable", message)
        speakers = [entry["name"] for entry in records if entry["status"] in ("needs_work", "unknown")]
        failed = [*problems, summary] if speakers else problems
        if failed and records:
            speakers += [entry["name"] for entry in records if entry["name"] not in outcomes] + [records[0]["name"]]
            entry = outcomes.setdefault(speakers[0], table.outcome(speakers[0], "failed", ""))
            entry["msg"] = " ".join([*failed, entry["msg"]]).strip()
        return list(outcomes.values())

    def _of_problems(self, problems, board, task_vars):
        known = hostvars.board_variables(task_vars["hostvars"][board])
        message = " ".join([*problems, table.sentence(board, known)]).strip()
        return table.outcome(board, table.verdict(known), message)

    def _is_not_selected(self, variables):
        try:
            return hostvars.is_not_selected(variables)
        except Exception:  # pylint: disable=broad-exception-caught
            # Its record says that its answers make no sense.
            return False

    def _try(self, problems, function, *arguments):
        try:
            return function(*arguments)
        except _report.ReportError as error:
            problems.append("%s." % error)
            return None

    def _diff(self, told, base, params, task_vars):
        """What changed since an earlier report, printed: Ansible itself shows a diff only of a task that changed something on a board."""
        before = base if params["diff_against"] else told["before"]
        source = params["diff_against"] or "the last report in %s" % params["path"]
        if before is None:
            if not params["diff_against"]:
                Display().display(
                    "fleet: there is no earlier report%s to compare with"
                    % (" in %s" % params["path"] if params["path"] else "")
                )
            return {}
        after = _report.states(told["after"])
        found = _report_diff.changes(_report.states(before), after, set(task_vars.get("groups", {}).get("all", ())))
        text = _report_diff.render(found, after, source, before["generated_at"])
        for line, color in _report_diff.coloured(text):
            Display().display(line, color=color)
        return {"diff": {"prepared": text}, "changes": found}
