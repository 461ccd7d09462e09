# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs on the controller only: see plugins/modules/npu_rollout_record_info.py for the documentation."""

from __future__ import annotations

from ansible.errors import AnsibleActionFail

from ..plugin_utils._action.controller import ControllerAction
from ..plugin_utils._rollout.staging import StagingError, read


class ActionModule(ControllerAction):
    """Read the record of the kernels that staging boards have verified."""

    ARGUMENTS = dict(argument_spec=dict(path=dict(type="path", required=True)))

    def act(self, result, params, task_vars):
        try:
            result["verified"] = read(params["path"])
        except StagingError as error:
            raise AnsibleActionFail(str(error)) from error
