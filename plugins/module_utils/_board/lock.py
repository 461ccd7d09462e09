# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The board lock in words, and the version of the files in the state folder."""

from __future__ import annotations

from .tree import clean

SCHEMA = 1


def describe_lock(lock):
    """Return in words which run holds a lock, and since when."""
    words = {name: clean(str(lock.get(name) or "?"), 100) for name in ("user", "host", "since", "run")}
    return "{user}@{host} since {since} (run {run})".format(**words)
