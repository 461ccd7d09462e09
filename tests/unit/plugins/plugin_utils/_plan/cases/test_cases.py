# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Kinds of boards by their trees, through the facts to the plan. The marks make the table of docs/boards.md."""

from __future__ import annotations

import os
import re
import stat
import struct
import types

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._facts import driver as _driver
from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan import compatibility, planner
from stand_ins.plans.planned_trees import BSP, BUILTIN, DATA, SPACE, SPELT, STOCK, one_sentence, prove

MODULE = BSP + "CONFIG_ROCKCHIP_RKNPU=m\nCONFIG_ROCKCHIP_RKNPU_DRM_GEM=y\n"


# -- how the driver is there ----------------------------------------------------------------------------------


@pytest.mark.case(case="bullseye, Linux 5.10, driver 0.8.2 built into the vendor's kernel, MobileNet works", plan="none",
                  result="unchanged; the reason names the driver and what to set to change it")
def test_old_driver_that_works_stays_unchanged(bullseye, planned):
    facts, plan = planned(bullseye, ("0.8.2", "20220829", "drm_ioctl"), driver_policy="working")
    assert (facts["os"]["codename"], facts["driver"]["presence"], facts["driver"]["version"]) == ("bullseye", "builtin", "0.8.2")
    assert (plan["action"], plan["changes"], plan["packages"], plan["reboot"]) == ("none", [], [], False)
    assert "Driver 0.8.2" in plan["reason"] and "MobileNet works" in plan["reason"] and "npu_driver_policy" in plan["reason"]
    assert plan["runtime"]["install"] is False and plan["runtime"]["version"] == "1.6.0"


@pytest.mark.case(case="bullseye, Linux 5.10, driver 0.8.2 built into the vendor's kernel, npu_driver_policy: floor or exact",
                  plan="dkms_over_builtin", result="upgraded to the wanted driver")
@pytest.mark.parametrize("policy", ["floor", "exact"])
def test_old_driver_that_works_is_upgraded_under_other_policies(bullseye, planned, policy):
    unused, plan = planned(bullseye, ("0.8.2", "20220829", "drm_ioctl"), driver_policy=policy, driver_version="0.9.6")
    assert plan["action"] == "dkms_over_builtin" and "0.8.2" in plan["reason"] and "0.9.6" in plan["reason"]
    assert "The vendor recommends Linux 5.10.198 or newer for driver 0.9.6." in plan["notes"]


def test_a_driver_at_the_floor_stays_unchanged(bullseye, planned):
    assert planned(bullseye, ("0.8.2", None, "drm_ioctl"), driver_policy="floor", driver_version="0.8.2")[1]["action"] == "none"


@pytest.mark.case(case="bookworm, vendor kernel, driver 0.9.3 built in, MobileNet fails", plan="dkms_over_builtin",
                  result="driver 0.9.6 as module rknpu_dkms, the built-in one suppressed by a kernel argument")
def test_builtin_that_fails(board, planned):
    release = "6.1.43-15-rk2312"
    board.base(release=release, config=BUILTIN).npu().builtin(release).headers(release).tools().u_boot_menu()
    unused, plan = planned(prove(board, release, "0.9.3", "driver"), driver_policy="working")
    assert (plan["action"], plan["module"], plan["reboot"]) == ("dkms_over_builtin", "rknpu_dkms", True)
    assert "add %s to the kernel arguments in /etc/default/u-boot" % SPELT in plan["changes"]


@pytest.fixture
def as_module(board):
    """bookworm with a vendor kernel that has driver 0.9.3 as its own module, loaded and bound."""
    release, path = "6.1.192-1-rk2312m", "kernel/drivers/rknpu/rknpu.ko"
    board.base(release=release, config=MODULE).npu().headers(release).tools().u_boot_menu()
    board.write("/lib/modules/%s/%s" % (release, path)).write("/lib/modules/%s/modules.dep" % release, path + ":\n").bound_module("rknpu")
    return prove(board, release, "0.9.3", "driver")


@pytest.mark.case(case="bookworm, vendor kernel, driver 0.9.3 as a module (=m)", plan="dkms",
                  result="module rknpu of DKMS replaces it, no kernel argument; the kernel's own is kept and restored on rollback")
