# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Validates model and picture, uploads missing files, runs the module: see plugins/modules/rknn_mobilenet.py."""

from __future__ import annotations

import os

from ansible.errors import AnsibleActionFail

from ..modules.rknn_mobilenet import ARGUMENTS
from ..plugin_utils._action.inference import MobilenetAction, files
from ..plugin_utils._action.program import NoAnswer, validated


class ActionModule(MobilenetAction):
    """Run a MobileNet on the board."""

    def act(self, result, task_vars):
        args, expanded = dict(self._task.args), ()
        if self.can_run_programs():
            args, expanded = validated(ARGUMENTS, args)
            if self._task.check_mode:
                args.update(services=[], force=False)
        paths = {name: os.path.expanduser(str(args.get(name) or "")) for name in ("model", "picture")}
        absent = [path for path in paths.values() if not os.path.isfile(path)]
        if absent:
            if self._task.check_mode:
                result.update(
                    changed=False, skipped=True, verdict="skipped",
                    skip_reason="%r is not on the controller yet" % absent[0],
                )
                return result
            raise AnsibleActionFail("%r is not a file on the controller" % absent[0])
        try:
            paths, digests, model = files(paths, args.pop("target_platform", None), args.pop("cache_dir", None))
        except ValueError as error:
            raise AnsibleActionFail(str(error)) from error
        try:
            answer = self.infer(args, digests, paths, task_vars, not self._task.check_mode, expanded)
        except NoAnswer as error:
            answer = {"failed": True, "msg": str(error), "cause": error.cause}
        result.update(answer, model_file=model)
        return result
