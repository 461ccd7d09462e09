# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs the module and explains its failures; fails if the board does not answer: see plugins/modules/npu_apt.py."""

from __future__ import annotations

from ..plugin_utils._action.apt_causes import explained
from ..plugin_utils._action.board import BoardAction


class ActionModule(BoardAction):
    """Install packages for an upgrade."""

    MODULE = "npu_apt"

    def act(self, result, task_vars):
        result.update(self.run_module(self.MODULE, None, task_vars))
        unexplained = result.pop("unexplained", None) or ()
        if result.get("failed") and unexplained:
            # What build logs mean does not have to be sent to boards.
            result["msg"] = explained(result.get("msg") or "", unexplained)
        return result
