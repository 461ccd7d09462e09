# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Which boot configuration is the running kernel's, on boards that have several files.

The comment of a case names the public source, where it has a name; `UUID=1` and the like take the place
of what is personal.
"""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._board.tree import Tree
from ansible_collections.rkfleet.npu.plugins.module_utils._boot import boot_facts, sources
from ansible_collections.rkfleet.npu.plugins.module_utils._boot.editing import edit
from stand_ins.boards.boot_round_trip import ARGUMENT, OURS
from stand_ins.boards.u_boot_update import TOOL

MENU, CMDLINE, DEFAULTS = "/boot/extlinux/extlinux.conf", "/etc/kernel/cmdline", "/etc/default/u-boot"
ARMBIAN = "/boot/armbianEnv.txt"
RADXA = ("console=ttyFIQ0,1500000n8 quiet splash loglevel=4 rw earlycon consoleblank=0 console=tty1 coherent_pool=2M "
         "irqchip.gicv3_pseudo_nmi=0 cgroup_enable=cpuset cgroup_memory=1 cgroup_enable=memory swapaccount=1")
HEAD = "verbosity=1\nbootlogo=false\nconsole=both\n"
TAIL = "rootdev=UUID=1\nrootfstype=ext4\nusbstoragequirks=0x2537:0x1066:u,0x2537:0x1068:u\n"
QUIRKS = "usb-storage.quirks=0x2537:0x1066:u,0x2537:0x1068:u   cgroup_enable=cpuset cgroup_memory=1 swapaccount=1"
SCRIPT = b"\x27\x05\x19\x56load mmc 1 ${scriptaddr} ${prefix}%s\nsetenv bootargs \"root=${rootdev} ${extraargs}\"\n"
# The lines of armbian/build config/bootscripts/boot-generic.cmd.template that say what is read.
GENERIC = ("# Please edit /boot/armbianEnv.txt to set supported parameters\nif test \"${envfile}\" = \"\" ; "
           "then\n\tsetenv l_envfile "
           "'armbianEnv.txt'\nfi\nsetenv bootargs \"root=${rootdev} rootwait ${consoleargs} ${extraargs} "
           "${extraboardargs}\"\n")
# DietPi .build/images/U-Boot/boot.cmd
DIETPI = ("# Please edit /boot/dietpiEnv.txt to set supported parameters\nif load mmc 1 ${scriptaddr} "
          "${prefix}dietpiEnv.txt; then\n"
          "setenv bootargs \"root=${rootdev} rootwait ${consoleargs} ubootpart=${ubootpart} ${extraargs}\"\n")
CAT = 'U_BOOT_UPDATE="true"\nU_BOOT_TIMEOUT="20"\nU_BOOT_PARAMETERS="$(cat /etc/kernel/cmdline)"\nU_BOOT_FDT="a.dtb"\n'


def u_boot_menu(given, **more):
    entry = "default l0\nlabel l0\n\tlinux /boot/vmlinuz-6.1\n\tappend %s\n"
    return {"/usr/sbin/u-boot-update": TOOL, MENU: entry % given, **more}


def with_rescue(given, **more):
    entry = "label %s\n\tlinux /boot/vmlinuz-6.1\n\tappend %s\n"
    menu = "default l0\n" + entry % ("l0", given) + entry % ("l0r", given.replace(" quiet", "") + " single")
    return {"/usr/sbin/u-boot-update": TOOL, MENU: menu, **more}


# cmdline, files, loader, config
RUNNING = {
    # an image for the NanoPi R5S: armbianEnv.txt is there for U-Boots that read it
    "extlinux.conf, and armbianEnv.txt besides": (
        "root=UUID=1 rootfstype=ext4 console=tty0 console=ttyS2,1500000n8 loglevel=7", {
            MENU: "DEFAULT primary\n\nLABEL primary\n    LINUX /boot/Image\n    APPEND root=UUID=1 rootfstype=ext4 "
                  "console=tty0 console=ttyS2,1500000n8 loglevel=7\n",
            ARMBIAN: "rootdev=UUID=1\nextraargs=cgroup_enable=cpuset swapaccount=1\n"}, "extlinux", MENU),
    # gloriouspidgeon855/IroncowNASArmbian has both
    "armbianEnv.txt, and an extlinux.conf besides": (
        ("root=UUID=1 rootwait rootfstype=ext4 console=ttyS2,1500000 console=tty1 loglevel=1 cma=256M "
         "console=ttyS2,1500000n8"),
        {MENU: "LABEL Armbian\n  LINUX /boot/vmlinuz\n  APPEND root=UUID=1 rootdelay=10 rw console=tty1 "
               "console=ttyS2,1500000n8 earlycon=uart8250,mmio32,0xfe660000 cma=256M\n",
         ARMBIAN: "rootdev=UUID=1\nextraargs=cma=256M console=ttyS2,1500000n8\n"}, "armbian", ARMBIAN),
    # a system that DietPi took over (MichaIng/DietPi 5634): U-Boot's script says which of the two it reads
    "two environment files": (
        "root=UUID=1 rootwait net.ifnames=0", {
            ARMBIAN: "rootdev=UUID=1\nextraargs=net.ifnames=0\n", "/boot/boot.scr": SCRIPT % b"dietpiEnv.txt",
            "/boot/dietpiEnv.txt": "rootdev=UUID=1\nextraargs=net.ifnames=0\n"}, "dietpi", "/boot/dietpiEnv.txt"),
    "two environment files, the other way round": (
        "root=UUID=1 rootwait net.ifnames=0", {
            ARMBIAN: "rootdev=UUID=1\nextraargs=net.ifnames=0\n", "/boot/boot.scr": SCRIPT % b"armbianEnv.txt",
            "/boot/dietpiEnv.txt": "rootdev=UUID=1\nextraargs=net.ifnames=0\n"}, "armbian", ARMBIAN),
    # a Turing RK1 with a script of Armbian left in /boot: the file of another folder is not judged by it
    "an environment file elsewhere": (
        "root=UUID=1 rw console=ttyS9", {
            ARMBIAN: "rootdev=UUID=2\nextraargs=cma=256M\n", "/boot/boot.scr": SCRIPT % b"armbianEnv.txt",
            "/boot/firmware/ubuntuEnv.txt": "bootargs=root=UUID=1 rw console=ttyS9\n"}, "ubuntu",
        "/boot/firmware/ubuntuEnv.txt"),
    # Joshua-Riek/ubuntu-rockchip: 22.04 upgraded to 24.04, which has u-boot-menu
    "ubuntuEnv.txt that is left over": (
        "root=UUID=1 ro quiet", {
            "/boot/firmware/ubuntuEnv.txt": "bootargs=root=UUID=2 rw\n", "/usr/sbin/u-boot-update": "#!/bin/sh\n",
            MENU: "default l0\nlabel l0\n\tlinux /boot/vmlinuz\n\tappend root=UUID=1 ro quiet\n"}, "u-boot-menu",
        "/etc/default/u-boot"),
    # ubuntu-rockchip 22.04: without bootargs= in the file, its script starts the kernel with those that U-Boot has
    "ubuntuEnv.txt without arguments": ("root=UUID=1 rw console=ttyS9", {
        "/boot/firmware/ubuntuEnv.txt": "fdtfile=a.dtb\noverlays=\n"}, "unknown", None),
    # the arguments of a board with an encrypted root file system
    "LUKS": ("root=/dev/mapper/cryptroot cryptdevice=UUID=1:cryptroot rw", {
        MENU: "label a\n\tlinux /x\n\tappend root=/dev/mapper/cryptroot cryptdevice=UUID=1:cryptroot rw\n"},
        "extlinux", MENU),
    # measurements on a ROCK 5B: U-Boot adds its version at the end
    "ROCK 5B": (f"root=UUID=1 {RADXA} androidboot.fwver=ddr-v1.16-9fffbe1e78,bl31-v1.45,uboot-17.09-26-5-04/26/2024",
                with_rescue(f"root=UUID=1 {RADXA}", **{"/etc/kernel/cmdline": f"root=UUID=1 {RADXA}\n"}),
                "radxa", "/etc/kernel/cmdline"),
    # a ROCK 5 ITX: the entry that boots is not the newest one
    "ROCK 5 ITX": (f"root=UUID=1 {RADXA}", with_rescue(f"root=UUID=1 {RADXA}", **{
        "/etc/kernel/cmdline": f"root=UUID=1 {RADXA}\n", "/usr/share/u-boot-menu/conf.d/radxa.conf":
        'U_BOOT_PROMPT=1\nU_BOOT_TIMEOUT=10\nU_BOOT_DEFAULT="l1"\n'}), "radxa", "/etc/kernel/cmdline"),
    # the rescue entry was chosen at the prompt
    "the rescue entry": ("root=UUID=1 rootwait rw single", with_rescue("root=UUID=1 rootwait rw quiet", **{
        "/etc/kernel/cmdline": "rootwait rw quiet\n"}), "radxa", "/etc/kernel/cmdline"),
    # forks of ubuntu-rockchip: the here-document kept its tabs
    "a fragment with tabs": ("root=UUID=1 rootwait rw quiet", with_rescue("root=UUID=1 rootwait rw quiet", **{
        "/etc/kernel/cmdline": "rootwait rw quiet", "/usr/share/u-boot-menu/conf.d/ubuntu.conf":
        '\tU_BOOT_UPDATE="true"\n\tU_BOOT_PARAMETERS="$(cat /etc/kernel/cmdline)"\n\tU_BOOT_TIMEOUT="20" \n'}),
        "radxa", "/etc/kernel/cmdline"),
    # Luckfox Lyra
    "Luckfox Lyra": ("root=UUID=1 console=tty1 console=ttyS0,1500000 rootwait ro", with_rescue(
        "root=UUID=1 console=tty1 console=ttyS0,1500000 rootwait ro", **{
            "/etc/u-boot-menu/conf.d/50-lyra.conf":
            'U_BOOT_PARAMETERS="console=tty1 console=ttyS0,1500000 rootwait ro"\nU_BOOT_FDT="a.dtb"\n'}),
        "u-boot-menu", "/etc/u-boot-menu/conf.d/50-lyra.conf"),
    # a Khadas Edge2: what U-Boot adds stands in the middle
    "Khadas Edge2": (
        ("root=UUID=1 rootflags=data=writeback rw rootfstype=ext4 storagemedia=emmc androidboot.mode=normal  "
         "khadas_board=Edge2 console=ttyFIQ0 partition_type=generic fan=auto lcd_panel=null hwver=EDGE2.V12"),
        {MENU: ("LABEL Default\n  LINUX /Image\n  APPEND ${rootdev} rootflags=data=writeback rw rootfstype=ext4 "
                "${bootargs} khadas_board=Edge2 console=ttyFIQ0 ${partitiontype} fan= ${fan_mode}\n")},
        "extlinux", MENU),
    # measurements on boards with Armbian
    "Armbian": (f"root=UUID=1 rootwait rootfstype=ext4 splash=verbose console=tty1 ubootpart=1958fdf7-01 {QUIRKS}",
                {ARMBIAN: f"{HEAD}{TAIL}"}, "armbian", ARMBIAN),
    # the official fnOS image for the ROCK 5B: its script finds the root, and grub.cfg is there for EFI
    "fnOS, ROCK 5B": ("root=PARTUUID=1 rootwait console=ttyS2,1500000 cma=256M", {
        "/boot/fnEnv.txt": f"{HEAD}extraargs=cma=256M\nfdtfile=rockchip/a.dtb\n", "/boot/grub/grub.cfg": "x",
        "/boot/boot.scr": "load ${prefix}fnEnv.txt\nsetenv bootargs root=PARTUUID=${uuid} ${extraargs}\n"},
        "fnos", "/boot/fnEnv.txt"),
    # the official fnOS image for the OneThing OEC: extlinux.conf, and an fnEnv.txt of ophub besides
    "fnOS, extlinux.conf": ("console=ttyS2,1500000 ubootpart=/dev/mmcblk0p1 root=/dev/mmcblk0p2 rw rootwait", {
        "/boot/fnEnv.txt": "rootdev=UUID=2\nextraargs=cma=512M\n",
        MENU: "label fnOS\n\tkernel /vmlinuz\n\tappend console=ttyS2,1500000 ubootpart=/dev/mmcblk0p1 "
              "root=/dev/mmcblk0p2 rw rootwait\n"}, "extlinux", MENU),
    # Radxa OS with systemd-boot
    "Radxa OS, systemd-boot": ("initrd=\\RadxaOS\\6.1\\initrd.img-6.1 root=UUID=1 quiet rw", {
        "/sys/firmware/efi/fw_platform_size": "64\n", "/etc/kernel/cmdline": "root=UUID=1 quiet rw\n"}, "efi", None),
    # Talos on an Orange Pi 5 (schneid-l/u-boot-orangepi5 2), NixOS on a CM3588 with EDK2 (edk2-porting/edk2-rk3588 142)
    "Talos": ("BOOT_IMAGE=/A/vmlinuz talos.platform=metal console=ttyS2,1500000n8 pti=on", {}, "efi", None),
    # an ODROID-M1 with Arch Linux: a script of its own
    "ODROID-M1": ("root=LABEL=ROOT_ARCH rw rootwait audit=0 plymouth.ignore-serial-consoles console=ttyS2,1500000", {
        "/boot/boot.scr": "setenv bootargs root=LABEL=ROOT_ARCH rw\n"}, "unknown", None),
    # the SDK's boot image, on boards of Forlinx and Unitree
    "Forlinx OK3588-C": ("console=null irqchip.gicv3_pseudo_nmi=0 root=PARTUUID=614e0000-0000 rw rootwait", {},
                         "boot-image", None),
    "squashfs": (("storagemedia=emmc androidboot.mode=emmc androidboot.slot_suffix= rootwait swiotlb=1 "
                 "root=PARTUUID=614e0000-0000 rootfstype=squashfs"), {}, "boot-image", None),
    "Armbian's generic script": ("root=UUID=1 rootfstype=ext4 rootwait splash=verbose cma=256M", {
        ARMBIAN: "rootdev=UUID=1\nextraargs=cma=256M\n", "/boot/boot.scr": GENERIC}, "armbian", ARMBIAN),
    "DietPi": ("root=UUID=1 rootfstype=ext4 rootwait console=ttyFIQ0 ubootpart=1 fsck.repair=yes", {
        ARMBIAN: "rootdev=UUID=1\nextraargs=cma=256M\n", "/boot/boot.scr": DIETPI,
        "/boot/dietpiEnv.txt": "rootdev=UUID=1\nextraargs=fsck.repair=yes\n"}, "dietpi", "/boot/dietpiEnv.txt"),
    # ophub's images: rootwait is in both
    "ophub": (("root=UUID=1 rootwait rootfstype=btrfs rootflags=compress=zstd:1 earlycon console=ttyS2,1500000 "
               "consoleblank=0 "
               "loglevel=7 ubootpart=1 rw rootwait net.ifnames=0 max_loop=128 cgroup_enable=cpuset"), {
        ARMBIAN: "rootdev=UUID=1\nextraargs=rw rootwait\nextraboardargs=net.ifnames=0 "
                 "max_loop=128\n"}, "armbian", ARMBIAN),
    # images for Mixtile boards
    "Mixtile": (
        "root=UUID=1 rootwait rw console=ttyS2,1500000",
        u_boot_menu("root=UUID=1 rootwait rw console=ttyS2,1500000", **{
            "/usr/share/u-boot-menu/conf.d/mixtile.conf": CAT, CMDLINE: "rootwait rw console=ttyS2,1500000\n"}),
        "radxa", CMDLINE),
    # a Turing RK1 on LVM
    "U_BOOT_ROOT": ("root=/dev/mapper/rk1-root rootwait rw", u_boot_menu("root=/dev/mapper/rk1-root rootwait rw", **{
        DEFAULTS: 'U_BOOT_ROOT="root=/dev/mapper/rk1-root"\n', CMDLINE: "rootwait rw\n"}), "radxa", CMDLINE),
    # MNT Reform: U-Boot fills in its variable
    "MNT Reform": (
        "root=LABEL=reform ro mem=4G console=tty1",
        u_boot_menu("root=LABEL=reform ro ${bootargs} console=tty1", **{
            "/usr/share/u-boot-menu/conf.d/reform.conf": 'U_BOOT_PARAMETERS="ro \\${bootargs} console=tty1"\n'}),
        "u-boot-menu", "/usr/share/u-boot-menu/conf.d/reform.conf"),
    # jakubgs/nixos-config 3: a NanoPi R6C, and a board with an RK3528
    "FriendlyELEC": (("storagemedia=emmc androidboot.mode=normal androidboot.dtbo_idx=0 console=ttyFIQ0 rw "
                      "root=/dev/mmcblk2p8 "
                      "rootfstype=ext4 data=/dev/mmcblk2p9 consoleblank=0"), {}, "boot-image", None),
    # Youyeetoo R1, a thin client
    "Youyeetoo R1": (("storagemedia=emmc androidboot.mode=normal androidboot.verifiedbootstate=orange rw rootwait "
                     "console=ttyFIQ0 "
                      "root=PARTUUID=614e0000-0000"), {}, "boot-image", None),
    # a G98 with fnOS: its script has the arguments, and U-Boot is the vendor's
    "fnOS": ("storagemedia=mtd androidboot.mode=normal root=/dev/sda2 rw rootwait console=ttyS2,1500000", {
        "/boot/boot.scr": "setenv bootargs root=/dev/sda2 rw\n"}, "unknown", None),
    # LubanCat 3
    "LubanCat 3": (("storagemedia=emmc androidboot.mode=normal root=/dev/mmcblk0p3 boot_part=2 console=ttyFIQ0 "
                   "rootwait rw"), {
        "/boot/uEnv/uEnv.txt": 'uname_r=6.1.99-rk3576\ncmdline="console=ttyFIQ0 '
                               'rw"\n', "/boot/boot.scr": "booti\n"}, "unknown", None),
}


@pytest.mark.parametrize("cmdline, files, loader, config", RUNNING.values(), ids=RUNNING)
def test_the_running_kernel_decides(board, cmdline, files, loader, config):
    for path, text in files.items():
        board.write(path, text)
    tree = Tree(str(board.root))
    found = boot_facts.read(tree, cmdline)
    assert (found["loader"], found["config"]) == (loader, config)
    assert boot_facts.complete({"cmdline": cmdline, "files": sources.read(tree)})["config"] == config
    if config:
        assert found["error"] is None and boot_facts.read(tree, f"{cmdline} {OURS}")["config"] == config
        text = tree.text(config, 1 << 16) or ""
        assert edit.remove(loader, edit.add(loader, text, *ARGUMENT), *ARGUMENT) == text


@pytest.mark.parametrize("cmdline", [
    # a guide to Xubuntu, dracut's tests, walt-images compute-nfs-bootargs.sh
    "netboot=nfs rootfstype=nfs4 root=/dev/nfs4 ip=dhcp", "boot=casper netboot=nfs initrd=casper/initrd.gz",
    "root=nfs4 ip=dhcp", "root=/dev/nfs boot=netroot rootfstype=netroot", "boot=nfs root=10.0.0.1:/srv/b rw",
    "root=10.0.0.1:/srv/b rootfstype=nfs rw", "root=//10.0.0.1/b rootfstype=cifs rw",
])
def test_a_system_on_the_network(board, cmdline):
    board.write(MENU, f"label a\n\tlinux /x\n\tappend {cmdline}\n")
    assert boot_facts.read(Tree(str(board.root)), cmdline)["loader"] == "network"


@pytest.mark.parametrize("cmdline", [
    "boot=UUID=1 disk=UUID=2", "root=LABEL=nfs rw", "root=/dev/mapper/nbd-root rw", "boot=live root=/dev/a",
    "root=/dev/a rootfstype=ext4 nfs.nfs4_disable_idmapping=1",
])
def test_a_system_on_a_disk(board, cmdline):
    board.write(MENU, f"label a\n\tlinux /x\n\tappend {cmdline}\n")
    assert boot_facts.read(Tree(str(board.root)), cmdline)["loader"] == "extlinux"
