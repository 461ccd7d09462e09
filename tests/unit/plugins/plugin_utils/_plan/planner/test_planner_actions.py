# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The action that a plan has, and its reason."""

from __future__ import annotations

import pytest
from stand_ins.plans.planned_facts import (
    BULLSEYE,
    HELD,
    NOT_BOUND,
    OLD_RUNTIME,
    OURS,
    RUNTIME,
    STOCK,
    UPGRADED,
    facts,
    plan,
    record,
    upgraded,
)

NEWER_OF_OURS = upgraded(
    driver=dict(UPGRADED["driver"], version="0.9.8"), dkms={"modules": [dict(OURS, version="0.9.8")]})
NO_DRIVER = {"presence": "absent", "version": None, "render_node": None, "builtin_version": None}

# case, changes to the mission's facts, wanted, (action, part of the reason)
CASES = [
    ("upgraded", UPGRADED, {}, "none", "Driver 0.9.6 answers (module rknpu_dkms), as wanted."),
    (
        "built-in is the wanted one", {"driver": {"version": "0.9.6"}, "runtime": RUNTIME}, {}, "none",
        "built into the kernel",
    ),
    (
        "newer than the floor", {"driver": {"version": "0.9.8"}, "runtime": RUNTIME}, {"driver_policy": "floor"},
        "none", "at or above the floor 0.9.6",
    ),
    (
        "newer, but exact", {"driver": {"version": "0.9.8"}}, {"driver_policy": "exact"}, "dkms_over_builtin",
        "0.9.8 is built into the kernel; 0.9.6 is wanted",
    ),
    (
        "newer and not tried", {"driver": {"version": "0.9.8"}, "runtime": RUNTIME}, {}, "none",
        "at or above the floor 0.9.6",
    ),
    (
        "newer and fails",
        {"driver": {"version": "0.9.8"}, "runtime": RUNTIME, "verification": record("0.9.8", "device")},
        {}, "none", "Driver 0.9.8 answers (built into the kernel), at or above",
    ),
    (
        "newer and fails, exact",
        {"driver": {"version": "0.9.8"}, "runtime": RUNTIME, "verification": record("0.9.8", "driver")},
        {"driver_policy": "exact"}, "dkms_over_builtin", "0.9.8 is built into the kernel; 0.9.6 is wanted",
    ),
    (
        "newer, and ours",
        NEWER_OF_OURS, {}, "none", "Driver 0.9.8 answers (module rknpu_dkms), as wanted",
    ),
    (
        "newer, and ours, exact", NEWER_OF_OURS, {"driver_policy": "exact"}, "dkms_over_builtin",
        "0.9.8 is module rknpu_dkms; 0.9.6 is wanted",
    ),
    ("below the floor", {}, {"driver_policy": "floor"}, "dkms_over_builtin", "0.9.6 or newer is wanted"),
    (
        "works and stays unchanged", BULLSEYE, {}, "none",
        "it stays unchanged, although 0.9.6 is the release wanted. Set npu_driver_policy to floor or exact",
    ),
    (
        "works, but a floor is set", BULLSEYE, {"driver_policy": "floor"}, "dkms_over_builtin",
        "0.9.6 or newer is wanted",
    ),
    ("works, but exact", BULLSEYE, {"driver_policy": "exact"}, "dkms_over_builtin", "0.9.6 is wanted"),
    (
        "does not work", dict(BULLSEYE, verification=record("0.8.2", "driver", OLD_RUNTIME)), {}, "dkms_over_builtin",
        "and MobileNet fails with it; 0.9.6 is wanted",
    ),
    (
        "verified with another driver", dict(BULLSEYE, verification=record("0.9.3", runtime=OLD_RUNTIME)), {},
        "dkms_over_builtin", "0.8.2",
    ),
    (
        "verified with another runtime", dict(BULLSEYE, verification=dict(record("0.8.2"), runtime_sha256="0" * 64)),
        {}, "dkms_over_builtin", "0.8.2",
    ),
    (
        "verified with another kernel",
        dict(BULLSEYE, verification=dict(record("0.8.2", runtime=OLD_RUNTIME), kernel="5.10.1")), {},
        "dkms_over_builtin", "0.8.2",
    ),
    (
        "kernel's own module",
        {"driver": {"presence": "module", "module": "rknpu", "files": ["kernel/drivers/rknpu/rknpu.ko"]}},
        {}, "dkms", "0.9.3 is module rknpu",
    ),
    (
        "stock kernel", {"driver": NO_DRIVER, "device": NOT_BOUND, "kernel": {"release": STOCK}}, {}, "dkms",
        "Kernel %s has no NPU driver" % STOCK,
    ),
    (
        "suppressed, module gone with a kernel update",
        {"driver": {"version": None, "builtin_suppressed": True}, "device": NOT_BOUND, "boot": HELD},
        {}, "dkms_over_builtin", "suppressed and no module replaces it",
    ),
    (
        "built in, but the probe failed", {"driver": {"version": None}, "device": NOT_BOUND}, {}, "dkms_over_builtin",
        "No driver is bound",
    ),
    ("version unread", {"driver": {"version": None}}, {}, "dkms_over_builtin", "cannot be read"),
    (
        "argument taken out since", upgraded(boot={"next": "ro quiet"}), {}, "dkms_over_builtin",
        "would return at the next boot",
    ),
    ("5.10", {"kernel": {"release": "5.10.209-1-rk356x"}}, {}, "dkms_over_builtin", "0.9.6 is wanted"),
    ("backports kernel", {"kernel": {"release": "6.12.32+deb12-arm64"}}, {}, "dkms_over_builtin", "0.9.6 is wanted"),
    ("another release", {}, {"driver_version": "0.9.8"}, "dkms_over_builtin", "0.9.8 is wanted"),
]


