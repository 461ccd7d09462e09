# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Base class of the actions that run MobileNet: validates model and picture, uploads them if they are missing."""

from __future__ import annotations

import base64

from ansible.errors import AnsibleActionFail
from ansible.module_utils.parsing.convert_bool import boolean

from ...module_utils._board.files import sha256_of
from ...module_utils._board.paths import STATE_DIR
from ...module_utils._inference.verify import kept_at
from .._answers import gate
from .._answers.limits import MalformedAnswer
from .._artifact.picture import PictureError, cache_dir, raw_file
from .._artifact.rknn_model import RknnModelError, check
from .._facts import kernel_cause, npu_users, verification
from .program import ProgramAction

# Seconds in addition to the inference: for starting Python and reading model and picture.
GRACE = 60


class MobilenetAction(ProgramAction):
    """An action that runs MobileNet on a board."""

    def infer(self, args, digests, paths, task_vars, keep, expanded=()):
        """Return the answer of module rknn_mobilenet.

        Args:
            args: the module's arguments.
            digests: the checksums that `files` returns.
            paths: the files on the controller.
            keep: whether the board keeps them. The module keeps them unless the task is in check mode.
            expanded: names of arguments that are paths which the board expands.

        Raises:
            NoAnswer: if the board does not answer.
        """
        # Files are only sent if they are missing. Without the module, a second call costs little.
        if self.can_run_programs():
            params = {"arguments": dict(args, **digests, model_upload=None, picture_upload=None), "keep": keep,
                      "paths": [name for name in expanded if name in args]}
            answer = self._ask(params, {}, task_vars)
            missing = _pop_missing(answer, paths)
            if missing:
                answer = self._ask(params, {name: encoded(paths[name]) for name in missing}, task_vars)
        else:
            missing = self._missing_files(args.get("state_dir") or STATE_DIR, digests, paths)
            uploads = {name + "_upload": self.upload(paths[name], name) for name in missing}
            seconds = longest(args) + GRACE
            answer = self.run_module("rknn_mobilenet", args, task_vars, seconds, dict(digests, **uploads))
        missing = _pop_missing(answer, paths)
        if missing:
            raise AnsibleActionFail("the board did not accept %s" % " and ".join(missing))
        if "observed" not in answer and not answer.get("failed"):
            raise AnsibleActionFail("the board returned no result of MobileNet")
        try:
            answer = kernel_cause.explained(npu_users.explained(verification.judged(answer, args)))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise MalformedAnswer("what it observed is incomplete (%s)" % type(error).__name__) from error
        wanted = boolean(args.get("required") or False, strict=False) and not self._task.check_mode
        if wanted and answer.get("verdict", "verified") != "verified":
            answer.update(failed=True, msg="{diagnosis}: {evidence}. {remedy}".format(**answer))
        return answer

    def _ask(self, params, sent, task_vars):
        """Return the answer of the program. An uploaded file would leave Ansible's temporary folder on the board."""
        seconds = longest(params["arguments"]) + GRACE
        answer = self.run_program("proof", dict(params, sent=sent), task_vars, seconds)
        return gate.validated("rknn_mobilenet", answer.get("proof"))

    def _missing_files(self, state_dir, digests, names):
        """Return the names of the files that are missing on the board."""
        present = self.remote_digests([kept_at(state_dir, name, digests[name + "_sha256"]) for name in names])
        return [name for name in names if digests[name + "_sha256"] not in present]


def longest(args):
    """Return how many seconds MobileNet may run: its time limit for root and for each of the users, one by one.

    Args:
        args: the module's arguments.
    """
    users = args.get("users") or []
    return int(args.get("timeout") or 60) * (1 + len(users.split(",") if isinstance(users, str) else users))


def files(paths, target_platform, cache):
    """Return `(paths, digests, description of the model)` for the paths of model and picture, the picture as raw RGB.

    Raises:
        ValueError: if one of them is invalid.
    """
    try:
        model = check(paths["model"], target_platform)
        paths = dict(paths, picture=raw_file(paths["picture"], cache_dir(cache)))
    except (RknnModelError, PictureError, OSError) as error:
        raise ValueError(str(error)) from error
    return paths, {name + "_sha256": sha256_of(path) for name, path in paths.items()}, model.as_dict()


def encoded(path):
    """Return the content of a file in base64, as a program can contain it."""
    with open(path, "rb") as stream:
        return base64.b64encode(stream.read()).decode("ascii")


def _pop_missing(answer, names):
    """Remove the missing files from a module's answer and return their names."""
    missing = answer.pop("missing", None) or []
    return [name for name in names if name in missing]
