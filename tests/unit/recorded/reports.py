# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Boards from public reports: what they have, in a few lines, and what is right for them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from rklab.recorded import U_BOOT_UPDATE, Board

BSP = "CONFIG_MODULES=y\nCONFIG_KALLSYMS=y\nCONFIG_DRM=y\nCONFIG_SYNC_FILE=y\nCONFIG_PM_DEVFREQ=y\n"
BUILTIN = BSP + "CONFIG_ROCKCHIP_RKNPU=y\nCONFIG_ROCKCHIP_RKNPU_DRM_GEM=y\n"
MODULE = BSP + "CONFIG_ROCKCHIP_RKNPU=m\nCONFIG_ROCKCHIP_RKNPU_DRM_GEM=y\n"
ROOT = "root=UUID=2f6a1c9e-51d3-4c47-9a3e-8b0d7e6f5a41"
V093, V098 = ("0.9.3", "20231121", "drm_ioctl"), ("0.9.8", "20240828", "drm_ioctl")
ROCK_5B, RK3566 = ("Radxa ROCK 5B", ("radxa,rock-5b", "rockchip,rk3588")), "rockchip,rk3568-rknpu"
APT = ("/usr/bin/apt-get", "/usr/bin/apt-cache", "/usr/bin/dpkg", "/usr/bin/dpkg-query", "/lib/ld-linux-aarch64.so.1")


@dataclasses.dataclass
class Report:
    """A board of a public report."""

    name: str
    source: str
    about: str
    release: str
    build: Callable[[Board], object]
    expected: dict
    answer: tuple | Exception = V093
    wanted: dict = dataclasses.field(default_factory=dict)
    repository: list[str] | None = None
    log: tuple = ()
    xfail: str = ""


REPORTS: list[Report] = []


def report(name, source, about, release, expected, **more):
    """Add the board that the decorated function builds."""
    def add(build):
        REPORTS.append(Report(name, source, about, release, build, expected, **more))
        return build

    return add


def base(board, release, which=ROCK_5B, cmdline=ROOT + " ro quiet", config=BUILTIN, version="0.9.3", npu=None, debian=True):
    """Write what nearly every board has: a kernel, an NPU with a driver, headers and tools."""
    model, compatible = which
    board.base(model=model, compatible=compatible, release=release, config=config, cmdline=cmdline)
    board.npu(**(npu or {}))
    if config and "RKNPU=y" in config:
        board.builtin(release, version)
    board.write("/proc/1/comm", "systemd\n").write("/run/systemd/system/.keep")
    if debian:
        board.headers(release).tools()
        for path in APT:
            board.write(path, b"\x7fELF" if ".so" in path else b"")
    return board


EXACT = {"driver_policy": "exact"}
# -- whose driver it is -------------------------------------------------------------------------------------------------


def orange_pi_3b(board, release, place):
    """Write a working driver 0.9.8 as a module, on DietPi."""
    base(board, release, ("Xunlong Orange Pi 3B", ("xunlong,orangepi-3b", "rockchip,rk3566")), ROOT + " rw", BSP,
         npu={"address": "fde40000", "compatible": RK3566})
    board.write("/boot/dietpiEnv.txt", "user_overlays=rk3566-rknpu\n")
    board.write(f"/lib/modules/{release}/modules.dep", f"{place}/rknpu.ko:\n").write(f"/lib/modules/{release}/{place}/rknpu.ko")
    return board.bound_module("rknpu")


RELEASE_619 = "6.19.3-edge-rockchip64"
TRIED = {"facts.driver.version": "0.9.8", "facts.driver.module": "rknpu", "facts.boot.loader": "dietpi"}


@report("orangepi3b-dkms-of-others", "w568w/rknpu-module, bmilde/rknpu-driver-dkms, lurenJBD/rknpu-mainline-dkms",
        "A DKMS package rknpu from elsewhere, without our marker, is not ours: what works stays.", RELEASE_619,
        {**TRIED, "facts.dkms.modules": {"has": "rknpu"}, "plan.action": "none"}, answer=V098)
def orangepi3b_dkms(board):
    orange_pi_3b(board, RELEASE_619, "updates/dkms").dkms("rknpu", "0.9.8", release=RELEASE_619)
    board.write("/usr/src/rknpu-0.9.8/dkms.conf",
                'PACKAGE_NAME="rknpu"\nPACKAGE_VERSION="0.9.8"\nBUILT_MODULE_NAME[0]="rknpu"\nAUTOINSTALL="yes"\n')


