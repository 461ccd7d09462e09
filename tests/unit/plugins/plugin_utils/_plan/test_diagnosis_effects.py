# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What a plan may change because of a diagnosis."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan.diagnosis_effects import may_change


@pytest.mark.parametrize(("name", "changes"), [
    ("ok", "nothing"), ("driver", "driver"), ("timeout", "driver"), ("crash", "driver"), ("device", "nothing"),
    ("memory", "nothing"), ("model", "nothing"), ("busy", "nothing"), ("of another release", "nothing"),
])
def test_a_diagnosis_changes_only_what_it_proves(name, changes):
    assert may_change(name) == {changes}


def test_a_runtime_is_changed_unless_the_fault_is_elsewhere_on_the_board():
    assert may_change("runtime") == {"runtime", "nothing"}
