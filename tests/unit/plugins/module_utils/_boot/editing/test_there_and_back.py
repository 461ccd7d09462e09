# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Boot configurations of public images and owners: the argument goes in once, and comes out byte for byte."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._boot.editing import edit
from stand_ins.boards.boot_round_trip import ARGUMENT, OURS, round_trip

# The comment names the public source, where it has a name. Loader, text of its file.
FILES = {
    # yanyitech/coolpi-kernel boot/extlinux/extlinux.conf
    "a label of two words": ("extlinux", ("default Yocto coolpi\n\nlabel Yocto coolpi\n\tkernel /Image\n"
                             "\tfdt    /rk3588s-cp4.dtb\n\tappend root=LABEL=writable rw console=ttyS0,115200n81\n")),
    # lsartory/NanoPi_R6S boot/extlinux/extlinux.conf
    "no default": ("extlinux", ("label Gentoo\n    kernel /Image\n    append console=ttyFIQ0 ro root=/dev/mmcblk2p3\n"
                   "    fdtdir /\n")),
    # scratchyes/yzd_dts boot/extlinux/extlinux.conf
    "no append": ("extlinux", "label rk3399-yzd linux-4.4.194\n\tkernel /Image-4.4.194\n\tfdt /rk3399.dtb\n"),
    "append without arguments": ("extlinux", "label a\n\tkernel /Image\n\tappend\n"),
    # a camera driver for the ROCK 5B: extraargs=initcall_blacklist=
    "an initcall of the owner": ("armbian", ("user_overlays=rock-5b-radxa-camera-4k-60fps\n"
                                 "extraargs=initcall_blacklist=rkcif_clr_unready_dev,rkisp_clr_unready_dev\n")),
    # armbian/build config/bootenv/rk35xx.txt, which has no line end
    "Armbian": ("armbian", "verbosity=1\nextraargs=cma=256M\nrootdev=UUID=1\nusbstoragequirks=0x2537:0x1066:u"),
    # openwrt/armbianEnv.txt of a Radxa E52C, images of unifreq and ophub
    "an empty line": ("armbian", "rootflags=compress=zstd:3\nextraargs=\nextraboardargs=net.ifnames=0\nuser_overlays="),
    "a line of blanks": ("armbian", "extraargs=  \nx=1\n"),
    "an empty line at the end": ("armbian", "x=1\nextraargs="),
    # MichaIng/DietPi 5292
    "a quoted line": ("armbian", 'rootdev=UUID=1\nextraargs="net.ifnames=0"\ndocker_optimizations=off\n'),
    # ophub, smart-am60; unifreq's images of the same kind
    "ophub": ("armbian", "rootdev=/dev/mmcblk0p2\nextraargs=rw rootwait\nextraboardargs=net.ifnames=0 max_loop=128\n"),
    # orangepi-xunlong/orangepi-build external/config/bootenv/rockchip.txt
    "Orange Pi": ("orangepi", "verbosity=1\nbootlogo=false\nextraargs=cma=64M\n"),
    # bigtreetech/CB1 readme: the line is a comment until the owner needs it
    "BigTreeTech": ("bigtreetech", "console=display\n#extraargs=video=HDMI-A-1:800x480-24@60\noverlays=ws2812\n"),
    # Joshua-Riek/ubuntu-rockchip 618
    "ubuntuEnv.txt": ("ubuntu", "bootargs=root=UUID=1 rootwait rw cgroup_enable=cpuset swapaccount=1\noverlays=\n"),
    # ubuntu-rockchip writes it with echo -n
    "no line end": ("radxa", "rootwait rw console=ttyS2,1500000 console=tty1 cgroup_enable=cpuset"),
    # Joshua-Riek/ubuntu-rockchip 973, 995
    "an example only": ("u-boot-menu", ('## /etc/default/u-boot\n\n#U_BOOT_PARAMETERS="ro earlycon"\n#U_BOOT_ROOT=""\n'
                        'U_BOOT_FDT="device-tree/rockchip/rk3588s-rock-5a.dtb"\n')),
    # radxa/u-boot 90
    "parameters of the owner": ("u-boot-menu", 'U_BOOT_PARAMETERS="ipv6.disable=1 fsck.mode=force"\nX="60"\n'),
    "empty parameters": ("u-boot-menu", 'U_BOOT_TIMEOUT="60"\nU_BOOT_PARAMETERS=""'),
    "no quotes": ("u-boot-menu", "U_BOOT_PARAMETERS=quiet\n"),
    "update_extlinux.sh": ("update-extlinux-default", 'TIMEOUT=""\nDEFAULT=""\nAPPEND="rw panic=10 quiet"\n'),
    "update_extlinux.sh, empty": ("update-extlinux-default", 'TIMEOUT=""\nAPPEND=""\n'),
    # photonvision image for the Orange Pi 5
    "initcalls of the owner": ("armbian", (
        "verbosity=1\nextraargs=initcall_debug ignore_loglevel nokprobes initcall_blacklist=init_kprobe_trace,"
        "crypto_kdf108_init,init_blk_tracer trace_buf_size=1 cma=256M\nrootdev=UUID=1\n")),
    # gloriouspidgeon855/IroncowNASArmbian armbianEnv.txt
    "an RK3568 NAS": ("armbian", "console=both\nextraargs=cma=256M console=ttyS2,1500000n8\noverlay_prefix=rk35xx\n"),
    # chenphilip888/rockpi4b-wifi, 2play/PBv2-PostFixes armbianEnv.txt: no extraargs
    "no extraargs": ("armbian", "verbosity=1\noverlays=spi-spidev i2c7\nparam_spidev_spi_bus=2\nuser_overlays=pwm\n"),
    # an owner's script appends a second line: U-Boot takes the last one
    "extraargs twice": ("armbian", "extraargs=cma=256M\nrootdev=UUID=1\nextraargs=usbcore.autosuspend=-1\n"),
    # jonas5/orangepi-4pro-kernel boot/orangepiEnv.txt
    "a comment at the end": ("orangepi", (
        "rootdev=PARTUUID=auto\ncma=512M\nextraargs=earlycon=uart8250,mmio32,0x02502000 pcie_aspm=powersave\n\n"
        "# Charger mode: set to \"powerbank\"\n#charger_mode=powerbank\n")),
    # zerokaze420/build_image_script boot/orangepiEnv.txt
    "Orange Pi, no extraargs": ("orangepi", "verbosity=1\nrootdev=UUID=1\nrootfstype=ext4\n"),
    # unifreq's Radxa E52C: `rootfstype=btrfs ` with a blank, user_overlays= without a line end
    "no line end, Armbian": ("armbian", "rootfstype=btrfs \nextraargs=\nextraboardargs=net.ifnames=0\nuser_overlays="),
    # MichaIng/DietPi 5634: a head for petitboot
    "a head": ("dietpi", "[main]\nrootdev=UUID=1\nextraargs=net.ifnames=0\n"),
    "a backslash in a comment": ("armbian", "# C:\\\nextraargs=cma=256M\n"),
    "blanks before the name": ("armbian", "  extraargs=cma=256M\n"),
    # Kali's image for the Pinebook Pro appends to the file of the package
    "appended to the examples": ("u-boot-menu", (
        '#U_BOOT_PARAMETERS="ro quiet"\n#U_BOOT_ROOT=""\nU_BOOT_MENU_LABEL="Kali Linux"\n'
        'U_BOOT_PARAMETERS="console=tty1 ro rootwait"\n')),
    # revyos, rockos: root= in both
    "root in the parameters": ("u-boot-menu", (
        'U_BOOT_PROMPT="2"\nU_BOOT_PARAMETERS="console=ttyS0,115200 root=LABEL=r rootwait rw LANG=en_US.UTF-8"\n'
        'U_BOOT_ROOT="root=LABEL=r"\n')),
    # citadel-core/os debos-recipes/rockpro/scripts/set-u-boot-defaults.sh
    "a fragment": ("u-boot-menu", (
        '#U_BOOT_DEFAULT="l0"\nU_BOOT_PARAMETERS="ignore_loglevel ro earlycon console=ttyS2,1500000n8 fw_devlink=off"\n'
        'U_BOOT_ROOT="root=LABEL=root"\n')),
    # an Arch image for the RK3588: the here-document kept its tabs
    "tabs": ("u-boot-menu", '\tU_BOOT_UPDATE="true"\n\tU_BOOT_PROMPT="1"\n\tU_BOOT_PARAMETERS="rw rootwait"\n'),
    # a Debian image for RISC-V boards
    "appended to an empty file": (
        "u-boot-menu", 'U_BOOT_PARAMETERS="rw noquiet root=/dev/vda1"\nU_BOOT_FDT_DIR="noexist"'),
    # Mixtile's images and AOSC's u-boot-menu: nothing is set
    "nothing is set": (
        "u-boot-menu", '#U_BOOT_PARAMETERS="ro quiet"\n#U_BOOT_SYNC_DTBS="false"\nU_BOOT_TIMEOUT="20"\n'),
    # a fork of ubuntu-rockchip appends with echo -n
    "crashkernel": ("radxa", "rootwait rw console=ttyS2,1500000 quiet splash crashkernel=2M-:256M"),
    "a blank at both ends": ("radxa", " rootwait rw console=tty1 \n\n"),
}
# Those in which only one word is added.
WORD_ADDED = {
    # Plebian-Linux/quartz64-images, citadel-core/os debos-recipes/radxa (CM5): a fragment
    "a generated fragment": ("u-boot-menu", (
        '## AUTOMATICALLY GENERATED FILE - DO NOT EDIT!\n#U_BOOT_UPDATE="true"\n\nU_BOOT_MENU_LABEL="Citadel OS"\n'
        'U_BOOT_PARAMETERS="ignore_loglevel ro rootwait console=ttyS2,1500000n8"\nU_BOOT_FDT_OVERLAYS=""\n')),
    # an Ubuntu image for RK3588 boards: root= among the arguments, uuid in lower case
    "root among the arguments": ("u-boot-menu", (
        "# /etc/default/u-boot - configuration file for u-boot-update(8)\n"
        'U_BOOT_PARAMETERS="console=ttyS2,1500000 console=tty1 root=UUID=1 rw rootwait quiet splash"\n')),
    # a Debian image: comments in Chinese
    "comments in another script": ("u-boot-menu", (
        '# 1. 显式锁定 root 分区\nU_BOOT_ROOT="root=PARTUUID=1"\n\n# 2. 完整还原\n'
        'U_BOOT_PARAMETERS="console=ttyMSM0,115200 no_framebuffer=true rw rootwait audit=0"\n')),
    # an image for the HiFive Unmatched: appended by echo
    "appended twice": ("u-boot-menu", (
        '#U_BOOT_PARAMETERS="ro quiet"\nU_BOOT_FDT="a.dtb"\nU_BOOT_PARAMETERS="rw rootwait"\n'
        'U_BOOT_FDT_DIR="/usr/lib/linux-image-a-"\nU_BOOT_PARAMETERS="rw rootwait earlycon"\n')),
    # Kali's images for i.MX boards
    "a variable of a build script that is left": (
        "u-boot-menu", 'U_BOOT_PARAMETERS="root=/dev/mmcblk0p1 panic=10 rw rootfstype=$fstype net.ifnames=0"\n'),
    # sommerfelddev/dotfiles, michaelmnemonic/configuration etc/kernel/cmdline
    "an encrypted root": ("radxa", "cryptdevice=UUID=1:root root=/dev/mapper/root rw quiet\n"),
    # n4vysh/dotfiles etc/kernel/cmdline
    "braces": ("radxa", ("rd.luks.name={UUID}=cryptlvm rd.luks.options={UUID}=tpm2-device=auto root=/dev/volume/root "
               "mitigations=auto,nosmt modprobe.blacklist=iTCO_wdt\n")),
    # Kimiblock/moeOS.config etc/kernel/cmdline
    "a subvolume": ("radxa", "splash rd.luks.options=tries=4,discard quiet rootflags=subvol=@,compress=zstd:-7"),
    # clukawski/archlinux-root etc/kernel/cmdline
    "arguments without values": ("radxa", "cryptdevice= root= mem_sleep_default=deep\n"),
    # an image for Kubernetes: appended by echo with a blank at both ends
    "a blank at both ends, Kubernetes": ("radxa", " cgroup_enable=memory systemd.zram=0 \n"),
    # the kernel keeps what is behind -- for init
    "arguments for init": ("radxa", "root=UUID=1 rw -- single\r\n"),
    # BPI-Forge1 of Banana Pi
    "Banana Pi": (
        "armbian", "verbosity=1\nlogo=disabled\nconsole=ttyFIQ0,1500000n8\nextraargs=cma=16M\nrootdev=UUID=1\n"),
    # a script for Home Assistant appends the line
    "Orange Pi, Home Assistant": ("orangepi", (
        "rootdev=UUID=1\nextraargs=apparmor=1 security=apparmor "
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
    "Armbian's u-boot-menu": ("u-boot-menu", (
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


@pytest.mark.parametrize("loader, text", FILES.values(), ids=FILES)
def test_there_and_back(loader, text):
    round_trip(loader, text)


@pytest.mark.parametrize("loader, text", WORD_ADDED.values(), ids=WORD_ADDED)
def test_only_our_word_is_added(loader, text):
    assert round_trip(loader, text).replace(" " + OURS, "", 1) == text


@pytest.mark.parametrize("loader, text, why", [
    ("armbian", "extraargs=cma=256M \\\n pcie_aspm=off\n", "a line ends with a backslash"),
    ("armbian", "extraargs=cma=256M\noverlays=a \\\r\nb\r\n", "a line ends with a backslash"),
    ("u-boot-menu", 'U_BOOT_PARAMETERS+=" quiet"\n', "is set with .=, which /bin/sh does not know"),
    ("extlinux", "menu include more.cfg\nlabel a\n linux /x\n", "includes another file"),
])
def test_a_file_that_cannot_be_edited_is_refused_with_one_sentence(loader, text, why):
    with pytest.raises(ValueError, match=why) as error:
        edit.add(loader, text, *ARGUMENT)
    assert "\n" not in str(error.value)
