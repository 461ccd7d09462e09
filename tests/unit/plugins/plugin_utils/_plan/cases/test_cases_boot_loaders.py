# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Boot loaders, each with what is planned for it."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._board.tree import Tree
from ansible_collections.rkfleet.npu.plugins.module_utils._boot import boot_facts, kernel_arguments
from ansible_collections.rkfleet.npu.plugins.module_utils._boot.editing import edit
from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan import planner
from stand_ins.plans.planned_trees import BUILTIN, DATA, SPELT, STOCK, check_place, one_sentence

ARGUMENT = ("initcall_blacklist", "rknpu_init")

UUID = "root=UUID=4f3c2b1a-0d9e-4c7b-8a65-112233445566"
SDK = "storagemedia=emmc androidboot.storagemedia=emmc androidboot.mode=normal "
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
    # Its images have a file system of its own for that folder.
    board.write("/etc/fstab", "UUID=1 / ext4 defaults 0 1\nUUID=2 /boot/firmware vfat defaults 0 2\n")
    board.write("/proc/mounts", "/dev/a / ext4 rw 0 0\n/dev/b /boot/firmware vfat rw 0 0\n")
    assert planned(board, driver_policy="exact")[1]["action"] == "dkms_over_builtin"
    board.write("/proc/mounts", "/dev/a / ext4 rw 0 0\n")
    plan = planned(board, driver_policy="exact")[1]
    assert plan["action"] == "unsupported" and "mount /boot/firmware" in plan["remedy"]


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


def test_a_plan_recognizes_the_boot_loader_from_what_the_board_sent(board, planned):
    """As from the gate, which does so for everyone else: a board's own word on that does not count."""
    board.base(config=BUILTIN, cmdline=UUID + " ro").npu().builtin().headers().tools()
    board.u_boot_menu(append=UUID + " ro").write("/etc/kernel/cmdline", "ro\n")
    facts, plan = planned(board, driver_policy="exact")
    sent = {"cmdline": facts["boot"]["cmdline"], "files": facts["boot"]["files"], "links": [], "loader": None}
    wanted = {"driver_policy": "exact"}
    assert planner.npu_plan(dict(facts, boot=sent), wanted, DATA)["changes"] == plan["changes"]
    assert boot_facts.complete(dict(sent, loader="extlinux", config="/etc/passwd"))["config"] == "/etc/kernel/cmdline"


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


@pytest.mark.parametrize("content", [
    # armbian/build config/bootscripts/boot-seeed-rk35xx.cmd: what a power cut makes of armbianEnv.txt. U-Boot reads
    # nothing from it, and takes armbianEnv.txt.dist instead.
    b"\xff" * 512, b"\0" * 512, b"extraargs=cma=256M\n" + b"\0" * 512,
])
def test_a_configuration_that_was_lost(board, planned, content):
    board.base(config=BUILTIN, cmdline=UUID + " rw").npu().builtin().headers().tools()
    plan = planned(board.write("/boot/armbianEnv.txt", content), driver_policy="exact")[1]
    assert plan["action"] == "unsupported" and "/boot/armbianEnv.txt: the configuration does not begin with text" in (
        plan["reason"])


