# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the action plugins share that have a MobileNet run on a board: the files are checked, and sent to a board that has not got them."""

from __future__ import annotations

from ansible.errors import AnsibleActionFail

from ...module_utils._board.files import sha256_of
from ...module_utils._board.paths import STATE_DIR
from ...module_utils._inference.verify import kept_at
from .._artifact.picture import cache_dir, PictureError, raw_file
from .._artifact.rknn_model import check, RknnModelError
from .board import TransferAction


# What the answer may take besides the inference: Python is started, model and picture are read.
GRACE = 60


class MobilenetAction(TransferAction):
    """An action that has a MobileNet run on a board."""

    def infer(self, args, digests, paths, task_vars, ask=None):
        """Return the answer of module rknn_mobilenet.

        Args:
            args: the module's arguments.
            digests: the checksums that `files` gives.
            paths: the files on the controller.
            ask: `ask(args, paths)` gives the module's answer, where the board can be asked without the module; these
                files are sent along.
        """
        # Files are sent only to a board that has not got them. Where it is asked without the module to ask once more
        # costs little.
        if ask:
            args = dict(args, **digests)
            answer = ask(args, {})
            missing = _pop_missing(answer, paths)
            if missing:
                answer = ask(args, {name: paths[name] for name in missing})
        else:
            missing = self._missing_files(args.get("state_dir") or STATE_DIR, digests, paths)
            uploads = {name + "_upload": self.upload(paths[name], name) for name in missing}
            seconds = int(args.get("timeout") or 60) + GRACE
            answer = self.answer_of("rknn_mobilenet", args, task_vars, seconds, dict(digests, **uploads))
        missing = _pop_missing(answer, paths)
        if missing:
            raise AnsibleActionFail("the board did not take %s" % " and ".join(missing))
        return answer

    def _missing_files(self, state_dir, digests, names):
        """Which of the files the board has not kept."""
        there = self.remote_digests([kept_at(state_dir, name, digests[name + "_sha256"]) for name in names])
        return [name for name in names if digests[name + "_sha256"] not in there]


def files(paths, target_platform, cache):
    """Return `(paths, digests for the module, what the model says of itself)` of `{model, picture}`, the picture as raw RGB.

    Raises:
        ValueError: where they are not what they should be.
    """
    try:
        model = check(paths["model"], target_platform)
        paths = dict(paths, picture=raw_file(paths["picture"], cache_dir(cache)))
    except (RknnModelError, PictureError, OSError) as error:
        raise ValueError(str(error)) from error
    return paths, {name + "_sha256": sha256_of(path) for name, path in paths.items()}, model.as_dict()


def _pop_missing(answer, names):
    """Take out of a module's answer which of the files the board lacks."""
    told = answer.pop("missing", None) or []
    return [name for name in names if name in told]
