# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the action plugins share whose module runs on a board, and those that send a file along with it."""

from __future__ import annotations

import base64
import re
import tempfile

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

# The report knows a lost board by these words.
NO_ANSWER = "does not answer over ssh"
DIGEST = re.compile(r"[0-9a-f]{64}\Z")
# What Ansible calls a lost connection, too, although the board has answered.
ANSWERED = ("No space left on device", "Failed to create temporary directory", "Authentication failure")


class BoardAction(ActionBase):
    """An action whose module runs on the board; one that does not answer has failed.

    Ansible takes a board that it calls unreachable out of the play at once: no rescue, and where it was the last one no report either.
    """

    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        try:
            return self.act(result, task_vars)
        except AnsibleConnectionFailure as error:
            # There is nothing left to tidy up there, and another try would take as long again.
            self._connection._shell.tmpdir = None
            result.update(failed=True, msg=lost(error))
            return result

    def act(self, result, task_vars):
        """Do what the task asks for and return its result."""
        result.update(self._execute_module(task_vars=task_vars))
        return result

    def remote_digests(self, paths):
        """Return the SHA-256 of those of the files that the board has, in their order. This takes a tenth of a module's time."""
        said = self._low_level_execute_command(" ".join(["sha256sum", "--", *map(self._connection._shell.quote, paths)]))
        words = [line.partition(" ")[0] for line in (said.get("stdout") or "").splitlines()]
        return [word for word in words if DIGEST.match(word)]

    def remote_file(self, path, limit=1 << 16):
        """Return the bytes of a small file that the board has, C(b"") where it has none or one that is larger."""
        said = self._low_level_execute_command("head -c %d -- %s | base64" % (limit + 1, self._connection._shell.quote(path)))
        try:
            content = base64.b64decode("".join((said.get("stdout") or "").split()), validate=True)
        except ValueError:
            return b""
        return content if len(content) <= limit else b""

    def cleanup(self, force=False):
        """As usual, only that a board which is lost now has done its work already."""
        try:
            super().cleanup(force)
        except AnsibleConnectionFailure:
            self._connection._shell.tmpdir = None


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
    """Return on one line what is the matter with a connection."""
    text = " ".join(str(error).split())
    return text if any(words in text for words in ANSWERED) else "%s: %s" % (NO_ANSWER, text)
