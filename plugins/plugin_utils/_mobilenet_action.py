# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the action plugins share that have a MobileNet run on a board: the files are checked, and sent to a board that has not got them."""

from __future__ import annotations

from ansible.errors import AnsibleActionFail

from ..module_utils._files import sha256_of
from ._picture import PictureError, cache_dir, raw_file
from ._rknn_model import RknnModelError, check
from ._transfer import TransferAction


class MobilenetAction(TransferAction):
    """An action that has a MobileNet run on a board."""

    def infer(self, args, paths, task_vars, ask=None):
        """Return the answer of module rknn_mobilenet.

        :arg args: the module's arguments as for I(files).
        :arg paths: the files on the controller.
        :arg ask: C(ask(args, paths)) gives the module's answer, where the board can be asked without the module; these files are sent along.
        """
        # Files are sent only to a board that says it has not got them: from the second time on, one call does all.
        answer = ask(args, {}) if ask else self._run_module(args, task_vars)
        missing = _missing(answer, paths)
        if missing and ask:
            answer = ask(args, {name: paths[name] for name in missing})
        elif missing:
            args = dict(args, **{name + "_upload": self.upload(paths[name], name) for name in missing})
            answer = self._run_module(args, task_vars)
        if missing and _missing(answer, paths):
            raise AnsibleActionFail("the board did not take %s" % " and ".join(missing))
        return answer

    def _run_module(self, args, task_vars):
        return self._execute_module(module_name="rkfleet.npu.rknn_mobilenet", module_args=args, task_vars=task_vars)


def files(paths, target_platform, cache):
    """Return C((paths, digests for the module, what the model says of itself)) of C({model, picture}), the picture as raw RGB.

    :raises ValueError: where they are not what they should be.
    """
    try:
        model = check(paths["model"], target_platform)
        paths = dict(paths, picture=raw_file(paths["picture"], cache_dir(cache)))
    except (RknnModelError, PictureError, OSError) as error:
        raise ValueError(str(error)) from error
    return paths, {name + "_sha256": sha256_of(path) for name, path in paths.items()}, model.as_dict()


def _missing(answer, names):
    """Take out of a module's answer which of the files the board lacks."""
    told = answer.pop("missing", None) or []
    return [name for name in names if name in told]
