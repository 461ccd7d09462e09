# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Boards from public reports: the NPU, its driver and its runtime."""

from __future__ import annotations

from reports import BSP, DPKG, EXACT, MODULE, RELEASE_RADXA, RK3566, ROOT, V098, base, report

# -- whose driver it is --


def orange_pi_3b(board, release, place):
    """Write a working driver 0.9.8 as a module, on DietPi."""
    base(
        board,
        release,
        ("Xunlong Orange Pi 3B", ("xunlong,orangepi-3b", "rockchip,rk3566")),
        ROOT + " rw",
        BSP,
        npu={"address": "fde40000", "compatible": RK3566},
    )
    board.write("/boot/dietpiEnv.txt", "user_overlays=rk3566-rknpu\n")
    board.write(f"/lib/modules/{release}/modules.dep", f"{place}/rknpu.ko:\n").write(
        f"/lib/modules/{release}/{place}/rknpu.ko"
    )
    return board.bound_module("rknpu")


RELEASE_619 = "6.19.3-edge-rockchip64"
TRIED = {"facts.driver.version": "0.9.8", "facts.driver.module": "rknpu", "facts.boot.loader": "dietpi"}


@report(
    "orangepi3b-dkms-of-others",
    "w568w/rknpu-module, bmilde/rknpu-driver-dkms, lurenJBD/rknpu-mainline-dkms",
    "A DKMS package rknpu from elsewhere, without our marker, is not ours: what works stays.",
    RELEASE_619,
    {**TRIED, "facts.dkms.modules": {"has": "rknpu"}, "plan.action": "none"},
    answer=V098,
)
def orangepi3b_dkms(board):
    orange_pi_3b(board, RELEASE_619, "updates/dkms").dkms("rknpu", "0.9.8", release=RELEASE_619)
    board.write(
        "/usr/src/rknpu-0.9.8/dkms.conf",
        'PACKAGE_NAME="rknpu"\nPACKAGE_VERSION="0.9.8"\nBUILT_MODULE_NAME[0]="rknpu"\nAUTOINSTALL="yes"\n',
    )


@report(
    "orangepi3b-make-install",
    "w568w/rknpu-module",
    "The same module put there by make modules_install.",
    RELEASE_619,
    {**TRIED, "plan.action": "none"},
    answer=V098,
)
def orangepi3b_make(board):
    orange_pi_3b(board, RELEASE_619, "extra")


@report(
    "cm3588-driver-is-a-module",
    "immich-app/immich#30037",
    "FriendlyELEC's loader is unknown, and no kernel argument is needed.",
    "6.1.141",
    {
        "facts.driver.presence": "module",
        "facts.driver.version": "0.9.8",
        "plan.action": "none",
    },
    answer=V098,
)
def cm3588(board):
    base(
        board,
        "6.1.141",
        ("FriendlyElec CM3588 NAS", ("friendlyelec,cm3588-nas", "rockchip,rk3588")),
        "storagemedia=emmc androidboot.storagemedia=emmc androidboot.mode=normal root=/dev/mmcblk0p8 rw",
        MODULE,
    )
    board.write("/lib/modules/6.1.141/kernel/drivers/rknpu/rknpu.ko").bound_module("rknpu")


@report(
    "cm3588-module-0.9.3",
    "immich-app/immich#30037",
    "The same board with 0.9.3, to be replaced: still no kernel argument.",
    "6.1.141",
    {"facts.driver.presence": "module", "plan.action": "dkms", "plan.module": "rknpu"},
    wanted=EXACT,
)
def cm3588_old(board):
    cm3588(board)


@report(
    "rk1-npu-given-to-a-guest",
    "jiangcuo/pxvirt#130",
    "vfio-platform has the NPU on purpose: nothing is built, and the board does not reboot with its guests.",
    "6.1.75-vendor-rk35xx",
    {"facts.device.driver": "vfio-platform", "plan.action": "unsupported", "plan.reason": {"has": "vfio-platform"}},
)
def rk1_guest(board):
    base(
        board,
        "6.1.75-vendor-rk35xx",
        ("Turing Machines RK1", ("turing,rk1", "rockchip,rk3588")),
        version="0.9.7",
        npu={"driver": "vfio-platform", "drm": None},
        armbian=True,
    )
    board.write("/sys/devices/platform/fdab0000.npu/driver_override", "vfio-platform\n")


