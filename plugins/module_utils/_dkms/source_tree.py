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

MARKER = "rkfleet.json"


class DkmsError(Exception):
    """A DKMS step that did not do what it should: one sentence, and the log as it stands."""

    def __init__(self, message, log=""):
        super().__init__(message)
        self.log = log


@contextlib.contextmanager
def readable_by_all():
    """Have what is made meanwhile, by DKMS and compilers too, be of mode 0755 and 0644, whatever umask root has: DKMS builds it as root later."""
    before = os.umask(0o022)
    try:
        yield
    finally:
        os.umask(before)


def unpack_tree(archive, digest, folder):
    """Write the members of `archive`, whose sha256 is `digest`, below `folder`, nothing of it writable for others."""
    with readable_by_all():
        _unpack_tree(archive, digest, folder)


def _unpack_tree(archive, digest, folder):
    with open(archive, "rb") as stream:
        found = hashlib.sha256(stream.read()).hexdigest()
    if found != digest:
        raise DkmsError("the source tree arrived damaged: sha256 %s, expected %s" % (found, digest))
    with tarfile.open(archive) as tar:
        for member in tar:
            # The controller made this archive from checked names; one that leaves the folder is an attack.
            if not member.isreg() or member.name.startswith("/") or ".." in member.name.split("/"):
                raise DkmsError("the source tree holds %r, which is not a plain file" % member.name)
            path = os.path.join(folder, member.name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as target:
                shutil.copyfileobj(tar.extractfile(member), target)
    with open(os.path.join(folder, MARKER), "w", encoding="utf-8") as target:
        json.dump({"digest": digest}, target)
