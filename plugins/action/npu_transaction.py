# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Passes the guard and the lock's owner to the module: see plugins/modules/npu_transaction.py.

A lock of a run of this user on this machine that has ended is ignored.
"""

from __future__ import annotations

import os

from ..module_utils._transaction.guard import STATES
from ..plugin_utils._action import board_files
from ..plugin_utils._action.board import BoardAction
from ..plugin_utils._facts import npu_users
from ..plugin_utils._rollout.run_owner import has_ended, owner


class ActionModule(BoardAction):
    """Begin, commit or roll back an upgrade."""

    def act(self, result, task_vars):
        internal = {"owner": owner(os.getppid())}
        if self._task.args.get("state") in STATES:
            internal["guard"] = board_files.as_option(board_files.guard)
        answer = self.run_module("npu_transaction", self._task.args, task_vars, internal=internal)
        holder = answer.get("locked") or {}
        if answer.get("failed") and has_ended(holder, internal["owner"]):
            internal["ended_runs"] = [str(holder["run"])]
            answer = self.run_module("npu_transaction", self._task.args, task_vars, internal=internal)
        result.update(npu_users.explained(answer))
        return result
