# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Which boot configuration started the running kernel, on boards as their owners have them.

The comment of a case names the public report that it was made from.
"""

from __future__ import annotations

import pathlib

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._board.tree import Tree
from ansible_collections.rkfleet.npu.plugins.module_utils._boot import (
    boot_facts,
    boot_files,
    evidence,
    kernel_arguments,
    setup,
    sources,
    u_boot_update,
)
from ansible_collections.rkfleet.npu.plugins.module_utils._boot.editing import edit
from stand_ins.boards.u_boot_update import TOOL

OURS = "initcall_blacklist=rknpu_init"
MENU, CMDLINE, DEFAULTS = "/boot/extlinux/extlinux.conf", "/etc/kernel/cmdline", "/etc/default/u-boot"
UBUNTU = "rootwait rw console=ttyS2,1500000 console=tty1 cgroup_enable=cpuset cgroup_memory=1 cgroup_enable=memory"
UPDATE_EXTLINUX = """#!/bin/bash
. /etc/default/extlinux
if [[ -f "/etc/kernel/cmdline" ]]; then APPEND="$APPEND `cat /etc/kernel/cmdline`"; fi
exec 1> /boot/extlinux/extlinux.conf.new
"""
NIXOS = """# Generated file, all changes will be lost on nixos-rebuild!
DEFAULT nixos-default
LABEL nixos-default
  LINUX ../nixos/aaa-linux-6.1.115-Image
  APPEND init=/nix/store/abc-nixos-system-nixos-25.11/init loglevel=4
