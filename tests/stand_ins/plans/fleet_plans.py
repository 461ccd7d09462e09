# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Boards of a fleet with their plans, as the rollout reads them."""

from __future__ import annotations

import copy

from ansible_collections.rkfleet.npu.plugins.plugin_utils._rollout import decide as _rollout

SETTINGS = {
    "rollout": [1, "10%", "100%"], "max_failed": 0, "soak_minutes": 10, "require_staging": True, "select": "",
    "check": False,
}
OLD, NEW = "5.10.110", "6.1.84"


def board(kernel=NEW, action="dkms", driver="0.9.6", source="aaaa", runtime="bbbb", install=True, soc="rk3588", **more):
    """The variables of a board that was looked at."""
    facts = {
        "kernel": {"release": kernel, "build": more.pop("build", "#1 SMP"), "boot_id": more.pop("boot_id", None)},
        "board": {"serial": more.pop("serial", None)}, "runtime": {"sha256": "old"},
        "upgrade": {"pending": more.pop("pending", False)},
        "dkms": {"modules": more.pop("modules", [])},
    }
    plan = {
        "action": action, "reason": "as wanted", "soc": soc, "packages": more.pop("packages", []),
        "driver": {"version": driver, "sha256": source},
        "runtime": {"version": "2.3.2", "git_blob": runtime, "install": install},
    }
    return dict({"ansible_facts": {"npu": facts}, "__npu_plan": plan}, **more)


def decide(boards, verified=(), group=(), seconds=None, build_files="ffff", **settings):
    before = copy.deepcopy(boards)
    answer = _rollout.decide(boards, dict(SETTINGS, **settings), verified, group, seconds, build_files)
    assert boards == before
    return answer


def record(answer, name):
    """What is on record once this board is verified."""
    return dict(answer["boards"][name]["key"], board=name, since="2026-11-23 18:04 UTC")