@pytest.mark.case(
    case="/boot has a file system of its own that is not mounted", plan="unsupported",
    result="U-Boot does not read what is in /boot then: says to mount it",
)
@pytest.mark.parametrize("fstab, mounts, mounted", [
    # ophub/amlogic-s9xxx-armbian 1893 (the owner mounts it for updates only), raspberrypi/linux 4616.
    ("UUID=1 / ext4 defaults 0 1\nLABEL=BOOT /boot ext4 noauto 0 2\n", "/dev/mmcblk0p2 / ext4 rw 0 0\n", False),
    ("PARTLABEL=boot\t/boot\tauto defaults 0 2\n", "/dev/root / ext4 rw 0 0\n/dev/a /boot/efi vfat rw 0 0\n", False),
    ("LABEL=BOOT /boot ext4 defaults 0 2\n", "/dev/a / ext4 rw 0 0\n/dev/b /boot ext4 rw 0 0\n", True),
    ("#LABEL=BOOT /boot ext4 defaults 0 2\n/dev/c /boot/efi vfat defaults 0 0\n", "/dev/a / ext4 rw 0 0\n", True),
    ("//nas/x /mnt cifs password=secret 0 0\n", "/dev/a / ext4 rw 0 0\n", True),
])
@pytest.mark.parametrize("loader", ["armbian", "none"])
def test_a_boot_file_system_that_is_not_mounted(board, planned, fstab, mounts, mounted, loader):
    board.base(config=BUILTIN, cmdline=UUID + " rw").npu().builtin().headers().tools()
    board.write("/etc/fstab", fstab).write("/proc/mounts", mounts)
    if loader == "armbian":
        board.write("/boot/armbianEnv.txt", ARMBIAN)
    facts, plan = planned(board, driver_policy="exact")
    assert "secret" not in str(facts)
    assert ("not mounted" in plan["reason"]) is not mounted
    if not mounted:
        assert plan["action"] == "unsupported" and "mount /boot" in plan["remedy"]
        assert "remove its line" in plan["remedy"]
    if loader == "none":
        # Added by hand and active: nothing in /boot is edited.
        board.write("/proc/cmdline", f"{UUID} rw {SPELT}\n")
        (board.root / "sys/devices/platform/fdab0000.npu/driver").unlink()
        assert planned(board, driver_policy="exact")[1]["action"] == "dkms_over_builtin"


@pytest.mark.case(
    case=("boot loader: network, boot image of FriendlyELEC or Rockchip's SDK, uEnv.txt, flash-kernel, NixOS, "
          "systemd-boot, GRUB without grub-mkconfig"),
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
    # wangergou2023/kernel_rk3568 (LubanCat), docs of the ArmSoM Sige7: U-Boot of the vendor, and not a boot image.
    (SDK + "root=/dev/mmcblk0p3 boot_part=2 console=ttyFIQ0 console=tty1 rootwait rw", {
        "/boot/uEnv/uEnv.txt": 'uname_r=4.19.232\ncmdline="console=ttyFIQ0 console=tty1 rootwait rw"\n',
        "/boot/boot.scr": "booti\n"}, "/boot/uEnv/uEnv.txt, which U-Boot may read", "in cmdline of /boot/uEnv/uEnv.txt"),
    (SDK + "root=PARTUUID=614e0000-0000 rw", {"/boot/cmdline.txt": "quiet\n"}, "/boot/cmdline.txt",
     "in /boot/cmdline.txt"),
    # The order of what U-Boot adds depends on its version: notes on an RK3588 with Ubuntu of the SDK.
    ("androidboot.storagemedia=emmc androidboot.mode=normal rw root=PARTUUID=614e0000-0000", {}, "FriendlyELEC",
     "device tree"),
    ("user_debug=31 storagemedia=emmc androidboot.slot_suffix= root=PARTUUID=614e0000-0000", {}, "FriendlyELEC",
     "device tree"),
    # A board for network video recorders: an RK3588 whose U-Boot adds nothing.
    ("root=PARTUUID=614e0000-0000-4b53-8000-1d28000054a9 rw console=ttyFIQ0 console=tty1 rootwait", {}, "FriendlyELEC",
     "device tree"),
    # Flipper One (RK3576): U-Boot reads entries of the Boot Loader Specification, which kernel-install makes.
    ("root=UUID=1 rootflags=subvol=@Desktop rw console=ttyFIQ0,1500000n8", {
        "/boot/loader/entries/900-flipperos-Desktop-6.1.99.conf": "options root=UUID=1\n",
        "/etc/kernel/cmdline": "root=UUID=1 rw\n"}, "/boot/loader/entries", "for new kernels in /etc/kernel/cmdline"),
    # Debian's installer for boards that boot a script of flash-kernel.
    ("root=UUID=1 ro quiet", {"/boot/boot.scr": "booti\n", "/etc/default/flash-kernel": ""}, "/boot/boot.scr",
     "in LINUX_KERNEL_CMDLINE in /etc/default/flash-kernel, run flash-kernel"),
    # pyavitz/debian-image-builder files/boot/odroid: config.ini has options of the script that flash-kernel makes.
    ("root=UUID=1 ro", {"/boot/boot.scr": "ini user_options\n", "/boot/config.ini": "[user_options]\n",
                        "/etc/default/flash-kernel": ""}, "/boot/config.ini", "run flash-kernel"),
    # zixiang5288/rk-ubuntu-build upstream/bootfs (HinLink): /boot/boot.cmd says to edit this file.
    ("root=/dev/mmcblk0p2 rootwait rootfstype=btrfs rootflags=compress=zstd:6 console=ttyS2", {
        "/boot/boot.scr": "booti\n", "/boot/bootEnv.txt": "rootdev=/dev/mmcblk0p2\nextraargs=\n"}, "/boot/bootEnv.txt",
     "in extraargs of /boot/bootEnv.txt"),
    ("root=UUID=1 rw", {"/boot/firmware/extlinux/extlinux.conf": BY_HAND}, "/boot/firmware/extlinux/extlinux.conf",
     "in /boot/firmware/extlinux/extlinux.conf"),
    # hzyitc/armbian-onecloud 23: an owner's script beside a file that it does not read.
    ("root=/dev/mmcblk1p2 rw", {"/boot/armbianEnv.txt": "extraargs=cma=256M\n", "/boot/boot.scr":
                                'setenv bootargs "root=/dev/mmcblk1p2 rw"\n'},
     "/boot/boot.scr does not give extraargs", "in bootargs of /boot/boot.cmd"),
    # A line of an image whose kernel comes from elsewhere: nothing in /boot is edited.
    ("root=/dev/nfs ip=dhcp", {"/etc/fstab": "UUID=1 /boot ext4 noauto\n", "/proc/mounts": "/dev/a / ext4 rw 0 0\n"},
     "over the network", "pxelinux.cfg"),
])
def test_a_boot_loader_that_is_only_named(board, planned, cmdline, files, what, where):
    check_place(board, planned, cmdline, files, what, where)
    # Done by hand it is taken as it is.
    board.write("/proc/cmdline", "%s %s\n" % (cmdline, SPELT))
    (board.root / "sys/devices/platform/fdab0000.npu/driver").unlink()
    assert planned(board, driver_policy="exact")[1]["action"] == "dkms_over_builtin"


