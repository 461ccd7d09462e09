# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The source tree that DKMS builds from, unpacked from the archive that the controller made."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tarfile

from .._board.files import read_file
from .._board.paths import MARKER

LOG_BYTES = 1 << 20


class DkmsError(Exception):
    """A DKMS step that failed, with one sentence why, and the log.

    unexplained: the part of the sentence that the controller replaces, if the log tells it the cause.
    """

    def __init__(self, message, log="", unexplained=""):
        super().__init__(message)
        self.log, self.unexplained = log, unexplained


def read_log(path):
    """Return the end of a log, at most `LOG_BYTES`, as text that ends a line; "" without a log."""
    content = read_file(path)
    return content[-LOG_BYTES:].decode("utf-8", "replace") + "\n" if content else ""


@contextlib.contextmanager
def readable_by_all():
    """Create files with modes 0755 and 0644 in this block, whatever umask root has.

    This includes the files of DKMS and compilers, so no user can change what DKMS later builds as root.
    """
    before = os.umask(0o022)
    try:
        yield
    finally:
        os.umask(before)


def unpack_tree(archive, digest, folder):
    """Unpack an archive with this sha256 into a folder, with no file writable for others."""
    with readable_by_all():
        _unpack_tree(archive, digest, folder)


def _unpack_tree(archive, digest, folder):
    with open(archive, "rb") as stream:
        found = hashlib.sha256(stream.read()).hexdigest()
    if found != digest:
        raise DkmsError(f"the source tree arrived damaged: sha256 {found}, expected {digest}")
    with tarfile.open(archive) as tar:
        for member in tar:
            # The controller made this archive from checked names; one that leaves the folder is an attack.
            if not member.isreg() or member.name.startswith("/") or ".." in member.name.split("/"):
                raise DkmsError(f"the source tree holds {member.name!r}, which is not a plain file")
            path = os.path.join(folder, member.name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as target:
                shutil.copyfileobj(tar.extractfile(member), target)
    with open(os.path.join(folder, MARKER), "w", encoding="utf-8") as target:
        json.dump({"digest": digest}, target)
