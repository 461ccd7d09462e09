# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Boards from public reports: which boot configuration is read, and other systems than Debian."""

from __future__ import annotations

from reports import EXACT, RELEASE_RADXA, RK3566, ROOT, V098, base, report
from rklab.fleets.recorded import U_BOOT_UPDATE

# -- which boot configuration is read --


def grub(board, arguments):
    base(board, RELEASE_RADXA, cmdline=f"BOOT_IMAGE=/boot/vmlinuz-{RELEASE_RADXA} {ROOT} ro {arguments}")
    return board.write("/sys/firmware/efi/fw_platform_size", "64\n")


@report(
    "rock5b-grub-and-u-boot-menu",
    "Joshua-Riek/ubuntu-rockchip#495, edk2-porting/edk2-rk3588#62",
    "UEFI firmware and GRUB boot it; u-boot-menu and its extlinux.conf are left over and not read.",
    RELEASE_RADXA,
    {"facts.boot.loader": "grub"},
    wanted=EXACT,
)
def rock5b_grub(board):
    grub(board, "quiet splash").u_boot_menu(append=ROOT + " rootwait rw console=ttyFIQ0,1500000n8")
    board.write("/etc/kernel/cmdline", "rootwait rw console=ttyFIQ0,1500000n8\n")
    board.write("/etc/default/grub", 'GRUB_CMDLINE_LINUX_DEFAULT="quiet splash"\n').write("/usr/sbin/update-grub")
    board.write(
        "/boot/grub/grub.cfg",
        f"menuentry 'Debian GNU/Linux' {{\n\tlinux /boot/vmlinuz-{RELEASE_RADXA} {ROOT} ro quiet splash\n}}\n",
    )


@report(
    "rock5b-stale-extlinux",
    "edk2-porting/edk2-rk3588#95",
    "A hand-made extlinux.conf of an older installation: none of its arguments is in the kernel's command line.",
    RELEASE_RADXA,
    {"facts.boot.config": {"lacks": "extlinux"}, "plan.action": "unsupported"},
    wanted=EXACT,
)
def rock5b_stale(board):
    grub(board, "quiet").write(
        "/boot/extlinux/extlinux.conf",
        "label l0\n\tlinux /boot/vmlinuz\n\tappend root=/dev/mmcblk0p2 console=ttyFIQ0,1500000n8\n",
    )


@report(
    "rk1-ubuntuenv",
    "Joshua-Riek/ubuntu-rockchip#618",
    "U-Boot imports ubuntuEnv.txt, whose bootargs= holds all arguments.",
    "5.10.160-rockchip",
    {"facts.boot.config": "/boot/firmware/ubuntuEnv.txt", "plan.action": "dkms_over_builtin"},
    wanted=EXACT,
)
def rk1_ubuntuenv(board):
    arguments = ROOT + " rootfstype=ext4 rootwait rw console=ttyS2,1500000"
    base(board, "5.10.160-rockchip", ("Turing Machines RK1", ("turing,rk1", "rockchip,rk3588")), arguments)
    board.write(
        "/boot/firmware/ubuntuEnv.txt",
        f"bootargs={arguments}\nfdtfile=rk3588-turing-rk1.dtb\noverlay_prefix=rk3588\noverlays=\n",
    )


def armbian_with_menu(board, argument):
    release, arguments = "6.1.75-vendor-rk35xx", ROOT + " loglevel=7 console=ttyS2,1500000 console=tty0"
    base(board, release, cmdline=arguments)
    board.write("/boot/armbianEnv.txt", "verbosity=1\nextraargs=cma=256M\n").write(
        "/usr/sbin/u-boot-update", U_BOOT_UPDATE
    )
    board.write(
        "/etc/default/u-boot",
        'U_BOOT_UPDATE="true"\nU_BOOT_FDT_DIR="/usr/lib/linux-image-"\n'
        f'U_BOOT_PARAMETERS="loglevel=7 console=ttyS2,1500000 console=tty0{argument}"\n',
    )
    board.write(
        "/boot/extlinux/extlinux.conf",
        f"default l0\nlabel l0\n\tlinux /boot/vmlinuz-{release}\n\tappend {arguments}{argument}\n",
    ).write("/boot/vmlinuz-" + release, "MZ")


SOURCE_29 = "armbian/build#5464, armbian/build#6325"


@report(
    "mekotronics-menu-before",
    SOURCE_29,
    "armbianEnv.txt and a used extlinux.conf side by side.",
    "6.1.75-vendor-rk35xx",
    {"facts.boot.loader": "u-boot-menu"},
    wanted=EXACT,
)
def mekotronics_before(board):
    armbian_with_menu(board, "")


