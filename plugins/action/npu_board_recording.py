# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads a board, plans and writes the recording on the controller: see plugins/modules/npu_board_recording.py."""

from __future__ import annotations

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure

from ..module_utils._board.files import describe_error
from ..module_utils._board.paths import timestamp
from ..plugin_utils import _settings
from ..plugin_utils._action.program import TREE, NoAnswer, ProgramAction, accepted
from ..plugin_utils._answers.limits import MalformedAnswer
from ..plugin_utils._plan import compatibility, planner
from ..plugin_utils._recording import document, shape
from ..plugin_utils._recording.rules import RULES

ARGUMENTS = dict(
    argument_spec=dict(
        folder=dict(type="path", default="npu-recordings"),
        names=dict(type="list", elements="str", default=[]),
        wanted=dict(type="dict", default={}),
        compatibility=dict(type="dict", default={}),
        tree=TREE,
        timeout=dict(type="int", default=120),
    )
)


class ActionModule(ProgramAction):
    """Record a board."""

    def act(self, result, task_vars):
        params = self.validate_argument_spec(**ARGUMENTS)[1]
        name = task_vars["inventory_hostname"]
        result["changed"] = False
        try:
            data = compatibility.checked(params["compatibility"])
            _settings.refuse_injected(task_vars)
            answer = self.run_program(
                "recording", {"tree": params["tree"], "rules": RULES}, task_vars, params["timeout"])
            answer = accepted(shape.validated, answer.get("recording"))
            plan = planner.npu_plan(answer["facts"], params["wanted"], data)
            about = {"recorded_at": timestamp(), "wanted": params["wanted"],
                     "compatibility": params["compatibility"]}
            made, contents, replaced, kept = document.compose(
                answer, plan, about, document.names_of_host(name, task_vars), params["names"]
            )
            path = document.path_of(params["folder"], name)
            if not self._task.check_mode:
                path = document.write(params["folder"], name, made)
        except (AnsibleConnectionFailure, MalformedAnswer, NoAnswer, AnsibleActionFail) as error:
            result.update(self.unread(task_vars, *self.why(error)))
        except OSError as error:
            why = describe_error(error, params["folder"])
            hint = "Set npu_recording_dir to a folder that you can write to."
            result.update(failed=True, msg=f"{name}: not recorded: {why}. {hint}")
        except ValueError as error:
            result.update(failed=True, msg=f"{name}: not recorded: {str(error).rstrip('.')}.")
        else:
            size = len(document.rendered(made))
            result.update(path=path, size=size, contents=contents, replaced=replaced, names_kept=kept)
            result["summary"] = summary(name, self._task.check_mode, result)
        return result


def summary(name, is_check, recorded):
    """Return the lines that tell the operator what a recording contains, before anybody sends it."""
    replaced = ", ".join(f"{kind}: {count}" for kind, count in recorded["replaced"].items())
    done = "would be recorded in" if is_check else "recorded in"
    lines = [
        f"{name}: {done} {recorded['path']} ({recorded['size']} bytes). It stays on this controller. It contains:",
        *("  " + line for line in recorded["contents"]),
        f"Replaced, each value by the same one everywhere: {replaced or 'nothing'}.",
    ]
    if recorded["names_kept"]:
        kept = ", ".join(recorded["names_kept"])
        lines.append(f"Not replaced, because the board's model, kernel or a path has the same word: {kept}.")
    return lines