@report("orangepi3b-make-install", "w568w/rknpu-module",
        "The same module put there by make modules_install.", RELEASE_619, {**TRIED, "plan.action": "none"}, answer=V098)
def orangepi3b_make(board):
    orange_pi_3b(board, RELEASE_619, "extra")


@report("cm3588-driver-is-a-module", "immich-app/immich#30037",
        "FriendlyELEC's loader is unknown, and no kernel argument is needed.", "6.1.141",
        {"facts.driver.presence": "module", "facts.driver.version": "0.9.8", "facts.boot.loader": "unknown",
         "plan.action": "none"}, answer=V098)
def cm3588(board):
    base(board, "6.1.141", ("FriendlyElec CM3588 NAS", ("friendlyelec,cm3588-nas", "rockchip,rk3588")),
         "storagemedia=emmc androidboot.storagemedia=emmc androidboot.mode=normal root=/dev/mmcblk0p8 rw", MODULE)
    board.write("/lib/modules/6.1.141/kernel/drivers/rknpu/rknpu.ko").bound_module("rknpu")


@report("cm3588-module-0.9.3", "immich-app/immich#30037",
        "The same board with 0.9.3, to be replaced: still no kernel argument.", "6.1.141",
        {"facts.driver.presence": "module", "plan.action": "dkms", "plan.module": "rknpu"}, wanted=EXACT)
def cm3588_old(board):
    cm3588(board)


@report("rk1-npu-given-to-a-guest", "jiangcuo/pxvirt#130",
        "vfio-platform has the NPU on purpose: nothing is built, and the board does not reboot with its guests.",
        "6.1.75-vendor-rk35xx", {"facts.device.driver": "vfio-platform", "plan.action": "unsupported",
                                 "plan.reason": {"has": "vfio-platform"}})
def rk1_guest(board):
    base(board, "6.1.75-vendor-rk35xx", ("Turing Machines RK1", ("turing,rk1", "rockchip,rk3588")), version="0.9.7",
         npu={"driver": "vfio-platform", "drm": None})
    board.write("/boot/armbianEnv.txt", "extraargs=cma=256M\n")
    board.write("/sys/devices/platform/fdab0000.npu/driver_override", "vfio-platform\n")


# -- which boot configuration is read -----------------------------------------------------------------------------------

RELEASE_RADXA = "6.1.43-15-rk2312"


def grub(board, arguments):
    base(board, RELEASE_RADXA, cmdline=f"BOOT_IMAGE=/boot/vmlinuz-{RELEASE_RADXA} {ROOT} ro {arguments}")
    return board.write("/sys/firmware/efi/fw_platform_size", "64\n")


@report("rock5b-grub-and-u-boot-menu", "Joshua-Riek/ubuntu-rockchip#495, edk2-porting/edk2-rk3588#62",
        "UEFI firmware and GRUB boot it; u-boot-menu and its extlinux.conf are left over and not read.", RELEASE_RADXA,
        {"facts.boot.loader": "grub"}, wanted=EXACT)
def rock5b_grub(board):
    grub(board, "quiet splash").u_boot_menu(append=ROOT + " rootwait rw console=ttyFIQ0,1500000n8")
    board.write("/etc/kernel/cmdline", "rootwait rw console=ttyFIQ0,1500000n8\n")
    board.write("/etc/default/grub", 'GRUB_CMDLINE_LINUX_DEFAULT="quiet splash"\n').write("/usr/sbin/update-grub")
    board.write("/boot/grub/grub.cfg", "menuentry 'Debian GNU/Linux' {\n\tlinux /boot/vmlinuz-%s %s ro quiet splash\n}\n"
                % (RELEASE_RADXA, ROOT))


@report("rock5b-stale-extlinux", "edk2-porting/edk2-rk3588#95",
        "A hand-made extlinux.conf of an older installation: none of its arguments is in the kernel's command line.",
        RELEASE_RADXA, {"facts.boot.config": {"lacks": "extlinux"}, "plan.action": "unsupported"}, wanted=EXACT)