"""
FRIENDLYELEC = (
    "storagemedia=emmc androidboot.storagemedia=emmc androidboot.mode=normal androidboot.dtbo_idx=0"
    " androidboot.verifiedbootstate=orange earlycon=uart8250,mmio32,0xfeb50000 console=ttyFIQ0 coherent_pool=1m"
    " irqchip.gicv3_pseudo_nmi=0 rw cgroup_enable=memory cgroup_memory=1 consoleblank=0 root=/dev/mmcblk2p8"
    " rootflags=discard rootfstype=auto androidboot.fwver=ddr-v1.17")


def menu(arguments, head="## The configuration of this file is generated automatically, use: u-boot-update\n"):
    return f"{head}default l0\nlabel l0\n\tlinux /boot/vmlinuz-6.1.99\n\tappend {arguments}\n"


def u_boot_menu(arguments, **more):
    return {"/usr/sbin/u-boot-update": TOOL, MENU: menu(arguments), DEFAULTS: "", **more}


CASES = {
    # Joshua-Riek/ubuntu-rockchip 973: the fragment of its images.
    "ubuntu-rockchip": ("root=UUID=1 " + UBUNTU, u_boot_menu("root=UUID=1 " + UBUNTU, **{
        "/usr/share/u-boot-menu/conf.d/ubuntu.conf":
        'U_BOOT_PROMPT="1"\nU_BOOT_PARAMETERS="$(cat /etc/kernel/cmdline)"\n',
        CMDLINE: UBUNTU}), "radxa", CMDLINE),
    # A fork for the Orange Pi 5 with Ubuntu 25.04: its build script's $1 is empty on the board.
    "ubuntu-rockchip, a fork": ("root=UUID=1 " + UBUNTU, u_boot_menu("root=UUID=1 " + UBUNTU, **{
        "/usr/share/u-boot-menu/conf.d/ubuntu.conf":
        'U_BOOT_UPDATE="true"\nU_BOOT_PARAMETERS="$(cat $1/etc/kernel/cmdline)"\n',
        CMDLINE: UBUNTU}), "radxa", CMDLINE),
    # radxa-pkg/rsetup 34: u-boot-menu.sh sets it so where it was set to something else.
    "rsetup": ("root=UUID=1 " + UBUNTU, u_boot_menu("root=UUID=1 " + UBUNTU, **{
        DEFAULTS: 'U_BOOT_PARAMETERS="$(cat "/etc/kernel/cmdline")"\n', CMDLINE: UBUNTU}), "radxa", CMDLINE),
    "a fragment that adds to the file": ("root=UUID=1 rw quiet splash", u_boot_menu("root=UUID=1 rw quiet splash", **{
        "/etc/u-boot-menu/conf.d/a.conf": "U_BOOT_PARAMETERS=\"`cat /etc/kernel/cmdline` splash\"\n",
        CMDLINE: "rw quiet\n"}), "radxa", CMDLINE),
    "Radxa OS": ("root=UUID=1 rw quiet", u_boot_menu("root=UUID=1 rw quiet", **{CMDLINE: "root=UUID=1 rw quiet\n"}),
                 "radxa", CMDLINE),
    # U-Boot of the vendor adds its arguments in front, and keeps one of several console=.
    "Radxa OS, U-Boot of the vendor": (
        "storagemedia=emmc androidboot.mode=normal root=UUID=1 rw console=tty1",
        u_boot_menu("root=UUID=1 rw console=ttyFIQ0,1500000n8 console=tty1", **{CMDLINE: "root=UUID=1 rw\n"}),
        "radxa", CMDLINE),
    # radxa/u-boot 90: parameters of the owner in /etc/default/u-boot.
    "u-boot-menu": ("root=UUID=1 ipv6.disable=1 fsck.mode=force", u_boot_menu(
        "root=UUID=1 ipv6.disable=1 fsck.mode=force",
        **{DEFAULTS: 'U_BOOT_PARAMETERS="ipv6.disable=1 fsck.mode=force"\n', CMDLINE: "root=UUID=1 rw\n"}),
        "u-boot-menu", DEFAULTS),
    # armbian/build pull requests 5464, 6325: armbianEnv.txt beside the extlinux.conf that is used.
    "Armbian with u-boot-menu": (
        "root=UUID=1 loglevel=7 console=ttyS2,1500000 console=tty0",
        u_boot_menu("root=UUID=1 loglevel=7 console=ttyS2,1500000 console=tty0", **{
            "/boot/armbianEnv.txt": "verbosity=1\nextraargs=cma=256M\n",
            DEFAULTS: 'U_BOOT_PARAMETERS="loglevel=7 console=ttyS2,1500000 console=tty0"\n'}), "u-boot-menu", DEFAULTS),
    "Armbian, u-boot-menu left over": (
        "root=UUID=1 rootwait rootfstype=ext4 console=ttyS2 loglevel=1 cma=256M",
        u_boot_menu("root=UUID=1 ro quiet", **{
            "/boot/armbianEnv.txt": "rootdev=UUID=1\nextraargs=cma=256M\n"}), "armbian", "/boot/armbianEnv.txt"),
    # armbian/build config/bootenv/rk35xx.txt, edited since the last boot.
    "Armbian, changed and not rebooted": (
        "root=UUID=1 rootwait rootfstype=ext4 cma=256M",
        {"/boot/armbianEnv.txt": "rootdev=UUID=1\nextraargs=cma=512M pcie_aspm=off\n"},
        "armbian", "/boot/armbianEnv.txt"),
    # armbian/build config/bootscripts/boot-rk35xx.cmd.
    "Armbian, its script gives the arguments": (
        "root=UUID=1 rootwait rootfstype=ext4 console=tty1 loglevel=1 cma=256M", {
            "/boot/armbianEnv.txt": "rootdev=UUID=1\nextraargs=cma=256M\n",
            "/boot/boot.scr": b"\x27\x05\x19\x56\x00\x00setenv bootargs \"root=${rootdev} rootwait ${extraargs}\"\n"},
        "armbian", "/boot/armbianEnv.txt"),
    # hzyitc/armbian-onecloud 23, armbian/build 1453: a script that does not know extraargs.
    "Armbian, its script ignores the arguments": (
        "root=/dev/mmcblk1p2 rootwait rw console=ttyS2,1500000 no_console_suspend", {
            "/boot/armbianEnv.txt": "extraargs=apparmor=1 security=apparmor\n",
            "/boot/boot.scr": b"\x27\x05\x19\x56\x00\xffsetenv bootargs \"${bootargs} ${consoleargs}\"\n"},
        "armbian", None),
    # Words that set no arguments, or in another way: that the file is ignored is not known.
    "Armbian, its script loads another one": (
        "root=UUID=1 rootwait cma=256M", {
            "/boot/armbianEnv.txt": "rootdev=UUID=1\nextraargs=cma=256M\n",
            "/boot/boot.scr": "# bootargs are set in the second script\nsource ${scriptaddr}\n"},
        "armbian", "/boot/armbianEnv.txt"),
    "Armbian, its script sets them by env": (
        "root=UUID=1 rootwait cma=256M", {
            "/boot/armbianEnv.txt": "rootdev=UUID=1\nextraargs=cma=256M\n",
            "/boot/boot.scr": 'env set bootargs "root=${rootdev} ${args}"\n'}, "armbian", "/boot/armbianEnv.txt"),
    "Armbian, a long script": (
        "root=UUID=1 rootwait cma=256M", {
            "/boot/armbianEnv.txt": "rootdev=UUID=1\nextraargs=cma=256M\n",
            "/boot/boot.scr": 'setenv bootargs "rw"\n' + "# x\n" * 20000 + 'setenv bootargs "${extraargs}"\n'},
        "armbian", "/boot/armbianEnv.txt"),
    # The fixed root partition of the SDK's parameter.txt, and a file that was edited since the boot.
    "Armbian, changed, on the SDK's root partition": (
        "root=PARTUUID=614e0000-0000 rw console=ttyFIQ0 rootwait", {"/boot/armbianEnv.txt": "extraargs=cma=512M\n"},
        "armbian", "/boot/armbianEnv.txt"),
    # armbian/build 8885: U-Boot did not find the file, and took the default of its script.
    "Armbian, the file was not read": ("root=/dev/mmcblk0p1 rootwait rootfstype=ext4 loglevel=1", {
        "/boot/armbianEnv.txt": "rootdev=UUID=1\nextraargs=cma=256M\n"}, "unknown", None),
    # MichaIng/DietPi 5292: the kernel takes the quotes for its own.
    "DietPi, quoted arguments": (
        'root=UUID=1 rootwait rootfstype=ext4 loglevel=4 "net.ifnames=0"', {
            "/boot/armbianEnv.txt": 'rootdev=UUID=1\nextraargs="net.ifnames=0"\ndocker_optimizations=off\n'},
        "armbian", "/boot/armbianEnv.txt"),
    # bigtreetech/CB1 readme: BoardEnv.txt, extraargs=.
    "BigTreeTech": ("root=UUID=1 video=HDMI-A-1:800x480-24@60 console=tty1",
                    {"/boot/BoardEnv.txt": "rootdev=UUID=1\nextraargs=video=HDMI-A-1:800x480-24@60\n"},
                    "bigtreetech", "/boot/BoardEnv.txt"),
    # Joshua-Riek/ubuntu-rockchip 618 and the Turing RK1.
    "ubuntu-rockchip 22.04": (
        "root=UUID=1 rootfstype=ext4 rootwait rw console=ttyS2,1500000",
        {"/boot/firmware/ubuntuEnv.txt": "bootargs=root=UUID=1 rootfstype=ext4 rootwait rw console=ttyS2,1500000 "
         "console=tty1 cgroup_enable=cpuset cgroup_memory=1 cgroup_enable=memory swapaccount=1\nfdtfile=x.dtb\n"},
        "ubuntu", "/boot/firmware/ubuntuEnv.txt"),
    "Radxa's older images": ("root=UUID=1 rw quiet", {
        "/usr/local/sbin/update_extlinux.sh": UPDATE_EXTLINUX, "/etc/default/extlinux": 'APPEND=""\n',
        CMDLINE: "root=UUID=1 rw quiet\n", MENU: menu("root=UUID=1 rw quiet", "# generated\n")},
        "update-extlinux", CMDLINE),
    "ayufan's images": ("root=LABEL=linux-root rw quiet", {
        "/usr/local/sbin/update-extlinux.sh": UPDATE_EXTLINUX, "/etc/default/extlinux": 'APPEND="rw quiet"\n',
        MENU: menu("root=LABEL=linux-root rw quiet", "")}, "update-extlinux-default", "/etc/default/extlinux"),
    # The root file system was named in another way after the last boot, by the tool that makes the menu.
    "u-boot-menu, changed and not rebooted": ("root=/dev/mmcblk0p2 rw console=ttyFIQ0", u_boot_menu(
        "root=LABEL=root ro quiet"), "unknown", None),
    "u-boot-menu, root by label since": ("root=UUID=1 rootwait rw", u_boot_menu("root=LABEL=root ro quiet"),
                                         "u-boot-menu", DEFAULTS),
    # Where U-Boot reads it, and nothing here writes it: such images mount the partition elsewhere.
    "extlinux.conf on the EFI partition": ("root=UUID=1 rw", {
        "/boot/efi/extlinux/extlinux.conf": menu("root=UUID=1 rw", "")}, "unknown", None),
    # yanyitech/coolpi-kernel, lsartory/NanoPi_R6S: extlinux.conf by hand.
    "by hand": ("root=LABEL=writable rw quiet", {MENU: menu("root=LABEL=writable rw quiet", "")}, "extlinux", MENU),
    "by hand, no arguments": ("root=/dev/mmcblk1p2 rw", {MENU: "label a\n\tkernel /Image-4.4.194\n"}, "extlinux", MENU),
    "by hand, u-boot-update switched off": ("root=UUID=1 rw", u_boot_menu(
        "root=UUID=1 rw", **{DEFAULTS: 'U_BOOT_UPDATE="false"\n'}), "extlinux", MENU),
    # gnull/nixos-rk3588 12, PsychoLlama/home-lab 5.
    "NixOS": ("init=/nix/store/abc-nixos-system-nixos-25.11/init loglevel=4", {MENU: NIXOS}, "extlinux", None),
    # The generators of openSUSE and of inindev's Debian images say the same in other words.
    "openSUSE": ("root=UUID=1 rw", {
        MENU: menu("root=UUID=1 rw", "# THIS FILE WILL BE OVERWRITTEN by perl-Bootloader\n")}, "extlinux", None),
    "made, and u-boot-menu is gone": ("root=UUID=1 rw", {MENU: menu("root=UUID=1 rw")}, "extlinux", None),
    # Joshua-Riek/ubuntu-rockchip 495, edk2-porting/edk2-rk3588 62, 95: GRUB on the EFI partition of such an image.
    "GRUB, u-boot-menu left over": (
        "BOOT_IMAGE=/boot/vmlinuz-6.1.43 root=UUID=1 ro quiet splash", u_boot_menu("root=UUID=1 ro quiet splash", **{
            CMDLINE: "root=UUID=1 ro quiet\n", "/etc/default/grub": 'GRUB_CMDLINE_LINUX_DEFAULT="quiet splash"\n',
            "/boot/grub/grub.cfg": "x", "/sys/firmware/efi/fw_platform_size": "64\n"}), "grub", None),
    "GRUB, an old extlinux.conf": (
        "BOOT_IMAGE=/boot/vmlinuz-6.1.43 root=UUID=1 ro quiet", {
            MENU: menu("root=/dev/mmcblk0p2 console=ttyFIQ0", ""), "/sys/firmware/efi/fw_platform_size": "64\n"},
        "grub", None),
    "systemd-boot": ("initrd=\\6.1.99\\initrd root=UUID=1 rw", {
        MENU: menu("root=UUID=1 rw", ""), "/sys/firmware/efi/fw_platform_size": "64\n"}, "efi", None),
    "an old extlinux.conf": ("root=/dev/mmcblk0p1 rw console=ttyS2", {MENU: menu("root=/dev/mmcblk1p2 quiet", "")},
                             "unknown", None),
    "TFTP and NFS": ("root=/dev/nfs nfsroot=10.0.0.1:/srv/board,v3 ip=dhcp rw", u_boot_menu("root=UUID=1 rw"),
                     "network", None),
    "TFTP, even if the files of the server say the same": (
        "root=/dev/nfs ip=dhcp rw", {MENU: menu("root=/dev/nfs ip=dhcp rw", "")}, "network", None),
    "PXE": ("root=UUID=1 rw BOOTIF=01-00-11-22-33-44-55", {MENU: menu("root=UUID=1 rw", "")}, "network", None),
    "TFTP, root on the disk": ("root=/dev/mmcblk0p2 earlycon debug", {
        "/boot/armbianEnv.txt": "rootdev=UUID=1\nextraargs=cma=256M\n",
        MENU: menu("root=/dev/mmcblk0p2 quiet rw x", "")},
        "unknown", None),
    # Firefly's Ubuntu (extboot.img): the vendor's U-Boot adds its arguments in front of those of the menu.
    "Firefly": (
        ("storagemedia=emmc androidboot.storagemedia=emmc androidboot.mode=normal androidboot.verifiedbootstate=orange "
         "earlycon=uart8250,mmio32,0xfeb50000 console=ttyFIQ0 irqchip.gicv3_pseudo_nmi=0 root=PARTLABEL=rootfs rw "
         "rootwait overlayroot=device:dev=PARTLABEL=userdata,fstype=ext4,mkfs=1"),
        {MENU: (
            "label rk-kernel.dtb linux-5.10.160\n\tkernel /Image-5.10.160\n\tfdt /rk-kernel.dtb\n\tappend  earlycon="
            "uart8250,mmio32,0xfeb50000 console=ttyFIQ0 irqchip.gicv3_pseudo_nmi=0 root=PARTLABEL=rootfs rw rootwait "
            "overlayroot=device:dev=PARTLABEL=userdata,fstype=ext4,mkfs=1\n")}, "extlinux", MENU),
    # friendlyarm/sd-fuse_rk3588 19: /boot is empty.
    "FriendlyELEC": (FRIENDLYELEC, {}, "boot-image", None),
    "FriendlyELEC, an extlinux.conf of another image": (FRIENDLYELEC, {MENU: menu("root=UUID=1 quiet", "")},
                                                        "boot-image", None),
    "LubanCat, U-Boot of the vendor": (
        "storagemedia=emmc androidboot.mode=normal root=/dev/mmcblk0p3 boot_part=2 console=ttyFIQ0 rootwait rw", {
            "/boot/uEnv/uEnv.txt": 'cmdline="console=ttyFIQ0 rootwait rw"\n', "/boot/boot.scr": "x"}, "unknown", None),
    "LubanCat": ("root=/dev/mmcblk0p3 rw", {"/boot/uEnv/uEnv.txt": "enable_uboot_overlays=1\n"}, "unknown", None),
    "nothing known": ("root=/dev/mmcblk0p3 rw", {"/boot/boot.scr": "x"}, "unknown", None),
}


def write(board, files):
    for path, content in files.items():
        board.write(path, content)
    return board


@pytest.mark.parametrize("cmdline, files, loader, config", CASES.values(), ids=CASES)
def test_the_running_kernel_decides(board, cmdline, files, loader, config):
    tree = Tree(str(write(board, files).root))
    found = boot_facts.read(tree, cmdline)
    assert (found["loader"], found["config"]) == (loader, config)
    # The controller decides the same from what a board sends.
    files = sources.read(tree)
    assert boot_facts.complete({"cmdline": cmdline, "files": files}) == {"files": files, **found}
    if config is None:
        assert found["configured"] is None and "\n" not in (found["error"] or "")
    # What this collection may change is in the restore point.
    assert {config, found["update"] and MENU} - {None} <= set(boot_files.existing(tree))


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case[3]])
def test_our_argument_does_not_change_the_answer_before_the_reboot(board, name):
    """Added and not booted, then booted, then removed and not booted: it is the same configuration."""
    cmdline, files, loader, config = CASES[name]
    root = write(board, files).root
    text = (root / config[1:]).read_text()
    default = boot_facts.read(Tree(str(root)), cmdline)["default"]
    added = edit.add(loader, text, "initcall_blacklist", "rknpu_init", default)
    assert edit.remove(loader, added, "initcall_blacklist", "rknpu_init", default) == text
    made = (root / MENU[1:]).read_text() if (root / MENU[1:]).exists() else None
    for there, running in ((added, cmdline), (added, cmdline + " " + OURS), (text, cmdline + " " + OURS)):
        board.write(config, there)
        if made and config != MENU:
            board.write(MENU, made.replace("\tappend ", "\tappend " + OURS + " ") if there == added else made)
        found = boot_facts.read(Tree(str(root)), running)
        assert (found["loader"], found["config"], found["error"]) == (loader, config, None)
        assert kernel_arguments.has(found["configured"], "initcall_blacklist", "rknpu_init") is (there == added)


def test_state_absent_before_the_reboot_edits_the_same_file(board):
    """Armbian with u-boot-menu: armbianEnv.txt must not become the file to edit in between."""
    cmdline, files, dummy, config = CASES["Armbian with u-boot-menu"]
    write(board, files).write("/proc/cmdline", cmdline + "\n")
    board.write(config, files[config].replace('tty0"', f'tty0 {OURS}"')).write(
        MENU, files[MENU].replace("tty0", "tty0 " + OURS))
    change = setup.BootSetup(lambda command: (0, "", ""), "rknpu_dkms", ["rknpu_init"], False,
                             str(board.root / "state"), str(board.root))
    assert change.loader.name == "u-boot-menu" and change.changes() == [config, MENU]


@pytest.mark.parametrize("given, cmdline, fit", [
    ("", "root=UUID=1", (0, 0)), (OURS, "root=UUID=1", (0, 0)),
    ("root=UUID=1 rw", "rw x root=UUID=1", (2, 2)), ("root=UUID=1 rw " + OURS, "root=UUID=1 rw", (2, 2)),
    ("root=UUID=1 rw initcall_blacklist=a,rknpu_init", "root=UUID=1 rw initcall_blacklist=a", (2, 3)),
    ("root=UUID=1 a b c d", "root=UUID=1", (1, 1)), ("root=/dev/sda1 a b c", "root=/dev/sda1", None),
    ("root=UUID=1 a b", "root=UUID=2 a b", None), ("a b c", "x", None), ("a b c", "a b", (1, 2)),
    ("console=tty1 console=ttyS2", "console=ttyS2", (2, 1)), ("${cbootargs} root=UUID=1", "root=UUID=1", (2, 1)),
    ('dyndbg="file a.c +p" x', 'dyndbg="file a.c +p" x', (2, 2)), ("a -- single", "a", (2, 1)),
])
def test_fit(given, cmdline, fit):
    assert evidence.fit(given, cmdline) == fit


def test_what_speaks_against_a_configuration_is_named(board, read):
    board.write(MENU, menu("root=/dev/mmcblk1p2 quiet", ""))
    assert read(board, "root=/dev/mmcblk0p1")["error"] == (
        "the running kernel does not have root=/dev/mmcblk1p2 of /boot/extlinux/extlinux.conf")


def test_each_environment_file_is_named_once():
    paths = [path for path, dummy in boot_files.ENVIRONMENTS.values()]
    assert len(set(paths)) == len(paths) and u_boot_update.CONFIG not in paths


def test_the_real_u_boot_update_is_read_in_the_same_way():
    """What the board sends of the script of Debian's package, if it is installed here, says the same as all of it."""
    script = pathlib.Path("/usr/sbin/u-boot-update")
    if not script.exists():
        pytest.skip("u-boot-menu is not installed")
    whole = Tree()
    assert u_boot_update.settings(whole) == u_boot_update.settings(sources.Sources(sources.read(whole)))