def test_module_of_the_kernel_is_overridden(as_module, planned):
    facts, plan = planned(as_module, driver_policy="working")
    assert (facts["driver"]["presence"], facts["driver"]["module"], facts["driver"]["files"]) == ("module", "rknpu", ["kernel/drivers/rknpu/rknpu.ko"])
    assert (plan["action"], plan["module"], plan["reboot"]) == ("dkms", "rknpu", True)
    assert "DKMS keeps the kernel's own module rknpu and restores it when ours is removed." in plan["notes"]
    assert not any("kernel arguments" in change for change in plan["changes"])


def test_module_of_the_kernel_put_aside_by_dkms(as_module, planned, board):
    release = "6.1.192-1-rk2312m"
    board.dkms("rknpu", release=release, ours=True)
    # DKMS moves the kernel's own module into its tree.
    (board.root / "lib/modules" / release / "kernel/drivers/rknpu/rknpu.ko").unlink()
    board.write("/var/lib/dkms/rknpu/original_module/%s/aarch64/rknpu.ko" % release)
    facts, plan = planned(as_module, ("0.9.6", "20240322", "drm_ioctl"), driver_policy="exact", runtime_version="1.6.0")
    assert (facts["driver"]["presence"], facts["driver"]["files"]) == ("module", ["updates/dkms/rknpu.ko"])
    assert facts["dkms"]["modules"][0]["original"] is True
    assert "Driver 0.9.6 answers (module rknpu), as wanted." in plan["reason"]


@pytest.mark.case(case="Debian's stock kernel 6.1: no driver, none of the vendor's headers", plan="dkms",
                  result="module rknpu is built without frequency scaling, which plan and report note")
def test_stock_kernel(board, planned):
    release = "6.1.0-31-arm64"
    board.base(release=release, config=STOCK).npu(driver=None).headers(release).tools().u_boot_menu()
    facts, plan = planned(board)
    assert (facts["driver"]["presence"], facts["driver"]["version"], facts["device"]["driver"]) == (
        "absent", None, None,
    )
    assert facts["kernel"]["vendor_headers"] is False
    assert (plan["action"], plan["module"]) == ("dkms", "rknpu")
    assert any("devfreq" in note for note in plan["notes"])
    assert not any("kernel arguments" in change for change in plan["changes"])


@pytest.mark.case(
    case="mainline with rocket bound", plan="unsupported",
    result="the remedy names two choices: a vendor kernel with its device tree, or rocket with Mesa's Teflon and without RKNN",
)
@pytest.mark.parametrize("driver", ["rocket", None])
def test_rocket(board, planned, driver):
    board.base(release="6.18.3-arm64", config=STOCK + "CONFIG_DRM_ACCEL_ROCKET=m\n").npu(
        compatible="rockchip,rk3588-rknn-core", driver=driver
    )
    board.write("/dev/accel/accel0").headers("6.18.3-arm64").tools()
    facts, plan = planned(board)
    assert facts["driver"]["presence"] == "rocket" and facts["driver"]["render_node"] is None
    assert plan["action"] == "unsupported" and one_sentence(plan["reason"]) and "rocket" in plan["reason"]
    assert re.match("Either boot a vendor kernel .*, or stay on mainline", plan["remedy"])


@pytest.mark.case(case="DMA_HEAP variant of the driver with /dev/rknpu", plan="dkms_over_builtin",
                  result="its version is read through its own ioctl; it is upgraded to the wanted driver")
def test_dma_heap_variant(board, planned, monkeypatch):
    release, asked = "5.10.110-rockchip-rk3588", []
    board.base(release=release, config=BSP + "CONFIG_ROCKCHIP_RKNPU=y\nCONFIG_ROCKCHIP_RKNPU_DMA_HEAP=y\n").npu(
        drm=None
    ).builtin(release)
    board.write("/dev/rknpu").headers(release).tools().write("/boot/orangepiEnv.txt", "verbosity=1\n")

    def ioctl(handle, request, argument):
        asked.append((request, struct.unpack("=II", argument)))
        return struct.pack("=II", 1, 803)

    monkeypatch.setattr(_driver.fcntl, "ioctl", ioctl)
    monkeypatch.setattr(
        _driver.os, "fstat",
        lambda handle, fstat=os.fstat: types.SimpleNamespace(st_mode=stat.S_IFCHR | fstat(handle).st_mode & 0o777),
    )
    facts = {}
    version = _driver.ask(str(board.root / "dev/rknpu"), dma_heap=True)
    monkeypatch.undo()
    assert asked == [(0xC0087200, (1, 0))] and version == ("0.8.3", None, "rknpu_ioctl")
    facts, plan = planned(board, version, driver_policy="exact")
    assert (facts["driver"]["render_node"], facts["driver"]["version_source"]) == ("/dev/rknpu", "rknpu_ioctl")
    assert plan["action"] == "dkms_over_builtin" and "Driver 0.8.3" in plan["reason"]