def rock5b_stale(board):
    grub(board, "quiet").write("/boot/extlinux/extlinux.conf", "label l0\n\tlinux /boot/vmlinuz\n\tappend "
                               "root=/dev/mmcblk0p2 console=ttyFIQ0,1500000n8\n")


@report("rk1-ubuntuenv", "Joshua-Riek/ubuntu-rockchip#618",
        "U-Boot imports ubuntuEnv.txt, whose bootargs= holds all arguments.", "5.10.160-rockchip",
        {"facts.boot.config": "/boot/firmware/ubuntuEnv.txt", "plan.action": "dkms_over_builtin"}, wanted=EXACT)
def rk1_ubuntuenv(board):
    arguments = ROOT + " rootfstype=ext4 rootwait rw console=ttyS2,1500000"
    base(board, "5.10.160-rockchip", ("Turing Machines RK1", ("turing,rk1", "rockchip,rk3588")), arguments)
    board.write("/boot/firmware/ubuntuEnv.txt", f"bootargs={arguments}\nfdtfile=rk3588-turing-rk1.dtb\noverlay_prefix=rk3588\n"
                "overlays=\n")


def armbian_with_menu(board, argument):
    release, arguments = "6.1.75-vendor-rk35xx", ROOT + " loglevel=7 console=ttyS2,1500000 console=tty0"
    base(board, release, cmdline=arguments)
    board.write("/boot/armbianEnv.txt", "verbosity=1\nextraargs=cma=256M\n").write("/usr/sbin/u-boot-update", U_BOOT_UPDATE)
    board.write("/etc/default/u-boot", 'U_BOOT_UPDATE="true"\nU_BOOT_FDT_DIR="/usr/lib/linux-image-"\n'
                'U_BOOT_PARAMETERS="loglevel=7 console=ttyS2,1500000 console=tty0%s"\n' % argument)
    board.write("/boot/extlinux/extlinux.conf", "default l0\nlabel l0\n\tlinux /boot/vmlinuz-%s\n\tappend %s%s\n"
                % (release, arguments, argument)).write("/boot/vmlinuz-" + release, "MZ")


SOURCE_29 = "armbian/build#5464, armbian/build#6325"


@report("mekotronics-menu-before", SOURCE_29, "armbianEnv.txt and a used extlinux.conf side by side.",
        "6.1.75-vendor-rk35xx", {"facts.boot.loader": "u-boot-menu"}, wanted=EXACT)
def mekotronics_before(board):
    armbian_with_menu(board, "")


@report("mekotronics-menu-after", SOURCE_29, "The same after our argument was added and before the reboot: the same loader.",
        "6.1.75-vendor-rk35xx", {"facts.boot.loader": "u-boot-menu"}, wanted=EXACT)
def mekotronics_after(board):
    armbian_with_menu(board, " initcall_blacklist=rknpu_init")


# -- other systems ------------------------------------------------------------------------------------------------------

GENERATED = """# Generated file, all changes will be lost on nixos-rebuild!

DEFAULT nixos-default
TIMEOUT 50

LABEL nixos-default
  MENU LABEL NixOS - Default
  LINUX ../nixos/abc-linux-6.1.115-Image
  INITRD ../nixos/def-initrd-linux-6.1.115-initrd
  APPEND init=/nix/store/abc-nixos-system-nixos-25.11/init loglevel=4
  FDTDIR ../nixos/ghi-device-tree-overlays
"""


def without_apt(board, text):
    base(board, "6.1.115", cmdline="init=/nix/store/abc-nixos-system-nixos-25.11/init loglevel=4", debian=False)
    board.write("/etc/os-release", text).write("/boot/extlinux/extlinux.conf", GENERATED)


NO_APT = {"plan.action": "unsupported", "plan.reason": {"has": "apt"}}


@report("rock5b-nixos", "gnull/nixos-rk3588#12, PsychoLlama/home-lab#5, jakubgs/nixos-config#3",
        "NixOS has no apt, and its extlinux.conf is generated.", "6.1.115", {"facts.os.id": "nixos", **NO_APT}, wanted=EXACT)
def nixos(board):
    without_apt(board, 'ID=nixos\nVERSION_ID="25.11"\n')


@report("rock5b-arch", "BredOS/images#30", "An Arch derivative has no apt.", "6.1.115", {"facts.os.id": "bredos", **NO_APT},
        wanted=EXACT)
