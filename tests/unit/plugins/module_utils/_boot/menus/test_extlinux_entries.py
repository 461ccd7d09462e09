# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""extlinux.conf of public images and owners: which entry U-Boot boots, by its rules written another way.

The comment of a case names the public source; `UUID=1` and the like take the place of what is personal.
"""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._board.tree import Tree
from ansible_collections.rkfleet.npu.plugins.module_utils._boot import boot_facts, kernel_arguments
from ansible_collections.rkfleet.npu.plugins.module_utils._boot.editing import edit
from ansible_collections.rkfleet.npu.plugins.module_utils._boot.menus import extlinux_menu
from stand_ins.boards.boot_round_trip import ARGUMENT, OURS

MENU = "/boot/extlinux/extlinux.conf"
TABLET = "console=ttyS0,1500000n8 quiet splash loglevel=0 video=DSI-1:800x1280@60,rotate=90 rw root=PARTUUID=1 panic=10"

# text, what the running kernel has of it
MENUS = {
    # open-rk3588/kernel-5.10 boot/extlinux/extlinux.conf: root= is added by U-Boot
    "no root": ("label kernel\n\tkernel /Image\n\tfdt /moff.dtb\n\tappend  earlyprintk console=ttyFIQ0 loglevel=7 rw\n",
                "storagemedia=sd root=PARTUUID=614e0000-0000 earlyprintk console=ttyFIQ0 loglevel=7 rw"),
    # ddas-github-tech/nanopiM4-os boot/extlinux/extlinux.conf: blanks and tabs mixed
    "no append": ("label nanopi-os\n        kernel /Image\n\tfdt /rk3399.dtb\n", "root=/dev/mmcblk1p2 rw"),
    # oiramario/nanopi-m4-ubuntu-docker boot/extlinux/extlinux.conf
    "an append line that is a comment": (
        ("label rk3399\n    kernel /Image\n    fdt    /rk3399.dtb\n#    initrd /initrd.img\n"
         "#    append root=/dev/mmcblk1p9 "
         "rw rootwait fsck.repair=yes\n\n"), "root=/dev/mmcblk1p9 rw"),
    # sandy-huang/drm-misc boot/extlinux/extlinux.conf
    "a comment in the entry": (
        ("label kernel-mainline\n        kernel /Image\n        #fdt /rk3399-sapphire.dtb\n"
         "        fdt /rk3399-evb.dtb\n"
         "        append earlycon=uart8250,mmio32,0xff1a0000 root=PARTUUID=B921B045-1D rootwait rw\n"),
        "earlycon=uart8250,mmio32,0xff1a0000 root=PARTUUID=B921B045-1D rootwait rw"),
    # kovalev0/alt-visionfive2 boot/extlinux/extlinux.conf
    "an empty line before append": (
        ("default l0\nmenu title U-Boot menu\nprompt 0\ntimeout 50\n\nlabel l0\n    menu label Alt GNU/Linux\n"
         "    linux  /vmlinuz\n    initrd /initrd.img\n    fdtdir /\n\n    append root=/dev/mmcblk1p4 rw audit=0\n"),
        "root=/dev/mmcblk1p4 rw audit=0"),
    # Jannik2099/gentoo-pinebookpro boot/extlinux/extlinux.conf, fionn/arch-pbp extlinux.conf: upper case, initrd=
    "initrd in append": (
        ("LABEL Manjaro ARM\nKERNEL /Image\nFDT /dtbs/rockchip/rk3399-pinebook-pro.dtb\n"
         "APPEND initrd=/initramfs-linux.img console=tty1 root=LABEL=ROOT rw rootwait\n"),
        "initrd=/initramfs-linux.img console=tty1 root=LABEL=ROOT rw rootwait"),
    # ethersloth/c20e-rk3562-linux, drhaynes/rk3562deb extlinux.conf
    "four entries": (
        (f"default linux\ntimeout 30\nmenu title RK3562 Boot\n\nlabel linux\n  kernel /Image\n  fdt /rk3562.dtb\n"
         f"  append {TABLET}"
         f"\n\nlabel linux-debug\n  kernel /Image\n  append {TABLET} debug\n\nlabel linux-fallback\n  kernel /Image\n"
         f"  fdt /rk3562-fallback.dtb\n  append {TABLET}\n"), TABLET),
    # wwz192/fnnas extlinux.conf
    "Armbian of ophub": (
        ("LABEL Armbian\n  LINUX /Image\n  INITRD /uInitrd\n  FDT /dtb/rockchip/rk3399.dtb\n"
         "  APPEND root=UUID=1 rootflags=compress=zstd:1 rw rootwait rootfstype=btrfs console=ttyS2,1500000\n"),
        "root=UUID=1 rootflags=compress=zstd:1 rw rootwait rootfstype=btrfs console=ttyS2,1500000"),
    # gBillal/nerves_system_rock_5b_plus, goal3-org/nerves_system_rock_5b extlinux.conf
    "Nerves": (("default linux\nprompt 0\ntimeout 10\n\nlabel linux\n\tlinux /Image\n\tfdt /rk3588-rock-5b.dtb\n"
                "\tappend root=/dev/mmcblk1p2 console=ttyFIQ0,1500000n8 rw rootwait\n"),
               "root=/dev/mmcblk1p2 console=ttyFIQ0,1500000n8 rw rootwait"),
    # jdpanderson/rock5b-image, rockchip-toybrick/kernel, frivermen/rockpis-alpine extlinux.conf
    "two blanks": (("label linux\n    kernel /Image\n    fdt /rk3588-rock-5b.dtb\n    append  earlyprintk rw "
                    "root=PARTUUID=614e0000-00 irqchip.gicv3_pseudo_nmi=0\n"),
                   "earlyprintk rw root=PARTUUID=614e0000-00 irqchip.gicv3_pseudo_nmi=0"),
    # endeavouros-arm/image-build-script extlinux/extlinux.conf
    "devicetreedir": (
        ("#timeout 10\n#menu title select kernel\n\nlabel Archlinux\n    kernel /boot/vmlinuz\n    initrd /boot/i.img\n"
         "    devicetreedir /boot/dtbs/x\n    fdtoverlays  /boot/dtbs/x/rk3588-uart7-m2.dtbo\n"
         "    append   root=/dev/mmcblk1p2 "
         "console=ttyFIQ0 rw switolb=1\n"), "root=/dev/mmcblk1p2 console=ttyFIQ0 rw switolb=1"),
    # a guide to a PCIe endpoint on the NanoPC-T6 with Buildroot
    "devicetree-overlay": (
        ("label FriendlyElec NanoPC T6 endpoint mode\n  kernel /boot/Image\n  devicetree /boot/rk3588-nanopc-t6.dtb\n"
         "  devicetree-overlay /boot/rk3588-nanopc-t6-pcie-ep.dtbo\n"
         "  append root=/dev/mmcblk1p1 rw earlycon rootwait\n"),
        "root=/dev/mmcblk1p1 rw earlycon rootwait"),
    # Armbian on a Radxa ZERO 3 whose U-Boot reads extlinux.conf
    "fdtoverlays": (
        ("default armbian\ntimeout 3\nmenu title Armbian (Radxa U-Boot)\n\nlabel armbian\n"
         "  linux /boot/vmlinuz-6.1.115\n"
         "  fdtoverlays /boot/a.dtbo /boot/b.dtbo\n"
         "  append root=UUID=1 rootwait rw console=tty1 consoleblank=0 cma=256M\n"),
        "root=UUID=1 rootwait rw console=tty1 consoleblank=0 cma=256M"),
    # fenglichaoHD/buildroot-sbc, deerpi/rootfs, sakapoko/linux-r2s extlinux.conf: U-Boot fills in its variables
    "variables of U-Boot": (
        ("LABEL default\n  kernel /boot/zImage\n  devicetreedir /boot\n"
         "  append root=PARTUUID=1 rootwait console=${console} "
         "ethaddr=${ethaddr} serial=${serial#}\n"),
        "root=PARTUUID=1 rootwait console=ttyS2 ethaddr=00:11:22:33:44:55 serial=1"),
    # as365n4/Debian_on_Rock64, JJTech0130/alpine-rock64 extlinux.conf: a blank at the end
    "no indentation": (
        ("TIMEOUT 2\nPROMPT 1\nDEFAULT debian\n\nLABEL debian\nMENU LABEL Debian\nKERNEL /vmlinuz\n"
         "DEVICETREEDIR /dtbs\n"
         "APPEND console=tty1 root=LABEL=root rw rootwait \n"), "console=tty1 root=LABEL=root rw rootwait"),
    # Home Assistant OS for the ROCK 5B: the first word of two labels is the same
    "labels of several words": (
        ("timeout 10\ndefault Home Assistant OS A\n\nlabel Home Assistant OS A\n    kernel /Image\n    append "
         "root=/dev/mmcblk1p4 quiet\n\nlabel Home Assistant OS B\n    kernel /Image\n"
         "    append root=/dev/mmcblk1p6 quiet\n"),
        "root=/dev/mmcblk1p4 quiet"),
    # a guide for the VisionFive 2: U-Boot ends the line at the backslash
    "a line that seems to go on": (
        ("default l0\nlabel l0\n    linux  /vmlinuz\n    append root=/dev/mmcblk1p4 rw console=tty0 \\\n"
         "           earlycon rootwait\n"), "root=/dev/mmcblk1p4 rw console=tty0 \\"),
    # patholden/config_files extlinux.conf: U-Boot takes the last append line (boot/pxe_utils.c, parse_label)
    "two append lines": (
        ("DEFAULT linux\nLABEL linux\nSAY Now booting the kernel...\nKERNEL bzImage\nAPPEND root=/dev/sda1 rw\n"
         "APPEND net.ifnames=0 root=/dev/sda2\n#   APPEND  ro root=/dev/sdc1\n\n"), "net.ifnames=0 root=/dev/sda2"),
    # lyxell/os extlinux.conf; without append lines as muxi01/uboot-rk3399 has them: U-Boot ends the entry at TIMEOUT
    "what counts for the menu stands below": (
        "DEFAULT Live\nLABEL Live\n  KERNEL /vmlinuz\nTIMEOUT 10\nPROMPT 0\n", "root=/dev/mmcblk0p2"),
    "an entry without append before another": (
        ("default rel\nmenu title U-Boot menu\ntimeout 10\n\nlabel rel\n\tmenu Sogou-rk3399-rel\n\tlinux /rel/Image\n"
         "\tfdt /rel/rk3399-firefly-sogou.dtb\n\t\nlabel dev\n\tlinux /dev/Image\n\tappend root=UUID=1"),
        "root=/dev/sda1"),
    # archlinux/aur (linux for an RK3288) extlinux.conf: indented as if it were a part of an entry
    "an indented head": (
        ("DEFAULT linux-armv7\n  MENU title U-Boot menu\n  PROMPT 0\n  TIMEOUT 50\nLABEL linux-armv7\n"
         "  LINUX /boot/zImage\n"
         "  FDT /boot/dtbs/rk3288-joined.dtb\n  APPEND console=tty1 rw root=PARTLABEL=a audit=0\n"),
        "console=tty1 rw root=PARTLABEL=a audit=0"),
    # yiyong-chen/micro-gentoo boot/extlinux/extlinux.conf: there is no such label, and U-Boot tries them all
    "a default that does not exist": (
        ("TIMEOUT 3\nONTIMEOUT gentoo\n  \nUI vesamenu.c32\nMENU TITLE Boot\n    \nLABEL micro-gentoo\n"
         "\tLINUX /vmlinuz.xz\n"
         "\tAPPEND root=first selinux=0\n"), "root=first selinux=0"),
    # BPI-SINOVOIP/BPI-Mainline-uboot, SotolitoLabs/sotolitoOS-setup: written once, when the image was made
    "written when the image was made": (
        ("# extlinux.conf generated by appliance-creator\nui menu.c32\nmenu autoboot Automatic boot in # second{,s}.\n"
         "menu hidden\ntotaltimeout 600\n\nlabel BPI-Kernel (Banana Pi)\n    kernel /zImage\n    fdtdir /dtb\n"
         "    append  root=/dev/mmcblk0p2 rootwait rw\n"), "root=/dev/mmcblk0p2 rootwait rw"),
    # openembedded-core uboot-extlinux-config.bbclass; a BeagleBone's
    "Yocto": (("# Generic Distro Configuration file generated by OpenEmbedded\n"
               "LABEL Poky (Yocto Project Reference Distro)\n"
               "\tKERNEL ../zImage\n\tFDTDIR ../\n    APPEND root=PARTUUID=${uuid} rootwait rw\n"),
              "root=PARTUUID=1 rootwait rw"),
    # khadas/fenix config/bootscripts/extlinux/Edge2_extlinux.conf: root= comes from uEnv.txt
    "Khadas Edge2": (
        ("LABEL Default\n  LINUX /Image\n  FDTDIR /dtb\n"
         "  APPEND ${rootdev} rootflags=data=writeback rw rootfstype=ext4 "
         "${bootargs} khadas_board=Edge2 console=ttyFIQ0 ${partitiontype} ${boot_user_args} fan= ${fan_mode}\n"
         "timeout  10\ndefault Default\n"),
        ("root=UUID=1 rootflags=data=writeback rw rootfstype=ext4 storagemedia=emmc androidboot.mode=normal "
         "khadas_board=Edge2 console=ttyFIQ0 partition_type=GPT fan= auto")),
    # khadas/fenix config/bootscripts/extlinux/Edge2_extlinux_mainline.conf: root= twice
    "Khadas Edge2, mainline": (
        ("LABEL Default\n  LINUX /Image\n  APPEND ${rootdev} root=LABEL=ROOTFS rw ${bootargs} khadas_board=Edge2 "
         "console=tty0 ${audit_mode} ${boot_user_args}\ntimeout  10\ndefault Default\n"),
        "root=UUID=1 root=LABEL=ROOTFS rw khadas_board=Edge2 console=tty0 audit=0"),
    # U-Boot takes the last of two entries with the name, and the first `menu default` (boot/pxe_utils.c)
    "a label twice": (
        "default a\nlabel a\n\tlinux /x\n\tappend root=/dev/a\nlabel a\n\tlinux /y\n\tappend root=/dev/b\n",
        "root=/dev/b"),
    "menu default twice": (("label a\n\tlinux /x\n\tappend root=/dev/a\nlabel b\n\tmenu default\n\tlinux /y\n"
                            "\tappend root=/dev/b\nlabel c\n\tMENU DEFAULT\n\tlinux /z\n\tappend root=/dev/c\n"),
                           "root=/dev/b"),
    "menu default after a default": (("default a\nlabel a\n\tlinux /x\n\tappend root=/dev/a\nlabel b\n\tmenu default\n"
                                      "\tlinux /y\n\tappend root=/dev/b\n"), "root=/dev/a"),
    "edited on Windows": ("DEFAULT a\r\nLABEL a\r\n\tLINUX /Image\r\n\tFDT /a.dtb\r\n\r\nTIMEOUT 3\r\n", "root=/dev/a"),
}


@pytest.mark.parametrize("text, cmdline", MENUS.values(), ids=MENUS)
def test_an_extlinux_conf(board, text, cmdline):
    """It is recognized, the entry that boots gets the argument where U-Boot reads it, and nothing else changes."""
    tree = Tree(str(board.write(MENU, text).root))
    found = boot_facts.read(tree, cmdline)
    assert (found["loader"], found["config"], found["error"]) == ("extlinux", MENU, None)
    added = edit.add("extlinux", text, *ARGUMENT)
    assert kernel_arguments.has(u_boot_reads(added.encode()), *ARGUMENT)
    assert u_boot_reads(text.encode()).split() == extlinux_menu.default_arguments(text).split()
    assert edit.add("extlinux", added, *ARGUMENT) == added
    assert edit.remove("extlinux", added, *ARGUMENT) == text == edit.remove("extlinux", text, *ARGUMENT)
    assert added.count(OURS) == 1
    # Added and not booted, and booted: the same file.
    board.write(MENU, added)
    for running in (cmdline, f"{cmdline} {OURS}"):
        assert boot_facts.read(tree, running)["config"] == MENU


KEYS = {b"menu", b"kernel", b"linux", b"append", b"initrd", b"fdt", b"devicetree", b"fdtdir", b"devicetreedir",
        b"fdtoverlays", b"devicetree-overlay", b"localboot", b"ipappend", b"kaslrseed", b"say"}


def u_boot_reads(text):
    """Return the append line of the entry that U-Boot boots: the rules of boot/pxe_utils.c, written another way."""
    default, entries, entry = None, [], None
    for line in text.split(b"\n"):
        words = line.split(None, 1)
        key = words[0].lower() if words else b""
        rest = words[1].strip() if len(words) > 1 else b""
        if not key or key.startswith(b"#"):
            continue
        if key == b"label":
            entry = {"name": rest}
            entries.append(entry)
        elif entry is not None and key in KEYS:
            if key == b"menu" and rest.lower() == b"default":
                default = default or entry["name"]
            entry[b"linux" if key == b"kernel" else key] = rest
        else:
            entry = None  # U-Boot ends the entry at a word that does not belong in it
            if key in (b"default", b"ontimeout"):
                default = rest
    chosen = [entry for entry in entries if entry["name"] == default][-1:] or entries[:1]
    assert b"linux" in chosen[0]
    return chosen[0].get(b"append", b"").decode()
