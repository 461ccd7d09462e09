# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The plan: the facts of a board, and the action, reason and remedy that follow."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan import compatibility, planner
from stand_ins.plans.planned_facts import (
    ARGUMENT,
    BULLSEYE,
    DATA,
    HELD,
    MISSION,
    NO_RUNTIME,
    NOT_BOUND,
    OLD_RUNTIME,
    OURS,
    RELEASE,
    RUNTIME,
    STOCK,
    UPGRADED,
    but,
    facts,
    plan,
    upgraded,
)


def test_mission():
    result = plan()
    assert (result["action"], result["module"], result["reboot"], result["deployed"]) == (
        "dkms_over_builtin", "rknpu_dkms", True, False,
    )
    assert result["reason"].startswith("Driver 0.9.3 is built into the kernel; 0.9.6 is wanted.")
    assert result["driver"]["version"] == "0.9.6" and result["driver"]["sha256"] == DATA["drivers"]["0.9.6"]["sha256"]
    assert (result["runtime"]["version"], result["runtime"]["install"]) == ("2.3.2", True)
    assert result["runtime"]["path"] == "/usr/lib/librknnrt.so" and result["runtime"]["path_upstream"].startswith(
        "airockchip/"
    )
    assert result["model"]["key"] == "mobilenet_v1-1.6.0" and result["model"]["file"]["git_blob"].startswith("c51b98f6")
    assert result["model"]["expected_top5"][0] == [283, 0.46875] and result["model"]["tolerance"] == 1 / 256
    assert result["model"]["platform"] == "RK3588"
    assert result["model"]["picture"]["width"] == 224
    assert result["packages"] == []
    assert result["changes"] == [
        "build driver 0.9.6 with DKMS for kernel %s as module rknpu_dkms" % RELEASE,
        "add %s to the kernel arguments in /etc/default/u-boot" % ARGUMENT,
        "load rknpu_dkms at boot",
        "install librknnrt.so 2.3.2 as /usr/lib/librknnrt.so",
        "reboot",
    ]


def test_healthy_board_is_healthy_without_root():
    assert plan(privileged=False, **UPGRADED)["action"] == "none"


def test_old_kernel_with_the_wanted_driver_stays_unchanged():
    assert plan(driver={"version": "0.9.6"}, runtime=RUNTIME, kernel={"release": "4.19.232"})["action"] == "none"


def test_deployed_and_not_rebooted():
    result = plan(
        driver={"files": ["updates/dkms/rknpu_dkms.ko"]}, dkms={"modules": [OURS]}, boot=HELD, runtime=RUNTIME
    )
    assert (result["action"], result["deployed"], result["reboot"], result["changes"]) == (
        "dkms_over_builtin", True, True, ["reboot"],
    )


@pytest.mark.parametrize("dkms, files", [
    ([dict(OURS, state="built")], ["updates/dkms/rknpu_dkms.ko"]),
    ([dict(OURS, kernel="6.1.98-1-rk2312")], ["updates/dkms/rknpu_dkms.ko"]),
    ([dict(OURS, version="0.9.8")], ["updates/dkms/rknpu_dkms.ko"]),
    ([OURS], []),
    ([OURS], ["updates/dkms/rknpu.ko"]),
])
def test_not_deployed_unless_every_part_exists(dkms, files):
    result = plan(driver={"files": files}, dkms={"modules": dkms}, boot=HELD)
    assert result["deployed"] is False and result["changes"][0].startswith("build driver 0.9.6")


def test_a_removed_kernel_argument_is_added_again_without_a_reboot():
    result = plan(**upgraded(boot={"next": "ro quiet"}))
    assert result["reboot"] is False
    assert result["changes"] == [
        "add %s to the kernel arguments in /etc/default/u-boot" % ARGUMENT, "load rknpu_dkms at boot",
    ]


def test_builtin_driver_suppressed_by_hand_with_an_unknown_boot_loader():
    result = plan(driver={"builtin_suppressed": True, "version": None}, device=NOT_BOUND,
                  boot={"loader": "unknown", "config": None, "next": None, "cmdline": "ro " + ARGUMENT})
    assert result["action"] == "dkms_over_builtin"
    assert not any("kernel arguments" in change for change in result["changes"])


@pytest.mark.parametrize("release, package", [
    (RELEASE, "linux-headers-" + RELEASE),
    (STOCK, "linux-headers-" + STOCK),
    ("6.1.115-vendor-rk35xx", "linux-headers-vendor-rk35xx"),
])
def test_packages_of_a_bare_system(release, package):
    result = plan(
        kernel={"release": release, "headers": False}, tools={"make": False, "compiler": False, "dkms": False}
    )
    assert result["packages"] == ["dkms", "make", "gcc", package]
    assert result["changes"][0] == "install the packages dkms, make, gcc, %s" % package


