# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Which boards a query selects while an upgrade of theirs is pending."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.action import npu_audit_info
from ansible_collections.rkfleet.npu.plugins.plugin_utils._rollout import select as _select


@pytest.mark.parametrize("text, pending, origin, selected", [
    ("driver.version < '0.9.6'", True, "0.9.3", True), ("driver.version < '0.9.6'", False, "0.9.3", False),
    ("driver.version < '0.9.6'", True, None, False), ("name == 'other'", True, "0.9.3", False),
    ("driver.version > '0.9.5'", True, "0.9.3", True),
])
def test_a_board_whose_upgrade_was_interrupted_is_selected_as_before_it(text, pending, origin, selected):
    facts = {"board": {"model": "Radxa ROCK 5B"}, "kernel": {"release": "6.1.84"}, "driver": {"version": "0.9.6"},
             "upgrade": {"pending": pending, "driver": {"from": origin, "to": "0.9.6"}}}
    known, result = {"ansible_facts": {"npu": facts}, "__npu_plan": {"action": "none"}}, {"not_selected": None}
    assert npu_audit_info.is_not_selected(result, _select.Query(text), "here", known, resumes=True) is not selected
    assert (result["not_selected"] is None) is selected
    del facts["upgrade"]["driver"]["from"]
    assert npu_audit_info.is_not_selected({}, None, "here", known, resumes=True) is False
    npu_audit_info.is_not_selected({}, _select.Query(text), "here", known, resumes=True)
    # An audit is about what is there now.
    assert npu_audit_info.is_not_selected({}, _select.Query("driver.version < '0.9.6'"), "here", known)
