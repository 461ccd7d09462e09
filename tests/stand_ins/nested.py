# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Values within values, for tests that replace each of them by an odd one."""

from __future__ import annotations


def places(value, path=(), deepest=100):
    """Yield the path to everything inside, to what is within `deepest` others at most."""
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*path, key)
        if isinstance(item, (dict, list)) and len(path) < deepest:
            yield from places(item, (*path, key), deepest)