def test_floor_keeps_the_newer_driver_with_its_runtime():
    result = plan({"driver_policy": "floor"}, driver={"version": "0.9.8"})
    assert (result["driver"]["version"], result["runtime"]["version"]) == ("0.9.8", "2.3.2")
    result = plan({"driver_policy": "floor"}, driver={"version": "0.9.9"})
    assert (result["driver"]["version"], result["runtime"]["version"]) == ("0.9.9", "2.3.2")


@pytest.mark.parametrize("soc, address, compatible, pinned", [
    ("rk3588s", "fdab0000", "rockchip,rk3588-rknpu", True), ("rk3582", "fdab0000", "rockchip,rk3588-rknpu", True),
    ("rk3566", "fde40000", "rockchip,rk3568-rknpu", True), ("rk3576", "27700000", "rockchip,rk3576-rknpu", True),
    ("rk3562", "ff300000", "rockchip,rk3562-rknpu", True),
])
def test_socs(soc, address, compatible, pinned):
    result = plan(board={"soc": soc}, device={"address": address, "compatible": [compatible]})
    assert result["action"] == "dkms_over_builtin" and result["soc"] == soc
    assert bool(result["model"]["file"].get("git_blob")) is pinned
    assert any("cannot be verified" in note for note in result["notes"]) is not pinned


def test_no_model_at_all():
    data = compatibility.merged({"runtimes": {"1.4.0": {"model": None}}})
    result = plan({"driver_version": "0.9.6", "runtime_version": "1.4.0"}, data)
    assert result["model"]["file"] is None
    assert (
        "No demo model is known for rk3588 with runtime 1.4.0: the board cannot be verified by inference."
        in result["notes"]
    )


def test_soc_by_its_node_where_the_board_does_not_name_it():
    assert plan(board={"soc": None, "compatible": ["vendor,box", "rockchip,box"]})["soc"] == "rk3588"


def test_notes():
    result = plan(processes=[{"pid": 812, "name": "python3"}], kernel={"release": "6.1.43-rkr3"})
    assert any(note.startswith("The NPU is in use by python3 (pid 812): an upgrade") for note in result["notes"])
    assert "The vendor recommends Linux 6.1.57 or newer for driver 0.9.6." in result["notes"]
    assert any("devfreq" in note for note in plan(kernel={"vendor_headers": False})["notes"])
    result = plan(driver={"presence": "module", "files": ["kernel/drivers/rknpu/rknpu.ko"]})
    assert any("restores it when ours is removed" in note for note in result["notes"])
    result = plan(
        {"runtime_version": "2.3.2", "driver_version": "0.9.6"},
        **upgraded(runtime=dict(RUNTIME, loader="/opt/librknnrt.so")),
    )
    assert any("/opt/librknnrt.so" in note for note in result["notes"])


def test_an_unverified_board_is_verified_before_any_change():
    unproven = but(BULLSEYE, verification=None)
    result = plan(**unproven)
    assert (
        result["action"] == "dkms_over_builtin" and result["baseline"]["runtime"] == "1.6.0"
        and result["baseline"]["required"]
    )
    assert result["baseline"]["model"]["key"] == "mobilenet_v1-1.6.0"
    # Here it decides nothing, and only says what a rollback has to restore.
    assert plan({"driver_policy": "exact"}, **unproven)["baseline"]["required"] is False
    assert plan({"driver_policy": "floor"}, **unproven)["baseline"]["required"] is False
    # During an upgrade the board is no longer what it was before.
    assert (
        planner.npu_plan(dict(facts(**unproven), upgrade={"pending": True}), {"driver_policy": "exact"}, DATA)[
            "baseline"
        ]
        is None
    )
    assert result["current"]["model"] == result["baseline"]["model"] and result["verified"] is None
    assert plan({"driver_policy": "exact"}, **BULLSEYE)["verified"]["diagnosis"] == "ok"
    assert plan(**BULLSEYE)["baseline"] is None
    assert plan(**UPGRADED)["baseline"] is None
    assert plan(**but(unproven, runtime=NO_RUNTIME))["baseline"] is None  # nothing can verify it


