# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks the model, decodes the picture, runs the module, and sends along what the board lacks: see plugins/modules/rknn_mobilenet.py."""

from __future__ import annotations

import os

from ansible.errors import AnsibleActionFail

from ..module_utils._files import sha256_of
from ..plugin_utils._picture import PictureError, cache_dir, raw_file
from ..plugin_utils._rknn_model import RknnModelError, check
from ..plugin_utils._transfer import TransferAction


class ActionModule(TransferAction):
    """Run a MobileNet on the board."""

    def act(self, result, task_vars):
        args = dict(self._task.args)
        paths = {name: os.path.expanduser(str(args.get(name) or "")) for name in ("model", "picture")}
        absent = [path for path in paths.values() if not os.path.isfile(path)]
        if absent:
            if self._task.check_mode:
                result.update(changed=False, skipped=True, verdict="skipped", skip_reason="%r is not on the controller yet" % absent[0])
                return result
            raise AnsibleActionFail("%r is not a file on the controller" % absent[0])
        try:
            model = check(paths["model"], args.pop("target_platform", None))
            paths["picture"] = raw_file(paths["picture"], cache_dir(args.pop("cache_dir", None)))
        except (RknnModelError, PictureError, OSError) as error:
            raise AnsibleActionFail(str(error)) from error
        args.update({name + "_sha256": sha256_of(path) for name, path in paths.items()})

        # Files are sent only to a board that says it has not got them: from the second time on, one call does all.
        answer = self._execute_module(module_args=args, task_vars=task_vars)
        missing = _missing(answer, paths)
        if missing:
            args.update({name + "_upload": self.upload(paths[name], name) for name in missing})
            answer = self._execute_module(module_args=args, task_vars=task_vars)
            if _missing(answer, paths):
                raise AnsibleActionFail("the board did not take %s" % " and ".join(missing))
        result.update(answer, model_file=model.as_dict())
        return result


def _missing(answer, names):
    """Take out of a module's answer which of the files the board lacks."""
    told = answer.pop("missing", None) or []
    return [name for name in names if name in told]
