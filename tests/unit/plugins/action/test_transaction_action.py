# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A step of an upgrade whose answer is lost with the connection is asked for again."""

from __future__ import annotations

import types

import pytest
from ansible.errors import AnsibleAuthenticationFailure, AnsibleConnectionFailure
from ansible_collections.rkfleet.npu.plugins.action import npu_transaction
from ansible_collections.rkfleet.npu.plugins.plugin_utils._answers.limits import OutOfTime

CLOSED = AnsibleConnectionFailure("Connection closed")


@pytest.fixture
def step(monkeypatch):
    """Run a step whose first answers are lost; return (result, how often it was run, pauses)."""
    def make(state, lost, error=CLOSED):
        made = object.__new__(npu_transaction.ActionModule)
        made._task = types.SimpleNamespace(args={"state": state})
        made._connection = types.SimpleNamespace(_shell=types.SimpleNamespace(tmpdir="/there"))
        calls, pauses = [], []

        def run_task(*_args, **_more):
            calls.append(1)
            if len(calls) <= lost:
                raise error
            return {"changed": True, "note": ""}

        made.run_task = run_task
        monkeypatch.setattr(npu_transaction.time, "sleep", pauses.append)
        try:
            return made.act({}, {"inventory_hostname": "a"}), len(calls), pauses
        except AnsibleConnectionFailure:
            return None, len(calls), pauses

    return make


@pytest.mark.parametrize("state, lost, done, calls", [
    ("committed", 0, True, 1), ("committed", 1, True, 2), ("begun", 3, True, 4), ("closed", 4, False, 4),
    # Not to be repeated: the second time there is nothing to restore, so it would not say that a reboot is required.
    ("restored", 1, False, 1), ("alive", 1, False, 1),
])
def test_how_often_a_step_is_run(step, state, lost, done, calls):
    result, made, pauses = step(state, lost)
    assert bool(result) is done and made == calls
    assert pauses == list(npu_transaction.PAUSES[: calls - 1])


@pytest.mark.parametrize("error", [OutOfTime("it did not answer within 900 s"), AnsibleAuthenticationFailure("denied")])
def test_a_step_is_not_repeated_where_that_cannot_help(step, error):
    assert step("committed", 1, error) == (None, 1, [])
