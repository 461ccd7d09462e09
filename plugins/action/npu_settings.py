# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs on the controller only: see plugins/modules/npu_settings.py for the documentation."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from ..plugin_utils import _settings
from ..plugin_utils._action.failure import brief

ARGUMENTS = dict(scope=dict(type="str", choices=["board", "run"], default="board"))


class ActionModule(ActionBase):
    """Resolve and save the public variables of the roles."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        params = self.validate_argument_spec(argument_spec=ARGUMENTS)[1]
        result["changed"] = False
        try:
            if params["scope"] == "run":
                _settings.refuse_tags(task_vars)
            _settings.resolve_and_save(self._templar, task_vars, params["scope"] == "run")
        except ValueError as error:
            result.update(failed=True, msg="%s: %s" % (task_vars["inventory_hostname"], error))
        return brief(result, self._task)
