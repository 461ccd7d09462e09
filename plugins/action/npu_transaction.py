# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Says who works on the board, and takes over from a run of this very user and machine that has ended: see plugins/modules/npu_transaction.py."""

from __future__ import annotations

import os

from ..plugin_utils._rollout.run_owner import has_ended, owner
from ..plugin_utils._action.board import BoardAction


class ActionModule(BoardAction):
    """Begin, commit or take back an upgrade."""

    def act(self, result, task_vars):
        internal = {"owner": owner(os.getppid())}
        answer = self.answer_of("npu_transaction", self._task.args, task_vars, internal=internal)
        holder = answer.get("locked") or {}
        if answer.get("failed") and has_ended(holder, internal["owner"]):
            internal["ended_runs"] = [str(holder["run"])]
            answer = self.answer_of("npu_transaction", self._task.args, task_vars, internal=internal)
        result.update(answer)
        return result
