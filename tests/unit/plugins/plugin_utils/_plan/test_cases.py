# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Kinds of boards by their trees, through the facts to the plan. The marks make the table of docs/boards.md."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import struct
import types

import pytest

from ansible_collections.rkfleet.npu.plugins.module_utils._boot import edit, kernel_arguments
from ansible_collections.rkfleet.npu.plugins.module_utils._facts import driver as _driver
from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan import planner
from ansible_collections.rkfleet.npu.plugins.module_utils._board.tree import Tree
from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan import compatibility

DATA = compatibility.load()
BSP = "CONFIG_MODULES=y\nCONFIG_KALLSYMS=y\nCONFIG_DRM=y\nCONFIG_SYNC_FILE=y\nCONFIG_PM_DEVFREQ=y\n"
BUILTIN = BSP + "CONFIG_ROCKCHIP_RKNPU=y\nCONFIG_ROCKCHIP_RKNPU_DRM_GEM=y\n"
MODULE = BSP + "CONFIG_ROCKCHIP_RKNPU=m\nCONFIG_ROCKCHIP_RKNPU_DRM_GEM=y\n"
STOCK = "CONFIG_MODULES=y\nCONFIG_KALLSYMS=y\nCONFIG_DRM=m\nCONFIG_SYNC_FILE=y\nCONFIG_PM_DEVFREQ=y\nCONFIG_MODVERSIONS=y\n"
RUNTIME_160 = b"\x7fELF...librknnrt version: 1.6.0 (9a7b5d24c@2023-12-13T17:31:11)"
ARGUMENT = ("initcall_blacklist", "rknpu_init")
SPELT = "initcall_blacklist=rknpu_init"
SPACE = {"/usr": 5000, "/var": 5000, "/boot": 200, "/lib/modules": 5000}


@pytest.fixture
def planned(gather):
    """(facts, plan) of a board; the keys are those of the wish, and those of the fixture gather."""
    def run(board, answer=("0.9.3", "20231121", "drm_ioctl"), repository=None, **wanted):
        facts = gather(board, answer=answer, repository=repository)
        facts["space"] = SPACE
        return facts, planner.npu_plan(facts, wanted, DATA)

    return run


def prove(board, release, driver, diagnosis="ok", runtime=RUNTIME_160):
    """Give the board a runtime, and the record of a verification with it."""
    board.write("/usr/lib/librknnrt.so", runtime)
    record = {"kernel": {"release": release}, "driver": {"version": driver}, "runtime": {"sha256": hashlib.sha256(runtime).hexdigest()},
              "verification": {"diagnosis": diagnosis, "driver_version": driver}}
    return board.write("/etc/ansible/facts.d/npu.fact", json.dumps(record))


def one_sentence(text):
    return text.endswith(".") and "\n" not in text and not re.search(r"\. [A-Z]", text)


# -- how the driver is there ----------------------------------------------------------------------------------

@pytest.fixture
def bullseye(board):
    """ROCK 5B, Debian bullseye, Linux 5.10, driver 0.8.2 built in, MobileNet works with runtime 1.6.0."""
    release = "5.10.110-37-rockchip"
    board.base(release=release, config=BUILTIN, codename="bullseye").npu().builtin(release, "0.8.2").headers(release).tools().u_boot_menu()
    return prove(board, release, "0.8.2")


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
    board.dkms("rknpu", release=release)
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
    case="a container", plan="unsupported", result="one sentence says that a driver belongs to the kernel outside it"
)
@pytest.mark.parametrize("path, content, kind", [
    ("/run/systemd/container", "lxc\n", "lxc"), ("/run/.containerenv", "", "podman"), ("/.dockerenv", "", "docker"),
])
def test_container(board, planned, path, content, kind):
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


# -- kernels ----------------------------------------------------------------------------------------------------