def arch(board):
    without_apt(board, "ID=bredos\nID_LIKE=arch\n")


def openwrt(board, which, release, version, cmdline):
    base(board, release, which, cmdline, None, npu={"address": "fde40000", "compatible": RK3566}, debian=False)
    board.write("/etc/os-release", 'ID="openwrt"\nID_LIKE="lede openwrt"\nVERSION_ID="24.10.2"\nVERSION="24.10.2"\n')
    board.write("/etc/openwrt_release", "DISTRIB_ID='iStoreOS'\n").write("/lib/ld-musl-aarch64.so.1", b"\x7fELF")
    board.write("/proc/1/comm", "procd\n").place("/run/systemd/system/.keep").unlink()
    board.place("/run/systemd/system").rmdir()
    board.write(f"/lib/modules/{release}/rknpu.ko").bound_module("rknpu").write("/sys/module/rknpu/version", version + "\n")


MUSL = {"facts.driver.module": "rknpu", "plan.action": "unsupported"}
CONSOLE = "console=ttyS2,1500000 root=PARTUUID=3c1f8a2e-02 rootwait"


@report("g68-openwrt", "istoreos/istoreos#2897", "musl cannot load librknnrt.so, and there is no apt.", "6.6.93", MUSL,
        answer=V098)
def g68(board):
    openwrt(board, ("NongShang Yun G68", ("nsy,g68-plus", "rockchip,rk3568")), "6.6.93", "0.9.8", CONSOLE)


@report("m68s-openwrt", "istoreos/istoreos#2014", "The same with an old driver, and the floor as policy.", "5.10.160", MUSL,
        answer=("0.8.5", "20230202", "drm_ioctl"), wanted={"driver_policy": "floor"})
def m68s(board):
    openwrt(board, ("EZPRO Mrkaio M68S", ("ezpro,mrkaio-m68s", "rockchip,rk3568")), "5.10.160", "0.8.5", CONSOLE)


def forgetful(board, mounts):
    base(board, "6.1.75-vendor-rk35xx", ("Hardkernel ODROID-M1", ("hardkernel,rk3568-odroid-m1", "rockchip,rk3568")),
         npu={"address": "fde40000", "compatible": RK3566})
    board.write("/proc/mounts", mounts).write("/proc/self/mounts", mounts)
    board.write("/etc/overlayroot.conf", 'overlayroot="tmpfs"\n').write("/boot/armbianEnv.txt", "extraargs=cma=256M\n")


LOST = {"plan.action": "unsupported", "plan.changes": [], "plan.remedy": {"has": "overlayroot"}}


@report("odroidm1-overlayroot", "armbian/configng#69, armbian/build#4316",
        "The root file system is an overlay in memory: what is installed is gone after the reboot.", "6.1.75-vendor-rk35xx",
        LOST, wanted=EXACT)
def odroidm1(board):
    forgetful(board, "overlayroot / overlay rw,relatime,lowerdir=/media/root-ro,upperdir=/media/root-rw/overlay,"
              "workdir=/media/root-rw/overlay-workdir/_ 0 0\n/dev/mmcblk0p1 /media/root-ro ext4 ro,relatime 0 0\n")


@report("odroidm1-squashfs", "armbian/configng#69", "A read-only image as root.", "6.1.75-vendor-rk35xx",
        {"plan.action": "unsupported", "plan.changes": []}, wanted=EXACT)
def squashfs(board):
    forgetful(board, "/dev/root / squashfs ro,relatime 0 0\n")


# -- the NPU and its driver ---------------------------------------------------------------------------------------------

@report("oect-no-device-node", "ophub/amlogic-s9xxx-armbian#3123",
        "A bound driver without a device file: built with neither DRM_GEM nor a working DMA_HEAP.", "6.1.99-rk35xx-ophub",
        {"facts.device.driver": "RKNPU", "facts.driver.render_node": None, "facts.driver.version": "0.9.8",
         "plan.reason": {"lacks": "0.9.8 answers"}})
def oect(board):
    release = "6.1.99-rk35xx-ophub"
    base(board, release, ("WXY OECT", ("wxy,oect", "rockchip,rk3566")), ROOT + " rw", BSP + "CONFIG_ROCKCHIP_RKNPU=y\n",
         "0.9.8", {"address": "fde40000", "compatible": RK3566, "drm": 0})
    board.write("/sys/kernel/debug/rknpu/version", "RKNPU driver: v0.9.8\n")
    board.write("/boot/armbianEnv.txt", "extraargs=cma=256M\n")