@report(
    "mekotronics-menu-after",
    SOURCE_29,
    "The same after our argument was added and before the reboot: the same loader.",
    "6.1.75-vendor-rk35xx",
    {"facts.boot.loader": "u-boot-menu"},
    wanted=EXACT,
)
def mekotronics_after(board):
    armbian_with_menu(board, " initcall_blacklist=rknpu_init")


# -- other systems --

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


@report(
    "rock5b-nixos",
    "gnull/nixos-rk3588#12, PsychoLlama/home-lab#5, jakubgs/nixos-config#3",
    "NixOS has no apt, and its extlinux.conf is generated.",
    "6.1.115",
    {"facts.os.id": "nixos", **NO_APT},
    wanted=EXACT,
)
def nixos(board):
    without_apt(board, 'ID=nixos\nVERSION_ID="25.11"\n')


@report(
    "rock5b-arch",
    "BredOS/images#30",
    "An Arch derivative has no apt.",
    "6.1.115",
    {"facts.os.id": "bredos", **NO_APT},
    wanted=EXACT,
)
def arch(board):
    without_apt(board, "ID=bredos\nID_LIKE=arch\n")


def openwrt(board, which, release, version, cmdline):
    base(board, release, which, cmdline, None, npu={"address": "fde40000", "compatible": RK3566}, debian=False)
    board.write("/etc/os-release", 'ID="openwrt"\nID_LIKE="lede openwrt"\nVERSION_ID="24.10.2"\nVERSION="24.10.2"\n')
    board.write("/etc/openwrt_release", "DISTRIB_ID='iStoreOS'\n").write("/lib/ld-musl-aarch64.so.1", b"\x7fELF")
    board.write("/proc/1/comm", "procd\n").place("/run/systemd/system/.keep").unlink()
    board.place("/run/systemd/system").rmdir()
    board.write(f"/lib/modules/{release}/rknpu.ko").bound_module("rknpu").write(
        "/sys/module/rknpu/version", version + "\n"
    )


MUSL = {"facts.driver.module": "rknpu", "plan.action": "unsupported"}
CONSOLE = "console=ttyS2,1500000 root=PARTUUID=3c1f8a2e-02 rootwait"


@report(
    "g68-openwrt",
    "istoreos/istoreos#2897",
    "musl cannot load librknnrt.so, and there is no apt.",
    "6.6.93",
    MUSL,
    answer=V098,
)
def g68(board):
    openwrt(board, ("NongShang Yun G68", ("nsy,g68-plus", "rockchip,rk3568")), "6.6.93", "0.9.8", CONSOLE)


@report(
    "m68s-openwrt",
    "istoreos/istoreos#2014",
    "The same with an old driver, and the floor as policy.",
    "5.10.160",
    MUSL,
    answer=("0.8.5", "20230202", "drm_ioctl"),
    wanted={"driver_policy": "floor"},
)
def m68s(board):
    openwrt(board, ("EZPRO Mrkaio M68S", ("ezpro,mrkaio-m68s", "rockchip,rk3568")), "5.10.160", "0.8.5", CONSOLE)


def forgetful(board, mounts):
    base(
        board,
        "6.1.75-vendor-rk35xx",
        ("Hardkernel ODROID-M1", ("hardkernel,rk3568-odroid-m1", "rockchip,rk3568")),
        npu={"address": "fde40000", "compatible": RK3566},
        armbian=True,
    )
    board.write("/proc/mounts", mounts).write("/proc/self/mounts", mounts)
    board.write("/etc/overlayroot.conf", 'overlayroot="tmpfs"\n')


LOST = {"plan.action": "unsupported", "plan.changes": [], "plan.remedy": {"has": "overlayroot"}}


@report(
    "odroidm1-overlayroot",
    "armbian/configng#69, armbian/build#4316",
    "The root file system is an overlay in memory: what is installed is gone after the reboot.",
    "6.1.75-vendor-rk35xx",
    LOST,
    wanted=EXACT,
)
def odroidm1(board):
    forgetful(
        board,
        "overlayroot / overlay rw,relatime,lowerdir=/media/root-ro,upperdir=/media/root-rw/overlay,"
        "workdir=/media/root-rw/overlay-workdir/_ 0 0\n/dev/mmcblk0p1 /media/root-ro ext4 ro,relatime 0 0\n",
    )


@report(
    "odroidm1-squashfs",
    "armbian/configng#69",
    "A read-only image as root.",
    "6.1.75-vendor-rk35xx",
    {"plan.action": "unsupported", "plan.changes": []},
    wanted=EXACT,
)
def squashfs(board):
    forgetful(board, "/dev/root / squashfs ro,relatime 0 0\n")
