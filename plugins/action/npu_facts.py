# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs the module, and reports why a board cannot be read: see plugins/modules/npu_facts.py."""

from __future__ import annotations

from ansible.errors import AnsibleError

from ..plugin_utils._action.board import BoardAction
from ..plugin_utils._answers.failure import NO_ANSWER


class ActionModule(BoardAction):
    """Gather the facts of a board."""

    MODULE = "npu_facts"

    def act(self, result, task_vars):
        try:
            super().act(result, task_vars)
            reason, cause = result.get("msg") or "no answer", ""
        except AnsibleError as error:
            reason, cause = self.why(error)
            result["failed"] = True
        if result.get("failed"):
            result.update(self.unread(task_vars, reason, cause))
        if cause == NO_ANSWER and result.get("failed"):
            # As with any module that gathers facts. The roles gather theirs with npu_audit_info, which they can rescue.
            del result["failed"]
            result["unreachable"] = True
        return result