@report("pantherx2-probe-failed", "ophub/amlogic-s9xxx-armbian#1319, ophub/fnnas#514, armbian/linux-rockchip#297",
        "The probe fails on the power domain, and the NPU's IOMMU is disabled: another driver does not help.",
        "6.1.141-rk35xx-ophub", {"facts.device.driver": None, "plan": {"has": "iommu"}},
        answer=V098, log=("[    2.114530] RKNPU fde40000.npu: RKNPU: rknpu iommu is disabled, using non-iommu mode",
                          "[    2.120911] rockchip-pm-domain fdd90000.power-management:power-controller: failed to get ack on "
                          "domain 'npu', val=0x98e62"))
def pantherx2(board):
    release = "6.1.141-rk35xx-ophub"
    base(board, release, ("E Sun Panther X2", ("panther,x2", "rockchip,rk3566")), ROOT + " rw", version="0.9.8",
         npu={"address": "fde40000", "compatible": RK3566, "driver": None})
    board.write("/boot/armbianEnv.txt", "extraargs=cma=256M\n").strings("iommu@fde4b000/status", "disabled")


def zero_3(board, status):
    base(board, RELEASE_RADXA, ("Radxa ZERO 3", ("radxa,zero3", "rockchip,rk3566")),
         npu={"address": "fde40000", "compatible": RK3566, "status": status, "driver": None})
    board.u_boot_menu()


OFF = {"facts.device.driver": None, "plan.action": "unsupported", "plan.changes": [], "plan.remedy": {"has": "overlay"}}


@report("zero3-node-disabled", "armbian/linux-rockchip#334, Qengineering/Radxa-Zero-3-NPU-Ubuntu22#1",
        "The NPU is switched off in the device tree.", RELEASE_RADXA, {"facts.device.status": "disabled", **OFF})
def zero3_disabled(board):
    zero_3(board, "disabled")


@report("zero3-node-failed", "ophub/amlogic-s9xxx-armbian#2030", "The same with another word for off.", RELEASE_RADXA,
        {"facts.device.status": "fail", "plan.action": "unsupported", "plan.changes": []})
def zero3_fail(board):
    zero_3(board, "fail")


@report("rock5b-rocket-node-disabled", "siderolabs/sbc-rockchip#117, armbian/build#9023",
        "Mainline describes the NPU for rocket, and switches it off.", "6.18.39-current-rockchip64",
        {"facts.driver.presence": "rocket", "plan.action": "unsupported", "plan.changes": []})
def rock5b_rocket(board):
    base(board, "6.18.39-current-rockchip64", config=BSP,
         npu={"compatible": "rockchip,rk3588-rknn-core", "status": "disabled", "driver": None})


@report("rk3562-evb2-without-dev-rknpu", "rockchip-linux/kernel#371",
        "The driver answers through its DRM node; that /dev/rknpu is missing is right.", "6.1.118",
        {"facts.driver.version": "0.9.8", "facts.driver.render_node": "/dev/dri/renderD129", "plan.action": "none"},
        answer=V098)
def rk3562(board):
    base(board, "6.1.118", ("Rockchip RK3562 EVB2", ("rockchip,rk3562-evb2-ddr4-v10", "rockchip,rk3562")), version="0.9.8",
         npu={"address": "ff300000", "compatible": "rockchip,rk3562-rknpu"}).u_boot_menu()


def library(board, version, build):
    return board.write("/usr/lib/librknnrt.so", b"\x7fELF" + bytes(60) + b"librknnrt version: %s (%s)\0"
                       % (version.encode(), build.encode()))


@report("cb2-kernel-4.19", "bigtreetech/CB2#140, blakeblackshear/frigate#8382",
        "Linux 4.19 with driver 0.7.2 works: it is tried, and not refused for its kernel first.", "4.19.232-bigtree-cb2",
        {"facts.driver.version": "0.7.2", "facts.runtime.version": "2.3.0", "plan.action": "none"},
        answer=("0.7.2", "20220829", "drm_ioctl"))