# -- boards and SoCs --------------------------------------------------------------------------------------------

BOARDS = [
    pytest.param(
        "Radxa ROCK 5B",
        ("radxa,rock-5b", "rockchip,rk3588"),
        "fdab0000", "rknpu",
        marks=pytest.mark.case(
            case="SoC RK3588 (ROCK 5B, ROCK 5B+, Orange Pi 5 Plus)", plan="as its driver needs",
            result="node fdab0000, three cores, model in RK3588",
        ),
    ),
    ("Radxa ROCK 5B+", ("radxa,rock-5b-plus", "rockchip,rk3588"), "fdab0000", "rknpu"),
    ("Xunlong Orange Pi 5 Plus", ("xunlong,orangepi-5-plus", "rockchip,rk3588"), "fdab0000", "rknpu"),
    pytest.param(
        "Radxa ROCK 5A",
        ("radxa,rock-5a", "rockchip,rk3588s"),
        "fdab0000", "rknpu",
        marks=pytest.mark.case(
            case="SoC RK3588S (ROCK 5A, ROCK 5C, Orange Pi 5, NanoPi R6S, Khadas Edge2)", plan="as its driver needs",
            result="as RK3588",
        ),
    ),
    ("Radxa ROCK 5C", ("radxa,rock-5c", "rockchip,rk3588s"), "fdab0000", "rknpu"),
    ("Xunlong Orange Pi 5", ("xunlong,orangepi-5", "rockchip,rk3588s"), "fdab0000", "rknpu"),
    ("FriendlyElec NanoPi R6S", ("friendlyarm,nanopi-r6s", "rockchip,rk3588s"), "fdab0000", "rknpu"),
    ("Khadas Edge2", ("khadas,edge2", "rockchip,rk3588s"), "fdab0000", "rknpu"),
    pytest.param(
        "Radxa E52C",
        ("radxa,e52c", "rockchip,rk3582", "rockchip,rk3588s"),
        "fdab0000", "rknpu",
        marks=pytest.mark.case(
            case="SoC RK3582 (Radxa E52C)", plan="as its driver needs",
            result="as RK3588; how many cores work differs from chip to chip",
        ),
    ),
    pytest.param(
        "Radxa ROCK 3A",
        ("radxa,rock3a", "rockchip,rk3568"),
        "fde40000", "rk3568-rknpu",
        marks=pytest.mark.case(
            case="SoC RK3568 (ROCK 3A)", plan="as its driver needs",
            result="node fde40000, one core, model in RK3566_RK3568",
        ),
    ),
    pytest.param(
        "Xunlong Orange Pi 3B",
        ("xunlong,orangepi-3b", "rockchip,rk3566"),
        "fde40000", "rk3568-rknpu",
        marks=pytest.mark.case(case="SoC RK3566 (Orange Pi 3B)", plan="as its driver needs", result="as RK3568"),
    ),
    pytest.param(
        "Radxa ROCK 4D",
        ("radxa,rock-4d", "rockchip,rk3576"),
        "27700000", "rk3576-rknpu",
        marks=pytest.mark.case(
            case="SoC RK3576 (ROCK 4D)", plan="as its driver needs",
            result="node 27700000, two cores, model in RK3576, runtime 2.0.0b0 or newer",
        ),
    ),
    pytest.param(
        "Rockchip RK3562 EVB2 V10 Board",
        ("rockchip,rk3562-evb2-v10", "rockchip,rk3562"),
        "ff300000", "rk3562-rknpu",
        marks=pytest.mark.case(
            case="SoC RK3562", plan="as its driver needs",
            result="node ff300000, one core, model in RK3562, runtime 1.5.0 or newer",
        ),
    ),
]
SOCS = {  # cores, folder of the model, oldest runtime
    "rk3588": (3, "RK3588", None), "rk3588s": (3, "RK3588", None), "rk3582": (None, "RK3588", None),
    "rk3568": (1, "RK3566_RK3568", None), "rk3566": (1, "RK3566_RK3568", None), "rk3576": (2, "RK3576", "2.0.0b0"),
    "rk3562": (1, "RK3562", "1.5.0"),
}


