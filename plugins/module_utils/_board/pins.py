# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Comparison of files with their pinned checksums."""

from __future__ import annotations

import hashlib
import os

from .files import digest_of, sha256_of


def git_blob_of(path):
    """Return git's blob id of a file, sha1("blob " + length + NUL + content), as 40 hex digits."""
    # An identifier published by git, not a signature of ours: it pins where no sha256 is known.
    return digest_of(path, hashlib.sha1(b"blob %d\0" % os.path.getsize(path), usedforsecurity=False))


def pin_mismatch(path, pins):
    """Compare a file with its pins and return one sentence about the first that differs, or None.

    Args:
        pins: Dict that may hold `size` in bytes, `sha256` and `git_blob` in hex. At least one of the two digests must
            be there: a size alone proves nothing.

    Raises:
        ValueError: Where neither digest is given.
    """
    if not pins.get("sha256") and not pins.get("git_blob"):
        raise ValueError("no checksum is pinned for %s" % os.path.basename(path))
    if pins.get("size") and os.path.getsize(path) != int(pins["size"]):
        return "size is %d bytes, pinned are %d" % (os.path.getsize(path), int(pins["size"]))
    # sha256 first: where both are known the stronger one decides and the other adds nothing.
    for name, compute in (("sha256", sha256_of), ("git_blob", git_blob_of)):
        if pins.get(name):
            found = compute(path)
            if found != str(pins[name]).lower():
                return "%s is %s, pinned is %s" % (name, found, pins[name])
            return None
    return None
