# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What Ansible's workers share with the process they are forked from stays shared."""

from __future__ import annotations

import gc
import os

from ansible_collections.rkfleet.npu.plugins.plugin_utils._action import board


def test_a_collection_in_a_worker_leaves_the_objects_of_its_parent_alone():
    assert board.GuardedAction
    before = gc.get_freeze_count()
    pid = os.fork()
    if not pid:
        os._exit(0 if gc.get_freeze_count() > 10000 and gc.isenabled() else 1)
    assert os.waitpid(pid, 0)[1] == 0
    # The parent still collects all of its own.
    assert gc.get_freeze_count() == before