KERNELS = [
    pytest.param(
        "4.19.232", False,
        marks=pytest.mark.case(
            case="kernel older than 5.10", plan="unsupported",
            result="stops before any change, and names the kernels that can be booted instead",
        ),
    ),
    ("5.10.209", True),
    ("6.1.115", True),
    ("6.6.74", True),
    ("6.10.12", True),
    pytest.param(
        "6.11.10", True,
        marks=pytest.mark.case(
            case="kernel 6.11 and newer: remove() returns nothing", plan="dkms", result="bridged by a probe"
        ),
    ),
    pytest.param(
        "6.13.4", True,
        marks=pytest.mark.case(
            case="kernel 6.13 and newer: MODULE_IMPORT_NS takes a string", plan="dkms", result="bridged by a probe"
        ),
    ),
    pytest.param(
        "6.14.2", True,
        marks=pytest.mark.case(
            case="kernel 6.14 and newer: DRM drivers have no date", plan="dkms", result="bridged by a probe"
        ),
    ),
    pytest.param(
        "6.15.1", True,
        marks=pytest.mark.case(
            case="kernel 6.15 and newer: hrtimer_init is gone", plan="dkms", result="bridged by a probe"
        ),
    ),
    pytest.param(
        "6.16.0", True,
        marks=pytest.mark.case(case="kernel 6.16 and newer: pfn_t is gone", plan="dkms", result="bridged by a probe"),
    ),
    ("7.3.0", True),
]


@pytest.mark.parametrize("release, supported", KERNELS)
def test_kernel(board, planned, release, supported):
    release += "-arm64"
    plan = planned(board.base(release=release, config=STOCK).npu(driver=None).headers(release).tools().u_boot_menu())[1]
    assert plan["action"] == ("dkms" if supported else "unsupported")
    if not supported:
        assert release in plan["reason"] and one_sentence(plan["reason"]) and one_sentence(plan["remedy"])
        assert (plan["changes"], plan["packages"], plan["reboot"], plan["runtime"]["install"]) == ([], [], False, False)


@pytest.mark.case(
    case="a kernel that the inventory says is not supported", plan="unsupported",
    result="the reason and remedy of the inventory",
)
def test_kernel_by_the_inventory(board, gather):
    release = "6.15.1-arm64"
    facts = gather(board.base(release=release, config=STOCK).npu(driver=None).headers(release).tools().u_boot_menu())
    data = compatibility.merged(
        {
            "kernels": {
                "6.15": {
                    "supported": False, "reason": "our camera breaks on it", "remedy": "Boot the vendor kernel 6.1.",
                }
            }
        }
    )
    plan = planner.npu_plan(dict(facts, space=SPACE), {}, data)
    assert (plan["action"], plan["changes"]) == ("unsupported", [])
    assert plan["reason"] == "Kernel %s is not supported by driver 0.9.6: our camera breaks on it." % release
    assert plan["remedy"] == "Boot the vendor kernel 6.1."


@pytest.mark.case(
    case="headers not installed, but in the repository", plan="dkms",
    result="the package of that distribution's name is installed first",
)
@pytest.mark.parametrize("release, package", [
    ("6.1.0-31-arm64", "linux-headers-6.1.0-31-arm64"),                           # Debian
    ("6.12.32+deb12-arm64", "linux-headers-6.12.32+deb12-arm64"),                 # Debian backports
    ("6.1.84-8-rk2410", "linux-headers-6.1.84-8-rk2410"),                         # Radxa
    ("6.1.84-10-rk2410-nocsf", "linux-headers-6.1.84-10-rk2410-nocsf"),
    ("5.10.110-37-rockchip", "linux-headers-5.10.110-37-rockchip"),               # Radxa, bullseye
    ("6.1.115-vendor-rk35xx", "linux-headers-vendor-rk35xx"),                     # Armbian and DietPi
    ("6.12.20-current-rockchip64", "linux-headers-current-rockchip64"),
    ("6.8.0-edge-rockchip-rk3588", "linux-headers-edge-rockchip-rk3588"),
    ("5.10.160-rockchip-rk3588", "linux-headers-legacy-rockchip-rk3588"),         # Orange Pi
    ("5.10.160-rockchip-rk356x", "linux-headers-legacy-rockchip-rk356x"),
    ("6.1.43-rockchip-rk3588", "linux-headers-current-rockchip-rk3588"),
    ("6.6.0-rc5-rockchip-rk356x", "linux-headers-current-rockchip-rk356x"),
    ("6.1.0-1025-rockchip", "linux-headers-6.1.0-1025-rockchip"),                 # ubuntu-rockchip
])
def test_headers_package(board, planned, release, package):
    plan = planned(board.base(release=release, config=BSP).npu(driver=None).tools().u_boot_menu())[1]
    assert plan["packages"] == [package] and plan["changes"][0] == "install the packages " + package


