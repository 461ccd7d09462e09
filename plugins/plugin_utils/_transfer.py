# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the action plugins share that send a file along with their module."""

from __future__ import annotations

from ansible.plugins.action import ActionBase


class TransferAction(ActionBase):
    """An action that uploads files into the task's own temporary folder on the board."""

    def upload(self, local, name):
        """Send a file and return its path on the board; it goes away with the task's temporary folder."""
        if self._connection._shell.tmpdir is None:
            self._make_tmp_path()
        remote = self._connection._shell.join_path(self._connection._shell.tmpdir, name)
        self._transfer_file(local, remote)
        self._fixup_perms2((self._connection._shell.tmpdir, remote))
        return remote