def test_a_board_that_may_work_is_verified_before_it_is_called_unsupported():
    result = plan(**but(BULLSEYE, verification=None, kernel={"release": "4.19.232"}))
    assert result["action"] == "unsupported" and result["baseline"]["required"]
    assert (
        plan(
            **but(
                BULLSEYE, kernel={"release": "4.19.232"}, verification=dict(BULLSEYE["verification"], kernel="4.19.232")
            )
        )["action"]
        == "none"
    )


def test_a_driver_known_to_fail_on_this_kernel_need_not_be_verified():
    unproven = {"runtime": OLD_RUNTIME}
    assert plan(**unproven)["baseline"]["required"] is False
    assert plan(**but(unproven, kernel={"release": "5.10.209-1-rk356x"}))["baseline"]["required"] is True


def test_an_unchanged_board_keeps_its_runtime_and_the_model_for_it():
    result = plan(**BULLSEYE)
    assert result["runtime"]["install"] is False and result["runtime"]["version"] == "1.6.0"
    assert result["model"]["key"] == "mobilenet_v1-1.6.0" and result["driver"]["version"] == "0.8.2"


def test_the_command_for_another_kernel_names_that_kernel():
    """The board may run a kernel whose headers are in order."""
    log = ["/bin/sh: 1: scripts/basic/fixdep: Exec format error"]
    found = planner.npu_plan(dict(facts(**UPGRADED), kernels=[
        {"release": "6.1.100+", "running": False, "build_log": log}]), {}, DATA)["notes"]
    assert any("cd /lib/modules/6.1.100+/build && " in note for note in found)


@pytest.mark.parametrize("kernels, said", [
    ([{"release": "6.1.100", "running": False, "build_log": ["cc: No space left on device"]}], True),
    ([{"release": "6.1.100", "running": False, "build_log": []}], False),
    ([{"release": RELEASE, "running": True, "build_log": ["x"]}], False),
])
def test_a_kernel_without_its_driver_is_noted(kernels, said):
    notes = plan(**upgraded())["notes"]
    assert not any("could not be built" in note for note in notes)
    found = planner.npu_plan(dict(facts(**UPGRADED), kernels=kernels), {}, DATA)["notes"]
    assert (
        any(
            "Kernel 6.1.100 is installed, but driver 0.9.6 could not be built for it: the disk is full" in note
            for note in found
        )
        is said
    )


@pytest.mark.parametrize("wanted, message", [
    ({"driver_version": "1.0.0"}, "driver version 1.0.0 is not in the compatibility data .known: 0.7.2, .*0.9.8."),
    ({"runtime_version": "9.9.9"}, "runtime version 9.9.9"),
    ({"driver_policy": "latest"}, "not one of working, floor, exact"),
    ({"driver_strategy": "x"}, "not one of"),
    ({"drivers": "0.9.6"}, "unknown keys in wanted: drivers"),
])
def test_invalid_wanted_values_are_errors(wanted, message):
    with pytest.raises(ValueError, match=message):
        plan(wanted)


@pytest.mark.parametrize("value", [None, {}, {"board": {}}, []])
def test_no_facts(value):
    with pytest.raises(ValueError, match="Run rkfleet.npu.npu_facts first"):
        planner.npu_plan(value, {}, DATA)


def test_pure():
    before, data = facts(), copy.deepcopy(DATA)
    result = planner.npu_plan(before, {}, data)
    assert before == MISSION and data == DATA
    assert result == planner.npu_plan(before, {}, data)


def test_facts_of_a_tree_make_a_plan(board, gather):
    tree = board.base().npu().builtin().headers().tools().u_boot_menu()
    found = gather(tree)
    found["space"] = MISSION["space"]
    result = planner.npu_plan(found, {}, DATA)
    assert (result["action"], result["packages"]) == ("dkms_over_builtin", [])


def test_facts_of_an_empty_tree_make_a_plan(board, gather):
    assert planner.npu_plan(gather(board), {}, DATA)["action"] == "unsupported"


@pytest.mark.parametrize("demanded", ["config", "argument", "lockdown"])
def test_a_kernel_that_requires_signatures_is_supported_with_a_key(demanded):
    result = plan({"signing": True}, kernel={"signatures": demanded})
    assert result["action"] == "dkms_over_builtin"
    assert any("loads signed modules only" in note and "npu_signing_cert" in note for note in result["notes"])
    assert not any("signed" in note for note in plan({"signing": True})["notes"])


def test_an_interrupted_dpkg_run_is_completed():
    assert "complete the interrupted dpkg run" in plan(tools={"packages_interrupted": True})["changes"]
    assert "complete the interrupted dpkg run" not in plan()["changes"]
    assert plan(**upgraded(tools={"packages_interrupted": True}))["action"] == "none"