def test_headers_that_no_repository_has_are_in_the_image(board, planned):
    board.base(release="6.1.99-rockchip-rk3588", config=BUILTIN).npu().builtin("6.1.99-rockchip-rk3588").tools().write(
        "/boot/orangepiEnv.txt", "verbosity=1\n"
    )
    assert any(
        "/opt/linux-headers-current-" in note and "dpkg -i" in note
        for note in planned(board, driver_policy="exact")[1]["notes"]
    )


@pytest.mark.case(
    case="npu_driver_strategy auto or vendor_kernel, and the repository offers a vendor kernel with a new enough driver",
    plan="vendor_kernel", result="that kernel is installed; the current one stays",
)
@pytest.mark.case(
    case="npu_driver_strategy dkms, whatever the repository offers", plan="dkms_over_builtin",
    result="built for the current kernel",
)
@pytest.mark.parametrize(
    "strategy, action", [("auto", "vendor_kernel"), ("vendor_kernel", "vendor_kernel"), ("dkms", "dkms_over_builtin")]
)
def test_strategy(board, planned, strategy, action):
    release = "6.1.43-15-rk2312"
    board.base(release=release, config=BUILTIN).npu().builtin(release).headers(release).tools().u_boot_menu().write(
        "/usr/bin/apt-cache"
    )
    offered = [
        "linux-image-6.1.84-9-rk2410", "linux-image-6.1.84-10-rk2410", "linux-image-6.1.84-10-rk2410-nocsf",
        "linux-image-" + release, "linux-image-6.1.0-40-arm64", "linux-image-6.1.84-10-rk2410-dbg",
    ]
    facts, plan = planned(
        board, repository=offered, driver_policy="floor", driver_strategy=strategy, driver_version="0.9.6"
    )
    assert facts["repository"]["kernels"][-1] == "linux-image-6.1.0-40-arm64"
    assert plan["action"] == action
    # The newest one for this SoC, and nothing that is not known.
    assert ("linux-image-6.1.84-10-rk2410" in plan["packages"]) is (action == "vendor_kernel")


@pytest.mark.parametrize("offered", [["linux-image-6.1.43-19-rk2312", "linux-image-6.1.0-40-arm64"], []])
def test_no_vendor_kernel_is_new_enough(board, planned, offered):
    release = "6.1.43-15-rk2312"
    board.base(release=release, config=BUILTIN).npu().builtin(release).headers(release).tools().u_boot_menu().write(
        "/usr/bin/apt-cache"
    )
    assert (
        planned(board, repository=offered, driver_policy="floor", driver_strategy="auto")[1]["action"]
        == "dkms_over_builtin"
    )
    plan = planned(board, repository=offered, driver_policy="floor", driver_strategy="vendor_kernel")[1]
    assert plan["action"] == "unsupported" and "npu_driver_strategy" in plan["remedy"]


# -- boot loaders -----------------------------------------------------------------------------------------------

