# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What the plan makes of packages: of the runtime's (case 57 and relatives), of the kernel's, and of other copies."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan import compatibility, planner
from stand_ins.plans.planned_facts import MISSION

DATA = compatibility.load()
RELEASE = "6.1.75-vendor-rk35xx"
PINNED = DATA["runtimes"]["2.3.2"]
MAIN, ARCH = "/usr/lib/librknnrt.so", "/usr/lib/aarch64-linux-gnu/librknnrt.so"
PACKAGED = {
    "path": MAIN, "link": MAIN, "version": "1.6.0", "build": None, "sha256": "1" * 64, "git_blob": None, "size": 7,
    "loader": MAIN, "others": [], "package": "rknpu2-rk3588", "packaged": [MAIN], "diverted": [], "diverted_by": None,
}
# A board of Armbian's, whose kernel package has the same name in each version.
KERNEL = [
    {"name": "linux-image-vendor-rk35xx", "part": "image", "version": "24.11.1", "hold": False},
    {"name": "linux-dtb-vendor-rk35xx", "part": "dtb", "version": "24.11.1", "hold": False},
]
BOARD = {
    **MISSION,
    "board": {"model": "Radxa NX5", "compatible": ["radxa,nx5", "rockchip,rk3588s"], "soc": "rk3588s", "serial": "1"},
    "kernel": {**MISSION["kernel"], "release": RELEASE}, "runtime": PACKAGED, "packages": {"kernel": [], "holds": []},
}


def plan(wanted=None, data=DATA, **parts):
    facts = copy.deepcopy(BOARD)
    for name, values in parts.items():
        facts[name] = dict(facts.get(name) or {}, **values)
    return planner.npu_plan(facts, wanted or {}, data)


def notes(found, word):
    return [note for note in found["notes"] if word in note]


def test_a_library_of_a_package_is_diverted_by_default():
    found = plan()
    assert found["action"] == "dkms_over_builtin"
    runtime = found["runtime"]
    assert (runtime["install"], runtime["package"], runtime["package_policy"], runtime["diverted"]) == (
        True, "rknpu2-rk3588", "divert", [MAIN])
    at = next(number for number, change in enumerate(found["changes"]) if "dpkg-divert" in change)
    assert "package rknpu2-rk3588" in found["changes"][at]
    assert found["changes"][at + 1] == "install librknnrt.so 2.3.2 as " + MAIN and found["changes"][-1] == "reboot"


@pytest.mark.parametrize("policy, change, note", [
    ("hold", "put package rknpu2-rk3588 on hold", "is not upgraded while it is on hold"),
    ("replace", None, "the next upgrade of the package replaces 2.3.2 by its own version"),
])
def test_other_policies(policy, change, note):
    found = plan({"runtime_package": policy})
    assert found["runtime"]["package_policy"] == policy and found["runtime"]["diverted"] == []
    assert (change is None) or change in found["changes"]
    assert not any("dpkg-divert" in entry for entry in found["changes"]) and notes(found, note)


def test_a_package_on_hold_is_not_put_on_hold_again():
    found = plan({"runtime_package": "hold"}, packages={"holds": ["rknpu2-rk3588"]})
    assert found["runtime"]["package_policy"] == "hold" and not any("on hold" in entry for entry in found["changes"])


def test_radxas_links_are_all_diverted():
    found = plan(runtime={"path": ARCH + ".1.6.0", "packaged": [MAIN, ARCH]})
    assert found["runtime"]["diverted"] == [MAIN, ARCH]


def test_once_diverted_the_board_needs_nothing_more():
    ours = {"version": "2.3.2", "sha256": PINNED["sha256"], "git_blob": PINNED["git_blob"], "packaged": [],
            "diverted": [MAIN, ARCH], "loader": ARCH,
            "others": [{"path": ARCH, "version": "2.3.2", "sha256": PINNED["sha256"], "programs": []}]}
    found = plan(runtime=ours, driver={"version": "0.9.6", "module": "rknpu_dkms", "builtin_suppressed": True},
                 boot={"next": "initcall_blacklist=rknpu_init"})
    assert found["action"] == "none" and not found["runtime"]["install"] and found["changes"] == []
    assert found["runtime"]["diverted"] == [MAIN, ARCH]
    assert len(notes(found, "librknnrt.so of package rknpu2-rk3588 is diverted")) == 1
    assert not notes(found, "dynamic loader") and not notes(found, "Another librknnrt.so")


def test_what_another_package_has_diverted_is_refused_before_a_change():
    found = plan(runtime={"package": "vendor-npu", "diverted_by": "vendor-npu"})
    assert (found["action"], found["reason"]) == (
        "unsupported", MAIN + " cannot be diverted: package vendor-npu has diverted it already.")
    assert found["remedy"] == "Set npu_runtime_package to hold or replace." and found["changes"] == []
    assert plan({"runtime_package": "replace"}, runtime={"diverted_by": "vendor-npu"})["action"] == "dkms_over_builtin"


def test_a_library_of_a_package_that_stays_is_named():
    found = plan(runtime={"version": "2.3.2", "sha256": PINNED["sha256"], "git_blob": PINNED["git_blob"]})
    assert not found["runtime"]["install"] and found["runtime"]["diverted"] == []
    assert notes(found, "belongs to package rknpu2-rk3588: an upgrade of the package can bring another version")


