# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The filter as a template uses it."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleError
from ansible_collections.rkfleet.npu.plugins.filter.npu_plan import FilterModule, npu_plan


def test_facts_and_nothing_else(board, gather):
    facts = gather(board.base().npu().builtin().headers().tools().u_boot_menu())
    assert npu_plan(facts)["action"] == "dkms_over_builtin"
    assert FilterModule().filters() == {"npu_plan": npu_plan}


def test_a_verification_since_the_facts_were_read_counts(board, gather):
    facts = gather(board.base().npu().builtin().headers().tools().u_boot_menu())
    facts["driver"]["version"] = "0.8.2"
    assert npu_plan(facts)["action"] == npu_plan(facts, tried={"diagnosis": "driver"})["action"] == "dkms_over_builtin"
    plan = npu_plan(facts, tried={"diagnosis": "ok"})
    assert plan["action"] == "none" and plan["unchanged"] is True
    assert npu_plan(facts, {"driver_version": "0.8.2"}, tried={"diagnosis": "ok"})["unchanged"] is False


@pytest.mark.parametrize("wanted, compatibility, message", [
    ({"driver_version": "7.7.7"}, None, "driver version 7.7.7 is not in the compatibility data"),
    ({}, {"drivers": {"0.9.6": {"sha256": 1}}}, "npu_compatibility: drivers.0.9.6.sha256 must be of type string"),
    ({}, {"a": 1, "b": 2}, "(and 1 more)"),
    ({}, "text", "must be a dictionary"),
])
def test_errors_are_reported_in_one_sentence(board, gather, wanted, compatibility, message):
    with pytest.raises(AnsibleError) as error:
        npu_plan(gather(board), wanted, compatibility)
    assert message in str(error.value) and "\n" not in str(error.value)