UUID = "root=UUID=4f3c2b1a-0d9e-4c7b-8a65-112233445566"
RADXA_CMDLINE = (
    UUID
    + " rootwait rw console=ttyFIQ0,1500000n8 console=tty1 quiet loglevel=4 coherent_pool=2M irqchip.gicv3_pseudo_nmi=0 cgroup_enable=memory\n"
)
ARMBIAN = """verbosity=1
bootlogo=false
console=both
extraargs=cma=256M
overlay_prefix=rockchip-rk3588
fdtfile=rockchip/rk3588-rock-5b.dtb
rootdev=UUID=4f3c2b1a-0d9e-4c7b-8a65-112233445566
rootfstype=ext4
usbstoragequirks=0x2537:0x1066:u,0x2537:0x1068:u
"""
DIETPI = """# set by the owner: net names as they were
extraargs=net.ifnames=0 consoleblank=0
rootdev=UUID=4f3c2b1a-0d9e-4c7b-8a65-112233445566
rootfstype=ext4
consoleargs=console=ttyS2,1500000 console=tty1
overlay_path=rockchip
overlay_prefix=rk3588
overlays=rk3588-pwm15-m1 rk3588-uart2-m0
user_overlays=
"""
ORANGE_PI = """verbosity=1
bootlogo=true
extraargs=cma=128M
overlay_prefix=rk3588
fdtfile=rockchip/rk3588s-orangepi-5.dtb
rootdev=UUID=4f3c2b1a-0d9e-4c7b-8a65-112233445566
rootfstype=ext4
extraboardargs=console=ttyS2
"""
U_BOOT = """# Configuration of u-boot-update; the owner's own lines below
#U_BOOT_UPDATE="true"
#U_BOOT_PARAMETERS="ro quiet"
U_BOOT_ALTERNATIVES="default recovery"
U_BOOT_PARAMETERS="console=ttyS2,1500000n8 cma=256M dyndbg=\\"file drivers/pci/* +p\\" rootwait" # serial
U_BOOT_TIMEOUT="5"
"""
BY_HAND = """# written by hand
TIMEOUT 30
DEFAULT vendor

LABEL vendor
  MENU LABEL vendor kernel
  LINUX /boot/vmlinuz-6.1.99-1-rk2312
  FDTDIR /boot/dtbs/6.1.99-1-rk2312
  APPEND %s rw rootwait console=ttyFIQ0,1500000n8

LABEL rescue
  LINUX /boot/vmlinuz-5.10.110-37-rockchip
  APPEND %s single
""" % (UUID, UUID)
LOADERS = [
    pytest.param(
        "radxa", "/etc/kernel/cmdline", RADXA_CMDLINE, True,
        marks=pytest.mark.case(
            case="boot loader: Radxa", plan="dkms_over_builtin", result="/etc/kernel/cmdline, then u-boot-update"
        ),
    ),
    pytest.param(
        "armbian", "/boot/armbianEnv.txt", ARMBIAN, False,
        marks=pytest.mark.case(
            case="boot loader: Armbian", plan="dkms_over_builtin", result="extraargs in /boot/armbianEnv.txt"
        ),
    ),
    pytest.param(
        "dietpi", "/boot/dietpiEnv.txt", DIETPI, False,
        marks=pytest.mark.case(
            case="boot loader: DietPi", plan="dkms_over_builtin", result="extraargs in /boot/dietpiEnv.txt"
        ),
    ),
    pytest.param(
        "orangepi", "/boot/orangepiEnv.txt", ORANGE_PI, False,
        marks=pytest.mark.case(
            case="boot loader: Orange Pi", plan="dkms_over_builtin", result="extraargs in /boot/orangepiEnv.txt"
        ),
    ),
    pytest.param(
        "u-boot-menu", "/etc/default/u-boot", U_BOOT, True,
        marks=pytest.mark.case(
            case="boot loader: plain u-boot-menu", plan="dkms_over_builtin",
            result="U_BOOT_PARAMETERS in /etc/default/u-boot, then u-boot-update",
        ),
    ),
    pytest.param(
        "extlinux", "/boot/extlinux/extlinux.conf", BY_HAND, False,
        marks=pytest.mark.case(
            case="boot loader: extlinux.conf by hand", plan="dkms_over_builtin",
            result="the entry that boots, and no other",
        ),
    ),
]