@pytest.mark.parametrize("model, compatible, address, described", BOARDS)
def test_board(board, planned, model, compatible, address, described):
    release = "6.1.99-1-rk2312"
    described = "rockchip," + ("rk3588-rknpu" if described == "rknpu" else described)
    board.base(model=model, compatible=compatible, release=release, config=BUILTIN).npu(address, described).builtin(
        release
    )
    facts, plan = planned(board.headers(release).tools().u_boot_menu(), driver_policy="exact")
    soc = next(part.split(",")[1] for part in compatible[1:])
    assert (facts["board"]["model"], facts["board"]["compatible"], facts["board"]["soc"]) == (
        model, list(compatible), soc,
    )
    assert (facts["device"]["node"], facts["device"]["name"], facts["device"]["driver"]) == (
        "/npu@" + address, address + ".npu", "RKNPU",
    )
    assert facts["driver"]["render_node"] == "/dev/dri/renderD129"
    assert (plan["action"], plan["soc"]) == ("dkms_over_builtin", soc)
    cores, folder, floor = SOCS[soc]
    row = DATA["socs"][soc]
    assert (row["npu_node"], row.get("cores"), row["compatible"], row.get("runtime_floor")) == (
        address, cores, described, floor,
    )
    assert plan["model"]["file"]["path"].endswith("/model/%s/mobilenet_v1.rknn" % folder)
    assert not any("not at" in note for note in plan["notes"])
    assert plan["model"]["file"]["git_blob"] and not any("cannot be verified" in note for note in plan["notes"])


@pytest.mark.parametrize("soc, runtime", [("rk3576", "1.6.0"), ("rk3562", "1.4.0")])
def test_runtime_that_does_not_know_the_soc(board, planned, soc, runtime):
    row = DATA["socs"][soc]
    board.base(compatible=("vendor,board", "rockchip," + soc)).npu(
        row["npu_node"], row["compatible"]
    ).builtin().headers().tools().u_boot_menu()
    plan = planned(board, runtime_version=runtime)[1]
    assert plan["action"] == "unsupported" and runtime in plan["reason"] and row["runtime_floor"] in plan["reason"]


def test_a_model_whose_checksum_the_owner_knows(board, gather):
    row = DATA["socs"]["rk3566"]
    board.base(compatible=("vendor,board", "rockchip,rk3566")).npu(
        row["npu_node"], row["compatible"]
    ).builtin().headers().tools().u_boot_menu()
    data = compatibility.merged({"models": {"mobilenet_v1-1.6.0": {"soc": {"rk3568": {"sha256": "a" * 64}}}}})
    assert compatibility.validate(data) == []
    plan = planner.npu_plan(dict(gather(board), space=SPACE), {}, data)
    assert plan["model"]["file"]["sha256"] == "a" * 64 and plan["model"]["file"]["path"].endswith(
        "/RK3566_RK3568/mobilenet_v1.rknn"
    )
    assert not any("checksum" in note for note in plan["notes"])


def test_node_that_is_switched_off(board, planned):
    board.base(compatible=("radxa,rock3a", "rockchip,rk3568"), model="Radxa ROCK 3A").npu(
        "fde40000", "rockchip,rk3568-rknpu", "disabled", driver=None
    )
    plan = planned(board.builtin().headers().tools().u_boot_menu())[1]
    assert plan["action"] == "unsupported" and "disabled" in plan["reason"] and "rsetup" in plan["remedy"]


# -- what a board cannot be ---------------------------------------------------------------------------------------

@pytest.mark.case(
    case="another architecture", plan="unsupported", result="one sentence names it and what the vendor's files are for"
)
def test_another_architecture(board, planned):
    plan = planned(
        board.base(
            arch="riscv64", release="6.1.0-31-riscv64", compatible=("starfive,visionfive-2",), model="VisionFive 2"
        )
    )[1]
    assert (
        plan["action"] == "unsupported" and one_sentence(plan["reason"]) and "riscv64" in plan["reason"]
        and "aarch64" in plan["reason"]
    )


