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
        boards = [board for board in params["boards"] if not params["audit"] or not self._is_left_aside(task_vars["hostvars"][board])]
        records = [board_record.record(board, task_vars["hostvars"][board], now) for board in boards]
        failed = {}
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
        code = board_record.exit_code(records)
        if params["audit"]:
            Display().display("\n".join([*_report.sentences(records), summary]))
        elif problems and params["boards"]:
            # The sentences about the boards are worth more than the files: they are still to come, so this is one of them and no end.
            speaker = params["boards"][0]
            failed[speaker] = " ".join([*problems, table.sentence(speaker, hostvars.look(task_vars["hostvars"][speaker]))]).strip()
        result.update(
            changed=False, summary=summary, exit_code=code, exit_with_it=params["audit"] and not problems, files=told["files"], failed_boards=failed,
            failure=" ".join([*problems, summary if code else ""]).strip() if params["audit"] else "")
        return result

    def _is_left_aside(self, variables):
        try:
            return hostvars.is_left_aside(variables)
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
                Display().display("fleet: there is no earlier report%s to compare with" % (" in %s" % params["path"] if params["path"] else ""))
            return {}
        after = _report.states(told["after"])
        found = _report_diff.changes(_report.states(before), after, set(task_vars.get("groups", {}).get("all", ())))
        text = _report_diff.render(found, after, source, before["generated_at"])
        for line, color in _report_diff.coloured(text):
            Display().display(line, color=color)
        return {"diff": {"prepared": text}, "changes": found}
