# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the action plugins share whose module runs on a board, and those that send a file along with it."""

from __future__ import annotations

import base64
import contextlib
import re
import tempfile

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase

from ...module_utils import _internal
from ...module_utils._board.tree import clean
from .._answers import gate
from .._answers.failure import cause_in, MALFORMED, NO_ANSWER, NO_PYTHON, UNREACHABLE
from .._answers.limits import HostileAnswer, limited, MalformedAnswer
from .._schema.values import printable
from .. import _clock

DIGEST = re.compile(r"[0-9a-f]{64}\Z")
# What Ansible calls a lost connection, too, although the board has answered.
ANSWERED = ("No space left on device", "Failed to create temporary directory", "Authentication failure")
TRANSFER = 900
TIDYING = 60
PATH = re.compile(r"/[\w./+-]{1,200}\Z")


class GuardedAction(ActionBase):
    """An action whose calls of a board have a limit of time, of memory and of length, and whose output is printable."""

    CALL = gate.USUAL
    """`(seconds, bytes of memory, characters)` of a call that no other limits are given for."""
    _keys = ("ansible_facts", "changed", "failed", "files", "msg", "rc")
    """Keys of a module's answer that get as far as Ansible's own code."""
    _limits = None
    """The limits that are set now."""

    @contextlib.contextmanager
    def limits(self, seconds, memory, longest):
        """Give these limits to everything inside as a whole; limits that are already set stay."""
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
        """Return whether the task is part of a rollback, which goes on whatever facts a board sets: it must not be left half upgraded."""
        # A variable of the task or a block around it, so none that a board could set.
        return bool(self._task.get_vars().get("__npu_rolling_back"))

    def _low_level_execute_command(self, *args, **kwargs):
        with self.limits(*(self._limits or self.CALL)):
            try:
                done = super()._low_level_execute_command(*args, **kwargs)
            except AnsibleConnectionFailure:
                raise
            except AnsibleError as error:  # with what the board printed in it
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
            said = last_output(res)
            refused = MalformedAnswer(clean("%s (%s)" % (error, said), 700))
            refused.cause = cause_in(said, res.get("rc")) or MALFORMED
            raise refused from None
        return super()._parse_returned_data(dict(res, stdout=text), *args, **kwargs)

    def cleanup(self, force=False):
        """As usual, only that a board which is lost now has done its work already."""
        try:
            with self.limits(TIDYING, *self.CALL[1:]):
                super().cleanup(force)
        except (AnsibleConnectionFailure, AnsibleActionFail, MalformedAnswer):
            self._connection._shell.tmpdir = None


