# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Passes the scripts that choose the default kernel to the module: see plugins/modules/npu_boot.py."""

from __future__ import annotations

from ..modules.npu_boot import ARGUMENTS
from ..plugin_utils._action import board_files
from ..plugin_utils._action.program import ProgramAction


class ActionModule(ProgramAction):
    """Configure how a board starts its driver."""

    def act(self, result, task_vars):
        internal = {"begun": self.has_begun(task_vars)}
        if self._task.args.get("state") != "absent":
            internal["scripts"] = board_files.as_option(board_files.default_kernel)
        result.update(self.run_task("npu_boot", ARGUMENTS, self._task.args, task_vars, internal))
        return result
