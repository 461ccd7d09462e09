# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Questions about a board, whatever is missing in its facts and its plan."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan import predicates

FACTS = {
    "kernel": {"release": "6.1"},
    "driver": {"version": "0.9.6"},
    "runtime": {"sha256": "a"},
    "upgrade": {"pending": False},
}
SETUP = {"kernel": "6.1", "driver": "0.9.6", "runtime_sha256": "a"}


@pytest.mark.parametrize(
    "plan, work",
    [
        ({"action": "none", "runtime": {"install": False}}, False),
        ({"action": "none", "runtime": {"install": True}}, True),
        ({"action": "dkms"}, True),
        ({"action": "none", "runtime": None}, False),
        ({"action": "none", "runtime": {"install": "yes"}}, False),
        ({}, True),
    ],
)
def test_work(plan, work):
    assert predicates.has_work(plan) is work and predicates.needs_nothing(plan, FACTS) is not work
    assert predicates.needs_nothing(plan, {"upgrade": {"pending": True}}) is False


@pytest.mark.parametrize(
    "verification, facts, current",
    [
        (SETUP, FACTS, True),
        (dict(SETUP, kernel="6.2"), FACTS, False),
        (dict(SETUP, driver="0.9.3"), FACTS, False),
        (dict(SETUP, runtime_sha256=None), FACTS, False),
        ({}, FACTS, False),
        ({"kernel": None, "driver": None, "runtime_sha256": None}, {}, False),
        ({}, {"driver": None}, False),
    ],
)
def test_a_verification_is_of_this_kernel_driver_and_runtime(verification, facts, current):
    assert predicates.is_current(verification, facts) is current
    told = dict(facts, verification=dict(verification, diagnosis="crash"))
    assert (
        predicates.current_diagnosis(told) == ("crash" if current else None)
        and predicates.current_diagnosis(dict(facts, verification="x")) is None
    )
    assert predicates.setup_of(FACTS) == SETUP


@pytest.mark.parametrize(
    "facts, pending", [(FACTS, False), ({"upgrade": {"pending": True}}, True), ({"upgrade": 7}, False), ({}, False)]
)
def test_pending(facts, pending):
    assert predicates.is_pending(facts) is pending