def cb2(board):
    base(board, "4.19.232-bigtree-cb2", ("BIQU CB2", ("biqu,rk3566-cb2", "rockchip,rk3566")), version="0.7.2",
         npu={"address": "fde40000", "compatible": RK3566})
    library(board.write("/boot/armbianEnv.txt", "extraargs=cma=256M\n"), "2.3.0", "c949ad889d@2024-11-07T11:35:33")


@report("rock5b-web-page-as-library", "rockchip-linux/rknn-toolkit2#260",
        "A web page was saved as librknnrt.so: it is replaced, and the driver stays.", "6.1.84-8-rk2410",
        {"facts.runtime.version": None, "plan.action": "none", "plan.runtime.install": True}, answer=V098)
def web_page(board):
    base(board, "6.1.84-8-rk2410", version="0.9.8").u_boot_menu().write("/usr/lib/librknnrt.so", "<!DOCTYPE html>\n")


@report("nx5-runtime-of-a-package", "airockchip/rknn-toolkit2#563, radxa-docs/docs#612, radxa-pkg/rknn2",
        "librknnrt.so belongs to the package rknpu2-rk3588, whose next upgrade would bring it back.", RELEASE_RADXA,
        {"facts.runtime.version": "1.6.0", "plan": {"has": "rknpu2-rk3588"}}, wanted=EXACT)
def nx5(board):
    base(board, RELEASE_RADXA, ("Radxa NX5", ("radxa,nx5", "rockchip,rk3588s"))).u_boot_menu()
    library(board, "1.6.0", "9a7b5d24c@2023-12-13T17:31:11")
    board.write("/var/lib/dpkg/info/rknpu2-rk3588.list", "/.\n/usr\n/usr/lib\n/usr/lib/librknnrt.so\n")
    board.write("/var/lib/dpkg/status", "Package: rknpu2-rk3588\nStatus: install ok installed\nArchitecture: arm64\n"
                "Version: 1.6.0-1\n\n")


@report("nanopct6-rkllm", "Pelochus/ezrknn-llm#19, airockchip/rknn-llm#232, MichaIng/DietPi#7254",
        "librkllmrt.so 1.1.2 asks for driver 0.9.7 or newer: the default 0.9.6 is not enough.", "5.10.160-legacy-rk35xx",
        {"facts.driver.version": "0.8.2", "plan": {"has": "0.9.7"}}, answer=("0.8.2", "20220829", "drm_ioctl"),
        wanted={"driver_policy": "floor"})
def nanopct6(board):
    base(board, "5.10.160-legacy-rk35xx", ("FriendlyElec NanoPC-T6", ("friendlyelec,nanopc-t6", "rockchip,rk3588")),
         version="0.8.2").write("/boot/armbianEnv.txt", "extraargs=cma=256M\n")
    board.write("/usr/lib/librkllmrt.so", b"\x7fELF" + bytes(60) + b"rkllm-runtime version: 1.1.2\0")
    library(board, "1.6.0", "9a7b5d24c@2023-12-13T17:31:11")

# -- what the product does not do yet ------------------------------------------------------------------------------------

WAITING = {
    "orangepi3b-dkms-of-others": "issue 15, section B: ownership by our marker",
    "rk1-npu-given-to-a-guest": "issue 15, section B: an NPU bound to another driver on purpose",
    "rock5b-grub-and-u-boot-menu": "issue 15, section A: which boot configuration is read",
    "rock5b-stale-extlinux": "issue 15, section A: which boot configuration is read",
    "rk1-ubuntuenv": "issue 15, section A: boot loaders",
    "mekotronics-menu-after": "issue 15, section A: which boot configuration is read",
    "rock5b-nixos": "issue 15, section A: a system without apt",
    "rock5b-arch": "issue 15, section A: a system without apt",
    "oect-no-device-node": "issue 15, section B: a driver without a device file does not answer",
    "pantherx2-probe-failed": "issue 15: the state of the NPU's IOMMU is not read",
    "cb2-kernel-4.19": "issue 15, section F: kernels 4.19 are tried before they are refused",
    "nx5-runtime-of-a-package": "issue 15, section B: a runtime that belongs to a package",
    "nanopct6-rkllm": "issue 15, section F: the driver that RKLLM asks for",
}
"""The reason for xfail, by the report's name. Take a row out, and write the files again, when it is fixed."""
for entry in REPORTS:
    entry.xfail = WAITING.get(entry.name, "")
