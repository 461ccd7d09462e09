# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the action plugins share that give a board's Python a program on its standard input, over the task's own connection."""

from __future__ import annotations

import os
import shlex

from ansible import constants as C
from ansible.errors import AnsibleConnectionFailure, AnsibleError

from ...module_utils._board.tree import clean
from . import payload
from .._answers import gate
from .._answers.failure import cause_in, NO_PYTHON
from .._answers.limits import MalformedAnswer
from .board import one_line, PATH, TransferAction, last_output

DISCOVERY = ("auto", "auto_legacy", "auto_silent", "auto_legacy_silent")
# Nothing of a user's own gets in between, and nothing is written, not even what was compiled.
PYTHON = "-I -S -B -"
GRACE = 30


class NoAnswer(Exception):
    """A board that could not be asked, or did not answer as it should, with one sentence why and its cause where that is known."""

    def __init__(self, reason, cause=""):
        super().__init__(reason)
        self.cause = cause


class ProgramAction(TransferAction):
    """An action that asks a board by a program of ours: one exec of the connection, and no file on the board."""

    def can_run_programs(self):
        """Whether the connection takes a program on standard input; else a module has to do."""
        shell = self._connection._shell
        return not getattr(shell, "_IS_WINDOWS", False) and self._is_pipelining_enabled("new")

    def ask(self, function, params, task_vars, seconds):
        """Return what a function of module_utils/_program.py answers on the board.

        Args:
            seconds: how long it may take.

        Raises:
            NoAnswer: where there is no answer, or one that is none.
        """
        program = payload.ready("_program", function, C.DEFAULT_LOCAL_TMP)
        text, marker = payload.fill(program, dict(params, seconds=seconds))
        try:
            # The board's own alarm comes first; a board that does not even ring it ends by this one.
            with self.limits(seconds + GRACE, *gate.USUAL[1:]):
                done = self._low_level_execute_command(self._command(task_vars), in_data=text.encode("utf-8"))
                answer = payload.parse(done["stdout"], marker)
        except (AnsibleConnectionFailure, MalformedAnswer):
            raise
        except AnsibleError as error:  # such as a password for sudo that is missing
            raise NoAnswer(one_line(error), cause_in(str(error))) from error
        except payload.PayloadError as error:
            raise self._no_answer(done, error, seconds) from error
        if answer.get("error"):
            raise NoAnswer(clean(str(answer["error"]), 500))
        return answer

    def _command(self, task_vars):
        """The command that starts the board's Python, as the shell of the user there takes it."""
        environment = self._compute_environment_string().strip()
        interpreter = self._interpreter(task_vars)
        if interpreter:
            command = "%s %s" % (" ".join(map(shlex.quote, shlex.split(interpreter))), PYTHON)
        else:
            # As Ansible looks for one, only without asking the board beforehand. A name on the PATH need not be one
            # that works.
            names = C.config.get_config_value("INTERPRETER_PYTHON_FALLBACK", variables=task_vars)
            command = "/bin/sh -c %s" % shlex.quote(
                "for python in %s; do if $python -I -S -c pass </dev/null >/dev/null 2>&1; then $python %s; exit $?; fi; done; exit %d"
                % (" ".join(map(shlex.quote, names)), PYTHON, NO_PYTHON)
            )
        return ("%s %s" % (environment, command)).strip()

    def _interpreter(self, task_vars):
        """The interpreter that is set for the board or was found before; None where it has to be looked for."""
        known = C.config.get_config_value("INTERPRETER_PYTHON", variables=task_vars)
        known = str(self._templar.template(known) or "").strip()
        if known and known not in DISCOVERY:
            return known
        found = (task_vars.get("ansible_facts") or {}).get("discovered_interpreter_python")
        return found if isinstance(found, str) and PATH.match(found) else None

    def _no_answer(self, done, error, seconds):
        """A `NoAnswer` in words of the board if it has any."""
        code, said = done.get("rc"), last_output(done)
        if code in (142, -14):  # SIGALRM
            return NoAnswer("it did not answer within %d s" % seconds)
        return NoAnswer(clean("%s (%s)" % (error, said), 500), cause_in(said, code))


def run_file(name):
    """Path of a file in Ansible's own folder of this run, which goes away with it."""
    return os.path.join(C.DEFAULT_LOCAL_TMP, name)
