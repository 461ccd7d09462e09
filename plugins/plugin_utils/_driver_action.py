# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the action plugins share that have a driver built on a board: the source tree sent along, the logs kept."""

from __future__ import annotations

import os
import re
import tempfile

from ansible.errors import AnsibleActionFail

from ._driver_source import SourceError, archive, dkms_tree
from ._transfer import TransferAction


class DriverAction(TransferAction):
    """An action that composes the DKMS source tree on the controller."""

    def tree(self, args, source, build_files):
        """The tree of a vendor's tarball and our build files as C((tar, sha256)), for what the module's arguments ask.

        :raises AnsibleActionFail: where the tarball is not the release it should be.
        """
        try:
            return archive(dkms_tree(source, build_files, args["version"], args.get("module") or "rknpu"))
        except SourceError as error:
            raise AnsibleActionFail("%s: %s" % (os.path.basename(source), error)) from error

    def send_tree(self, content):
        """Send it to the board and return its path there."""
        with tempfile.NamedTemporaryFile(suffix=".tar") as local:
            local.write(content)
            local.flush()
            return self.upload(local.name, "tree.tar")


def write_log(log, log_dir, *names):
    """Keep a build log on the controller, named after what it is of, and return its path."""
    log_dir = os.path.expanduser(log_dir)
    os.makedirs(log_dir, exist_ok=True)
    path = os.path.join(log_dir, re.sub(r"[^\w.+-]", "_", "-".join(names) + ".log"))
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(log)
    return path