# -- the NPU and its driver --


@report(
    "oect-no-device-node",
    "ophub/amlogic-s9xxx-armbian#3123",
    "A bound driver without a device file: built with neither DRM_GEM nor a working DMA_HEAP.",
    "6.1.99-rk35xx-ophub",
    {
        "facts.device.driver": "RKNPU",
        "facts.driver.render_node": None,
        "facts.driver.version": "0.9.8",
        "plan.reason": {"lacks": "0.9.8 answers"},
    },
)
def oect(board):
    release = "6.1.99-rk35xx-ophub"
    base(
        board,
        release,
        ("WXY OECT", ("wxy,oect", "rockchip,rk3566")),
        ROOT + " rw",
        BSP + "CONFIG_ROCKCHIP_RKNPU=y\n",
        "0.9.8",
        {"address": "fde40000", "compatible": RK3566, "drm": 0},
        armbian=True,
    )
    board.write("/sys/kernel/debug/rknpu/version", "RKNPU driver: v0.9.8\n")


@report(
    "pantherx2-probe-failed",
    "ophub/amlogic-s9xxx-armbian#1319, ophub/fnnas#514, armbian/linux-rockchip#297",
    "The probe fails on the power domain, and the NPU's IOMMU is disabled: another driver does not help.",
    "6.1.141-rk35xx-ophub",
    {"facts.device.driver": None, "plan": {"has": "iommu"}},
    answer=V098,
    log=(
        "[    2.114530] RKNPU fde40000.npu: RKNPU: rknpu iommu is disabled, using non-iommu mode",
        (
            "[    2.120911] rockchip-pm-domain fdd90000.power-management:power-controller: failed to get ack on "
            "domain 'npu', val=0x98e62"
        ),
    ),
)
def pantherx2(board):
    release = "6.1.141-rk35xx-ophub"
    base(
        board,
        release,
        ("E Sun Panther X2", ("panther,x2", "rockchip,rk3566")),
        ROOT + " rw",
        version="0.9.8",
        npu={"address": "fde40000", "compatible": RK3566, "driver": None},
        armbian=True,
    )
    board.strings("iommu@fde4b000/status", "disabled")


def zero_3(board, status):
    base(
        board,
        RELEASE_RADXA,
        ("Radxa ZERO 3", ("radxa,zero3", "rockchip,rk3566")),
        npu={"address": "fde40000", "compatible": RK3566, "status": status, "driver": None},
    )
    board.u_boot_menu()


OFF = {"facts.device.driver": None, "plan.action": "unsupported", "plan.changes": [], "plan.remedy": {"has": "overlay"}}


@report(
    "zero3-node-disabled",
    "armbian/linux-rockchip#334, Qengineering/Radxa-Zero-3-NPU-Ubuntu22#1",
    "The NPU is switched off in the device tree.",
    RELEASE_RADXA,
    {"facts.device.status": "disabled", **OFF},
)
def zero3_disabled(board):
    zero_3(board, "disabled")


@report(
    "zero3-node-failed",
    "ophub/amlogic-s9xxx-armbian#2030",
    "The same with another word for off.",
    RELEASE_RADXA,
    {"facts.device.status": "fail", "plan.action": "unsupported", "plan.changes": []},
)
def zero3_fail(board):
    zero_3(board, "fail")


@report(
    "rock5b-rocket-node-disabled",
    "siderolabs/sbc-rockchip#117, armbian/build#9023",
    "Mainline describes the NPU for rocket, and switches it off.",
    "6.18.39-current-rockchip64",
    {"facts.driver.presence": "rocket", "plan.action": "unsupported", "plan.changes": []},
)
def rock5b_rocket(board):
    base(
        board,
        "6.18.39-current-rockchip64",
        config=BSP,
        npu={"compatible": "rockchip,rk3588-rknn-core", "status": "disabled", "driver": None},
    )


