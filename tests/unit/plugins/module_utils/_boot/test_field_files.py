# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Boot configurations of public images and owners: the argument goes in once, and comes out byte for byte."""

from __future__ import annotations

import pytest
from stand_ins.boot_round_trip import round_trip

# The comment names the public source.
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
}


@pytest.mark.parametrize("loader, text", FILES.values(), ids=FILES)
def test_there_and_back(loader, text):
    round_trip(loader, text)
