# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Facts and plan of a board."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan import planner
from stand_ins.plans.planned_trees import BUILTIN, DATA, SPACE, prove


@pytest.fixture
def planned(gather):
    """(facts, plan) of a board; the keys are those of the wish, and those of the fixture gather."""
    def run(board, answer=("0.9.3", "20231121", "drm_ioctl"), repository=None, **wanted):
        facts = gather(board, answer=answer, repository=repository)
        facts["space"] = SPACE
        return facts, planner.npu_plan(facts, wanted, DATA)

    return run


@pytest.fixture
def bullseye(board):
    """ROCK 5B, Debian bullseye, Linux 5.10, driver 0.8.2 built in, MobileNet works with runtime 1.6.0."""
    release = "5.10.110-37-rockchip"
    board.base(release=release, config=BUILTIN, codename="bullseye").npu().builtin(release, "0.8.2")
    board.headers(release).tools().u_boot_menu()
    return prove(board, release, "0.8.2")
