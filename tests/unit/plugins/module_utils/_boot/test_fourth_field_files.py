# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Boot configurations of a fourth round of public images and owners: which one is edited, and every other byte stays.

The comment of a case names the public source, where it has a name; `UUID=1` and the like take the place
of what is personal.
"""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._board.tree import Tree
from ansible_collections.rkfleet.npu.plugins.module_utils._boot import boot_facts, edit, kernel_arguments, sources
from stand_ins.boot_round_trip import ARGUMENT, round_trip
from stand_ins.u_boot_update import TOOL

OURS = "initcall_blacklist=rknpu_init"
MENU, CMDLINE, DEFAULTS = "/boot/extlinux/extlinux.conf", "/etc/kernel/cmdline", "/etc/default/u-boot"
ARMBIAN = "/boot/armbianEnv.txt"
UART = "earlycon=uart8250,mmio32,0xfeb50000 console=ttyS2,1500000n8"

# text, the arguments of the entry that boots
MENUS = {
    # a guide to Proxmox VE on the QuartzPro64: no indentation, a label that is a number
    "QuartzPro64, Proxmox VE": (
        ("default l0\nmenu title QuartzPro64 Boot Menu\nprompt 0\ntimeout 50\n\n# create a new item with new kernel.\n"
         f"label l0\nmenu label Boot Linux Kernel SDMMC\nlinux /vmlinuz-6.1.60-generic\nappend {UART} "
         f"root=/dev/mmcblk1p5 "
         "rw rootwait\n\n# backup old boot item\nlabel 20\nmenu label Backup\nlinux /Image\n"
         f"append {UART} root=/dev/mmcblk1p5 rw rootwait\n"), f"{UART} root=/dev/mmcblk1p5 rw rootwait"),
    # notes on the QuartzPro64
    "QuartzPro64": ((f"default l0\nlabel l0\nmenu label Boot Jank Kernel SDMMC\nlinux /jank\nfdt "
                    f"/dtbs/rk3588-evb1.dtb\nappend "
                     f"{UART} root=/dev/mmcblk0p14 rw rootwait\n"), f"{UART} root=/dev/mmcblk0p14 rw rootwait"),
    # a system of one's own for the Mixtile Blade 3: the other append line is a comment
    "Mixtile Blade 3": (
        ("label rockchip-kernel6.1\n        kernel /Image\n        fdt /rk3588-blade3-v101-linux.dtb\n        append "
         "console=ttyFIQ,1500000 root=/dev/mmcblk0p2 rw rootfstype=ext4 rootwait\n        # append "
         "console=ttyFIQ,1500000 "
         "root=/dev/mmcblk0p2 rw init=/linuxrc rootwait\n"),
        "console=ttyFIQ,1500000 root=/dev/mmcblk0p2 rw rootfstype=ext4 rootwait"),
    # Arch Linux on the ArmSoM Sige7
    "ArmSoM Sige7": (("label linux-mainline-6.12.1\n    kernel /vmlinuz-6.12.1\n    initrd /i.img\n    fdt /a.dtb\n"
                     "    append root=UUID=1 rw cma=640M quiet splash\n"), "root=UUID=1 rw cma=640M quiet splash"),
    # a guide to the NanoPi R6S
    "NanoPi R6S": (("label NanoPiR6S Linux\n    kernel /Image\n    fdt /rk3588-nanopi6-rev02.dtb\n    append "
                   "root=/dev/mmcblk0p2"
                    " rootwait rw\n"), "root=/dev/mmcblk0p2 rootwait rw"),
    # an image for the Radxa NX5: the default is the last of three entries
    "Radxa NX5": (
        "\nTIMEOUT 10\nDEFAULT uimagemixed\nprompt 0\nMENU TITLE Radxa NX5 CARMOD Boot Menu\n\n" + "".join(
            f"LABEL {name}\n    menu label primary {name}\n    LINUX  /{file}-6.1\n    INITRD /uInitrd-6.1\n    FDT "
            f"/a.dtb\n"
            f"    APPEND root=PARTUUID=1 console=ttyFIQ0,1500000n8 rw rootwait {name}\n\n\n"
            for name, file in (("image", "Image"), ("uimage", "uImage"), ("uimagemixed", "Image"))),
        "root=PARTUUID=1 console=ttyFIQ0,1500000n8 rw rootwait uimagemixed"),
    # Gentoo on the Orange Pi 5 Ultra
    "Orange Pi 5 Ultra": (
        ("DEFAULT gentoo\nTIMEOUT 30\nLABEL gentoo\n    MENU LABEL Gentoo Linux\n    LINUX /Image\n    FDT /a.dtb\n  "
         "  APPEND "
         "root=/dev/mmcblk1p2 rw rootwait rootfstype=ext4 console=ttyFIQ0 earlycon cma=256M\n"),
        "root=/dev/mmcblk1p2 rw rootwait rootfstype=ext4 console=ttyFIQ0 earlycon cma=256M"),
    # Arch Linux ARM on the Orange Pi 5 Plus: no line end
    "Orange Pi 5 Plus": (("label Arch Linux ARM\n    linux /Image\n    fdt /a.dtb\n    append console=ttyS2,1500000n8 "
                         "earlycon "
                          "root=UUID=1 rw rootwait"), "console=ttyS2,1500000n8 earlycon root=UUID=1 rw rootwait"),
    # balenaOS for the reComputer RK3588
    "reComputer": (("default balenaOS\n\nLABEL balenaOS\n    KERNEL /Image\n    FDT /a.dtb\n    APPEND console=tty1 "
                   "console=ttyFIQ0,1500000n8 rw root=LABEL=flash-rootA rootwait flasher\n"),
                   "console=tty1 console=ttyFIQ0,1500000n8 rw root=LABEL=flash-rootA rootwait flasher"),
    # Alpine Linux on the Radxa E54C
    "Radxa E54C": (("DEFAULT updater\nMENU TITLE U-Boot menu\nPROMPT 1\nTIMEOUT 10\n\nLABEL updater\n  MENU LABEL "
                   "Alpine (flash "
                    "NVMe)\n  LINUX /boot/Image\n  FDT /boot/a.dtb\n  APPEND root=PARTLABEL=up rootwait rw earlycon\n"),
                   "root=PARTLABEL=up rootwait rw earlycon"),
    # BredOS on the Blueberry Edge: an empty line before append
    "Mekotronics, BredOS": (
        ("label BredOS ARM\n    kernel /vmlinuz-linux-rockchip-rkr3\n    initrd /i.img\n    fdt "
         "/dtbs/rk3588-blueberry.dtb\n\n"
         "    append root=UUID=1 console=ttyFIQ0 panic=10 rootwait rw init=/sbin/init rootflags=subvol=@ "
         "rootfstype=btrfs\n"),
        "root=UUID=1 console=ttyFIQ0 panic=10 rootwait rw init=/sbin/init rootflags=subvol=@ rootfstype=btrfs"),
    # Arch Linux ARM on the Quartz64
    "Quartz64": (("default arch\nmenu title Quartz64 Model B Boot Menu\nprompt 0\n\nlabel arch\n  menu label Arch "
                 "Linux ARM\n"
                  "  linux /Image\n  fdt /a.dtb\n  append initrd=/i.img earlycon console=ttyS2 root=LABEL=rootfs rw "
                  "rootwait\n"),
                 "initrd=/i.img earlycon console=ttyS2 root=LABEL=rootfs rw rootwait"),
    # nxshock/uboot-nanopi-r2s extlinux.conf: initrd stands below append
    "NanoPi R2S": (("timeout 3\n\ndefault Arch\n\nlabel Arch\n    linux /Image\n    append console=ttyS2,1500000 "
                   "root=/dev/mmcblk0p1 rw rootwait\n    initrd /initramfs-linux.img\n"),
                   "console=ttyS2,1500000 root=/dev/mmcblk0p1 rw rootwait"),
    # Firefly's ITX-3588J: no append
    "Firefly ITX-3588J": (("label rk-kernel.dtb linux-5.10.66\n        kernel /Image-5.10.66\n        fdt "
                          "/rk-kernel.dtb\n"
                           "        initrd /initrd-5.10.66\n"), ""),
    # chasinglulu/tools extlinux.conf: words of a U-Boot for Xen, in entries that do not boot by default
    "words that U-Boot does not know": (
        ("default sigi-kernel\nlabel sigi-kernel\n\tkernel /Image\n\tappend root=/dev/a console=ttyS0 rw\n\nlabel "
         "dom0less\n"
         "\txen /boot/xen-4.17.0\n\tdomU /Image\n\tdomUinitrd /r\n\nlabel virt\n\txen /xen\n\tkernel /Image\n"),
        "root=/dev/a console=ttyS0 rw"),
    # nevyn-hira/kttc boot/extlinux/extlinux.conf: double quotes in the middle of words
    "quoted values": (("DEFAULT core\nLABEL core\nKERNEL /boot/vmlinuz\nAPPEND initrd=/boot/core.gz "
                      "waitusb=5:UUID=\"1\" "
                       "tce=UUID=\"1\" noswap\n\n"), 'initrd=/boot/core.gz waitusb=5:UUID="1" tce=UUID="1" noswap'),
    # shruti-blip/rootfs_builds extlinux.conf: a blank behind the label
    "a blank behind the label": (("# Generic Distro Configuration file generated by OpenEmbedded\nLABEL Arria10 \n    "
                                 "KERNEL "
                                  "/Image\n    APPEND root=/dev/mmcblk0p2 rw\n"), "root=/dev/mmcblk0p2 rw"),
    # rowanj/linux-embedded-image-builder, ShyPixie/conf extlinux.conf
    "Void Linux": (("DEFAULT void\nLABEL void\nKERNEL /v\nDEVICETREEDIR /boot/dtbs\nAPPEND modules=loop,squashfs "
                   "root=/dev/md/1\n"),
                   "modules=loop,squashfs root=/dev/md/1"),
}


@pytest.mark.parametrize("text, given", MENUS.values(), ids=MENUS)
def test_an_extlinux_conf(board, text, given):
    tree = Tree(str(board.write(MENU, text).root))
    for running in (given or "root=/dev/a rw", f"storagemedia=emmc androidboot.mode=normal {given or 'root=/dev/a'}"):
        found = boot_facts.read(tree, running)
        assert (found["loader"], found["config"], found["error"]) == ("extlinux", MENU, None)
    assert edit.configured("extlinux", text).split() == given.split()
    added = round_trip("extlinux", text)
    assert edit.configured("extlinux", added).split() == [*given.split(), OURS]
    board.write(MENU, added)
    for running in (given, f"{given} {OURS}"):
        assert boot_facts.complete({"cmdline": running, "files": sources.read(tree)})["config"] == MENU


# loader, the file
OTHERS = {
    # BPI-Forge1 of Banana Pi
    "Banana "
    "Pi": ("armbian", "verbosity=1\nlogo=disabled\nconsole=ttyFIQ0,1500000n8\nextraargs=cma=16M\nrootdev=UUID=1\n"),
    # a script for Home Assistant appends the line
    "Orange Pi": ("orangepi", ("rootdev=UUID=1\nextraargs=apparmor=1 security=apparmor "
                               "systemd.unified_cgroup_hierarchy=0\n")),
    # Gustavoss181/btv-e10-armbian boot/armbianEnv.txt: lines of another file
    "lines of another file": ("armbian", (
        "extraargs=earlycon rootflags=data=writeback rw net.ifnames=0\n# set this to the UUID\nrootdev=UUID=1\n"
        "APPEND root=LABEL=ROOT_EMMC rw console=ttyAML0,115200n8 \nconsole=tty0 no_console_suspend\n")),
    # DietPi .build/images/U-Boot/dietpiEnv.txt, on boards with RK3576
    "DietPi": ("dietpi", ("rootdev=UUID=1\nrootfstype=ext4\nextraargs=fsck.repair=yes "
                          "net.ifnames=0\noverlay_path=rockchip\n"
               "overlay_prefix=rk3576 rockchip\n")),
    # nodes of a cluster of Turing RK1
    "Turing RK1": ("ubuntu", ("bootargs=root=UUID=1 rootwait rw cgroup_enable=memory "
                              "systemd.unified_cgroup_hierarchy=0\n")),
    # reform-tools 1.31 (MNT Reform with an RK3588): U-Boot puts in its own arguments
    "MNT Reform": ("u-boot-menu", 'U_BOOT_PARAMETERS="ro no_console_suspend \\${bootargs} console=tty1"\n'),
    # RockOS, a system for the Orange Pi Zero 2
    "a kernel for crash dumps": ("u-boot-menu", (
        'U_BOOT_PROMPT="2"\nU_BOOT_PARAMETERS="console=tty0 rootfstype=ext4 rootwait rw crashkernel=512M audit=0"\n'
        'U_BOOT_ROOT="root=UUID=1"\nU_BOOT_FDT_DIR="/dtbs/linux-image-"\n')),
    # armbian/build extensions/u-boot-menu.sh
    "Armbian": ("u-boot-menu", (
        '# Generated by Armbian for board a b\nU_BOOT_UPDATE="true"\nU_BOOT_PARAMETERS="loglevel=7 console=ttyS0"\n'
        'U_BOOT_INITRD="uInitrd" # Force usage of /boot/uInitrd-<version> as initrd\n')),
    # radxa-pkg/radxa-system-config: cmdline.ttyFIQ0, before and after the image has its root
    "Radxa OS": ("radxa", ("console=ttyFIQ0,1500000n8 quiet splash loglevel=4 rw earlycon consoleblank=0 console=tty1 "
                           "coherent_pool=2M cgroup_memory=1 swapaccount=1 kasan=off\n")),
    "Radxa OS, with its root": ("radxa", ("root=UUID=1 console=ttyFIQ0,1500000n8 quiet splash swapaccount=1 "
                                          "kasan=off\n")),
    # forks of ubuntu-rockchip
    "two writes by echo -n": ("radxa", ("rootwait rw console=ttyS2,1500000 quiet splash "
                                        "plymouth.ignore-serial-consoles")),
}


@pytest.mark.parametrize("loader, text", OTHERS.values(), ids=OTHERS)
def test_another_file(loader, text):
    assert round_trip(loader, text).replace(" " + OURS, "", 1) == text


def test_an_argument_that_the_owner_has_put_in_front():
    """Notes on tracing the NPU with a module of one's own."""
    text = "verbosity=1\nextraargs=initcall_blacklist=rknpu_init cma=256M panic=10\nrootdev=UUID=1\n"
    assert edit.add("armbian", text, *ARGUMENT) == text
    assert kernel_arguments.has(edit.configured("armbian", text), *ARGUMENT)