class BoardAction(GuardedAction):
    """An action whose module runs on the board; one that does not answer has failed.

    Ansible takes a board that it calls unreachable out of the play at once: no rescue, and where it was the last one no
    report either.
    """

    _supports_check_mode = True
    MODULE: str | None = None
    """Name of the module, as in `ANSWERS`."""

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        fact = gate.hostile((task_vars or {}).get("ansible_facts"))
        try:
            if fact and not self.is_rolling_back():
                raise HostileAnswer(gate.hostile_sentence(fact))
            # A board that goes by another's name does not get at the other's clock.
            with contextlib.nullcontext() if fact else _clock.measured(self._task, task_vars):
                return self.act(result, task_vars)
        except (AnsibleConnectionFailure, MalformedAnswer) as error:
            reason, cause = self.why(error)
            host = self._task.delegate_to if isinstance(error, MalformedAnswer) and not fact else None
            result.update(failed=True, msg="%s: %s" % (host, reason) if host else reason, cause=cause)
        return result

    def why(self, error):
        """Return `(sentence, cause)` for a board that is lost, whose answer is not used, or that could not be asked."""
        if isinstance(error, MalformedAnswer):
            return malformed(error), error.cause
        if not isinstance(error, AnsibleConnectionFailure):
            return one_line(error), getattr(error, "cause", "")
        # There is nothing left to tidy up there, and another try would take as long again.
        self._connection._shell.tmpdir = None
        return lost(error)

    def act(self, result, task_vars):
        """Do what the task asks for and return its result."""
        result.update(self.answer_of(self.MODULE, None, task_vars))
        return result

    def answer_of(self, module, args, task_vars, seconds=None, internal=None):
        """Run a module on the board and return what the gate takes of its answer.

        Args:
            args: its arguments, by default those of the task.
            seconds: how long that may take, where it is not as long as usual.
            internal: what only the action plugin tells the module: see module_utils/_internal.py.

        Raises:
            MalformedAnswer: where it is not what the module documents.
        """
        if internal is not None:
            args = dict(args, _internal=_internal.option(module, internal))
        self._keys, usual = gate.keys(module), self._keys
        try:
            with self.limits(*gate.limits(module, seconds)):
                # Whatever else is wrong with an answer than what is looked for below, Ansible's own code stumbles over
                # it.
                told = self._execute_module(module_name="rkfleet.npu." + module, module_args=args, task_vars=task_vars)
                answer = gate.taken(module, told)
        except (AnsibleError, MemoryError):
            raise
        except Exception as error:  # pylint: disable=broad-exception-caught
            raise MalformedAnswer(
                "Ansible cannot read it: %s: %s" % (type(error).__name__, one_line(error, 200))
            ) from None
        finally:
            self._keys = usual
        python = getattr(self, "_discovered_interpreter", None)
        key = getattr(self, "_discovered_interpreter_key", None)
        if key == "discovered_interpreter_python" and PATH.match(str(python)):
            answer.setdefault("ansible_facts", {})[key] = str(python)
        return answer

    def remote_digests(self, paths):
        """Return the SHA-256 of those of the files that the board has, in their order. This takes a tenth of a module's time."""
        said = self._low_level_execute_command(
            " ".join(["sha256sum", "--", *map(self._connection._shell.quote, paths)])
        )
        words = [line.partition(" ")[0] for line in (said.get("stdout") or "").splitlines()]
        return [word for word in words if DIGEST.match(word)]

    def remote_file(self, path, limit=1 << 16):
        """Return the bytes of a small file that the board has, `b""` where it has none or one that is larger."""
        said = self._low_level_execute_command(
            "head -c %d -- %s | base64" % (limit + 1, self._connection._shell.quote(path))
        )
        try:
            content = base64.b64decode("".join((said.get("stdout") or "").split()), validate=True)
        except ValueError:
            return b""
        return content if len(content) <= limit else b""


class TransferAction(BoardAction):
    """An action that uploads files into the task's own temporary folder on the board."""

    def upload(self, local, name):
        """Send a file and return its path on the board; it goes away with the task's temporary folder."""
        if self._connection._shell.tmpdir is None:
            self._make_tmp_path()
        remote = self._connection._shell.join_path(self._connection._shell.tmpdir, name)
        self._transfer_file(local, remote)
        self._fixup_perms2((self._connection._shell.tmpdir, remote))
        return remote

    def send(self, content, name):
        """The same with bytes instead of a file."""
        with tempfile.NamedTemporaryFile() as local:
            local.write(content)
            local.flush()
            return self.upload(local.name, name)


def lost(error):
    """Return `(sentence, cause)` for a connection that failed; no cause where the board has answered all the same."""
    text = one_line(error)
    return (text, "") if any(words in text for words in ANSWERED) else ("%s: %s" % (UNREACHABLE, text), NO_ANSWER)


def malformed(error):
    """Return what is said of an answer that is not used."""
    if error.cause != MALFORMED:
        return str(error)
    return "the board's answer is malformed: %s. Nothing of it is used. Log in and run python3 there: %s" % (
        str(error).rstrip("."), "it has to print what it is asked for, and nothing else")


def last_output(done):
    """Return the last lines that a command printed, and how it ended."""
    said = [line for line in (done.get("stderr") or "").splitlines() if line.strip()]
    said = said or [line for line in (done.get("stdout") or "")[-2000:].splitlines() if line.strip()]
    if done.get("rc") == NO_PYTHON:
        said = [*said[-1:], "there is no Python 3: install it, or set ansible_python_interpreter"]
    return "; ".join([*said[-2:], "it ended with %s" % done.get("rc")])


def one_line(error, longest=1000):
    """Return an error's text on one line, without control characters."""
    return clean(" ".join(str(error).split()), longest)
