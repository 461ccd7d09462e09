# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs on the controller only: see plugins/modules/npu_rollout_record_info.py for the documentation."""

from __future__ import annotations

import os

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ..plugin_utils._action.failure import brief
from ..plugin_utils._rollout.staging import StagingError, read


class ActionModule(ActionBase):
    """Read the record of the kernels that staging boards have verified."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        params = self.validate_argument_spec(argument_spec=dict(path=dict(type="path", required=True)))[1]
        try:
            result.update(changed=False, verified=read(os.path.expanduser(params["path"])))
        except StagingError as error:
            raise AnsibleActionFail(str(error)) from error
        return brief(result, self._task)
