# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Backup copies of files in the state folder."""

from __future__ import annotations

import os

from .files import copy_file, ensure_dir, sha256_of
from .paths import STATE_DIR


def keep(path, state_dir=STATE_DIR):
    """Copy a file into the state folder, once per content; return the path of the copy, or None without a file.

    The name holds the digest, so a copy is never overwritten by a later state of the same file.
    """
    if not os.path.isfile(path):
        return None
    ensure_dir(state_dir, 0o700)
    folder = os.path.join(state_dir, "backup")
    ensure_dir(folder, 0o700)
    kept = os.path.join(folder, "%s-%s" % (os.path.basename(path), sha256_of(path)[:16]))
    if not os.path.exists(kept):
        copy_file(path, kept, os.stat(path).st_mode & 0o7777)
    return kept
