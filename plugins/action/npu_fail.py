# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs on the controller only: see plugins/modules/npu_fail.py for the documentation."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from ..plugin_utils._action.failure import brief

ARGUMENTS = dict(
    msg=dict(type="str", required=True), cause=dict(type="str", default=""),
    unreachable=dict(type="bool", default=False),
)


class ActionModule(ActionBase):
    """End the run of a board as failed, or as unreachable."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        params = self.validate_argument_spec(argument_spec=ARGUMENTS)[1]
        result.update(changed=False, msg=params["msg"], **({"cause": params["cause"]} if params["cause"] else {}))
        result["unreachable" if params["unreachable"] else "failed"] = True
        return brief(result, self._task)