@report(
    "rk3562-evb2-without-dev-rknpu",
    "rockchip-linux/kernel#371",
    "The driver answers through its DRM node; that /dev/rknpu is missing is right.",
    "6.1.118",
    {"facts.driver.version": "0.9.8", "facts.driver.render_node": "/dev/dri/renderD129", "plan.action": "none"},
    answer=V098,
)
def rk3562(board):
    base(
        board,
        "6.1.118",
        ("Rockchip RK3562 EVB2", ("rockchip,rk3562-evb2-ddr4-v10", "rockchip,rk3562")),
        version="0.9.8",
        npu={"address": "ff300000", "compatible": "rockchip,rk3562-rknpu"},
    ).u_boot_menu()


def library(board, version, build):
    return board.write(
        "/usr/lib/librknnrt.so",
        b"\x7fELF" + bytes(60) + b"librknnrt version: %s (%s)\0" % (version.encode(), build.encode()),
    )


@report(
    "cb2-kernel-4.19",
    "bigtreetech/CB2#140, blakeblackshear/frigate#8382",
    "Linux 4.19 with driver 0.7.2 works: it is tried, and not refused for its kernel first.",
    "4.19.232-bigtree-cb2",
    {"facts.driver.version": "0.7.2", "facts.runtime.version": "2.3.0", "plan.reason": {"has": "0.7.2"}},
    answer=("0.7.2", "20220829", "drm_ioctl"),
)
def cb2(board):
    base(
        board,
        "4.19.232-bigtree-cb2",
        ("BIQU CB2", ("biqu,rk3566-cb2", "rockchip,rk3566")),
        version="0.7.2",
        npu={"address": "fde40000", "compatible": RK3566},
        armbian=True,
    )
    library(board, "2.3.0", "c949ad889d@2024-11-07T11:35:33")


@report(
    "rock5b-web-page-as-library",
    "rockchip-linux/rknn-toolkit2#260",
    "A web page was saved as librknnrt.so: it is replaced, and the driver stays.",
    "6.1.84-8-rk2410",
    {"facts.runtime.version": None, "plan.action": "none", "plan.runtime.install": True},
    answer=V098,
)
def web_page(board):
    base(board, "6.1.84-8-rk2410", version="0.9.8").u_boot_menu().write("/usr/lib/librknnrt.so", "<!DOCTYPE html>\n")


@report(
    "nx5-runtime-of-a-package",
    "airockchip/rknn-toolkit2#563, radxa-docs/docs#612, radxa-pkg/rknn2",
    "librknnrt.so belongs to the package rknpu2-rk3588, whose next upgrade would bring it back.",
    RELEASE_RADXA,
    {"facts.runtime.version": "1.6.0", "plan": {"has": "rknpu2-rk3588"}},
    wanted=EXACT,
)
def nx5(board):
    base(board, RELEASE_RADXA, ("Radxa NX5", ("radxa,nx5", "rockchip,rk3588s"))).u_boot_menu()
    library(board, "1.6.0", "9a7b5d24c@2023-12-13T17:31:11")
    board.write("/var/lib/dpkg/info/rknpu2-rk3588.list", "/.\n/usr\n/usr/lib\n/usr/lib/librknnrt.so\n")
    board.write(
        "/var/lib/dpkg/status",
        DPKG + "Package: rknpu2-rk3588\nStatus: install ok installed\nArchitecture: arm64\nVersion: 1.6.0-1\n\n",
    )


@report(
    "nanopct6-rkllm",
    "Pelochus/ezrknn-llm#19, airockchip/rknn-llm#232, MichaIng/DietPi#7254",
    "librkllmrt.so 1.1.2 asks for driver 0.9.7 or newer: the default 0.9.6 is not enough.",
    "5.10.160-legacy-rk35xx",
    {"facts.driver.version": "0.8.2", "plan": {"has": "0.9.7"}},
    answer=("0.8.2", "20220829", "drm_ioctl"),
    wanted={"driver_policy": "floor"},
)
def nanopct6(board):
    base(
        board,
        "5.10.160-legacy-rk35xx",
        ("FriendlyElec NanoPC-T6", ("friendlyelec,nanopc-t6", "rockchip,rk3588")),
        version="0.8.2",
        armbian=True,
    )
    board.write("/usr/lib/librkllmrt.so", b"\x7fELF" + bytes(60) + b"rkllm-runtime version: 1.1.2\0")
    library(board, "1.6.0", "9a7b5d24c@2023-12-13T17:31:11")