UNKNOWN = "by hand (U-Boot: in bootargs of its environment, see fw_printenv, or of the device tree)"


@pytest.mark.case(
    case="boot loader: unknown", plan="unsupported", result="stops, and names the argument to add by hand"
)
@pytest.mark.parametrize(
    "path, content, where",
    [
        ("/boot/grub/grub.cfg", "menuentry 'Debian' {}\n", UNKNOWN),
        ("/boot/boot.scr", "booti\n", ("in bootargs of /boot/boot.cmd, make /boot/boot.scr of it (mkimage -C none "
         "-A arm64 -T script -d /boot/boot.cmd /boot/boot.scr)")),
        ("/boot/config.txt", "arm_64bit=1\n", UNKNOWN),
    ],
)
def test_unknown_boot_loader(board, planned, path, content, where):
    board.base(config=BUILTIN).npu().builtin().headers().tools().write(path, content)
    facts, plan = planned(board, driver_policy="exact")
    assert (facts["boot"]["loader"], facts["boot"]["config"]) == ("unknown", None)
    assert plan["action"] == "unsupported" and one_sentence(plan["reason"])
    assert plan["remedy"] == f"Add {SPELT} to the kernel arguments {where}, reboot, and rerun the playbook."
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


@pytest.mark.parametrize("files", [{}, {"/boot/extlinux/extlinux.conf": BY_HAND}])
def test_a_kernel_that_takes_no_arguments_from_a_boot_loader(board, planned, files):
    # Notes on a board of the Rockchip SDK: scripts/config -e CMDLINE_FORCE, and in CMDLINE what U-Boot passed.
    cmdline = SDK + UUID + " rw rootwait console=ttyFIQ0,1500000n8"
    board.base(config=BUILTIN + "CONFIG_CMDLINE_FORCE=y\n", cmdline=cmdline).npu().builtin().headers().tools()
    for path, text in files.items():
        board.write(path, text)
    plan = planned(board, driver_policy="exact")[1]
    assert plan["action"] == "unsupported" and one_sentence(plan["reason"]) and "CONFIG_CMDLINE_FORCE" in plan["reason"]
    assert SPELT + " in CONFIG_CMDLINE" in plan["remedy"]
    board.write("/proc/cmdline", "%s %s\n" % (cmdline, SPELT))
    (board.root / "sys/devices/platform/fdab0000.npu/driver").unlink()
    assert planned(board, driver_policy="exact")[1]["action"] == "dkms_over_builtin"
