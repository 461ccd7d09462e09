# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs on the controller only: see plugins/modules/npu_rollout_record.py for the documentation."""

from __future__ import annotations

import datetime

from ansible.errors import AnsibleActionFail
from ansible.utils.display import Display

from ..module_utils._board.tree import clean
from ..plugin_utils._action.controller import ControllerAction
from ..plugin_utils._report.hostvars import board_variables
from ..plugin_utils._rollout.decide import committed
from ..plugin_utils._rollout.staging import StagingError, add, read

UNRECORDED = (
    "%s. The upgrades are not affected, but what they verify is not on record, and the next run upgrades a staging "
    "board first again"
)


class ActionModule(ControllerAction):
    """Record the kernels that the boards of this run have verified."""

    ARGUMENTS = dict(
        argument_spec=dict(
            path=dict(type="path", required=True),
            boards=dict(type="list", elements="str"),
            rollout=dict(type="dict"),
        ),
        required_by={"boards": "rollout"},
    )

    def act(self, result, params, task_vars):
        path, entries = params["path"], []
        if params["boards"] and not self._task.check_mode:
            entries = committed(
                params["rollout"],
                {
                    board: board_variables(task_vars["hostvars"][board], ("ansible_facts", "__npu_is_committed"))
                    for board in params["boards"]
                },
            )
        try:
            if entries:
                now = datetime.datetime.now(datetime.timezone.utc)
                verified, new = add(path, entries, now.strftime("%Y-%m-%d %H:%M UTC"))
            else:
                verified, new = read(path), []
        except StagingError as error:
            if not params["boards"]:
                raise AnsibleActionFail(str(error)) from error
            # These boards have been changed already. A failure would hide how their upgrade has ended.
            verified, new = [], []
            # The same text for each board, so that Ansible shows it once.
            Display().warning(clean(UNRECORDED % error, 2000))
        result.update(verified=verified, recorded=new)