@pytest.mark.parametrize(
    "changes, wanted, action, reason", [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_action_and_reason(changes, wanted, action, reason):
    result = plan(wanted, **changes)
    assert result["action"] == action
    assert reason in result["reason"]
    assert result["module"] == {"none": None, "dkms": "rknpu", "dkms_over_builtin": "rknpu_dkms"}[action]
    assert result["remedy"] == ""


def test_what_ours_needs_to_start_again_is_no_reason_for_an_older_driver():
    """The argument that suppresses the built-in driver is gone from the boot configuration."""
    lost = dict(NEWER_OF_OURS, boot=dict(facts(**NEWER_OF_OURS)["boot"], next="ro quiet"))
    result = plan(**lost)
    assert result["action"] == "dkms_over_builtin" and result["driver"]["version"] == "0.9.8"


FAULTS = [  # diagnosis; action with driver 0.9.3, which the data has as failing on 6.1; with 0.8.8; with 0.9.8
    ("driver", "dkms_over_builtin", "dkms_over_builtin", "none"),
    ("timeout", "dkms_over_builtin", "dkms_over_builtin", "none"),
    ("crash", "dkms_over_builtin", "dkms_over_builtin", "none"),
    ("runtime", "dkms_over_builtin", "none", "none"),
    ("memory", "unsupported", "unsupported", "none"),
    ("device", "unsupported", "unsupported", "none"),
    ("model", "unsupported", "unsupported", "none"),
    ("of another release", "unsupported", "unsupported", "none"),
]


@pytest.mark.parametrize("diagnosis, known, older, newer", FAULTS)
def test_a_driver_is_replaced_only_where_the_diagnosis_proves_it(diagnosis, known, older, newer):
    for version, action in (("0.9.3", known), ("0.8.8", older), ("0.9.8", newer)):
        failing = {"driver": {"version": version}, "runtime": RUNTIME, "verification": record(version, diagnosis)}
        result = plan(**failing)
        assert result["action"] == action, version
        assert result["baseline"] is None or action == "unsupported"
        # Who sets a policy wants that version, whatever MobileNet says.
        assert plan({"driver_policy": "exact"}, **failing)["action"] == "dkms_over_builtin"


def test_a_board_stops_with_the_remedy_of_its_diagnosis_and_is_tried_again_the_next_time():
    told = dict(record("0.9.3", "memory"), evidence="rknn_init {{ returned }} -4", remedy="free memory")
    failing = {"driver": {"version": "0.9.3"}, "runtime": RUNTIME, "verification": told}
    result = plan(**failing)
    assert result["reason"] == ("MobileNet fails with driver 0.9.3 (memory: rknn_init  returned }} -4), "
                                "which another driver does not fix.")
    assert result["remedy"].startswith("Free memory, or set npu_driver_policy to floor")
    assert result["baseline"]["required"] is False  # the data knows 0.9.3
    now = plan(**dict(failing, verification=dict(told, fresh=True)))
    assert now["action"] == "unsupported" and now["baseline"] is None


@pytest.mark.parametrize("verdict", [
    {"diagnosis": "runtime"}, {"diagnosis": "crash", "evidence": "SIGBUS in dlopen"}])
def test_a_damaged_runtime_is_replaced_and_the_driver_is_not(verdict):
    failing = {"driver": {"version": "0.8.8"}, "runtime": OLD_RUNTIME,
               "verification": {**record("0.8.8", "runtime", OLD_RUNTIME), **verdict}}
    result = plan(**failing)
    assert result["action"] == "none" and result["runtime"]["install"] and not result["reboot"]
    assert "the driver stays unchanged" in result["reason"] and result["notes"]