@pytest.mark.parametrize("loader, path, text, update", LOADERS)
def test_boot_loader(board, planned, loader, path, text, update):
    given = edit.configured(loader, text)
    board.base(
        config=BUILTIN, cmdline="%s %s rw rootwait" % (UUID, given)
    ).npu().builtin().headers().tools()
    if update:
        board.u_boot_menu(append=UUID + " " + given)
    facts, plan = planned(board.write(path, text), driver_policy="exact")
    boot = facts["boot"]
    assert (boot["loader"], boot["config"], boot["error"]) == (loader, path, None)
    assert (boot["update"] is not None) is update
    assert plan["action"] == "dkms_over_builtin"
    assert "add %s to the kernel arguments in %s" % (SPELT, path) in plan["changes"]
    edited = edit.add(loader, text, *ARGUMENT, default=boot["default"])
    assert (
        edited != text and edited.replace(" " + SPELT, "") == text
    )  # one argument more, everything else byte for byte
    before, after = (edit.configured(loader, each, boot["default"]) for each in (text, edited))
    assert after.split() == before.split() + [SPELT]
    assert edit.add(loader, edited, *ARGUMENT, default=boot["default"]) == edited
    assert edit.remove(loader, edited, *ARGUMENT, default=boot["default"]) == text
    # The facts find it again, and the plan does not ask for it twice.
    board.write(path, edited)
    if update:
        board.write(
            "/boot/extlinux/extlinux.conf", "default l0\n\nlabel l0\n\tlinux /boot/vmlinuz\n\tappend %s %s\n" % (UUID, after)
        )
    facts, plan = planned(board, driver_policy="exact")
    assert kernel_arguments.has(facts["boot"]["next"], *ARGUMENT)
    assert not any("kernel arguments" in change for change in plan["changes"])


GRUB_MENU = """# It is automatically generated by grub-mkconfig using templates
set default="0"
menuentry 'Debian' {
\tlinux\t/boot/vmlinuz-6.1.99-1-rk2312 %s ro %%s
}
""" % UUID


@pytest.mark.case(
    case="boot loader: GRUB (UEFI firmware)", plan="dkms_over_builtin",
    result="a file in /etc/default/grub.d, then grub-mkconfig",
)
def test_grub(board, planned):
    board.base(config=BUILTIN, cmdline="BOOT_IMAGE=/boot/vmlinuz-6.1.99-1-rk2312 %s ro quiet" % UUID)
    board.npu().builtin().headers().tools().write("/sys/firmware/efi/fw_platform_size", "64\n")
    board.write("/usr/sbin/grub-mkconfig", "for x in ${sysconfdir}/default/grub.d/*.cfg; do . $x; done\n")
    # A menu of U-Boot that nobody reads any more.
    board.u_boot_menu(append=UUID + " ro quiet").write("/boot/grub/grub.cfg", GRUB_MENU % "quiet")
    facts, plan = planned(board, driver_policy="exact")
    assert (facts["boot"]["loader"], facts["boot"]["error"]) == ("grub", None)
    assert plan["action"] == "dkms_over_builtin"
    path = "/etc/default/grub.d/zz-rkfleet-npu.cfg"
    assert "add %s to the kernel arguments in %s" % (SPELT, path) in plan["changes"]
    assert any("boots a newer kernel as soon as it is installed" in note for note in plan["notes"])
    board.write(path, edit.add("grub", "", *ARGUMENT, default=facts["boot"]["default"]))
    board.write("/boot/grub/grub.cfg", GRUB_MENU % ("quiet " + SPELT))
    facts, plan = planned(board, driver_policy="exact")
    assert facts["boot"]["loader"] == "grub" and kernel_arguments.has(facts["boot"]["next"], *ARGUMENT)
    assert not any("kernel arguments" in change for change in plan["changes"])


