# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Passes the guard and the lock's owner to the module: see plugins/modules/npu_transaction.py.

A lock of a run of this user on this machine that has ended is ignored.
"""

from __future__ import annotations

import time

from ansible.errors import AnsibleActionFail, AnsibleAuthenticationFailure, AnsibleConnectionFailure

from ..module_utils._transaction.guard import STATES
from ..modules.npu_transaction import ARGUMENTS
from ..plugin_utils._action import board_files
from ..plugin_utils._action.program import ProgramAction
from ..plugin_utils._answers.limits import OutOfTime
from ..plugin_utils._facts import npu_users
from ..plugin_utils._rollout.run_owner import RunEnded, has_ended, owner, this_run

REPEATED = ("begun", "committed", "closed")
"""Steps that may be repeated: the second time they find what the first has done."""
PAUSES = (5, 15, 30)
"""Seconds until a step is repeated whose answer was lost with the connection."""


class ActionModule(ProgramAction):
    """Begin, commit or roll back an upgrade."""

    def act(self, result, task_vars):
        try:
            # A machine with two names in the inventory is worked on under one of them only.
            internal: dict = {"owner": dict(owner(this_run()), board=task_vars["inventory_hostname"])}
        except RunEnded as error:
            # Its lock would name a process that is not this run, so no later run could tell that it has ended.
            raise AnsibleActionFail(f"{task_vars['inventory_hostname']}: {error}") from error
        if self._task.args.get("state") in STATES:
            internal["guard"] = board_files.as_option(board_files.guard)
        answer = self._answer(task_vars, internal)
        holder = answer.get("locked") or {}
        if answer.get("failed") and has_ended(holder, internal["owner"]):
            internal["ended_runs"] = [str(holder["run"])]
            answer = self._answer(task_vars, internal)
        result.update(npu_users.explained(answer))
        return result

    def _answer(self, task_vars, internal):
        """Return the answer of the module. A board that has committed must not be rolled back for a lost answer."""
        for pause in PAUSES if self._task.args.get("state") in REPEATED else ():
            try:
                return self.run_task("npu_transaction", ARGUMENTS, self._task.args, task_vars, internal)
            except (OutOfTime, AnsibleAuthenticationFailure):
                raise
            except AnsibleConnectionFailure:
                # Cleaning up would take as long again as the call that failed.
                self._connection._shell.tmpdir = None
                time.sleep(pause)
        return self.run_task("npu_transaction", ARGUMENTS, self._task.args, task_vars, internal)
