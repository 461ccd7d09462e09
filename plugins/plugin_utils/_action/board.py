# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Base classes of the action plugins that run a module on a board, and of those that upload files for it."""

from __future__ import annotations

import base64
import contextlib
import gc
import os
import re
import tempfile

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase

from ...module_utils import _internal
from ...module_utils._board.tree import clean
from .. import _clock
from .._answers import gate
from .._answers.failure import MALFORMED, NO_ANSWER, UNREACHABLE, cannot_read, cause_in, explained, first_line
from .._answers.limits import COMPUTING, HostileAnswer, MalformedAnswer, computing, limited
from .._schema.values import dictionary, printable
from .failure import brief

# The first garbage collection in a worker would write to, and so copy, each object that it shares with the process it
# was forked from: 90 MiB of 520 for 100 boards.
os.register_at_fork(after_in_child=gc.freeze)

DIGEST = re.compile(r"[0-9a-f]{64}\Z")
# Ansible reports these as a lost connection, although the board has answered.
ANSWERED = ("No space left on device", "Failed to create temporary directory", "Authentication failure")
TRANSFER = 900
TIDYING = 60
PATH = re.compile(r"/[\w./+-]{1,200}\Z")


class GuardedAction(ActionBase):
    """An action that limits time, memory and length of each call of a board, and makes its output printable."""

    CALL = gate.USUAL
    """The default limits of a call: `(seconds, bytes of memory, characters)`."""
    _keys: tuple[str, ...] = ("ansible_facts", "changed", "failed", "files", "msg", "rc")
    """Keys of a module's answer that are passed on to Ansible's own code."""
    _limits = None
    """The limits in force."""

    @contextlib.contextmanager
    def limits(self, seconds, memory, longest):
        """Apply these limits to everything inside as a whole, unless limits are already in force."""
        if self._limits:
            yield
            return
        self._limits = (seconds, memory, longest)
        try:
            with limited(seconds, memory):
                yield
        finally:
            self._limits = None

    def is_rolling_back(self):
        """Return whether the task is part of a rollback, which continues whatever facts a board sets.

        Otherwise the board would stay half upgraded.
        """
        # A variable of the task or of a block around it cannot be set by a board.
        return bool(self._task.get_vars().get("__npu_rolling_back"))

    def _low_level_execute_command(self, *args, **kwargs):
        with self.limits(*(self._limits or self.CALL)):
            try:
                done = super()._low_level_execute_command(*args, **kwargs)
            except AnsibleConnectionFailure:
                raise
            except AnsibleError as error:  # may quote what the board printed
                raise AnsibleActionFail(one_line(error)) from None
            for name in ("stdout", "stderr"):
                text = done.get(name) or ""
                if len(text) > self._limits[2]:
                    raise MalformedAnswer("it has %d characters, more than %d" % (len(text), self._limits[2]))
                text = printable(text)
                done.update({name: text, name + "_lines": text.splitlines()})
            return done

    def _transfer_file(self, *args, **kwargs):
        with self.limits(TRANSFER, *self.CALL[1:]):
            return super()._transfer_file(*args, **kwargs)

    def _parse_returned_data(self, res, *args, **kwargs):
        try:
            text = gate.reduced(res.get("stdout") or "", self._keys, not self.is_rolling_back())
        except HostileAnswer:
            raise
        except MalformedAnswer as error:
            text, cause = no_answer(str(error), res)
            refused = MalformedAnswer(text)
            refused.cause = cause or MALFORMED
            raise refused from None
        return super()._parse_returned_data(dict(res, stdout=text), *args, **kwargs)

    def cleanup(self, force=False):
        """Clean up as Ansible does, but ignore a lost connection: the board has already done its work."""
        try:
            with self.limits(TIDYING, *self.CALL[1:]):
                super().cleanup(force)
        except (AnsibleConnectionFailure, AnsibleActionFail, MalformedAnswer):
            self._connection._shell.tmpdir = None