@pytest.mark.case(
    case="SoC without an NPU (RK3328, RK3399, RK3528), or with one of the generation before (RK1808, RK3399Pro)",
    plan="unsupported", result="names the SoC and those that the vendor's driver and runtime are for",
)
@pytest.mark.parametrize("model, compatible, node", [
    ("Pine64 RockPro64 v2.1", ("pine64,rockpro64-v2.1", "pine64,rockpro64", "rockchip,rk3399"), None),
    ("Radxa E24C", ("radxa,e24c", "rockchip,rk3528"), None),
    ("FriendlyElec NanoPi NEO3", ("friendlyarm,nanopi-neo3", "rockchip,rk3328"), None),
    ("Radxa ROCK Pi N10", ("radxa,rockpi-n10", "vamrs,rk3399pro-vmarc-som", "rockchip,rk3399pro"), None),
    # The NPU within an RK3399Pro has a system and a device tree of its own.
    ("Rockchip RK3399Pro NPU", ("rockchip,rk3399pro-npu", "rockchip,rk1808"), ("ffbc0000", "rockchip,npu")),
])
@pytest.mark.parametrize("release", ["6.1.115-vendor-rk35xx", "6.12.41-current-rockchip64"])
def test_another_soc_of_rockchip(board, planned, model, compatible, node, release):
    """A fleet has boards of the same vendor, and Armbian's vendor kernel for an RK3528 has the driver, too."""
    board.base(model=model, compatible=compatible, release=release, config=BUILTIN).headers(release).tools()
    if node:
        board.npu(*node, driver=None)
    plan = planned(board.builtin(release))[1]
    assert plan["action"] == "unsupported" and one_sentence(plan["reason"])
    assert plan["reason"].startswith(f"The SoC {compatible[-1].split(',')[1]} of this {model} has no NPU that")
    assert "rk3562, rk3566, rk3568, rk3576, rk3582, rk3588, rk3588s" in plan["reason"] and "rv1126b" not in plan["reason"]
    assert "inventory group" in plan["remedy"] and "vendor kernel" not in plan["remedy"]


@pytest.mark.parametrize("name, node, described, soc", [
    ("rk3588s2", "fdab0000", "rk3588", "rk3588s"), ("rk3568b2", "fde40000", "rk3568", "rk3568"),
    ("rk3562j", "ff300000", "rk3562", "rk3562"), ("rk3588j", "fdab0000", "rk3588", "rk3588"),
    # No row: the NPU's node counts.
    ("rk3583", "fdab0000", "rk3588", "rk3588"),
])
def test_variants_of_a_soc(board, planned, name, node, described, soc):
    board.base(compatible=("vendor,board", "rockchip," + name), config=BUILTIN).npu(node, f"rockchip,{described}-rknpu")
    facts, plan = planned(board.builtin().headers().tools().u_boot_menu(), driver_policy="exact")
    assert (facts["board"]["soc"], plan["soc"], plan["action"]) == (name, soc, "dkms_over_builtin")
    # Without a node it is told as for others of this kind.
    board = type(board)(board.root.parent / "mainline").base(compatible=("vendor,board", "rockchip," + name)).tools()
    reason = planned(board)[1]["reason"]
    assert ("has no NPU node" in reason) is (name != "rk3583")


@pytest.mark.case(
    case="a container", plan="unsupported", result="one sentence says that a driver belongs to the kernel outside it"
)
@pytest.mark.parametrize("path, content, kind", [
    ("/run/systemd/container", "lxc\n", "lxc"), ("/run/.containerenv", "", "podman"), ("/.dockerenv", "", "docker"),
])
def test_container(board, planned, path, content, kind):
    if path == "/.dockerenv":
        board.write("/proc/1/cgroup", "12:pids:/docker/0123456789abcdef\n")
    plan = planned(board.base().npu().builtin().headers().tools().u_boot_menu().write(path, content))[1]
    assert (
        plan["action"] == "unsupported" and one_sentence(plan["reason"]) and "container (%s)" % kind in plan["reason"]
    )


@pytest.mark.case(
    case="no device tree", plan="unsupported",
    result="one sentence says that the board model cannot be identified without it",
)
def test_no_device_tree(board, planned):
    board.write("/etc/os-release", "ID=debian\n").write("/proc/sys/kernel/osrelease", "6.1.0-31-arm64\n").write(
        "/proc/sys/kernel/arch", "aarch64\n"
    )
    plan = planned(board)[1]
    assert plan["action"] == "unsupported" and one_sentence(plan["reason"]) and "No device tree" in plan["reason"]


@pytest.mark.case(
    case="Python too old on the board", plan="unsupported",
    result="one sentence names it, the version needed and the variable to set",
)
def test_python_too_old(board, gather):
    facts = gather(board.base().npu().builtin().headers().tools().u_boot_menu())
    facts["tools"]["python"] = "3.8.10"
    plan = planner.npu_plan(facts, {}, DATA)
    assert plan["action"] == "unsupported" and plan["reason"] == "Python 3.8.10 is too old, 3.9 or newer is needed."
    assert "ansible_python_interpreter" in plan["remedy"]
