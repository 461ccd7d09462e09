# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs on the controller only: see plugins/modules/npu_fail.py for the documentation."""

from __future__ import annotations

from ..plugin_utils._action.controller import ControllerAction


class ActionModule(ControllerAction):
    """End the run of a board as failed, or as unreachable."""

    ARGUMENTS = dict(argument_spec=dict(
        msg=dict(type="str", required=True), cause=dict(type="str", default=""),
        unreachable=dict(type="bool", default=False),
    ))

    def act(self, result, params, task_vars):
        result["msg"] = params["msg"]
        if params["cause"]:
            result["cause"] = params["cause"]
        result["unreachable" if params["unreachable"] else "failed"] = True
