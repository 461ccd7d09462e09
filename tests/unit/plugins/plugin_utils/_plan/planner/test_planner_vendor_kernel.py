# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Plans that install the vendor's kernel."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan import (
    planner,  # noqa: E402
)
from stand_ins.plans.planned_facts import DATA, OURS, RELEASE, UPGRADED, facts, upgraded

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


GRUB = {"loader": "grub", "update": "/usr/sbin/grub-mkconfig"}
GRUBS, U_BOOTS = {"path": "/etc/default/grub"}, {"path": "/etc/default/u-boot"}
MENU = {"path": "/boot/extlinux/extlinux.conf", "text": "label a\n linux /boot/vmlinuz-%s\n append rw\n" % RELEASE}


@pytest.mark.parametrize("boot, starts", [
    # Menus by hand, Armbian and DietPi with Radxa's repository, and images with the kernel in a partition.
    ({"loader": "extlinux", "config": MENU["path"], "update": None}, False),
    ({"loader": "armbian", "config": "/boot/armbianEnv.txt", "update": None}, False),
    ({"loader": "boot-image", "config": None, "update": None}, False),
    ({"loader": "update-extlinux", "update": "/usr/local/sbin/update_extlinux.sh"}, True),
    ({"loader": "efi", "update": None}, True), (GRUB, True),
    (dict(GRUB, files=[dict(GRUBS, text="GRUB_DEFAULT=0\n")]), True),
    (dict(GRUB, files=[dict(GRUBS, text="GRUB_DEFAULT='1>2'\n")]), False),
    ({"files": [MENU, dict(U_BOOTS, text="U_BOOT_DEFAULT=l1\n")]}, False),
    ({"files": [MENU, dict(U_BOOTS, text="U_BOOT_DEFAULT='\n")]}, False),
    ({"files": [MENU, dict(U_BOOTS, text="#U_BOOT_DEFAULT=l1\n")]}, True),
])
def test_a_kernel_that_the_boot_loader_would_not_start_is_not_chosen(boot, starts):
    boot = dict(facts()["boot"], next="ro initcall_blacklist=rknpu_init", **boot)
    result = plan_with_offer({}, OFFER, boot=boot)
    assert (result["action"] == "vendor_kernel") is starts
    assert any("would not start by itself" in note for note in result["notes"]) is not starts
    result = plan_with_offer({"driver_strategy": "vendor_kernel"}, OFFER, boot=boot)
    assert result["action"] == ("vendor_kernel" if starts else "unsupported")
    assert starts or "linux-image-6.1.99-2-rk2410 with driver 0.9.8, which" in result["reason"]


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
