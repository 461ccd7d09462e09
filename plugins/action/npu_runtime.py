# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Uploads the library, then runs the module: see plugins/modules/npu_runtime.py."""

from __future__ import annotations

import os

from ansible.errors import AnsibleActionFail

from ..modules.npu_runtime import ARGUMENTS
from ..plugin_utils._action.program import ProgramAction
from ..plugin_utils._artifact.fetch import ArtifactError, read


class ActionModule(ProgramAction):
    """Install librknnrt.so."""

    def act(self, result, task_vars):
        args, internal = dict(self._task.args), {"begun": self.has_begun(task_vars)}
        source = os.path.expanduser(args.get("source") or "")
        if not self._task.check_mode:
            if not os.path.isfile(source):
                raise AnsibleActionFail("%r is not a file on the controller" % source)
            try:
                content = read(source, {pin: args[pin] for pin in ("sha256", "git_blob", "size") if args.get(pin)})
            except (ArtifactError, OSError) as error:
                raise AnsibleActionFail(str(error)) from error
            internal["upload"] = self.send(content, "librknnrt.so")
        result.update(self.run_task("npu_runtime", ARGUMENTS, args, task_vars, internal))
        return result
