# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs on the controller only: see plugins/modules/npu_settings.py for the documentation."""

from __future__ import annotations

from ansible.utils.display import Display
from ansible.utils.vars import load_extra_vars

from ..plugin_utils import _settings
from ..plugin_utils._action.controller import ControllerAction
from ..plugin_utils._rollout import select as _select


class ActionModule(ControllerAction):
    """Resolve and save the public variables of the roles."""

    ARGUMENTS = dict(argument_spec=dict(
        scope=dict(type="str", choices=["board", "run"], default="board"),
        select=dict(type="bool", default=False),
    ))

    def act(self, result, params, task_vars):
        if params["scope"] == "run":
            raw = _settings.raw_variables(task_vars)
            result["boards"] = _settings.honest(raw)
            with _settings.without_hostile_facts(self._task, task_vars) as variables:
                message = self._of_run(variables, raw if variables is task_vars else None, params["select"])
        else:
            message = self._of_board(task_vars)
        if message:
            result.update(failed=True, msg=message)

    def _of_board(self, task_vars):
        """Save the variables of the board; return what is wrong."""
        try:
            _settings.resolve_and_save(self._templar, task_vars)
        except ValueError as error:
            return "%s: %s" % (task_vars["inventory_hostname"], error)
        return ""

    def _of_run(self, task_vars, raw, with_query):
        """Check and save the variables of the run; return what is wrong."""
        message = _settings.tags_message(task_vars)
        if message:
            return message
        try:
            values = _settings.resolve_and_save(self._templar, task_vars, True)
        except ValueError as error:
            return "%s: %s" % (task_vars["inventory_hostname"], error)
        warnings, message = _settings.check_run(task_vars, load_extra_vars(self._loader), values, raw)
        for warning in warnings:
            Display().warning(warning)
        return message or (_select.error_of(values["npu_select"]) if with_query else "")