class BoardAction(GuardedAction):
    """An action that runs a module on the board, and fails if the board does not answer.

    Ansible removes an unreachable board from the play at once, without a rescue, and without a report if it was the
    last one.
    """

    _supports_check_mode = True
    MODULE: str | None = None
    """Name of the module, as in `ANSWERS`."""

    def run(self, tmp=None, task_vars=None):
        return brief(self._run(super().run(tmp, task_vars), task_vars), self._task)

    def _run(self, result, task_vars):
        fact = gate.hostile((task_vars or {}).get("ansible_facts"))
        try:
            if fact and not self.is_rolling_back():
                raise HostileAnswer(gate.hostile_sentence(fact))
            # A board that claims the name of another one must not change that one's clock.
            with contextlib.nullcontext() if fact else _clock.measured(self._task, task_vars), computing(COMPUTING):
                return self.act(result, task_vars)
        except (AnsibleConnectionFailure, MalformedAnswer) as error:
            reason, cause = self.why(error)
            host = self._task.delegate_to if isinstance(error, MalformedAnswer) and not fact else None
            result.update(failed=True, msg="%s: %s" % (host, reason) if host else reason, cause=cause)
        return result

    def why(self, error):
        """Return `(sentence, cause)` for a lost connection, a refused answer, or a failed call."""
        if isinstance(error, MalformedAnswer):
            return malformed_message(error), error.cause
        if not isinstance(error, AnsibleConnectionFailure):
            return one_line(error), getattr(error, "cause", "")
        # Cleaning up would take as long again as the call that failed.
        self._connection._shell.tmpdir = None
        text = one_line(error)
        if any(words in text for words in ANSWERED):
            return text, ""
        return "%s: %s" % (UNREACHABLE, text), NO_ANSWER

    def unread(self, task_vars, reason, cause):
        """Return what a result has of a board that cannot be read; reason and cause as of why()."""
        message = cannot_read(task_vars["inventory_hostname"], self._connection.become is not None, reason, cause)
        return {"failed": True, "msg": message, "cause": cause}

    def act(self, result, task_vars):
        """Run the task and return its result."""
        result.update(self.run_module(self.MODULE, None, task_vars))
        return result

    def run_module(self, module, args, task_vars, seconds=None, internal=None):
        """Run a module on the board and return its validated answer.

        Args:
            args: its arguments; None for those of the task.
            seconds: time limit; None for the default of the module.
            internal: values that only the action plugin passes to the module: see module_utils/_internal.py.

        Raises:
            MalformedAnswer: if it does not match what the module documents.
        """
        if internal is not None:
            args = dict(args, _internal=_internal.option(module, internal))
        self._keys, usual = gate.keys(module), self._keys
        try:
            with readable(), self.limits(*gate.limits(module, seconds)):
                returned = self._execute_module(
                    module_name="rkfleet.npu." + module, module_args=args, task_vars=task_vars
                )
                answer = gate.validated(module, returned)
        finally:
            self._keys = usual
        python = path_of(getattr(self, "_discovered_interpreter", None))
        key = getattr(self, "_discovered_interpreter_key", None)
        if key == "discovered_interpreter_python" and python:
            answer.setdefault("ansible_facts", {})[key] = python
        return answer

    def has_begun(self, task_vars):
        """Return whether this run is in the middle of an upgrade of the board: then a restore point must be there."""
        begun = dictionary(task_vars.get("__npu_begun"))
        return (
            begun.get("changed") is True and not begun.get("failed") and "__npu_committed" not in task_vars
            and not self._task.check_mode and not self._task.delegate_to
        )

    def remote_digests(self, paths):
        """Return the SHA-256 of each of the files that exists on the board; a tenth of the time of a module."""
        output = self._low_level_execute_command(
            " ".join(["sha256sum", "--", *map(self._connection._shell.quote, paths)])
        )
        words = [line.partition(" ")[0] for line in (output.get("stdout") or "").splitlines()]
        return [word for word in words if DIGEST.match(word)]

    def remote_file(self, path, limit=1 << 16):
        """Return the bytes of a small file on the board; `b""` if it is missing or larger than the limit."""
        output = self._low_level_execute_command(
            "head -c %d -- %s | base64" % (limit + 1, self._connection._shell.quote(path))
        )
        try:
            content = base64.b64decode("".join((output.get("stdout") or "").split()), validate=True)
        except ValueError:
            return b""
        return content if len(content) <= limit else b""


class TransferAction(BoardAction):
    """An action that uploads files into the task's own temporary folder on the board."""

    def upload(self, local, name):
        """Upload a file and return its path on the board, in the temporary folder of the task."""
        if self._connection._shell.tmpdir is None:
            self._make_tmp_path()
        remote = self._connection._shell.join_path(self._connection._shell.tmpdir, name)
        self._transfer_file(local, remote)
        self._fixup_perms2((self._connection._shell.tmpdir, remote))
        return remote

    def send(self, content, name):
        """Upload bytes as a file and return its path on the board."""
        with tempfile.NamedTemporaryFile() as local:
            local.write(content)
            local.flush()
            return self.upload(local.name, name)


def malformed_message(error):
    """Return the message for an answer that is refused."""
    if error.cause != MALFORMED:
        return str(error)
    return "the board's answer is malformed: %s. The answer is not used. Log in and run python3: %s" % (
        str(error).rstrip("."), "it must print only the output of its program")


def no_answer(reason, done):
    """Return `(sentence, cause)` for the result of a command that gave no answer, with what the board said."""
    line, code = clean(first_line(done.get("stdout") or "", done.get("stderr") or ""), 300), done.get("rc")
    return clean(explained(reason, line, code), 700), cause_in(line, code)


@contextlib.contextmanager
def readable():
    """Raise MalformedAnswer for what Ansible's own code raises: any exception for an answer that it does not expect."""
    try:
        yield
    except (AnsibleError, MemoryError):
        raise
    except Exception as error:  # pylint: disable=broad-exception-caught
        raise MalformedAnswer("Ansible cannot read it: %s: %s" % (type(error).__name__, one_line(error, 200))) from None


def path_of(value):
    """Return the path of an interpreter on a board, if it is valid, else None."""
    return str(value) if isinstance(value, str) and PATH.match(value) else None


def one_line(error, longest=1000):
    """Return an error's text on one line, without control characters."""
    return clean(" ".join(str(error).split()), longest)