@pytest.mark.case(
    case="boot loader: ubuntu-rockchip, Turing RK1 and others (ubuntuEnv.txt)", plan="dkms_over_builtin",
    result="bootargs in /boot/firmware/ubuntuEnv.txt",
)
def test_ubuntu_environment(board, planned):
    board.base(config=BUILTIN, cmdline=UUID + " rw console=ttyS2,1500000").npu().builtin().headers().tools()
    board.write("/boot/firmware/ubuntuEnv.txt", "bootargs=%s rw console=ttyS2,1500000\noverlays=\n" % UUID)
    facts, plan = planned(board, driver_policy="exact")
    assert (facts["boot"]["loader"], plan["action"]) == ("ubuntu", "dkms_over_builtin")


@pytest.mark.case(
    case="boot loader: ubuntu-rockchip (U_BOOT_PARAMETERS is computed from /etc/kernel/cmdline)",
    plan="dkms_over_builtin", result="/etc/kernel/cmdline, then u-boot-update",
)
def test_u_boot_parameters_from_a_file(board, planned):
    board.base(config=BUILTIN, cmdline=UUID + " rootwait rw").npu().builtin().headers().tools()
    board.u_boot_menu(append=UUID + " rootwait rw").write("/etc/kernel/cmdline", "rootwait rw")
    board.write("/usr/share/u-boot-menu/conf.d/ubuntu.conf", 'U_BOOT_PARAMETERS="$(cat /etc/kernel/cmdline)"\n')
    facts, plan = planned(board, driver_policy="exact")
    assert (facts["boot"]["loader"], facts["boot"]["config"]) == ("radxa", "/etc/kernel/cmdline")
    assert plan["action"] == "dkms_over_builtin"


@pytest.mark.case(
    case="a boot configuration in which the argument cannot be added safely", plan="unsupported",
    result="the change is tried on a copy; stops before packages and build, and says why",
)
@pytest.mark.parametrize("files, why", [
    ({"/etc/default/u-boot": 'U_BOOT_PARAMETERS="$(grep -v x /etc/arguments)"\n'}, "is computed by a command"),
    ({"/etc/default/u-boot": "U_BOOT_PARAMETERS='a'\"b\"\n"}, "several quoted parts"),
    ({"/etc/kernel/cmdline": "# run u-boot-update afterwards\nro quiet\n"}, "2 lines"),
    ({"/etc/kernel/cmdline": 'ro "quiet\n'}, "never closed"),
    ({"/etc/kernel/cmdline": "ro " + "x" * 2040}, "longer than"),
    ({"/etc/default/u-boot": 'U_BOOT_PARAMETERS="ro initcall_blacklist=$LIST"\n'}, "edited safely"),
])
def test_an_edit_that_would_be_refused(board, planned, files, why):
    board.base(config=BUILTIN, cmdline=UUID + " ro quiet").npu().builtin().headers().tools()
    board.u_boot_menu(append=UUID + " ro quiet")
    for path, text in files.items():
        board.write(path, text)
    plan = planned(board, driver_policy="exact")[1]
    assert plan["action"] == "unsupported" and one_sentence(plan["reason"])
    assert why in plan["reason"] and next(iter(files)) in plan["reason"] and SPELT in plan["remedy"]