# The lines of armbian/build config/bootscripts/boot-generic.cmd.template that say what is read.
GENERIC = ("# Please edit /boot/armbianEnv.txt to set supported parameters\nif test \"${envfile}\" = \"\" ; "
           "then\n\tsetenv l_envfile "
           "'armbianEnv.txt'\nfi\nsetenv bootargs \"root=${rootdev} rootwait ${consoleargs} ${extraargs} "
           "${extraboardargs}\"\n")
# DietPi .build/images/U-Boot/boot.cmd
DIETPI = ("# Please edit /boot/dietpiEnv.txt to set supported parameters\nif load mmc 1 ${scriptaddr} "
          "${prefix}dietpiEnv.txt; then\n"
          "setenv bootargs \"root=${rootdev} rootwait ${consoleargs} ubootpart=${ubootpart} ${extraargs}\"\n")


def u_boot_menu(given, **more):
    entry = "default l0\nlabel l0\n\tlinux /boot/vmlinuz-6.1\n\tappend %s\n"
    return {"/usr/sbin/u-boot-update": TOOL, MENU: entry % given, **more}


CAT = 'U_BOOT_UPDATE="true"\nU_BOOT_TIMEOUT="20"\nU_BOOT_PARAMETERS="$(cat /etc/kernel/cmdline)"\nU_BOOT_FDT="a.dtb"\n'
# cmdline, files, loader, config
RUNNING = {
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
        text = tree.text(config, 1 << 16)
        assert edit.remove(loader, edit.add(loader, text, *ARGUMENT), *ARGUMENT) == text
