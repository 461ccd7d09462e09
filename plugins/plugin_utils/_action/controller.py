# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Base class of the actions that run on the controller only."""

from __future__ import annotations

import typing

from ansible.plugins.action import ActionBase

from .failure import brief


class ControllerAction(ActionBase):
    """An action that opens no connection. What it writes on the controller is no change of the board."""

    _requires_connection = False
    _supports_check_mode = True
    ARGUMENTS: typing.ClassVar[dict] = {}
    """The argument specification, and conditions between the arguments: what `validate_argument_spec` takes."""

    def run(self, tmp=None, task_vars=None):
        """Validate the arguments and do the task."""
        result = dict(super().run(tmp, task_vars), changed=False)
        self.act(result, self.validate_argument_spec(**self.ARGUMENTS)[1], task_vars)
        return brief(result, self._task)

    def act(self, result, params, task_vars):
        """Do the task: update its result."""
        raise NotImplementedError