@pytest.mark.case(
    case="boot loader: network, FriendlyELEC's boot image, NixOS, systemd-boot, GRUB without grub-mkconfig",
    plan="unsupported", result="names what was recognized, the argument and where to add it",
)
@pytest.mark.parametrize("cmdline, files, what, where", [
    ("root=/dev/nfs nfsroot=10.0.0.1:/srv/b ip=dhcp", {"/boot/extlinux/extlinux.conf": BY_HAND}, "over the network",
     "pxelinux.cfg"),
    ("storagemedia=emmc androidboot.mode=normal root=/dev/mmcblk2p8 rw", {}, "FriendlyELEC", "device tree"),
    (UUID + " rw rootwait console=ttyFIQ0,1500000n8",
     {"/boot/extlinux/extlinux.conf": "# Generated file, all changes will be lost on nixos-rebuild!\n" + BY_HAND},
     "made by a program", "boot.kernelParams"),
    ("initrd=\\initrd root=UUID=1", {"/sys/firmware/efi/fw_platform_size": "64\n"}, "UEFI", "systemd-boot"),
    ("BOOT_IMAGE=/boot/vmlinuz root=UUID=1 ro", {"/boot/grub/grub.cfg": "x", "/etc/default/grub": ""},
     "GRUB started the running kernel, and /usr/sbin/grub-mkconfig is not installed", "update-grub"),
    ("root=/dev/mmcblk0p1 rw", {"/boot/extlinux/extlinux.conf": BY_HAND}, "does not have root=UUID", "by hand"),
])
def test_a_boot_loader_that_is_only_named(board, planned, cmdline, files, what, where):
    board.base(config=BUILTIN, cmdline=cmdline).npu().builtin().headers().tools()
    for path, text in files.items():
        board.write(path, text)
    plan = planned(board, driver_policy="exact")[1]
    assert plan["action"] == "unsupported" and one_sentence(plan["reason"]) and what in plan["reason"]
    assert SPELT in plan["remedy"] and where in plan["remedy"]
    # Done by hand it is taken as it is.
    board.write("/proc/cmdline", "%s %s\n" % (cmdline, SPELT))
    (board.root / "sys/devices/platform/fdab0000.npu/driver").unlink()
    assert planned(board, driver_policy="exact")[1]["action"] == "dkms_over_builtin"


@pytest.mark.case(
    case="boot loader: unknown", plan="unsupported", result="stops, and names the argument to add by hand"
)
@pytest.mark.parametrize(
    "path, content",
    [
        ("/boot/grub/grub.cfg", "menuentry 'Debian' {}\n"),
        ("/boot/boot.scr", "booti\n"),
        ("/boot/config.txt", "arm_64bit=1\n"),
    ],
)
def test_unknown_boot_loader(board, planned, path, content):
    board.base(config=BUILTIN).npu().builtin().headers().tools().write(path, content)
    facts, plan = planned(board, driver_policy="exact")
    assert (facts["boot"]["loader"], facts["boot"]["config"]) == ("unknown", None)
    assert plan["action"] == "unsupported" and one_sentence(plan["reason"])
    assert plan["remedy"] == "Add %s to the kernel arguments by hand, reboot, and rerun the playbook." % SPELT
    # Done by hand it is taken as it is.
    board.write("/proc/cmdline", "ro quiet %s\n" % SPELT)
    (board.root / "sys/devices/platform/fdab0000.npu/driver").unlink()
    assert planned(board, driver_policy="exact")[1]["action"] == "dkms_over_builtin"


def test_a_kernel_that_needs_no_argument_needs_no_known_boot_loader(board, planned):
    release = "6.1.0-31-arm64"
    board.base(release=release, config=STOCK).npu(driver=None).headers(release).tools().write("/boot/grub/grub.cfg")
    facts, plan = planned(board)
    assert facts["boot"]["loader"] == "unknown" and plan["action"] == "dkms"


def test_files_of_the_board_are_only_read(bullseye, gather, board):
    before = sorted((str(path), path.lstat().st_mtime_ns) for path in board.root.rglob("*"))
    gather(bullseye)
    assert sorted((str(path), path.lstat().st_mtime_ns) for path in board.root.rglob("*")) == before
    assert Tree(str(board.root)).live is False
