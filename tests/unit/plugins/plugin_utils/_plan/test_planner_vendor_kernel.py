# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Plans that install the vendor's kernel."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan import (
    planner,  # noqa: E402
)
from stand_ins.planned_facts import DATA, OURS, RELEASE, UPGRADED, facts, upgraded

RULES = [{"match": r"linux-image-6\.1\.\d+-\d+-rk2410", "driver": "0.9.8", "source": "test", "confidence": "I"}]
OFFER = {"kernels": ["linux-image-6.1.99-2-rk2410", "linux-image-6.1.99-1-rk2312", "linux-image-6.1.84-9-rk2410"]}


def plan_with_offer(wanted, offer, **changes):
    return planner.npu_plan(dict(facts(**changes), repository=offer), wanted, dict(DATA, vendor_kernels=RULES))


@pytest.mark.parametrize("wanted, offer, action", [
    ({}, OFFER, "vendor_kernel"),
    ({"driver_policy": "floor"}, OFFER, "vendor_kernel"),
    ({"driver_strategy": "vendor_kernel"}, OFFER, "vendor_kernel"),
    ({"driver_policy": "exact", "driver_version": "0.9.8"}, OFFER, "vendor_kernel"),
    ({"driver_strategy": "dkms"}, OFFER, "dkms_over_builtin"),
    ({"driver_policy": "exact"}, OFFER, "dkms_over_builtin"),
    ({}, {"kernels": ["linux-image-6.1.84-9-rk2410"]}, "dkms_over_builtin"),  # older than the one that runs
    ({}, {"kernels": ["linux-image-6.1.99-2-rk9999"]}, "dkms_over_builtin"),
    ({}, None, "dkms_over_builtin"),
])
def test_the_vendors_kernel_is_chosen_if_the_repository_has_a_suitable_one(wanted, offer, action):
    assert plan_with_offer(wanted, offer)["action"] == action


def test_changes_of_the_vendors_kernel():
    result = plan_with_offer({}, OFFER)
    assert (result["packages"], result["kernel"], result["reboot"], result["replaces"]) == (
        ["linux-image-6.1.99-2-rk2410"], "6.1.99-2-rk2410", True, None)
    assert (result["driver"]["version"], result["runtime"]["version"]) == ("0.9.8", "2.3.2")
    assert result["changes"][0] == "install linux-image-6.1.99-2-rk2410; kernel %s stays installed" % RELEASE
    assert result["changes"][-1] == "reboot"


def test_the_vendors_kernel_replaces_our_driver_and_its_kernel_argument():
    old = [dict(OURS, version="0.9.3")]
    ours = upgraded(driver=dict(UPGRADED["driver"], version="0.9.3"), dkms={"modules": old})
    result = plan_with_offer({}, OFFER, **ours)
    assert result["action"] == "vendor_kernel"
    assert result["replaces"] == {"module": "rknpu_dkms", "versions": ["0.9.3"], "initcalls": ["rknpu_init"]}