def test_unknown_policy():
    with pytest.raises(ValueError, match="runtime_package is 'keep', not one of divert, hold, replace"):
        plan({"runtime_package": "keep"})


def test_copies_with_another_version_and_their_programs():
    """Case 72's relatives: /usr/lib64 of rknn-toolkit2, copies below /opt (airockchip/rknn-toolkit2#563)."""
    others = [{"path": "/usr/lib64/librknnrt.so", "version": "1.5.2", "sha256": "2" * 64,
               "programs": ["python3 (pid 812)"]},
              {"path": "/opt/frigate/lib/librknnrt.so", "version": "2.3.2", "sha256": PINNED["sha256"], "programs": []},
              {"path": "/usr/local/lib/librknnrt.so", "version": None, "sha256": "3" * 64, "programs": []}]
    first, second = notes(plan(runtime={"others": others}), "Another librknnrt.so")
    assert first == ("Another librknnrt.so, /usr/lib64/librknnrt.so, is version 1.5.2: programs that open it do not "
                     "use 2.3.2 (now: python3 (pid 812)).")
    assert second.startswith("Another librknnrt.so, /usr/local/lib/librknnrt.so, is of an unknown version: programs")


def test_models_may_need_the_current_runtime():
    """Case 81, jaylfc/taOS#42: models made with 2.3.0 crash with 2.3.2."""
    assert notes(plan(runtime={"version": "2.3.0"}), "set npu_runtime_version to 2.3.0 to keep it")
    kept = plan({"runtime_version": "2.3.0"}, runtime={"version": "2.3.0"})
    assert not notes(kept, "npu_runtime_version")


# -- the kernel's packages

@pytest.mark.parametrize("hold", [False, True])
def test_headers_for_another_kernel_are_refused_before_a_change(hold):
    """Case 17, armbian/armbian-router#37: the repository has other headers; configng#368: the kernel is on hold."""
    kernel = [dict(entry, hold=hold) for entry in KERNEL]
    offered = {"linux-headers-vendor-rk35xx": {"version": "25.11.2", "release": "6.1.115-vendor-rk35xx"}}
    found = plan(kernel={"headers": False}, packages={"kernel": kernel}, repository={"candidates": offered})
    assert found["action"] == "unsupported" and found["packages"] == []
    assert found["reason"].startswith("Package linux-headers-vendor-rk35xx in the board's repositories is for kernel "
                                      "6.1.115-vendor-rk35xx, and kernel 6.1.75-vendor-rk35xx runs")
    assert ("on hold" in found["reason"]) is ("apt-mark unhold linux-image-vendor-rk35xx" in found["remedy"]) is hold
    assert "apt install linux-image-vendor-rk35xx linux-headers-vendor-rk35xx" in found["remedy"]


@pytest.mark.parametrize("offered", [
    {}, {"linux-headers-vendor-rk35xx": {"version": "25.2.0", "release": RELEASE}},
    {"linux-headers-vendor-rk35xx": {"version": "25.2.0", "release": None}}, "none", {"linux-headers-vendor-rk35xx": 1},
    {"linux-headers-vendor-rk35xx": {"version": "1", "release": ["6.1"]}},
    {"linux-headers-vendor-rk35xx": {"version": {}}}])
def test_headers_of_this_kernel_or_of_an_unknown_one_are_tried(offered):
    found = plan(kernel={"headers": False}, packages={"kernel": KERNEL}, repository={"candidates": offered})
    assert found["action"] == "dkms_over_builtin" and found["packages"] == ["linux-headers-vendor-rk35xx"]


def test_headers_that_ran_ahead_of_a_kernel_on_hold_are_noted():
    """armbian/configng#368, #633: image and device tree are on hold, the headers are not."""
    headers = {"name": "linux-headers-vendor-rk35xx", "part": "headers", "version": "25.2.3", "hold": False}
    found = plan(packages={"kernel": [*(dict(entry, hold=True) for entry in KERNEL), headers]})
    assert notes(found, "may not match the kernel, because linux-image-vendor-rk35xx is on hold")
    assert notes(found, "On hold: linux-image-vendor-rk35xx, linux-dtb-vendor-rk35xx.")
    # Ubuntu's headers have another family of names and versions: nothing can be said.
    other = dict(headers, name="linux-headers-6.1.0-1025-rockchip", version="1")
    assert not notes(plan(packages={"kernel": [*KERNEL, other]}), "may not match")


@pytest.mark.parametrize("offered, noted", [
    ({"version": "25.2.3", "release": "6.1.99-vendor-rk35xx"}, True),
    ({"version": "25.2.3", "release": "6.1.83-vendor-rk35xx"}, False),
    ({"version": "24.11.1", "release": "6.1.99-vendor-rk35xx"}, False), ({"version": "25.2.3", "release": None}, False),
    ({"version": "25.2.3", "release": "nonsense"}, False)])
def test_a_newer_version_of_the_same_kernel_package_is_noted_and_never_chosen(offered, noted):
    data = dict(DATA, updated_kernels=[{"match": "linux-image-vendor-rk35xx", "from": "6.1.84", "driver": "0.9.8"}])
    found = plan(data=data, packages={"kernel": KERNEL},
                 repository={"kernels": [], "candidates": {"linux-image-vendor-rk35xx": offered}})
    assert found["action"] == "dkms_over_builtin"
    assert bool(notes(found, "kernel 6.1.99-vendor-rk35xx and driver 0.9.8. It replaces kernel " + RELEASE)) is noted
