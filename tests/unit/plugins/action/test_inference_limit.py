# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""How long the controller waits for a verification that runs MobileNet as root, and then as other users."""

from __future__ import annotations

import types

import pytest
from ansible_collections.rkfleet.npu.plugins.action import npu_audit_info
from ansible_collections.rkfleet.npu.plugins.plugin_utils._action import inference
from ansible_collections.rkfleet.npu.plugins.plugin_utils._action.program import NoAnswer

DIGESTS = {"model_sha256": "a", "picture_sha256": "b"}
PLAN = {"current": {"model": {"expected_top5": [], "tolerance": None, "cores": 1}}, "driver": {"version": "0.9.6"}}
FACTS = {"verification": None, "kernel": {}, "driver": {}, "runtime": {}}


@pytest.mark.parametrize("users, runs", [([], 1), (None, 1), (["a", "b"], 3), ("a,b", 3)])
def test_a_task_waits_for_each_user(monkeypatch, users, runs):
    # Each of them has the whole time limit: that of the last one shows as a hang, and not as a board that is lost.
    found = []
    action = inference.MobilenetAction.__new__(inference.MobilenetAction)
    monkeypatch.setattr(action, "can_run_programs", lambda: False, raising=False)
    monkeypatch.setattr(action, "_missing_files", lambda *dummy: [], raising=False)
    monkeypatch.setattr(action, "run_module", lambda module, args, known, seconds, more: found.append(seconds) or {
        "failed": True}, raising=False)
    monkeypatch.setattr(inference.verification, "judged", lambda answer, args: answer)
    action._task = types.SimpleNamespace(check_mode=False)
    action.infer({"timeout": 100, "users": users}, DIGESTS, {}, {}, True)
    assert found == [100 * runs + inference.GRACE]


def test_an_audit_waits_for_each_user(monkeypatch):
    found = []

    def run_program(name, params, known, seconds):
        found.append((name, seconds))
        raise NoAnswer("it hangs")

    action = npu_audit_info.ActionModule.__new__(npu_audit_info.ActionModule)
    action._task = types.SimpleNamespace(check_mode=False)
    monkeypatch.setattr(npu_audit_info, "prepared", lambda *dummy: ({"model": "m", "picture": "p"}, DIGESTS, None))
    monkeypatch.setattr(action, "can_run_programs", lambda: True, raising=False)
    monkeypatch.setattr(action, "run_program", run_program, raising=False)
    params = {"inference": {"runs": 1, "timeout": 100, "users": ["a", "b"], "services": [], "force": False},
              "library": "/l", "state_dir": "/s", "verify": "always", "keep_model": False}
    assert action._verify(FACTS, PLAN, params, {}, True) == (None, "it hangs")
    # Only a full verification is run as the users.
    action._verify(FACTS, PLAN, params, {}, False)
    assert found == [("proof", 300 + inference.GRACE), ("proof", 100 + inference.GRACE)]
