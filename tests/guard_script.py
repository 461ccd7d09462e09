# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The guard's files for a tree instead of a board."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils._action import board_files

# Every third place for a power failure; each of them takes minutes.
STEPS = [3, pytest.param(1, marks=pytest.mark.faults_only)]
ROOT, PATH = "\nroot=''\n", "\nPATH="


def guard_files(root, tools):
    """Return the guard's files with a script that works below I(root) and takes programs from I(tools) first."""
    files = board_files.guard()
    # Without this line it would restore and reboot the machine that tests.
    assert files["guard"].count(ROOT) == files["guard"].count(PATH) == 1
    script = files["guard"].replace(ROOT, "\nroot='%s'\n" % root).replace(PATH, "%s%s:" % (PATH, tools))
    return dict(files, guard=script)
