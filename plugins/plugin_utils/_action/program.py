# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Base class of the actions that send a program to a board's Python on standard input, over the task's connection."""

from __future__ import annotations

import shlex

from ansible import constants as C
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure, AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ...module_utils._board.tree import clean
from .._answers import gate
from .._answers.failure import NO_PYTHON, cause_in
from .._answers.limits import MalformedAnswer
from .._schema.values import dictionary
from . import payload
from .board import TransferAction, no_answer, one_line, path_of

DISCOVERY = ("auto", "auto_legacy", "auto_silent", "auto_legacy_silent")
# Isolated from the user's own modules and settings; writes nothing, not even bytecode.
PYTHON = "-I -S -B -"
GRACE = 30
# Paths on the board: type str, as type path would expand them on the controller.
TREE = dict(type="dict", default={}, options={
    area: dict(type="str") for area in ("root", "proc", "sys", "dev", "boot", "etc", "lib", "usr", "var")
})
"""An option of an action: the folders that it reads instead of the board's own, None for these."""


class NoAnswer(Exception):
    """A board that could not be contacted or gave no valid answer: one sentence why, and the cause if it is known."""

    def __init__(self, reason, cause=""):
        super().__init__(reason)
        self.cause = cause


class ProgramAction(TransferAction):
    """An action that runs a program of ours on a board: one exec of the connection, and no file on the board."""

    def can_run_programs(self):
        """Return whether the connection accepts a program on standard input; else a module is needed."""
        shell = self._connection._shell
        return not getattr(shell, "_IS_WINDOWS", False) and self._is_pipelining_enabled("new")

    def run_task(self, module, arguments, args, task_vars, internal, seconds=None):
        """Return the validated answer of a module, which runs as a program where the connection allows that.

        Args:
            arguments: those of its AnsibleModule, as its file defines them.
            args, internal, seconds: as in `run_module`.
        """
        if not self.can_run_programs():
            return self.run_module(module, args, task_vars, seconds, internal)
        values, paths = validated(arguments, args)
        params = {"arguments": {**values, **internal}, "paths": paths, "check_mode": bool(self._task.check_mode),
                  "log": self._facility(task_vars)}
        seconds, memory, longest = gate.limits(module, seconds)
        try:
            answer = self.run_program(module, params, task_vars, seconds, memory, longest, is_cut_off=False)
        except NoAnswer as error:
            return {"failed": True, "msg": str(error), "cause": error.cause}
        return gate.validated(module, answer.get("answer"))

    def _facility(self, task_vars):
        """Return the facility of the board's log, as Ansible is set for modules; empty if they are not to log."""
        if self._task.no_log or C.config.get_config_value("DEFAULT_NO_TARGET_SYSLOG", variables=task_vars):
            return ""
        return str(task_vars.get("ansible_syslog_facility") or C.DEFAULT_SYSLOG_FACILITY)

    def run_program(
        self, function, params, task_vars, seconds, memory=gate.USUAL[1], longest=gate.USUAL[2], is_cut_off=True
    ):
        """Return the answer of a function of module_utils/_program.py that runs on the board.

        Args:
            seconds, memory, longest: limits of the answer, as gate.USUAL.
            is_cut_off: whether the board ends the program at the time limit; otherwise only its answer is lost.

        Raises:
            NoAnswer: if there is no answer, or an invalid one.
        """
        program = payload.ready("_program", function, C.DEFAULT_LOCAL_TMP)
        text, marker = payload.fill(program, dict(params, seconds=seconds if is_cut_off else 0))
        try:
            # The program's own alarm on the board comes first; this limit ends a board whose alarm does not fire.
            with self.limits(seconds + GRACE * is_cut_off, memory, longest):
                done = self._low_level_execute_command(self._command(task_vars), in_data=text.encode("utf-8"))
                answer = payload.parse(done["stdout"], marker, longest)
        except (AnsibleConnectionFailure, MalformedAnswer):
            raise
        except AnsibleError as error:  # such as a missing sudo password
            raise NoAnswer(one_line(error), cause_in(str(error))) from error
        except payload.PayloadError as error:
            if done.get("rc") in (142, -14):  # SIGALRM
                raise NoAnswer("it did not answer within %d s" % seconds) from error
            raise NoAnswer(*no_answer(str(error), done)) from error
        if answer.get("error"):
            raise NoAnswer(clean(str(answer["error"]), 500))
        return answer

    def _command(self, task_vars):
        """Return the shell command that starts Python on the board."""
        environment = self._compute_environment_string().strip()
        interpreter = self._interpreter(task_vars)
        if interpreter:
            command = "%s %s" % (" ".join(map(shlex.quote, shlex.split(interpreter))), PYTHON)
        else:
            # Ansible's own discovery without its extra call. A Python on the PATH may not work, so each is tried.
            names = C.config.get_config_value("INTERPRETER_PYTHON_FALLBACK", variables=task_vars)
            command = "/bin/sh -c %s" % shlex.quote(
                "for python in %s; do if $python -I -S -c pass </dev/null >/dev/null 2>&1; "
                "then $python %s; exit $?; fi; done; exit %d"
                % (" ".join(map(shlex.quote, names)), PYTHON, NO_PYTHON)
            )
        return ("%s %s" % (environment, command)).strip()

    def _interpreter(self, task_vars):
        """Return the interpreter that is configured for the board or was discovered before; None if unknown."""
        host = self._task.delegate_to
        if host:
            # A board must not choose which program starts on another host.
            task_vars = dictionary(dictionary(task_vars.get("ansible_delegated_vars")).get(host))
        known = C.config.get_config_value("INTERPRETER_PYTHON", variables=task_vars)
        known = str(self._templar.template(known) or "").strip()
        if known and known not in DISCOVERY:
            return known
        return path_of((task_vars.get("ansible_facts") or {}).get("discovered_interpreter_python"))


def validated(arguments, args):
    """Return `(values, names of those that are paths)` of a task's arguments; the board expands its own paths.

    Args:
        arguments: those of an AnsibleModule.
        args: what the task gives.

    Raises:
        AnsibleActionFail: if a value is invalid.
    """
    spec = {name: option for name, option in arguments["argument_spec"].items() if name != "_internal"}
    paths = [name for name, option in spec.items() if "path" in (option.get("type"), option.get("elements"))]
    plain = {name: {key: "str" if value == "path" else value for key, value in option.items()}
             for name, option in spec.items()}
    found = ArgumentSpecValidator(**dict(arguments, argument_spec=plain)).validate(dict(args))
    if found.error_messages:
        raise AnsibleActionFail(found.errors.msg)
    return found.validated_parameters, paths


def accepted(validate, answer):
    """Return what `validate` makes of a program's answer.

    Raises:
        NoAnswer: if it is invalid.
    """
    try:
        return validate(answer)
    except ValueError as error:
        raise NoAnswer("%s: this is not an answer of the collection's program" % error) from error
