# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs on the controller only: see plugins/modules/npu_artifact.py for the documentation."""

from __future__ import annotations

from ansible import constants as C
from ansible.errors import AnsibleActionFail

from ..plugin_utils import _clock
from ..plugin_utils._action.controller import ControllerAction
from ..plugin_utils._artifact.fetch import ArtifactError, fetch, private_copy
from ..plugin_utils._artifact.picture import PictureError, require_decoder


class ActionModule(ControllerAction):
    """Fetch one artifact into the controller's cache."""

    ARGUMENTS = dict(argument_spec=dict(
        path=dict(type="str", required=True),
        sha256=dict(type="str"),
        git_blob=dict(type="str"),
        size=dict(type="int"),
        cache_dir=dict(type="path", required=True),
        local_folder=dict(type="path"),
        mirrors=dict(type="list", elements="str", default=[]),
        timeout=dict(type="int", default=30),
    ))

    def act(self, result, params, task_vars):
        with _clock.measured(self._task, task_vars):
            self._fetch(result, params)

    def _fetch(self, result, params):
        pins = {name: params[name] for name in ("sha256", "git_blob", "size") if params[name]}
        try:
            file, source = fetch(
                pins,
                params["path"],
                params["cache_dir"],
                params["local_folder"],
                params["mirrors"],
                params["timeout"],
                # Once for all boards of the run.
                keep_in=C.DEFAULT_LOCAL_TMP if self._task.check_mode else None,
            )
            # A picture that cannot be decoded would fail the verification, when the board is already changed.
            require_decoder(file, params["cache_dir"])
            # The file is used minutes or hours later, when the one in the cache may have changed.
            file = private_copy(file, pins, C.DEFAULT_LOCAL_TMP)
        except (ArtifactError, PictureError, OSError) as error:
            raise AnsibleActionFail(str(error)) from error
        result.update(path=file, source=source)
