# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""U-Boot's environment files of public images and owners: which one is read, and every other byte stays.

The comment of a case names the public source, where it has a name.
"""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._board.tree import Tree
from ansible_collections.rkfleet.npu.plugins.module_utils._boot import boot_facts, kernel_arguments, sources
from ansible_collections.rkfleet.npu.plugins.module_utils._boot.editing import edit
from stand_ins.boards.boot_round_trip import ARGUMENT, OURS

ARMBIAN, ORANGE_PI = "/boot/armbianEnv.txt", "/boot/orangepiEnv.txt"
HEAD = "verbosity=1\nbootlogo=false\nconsole=both\n"
TAIL = "rootdev=UUID=1\nrootfstype=ext4\nusbstoragequirks=0x2537:0x1066:u,0x2537:0x1068:u\n"
# loader, file, text, what of extraargs the running kernel has
ENVIRONMENTS = {
    # JasonYANG170/TorderTable-Armbian boot/armbianEnv.txt
    "RK3566 tablet": ("armbian", ARMBIAN, f"{HEAD}extraargs=cma=1024M\noverlays=panthor-gpu\n{TAIL}", "cma=1024M"),
    # an Orange Pi 5 Plus
    "Orange Pi 5 Plus": ("armbian", ARMBIAN, (f"{HEAD}extraargs=cma=512M\nfdtfile=rockchip/rk3588-orangepi-5-plus.dtb\n"
                         "rootdev=UUID=1\noverlays=dmc-oc-3500mhz opp-oc-24ghz\nusbstoragequirks=0bda:9210:u\n"),
                         "cma=512M"),
    # a Radxa ZERO 3 with a display
    "Radxa ZERO 3": ("armbian", ARMBIAN, f"{HEAD}extraargs=cma=256M net.ifnames=0\noverlays=spi3\n{TAIL}",
                     "cma=256M net.ifnames=0"),
    # KICKPI K7, DshanPI A1: RK3576, no extraargs
    "RK3576": ("armbian", ARMBIAN, f"{HEAD}overlay_prefix=rk35xx\nfdtfile=rockchip/rk3576-kickpi-k7.dtb\n{TAIL}", ""),
    # a ROCK 4D: a variable that the script does not know
    "extra_cmdline": ("armbian", ARMBIAN, f"verbosity=0\nextra_cmdline=quiet vt.handoff=7 fbcon=map:0\n{TAIL}", ""),
    # OneThing OEC: the line is there and empty
    "OneThing OEC": ("armbian", ARMBIAN, f"{HEAD}overlays=\nextraargs=\nextraboardargs=net.ifnames=0\n{TAIL}", ""),
    # an X88 Pro 20
    "X88 Pro 20": ("armbian", ARMBIAN, (f"{HEAD}earlycon=on\nextraargs=quiet loglevel=1 vt.global_cursor_default=0 "
                   f"video=HDMI-A-1:1280x720@60 mem=3G\n{TAIL}"), "quiet video=HDMI-A-1:1280x720@60 mem=3G"),
    # Melt3dDev/setup armbianEnv.txt: the same name in comments below
    "examples below": ("armbian", ARMBIAN, (
        "verbosity=0\nextraargs=quiet\n#----#\n## Specify HDMI (eg. extraargs=video=HDMI-A-1:800x480-24@60)\n"
        f"#extraargs=video=HDMI-A-1:1024x600-24@60\n#overlays=ws2812\n{TAIL}"), "quiet"),
    # an Orange Pi with Home Assistant, a Makefile for the Orange Pi 5 Plus
    "Orange Pi 5": ("orangepi", ORANGE_PI, f"verbosity=1\nextraargs=cma=128M\noverlay_prefix=rk3588\n{TAIL}",
                    "cma=128M"),
    # a display for the Orange Pi Zero 2W: two blanks at the end of each line
    "blanks at the ends": ("orangepi", ORANGE_PI, (
        "verbosity=1  \nbootlogo=false  \nextraargs=cma=64M  \nrootdev=UUID=1  \n"), "cma=64M"),
    # real-time boards
    "isolated cores": ("orangepi", ORANGE_PI, (
        f"{HEAD}extraargs=nohz_full=4,5 rcu_nocbs=4,5 isolcpus=managed,domain,4,5 irqaffinity=0-3\n{TAIL}"),
        "nohz_full=4,5 rcu_nocbs=4,5 isolcpus=managed,domain,4,5"),
    # fnOS by ophub on an RK3588
    "fnOS": ("fnos", "/boot/fnEnv.txt", f"{HEAD}extraargs=cma=256M\nfdtfile=rockchip/rk3588-a-mod.dtb\n{TAIL}",
             "cma=256M"),
    # wwz192/fnnas: no line end
    "fnOS, no line end": ("fnos", "/boot/fnEnv.txt", (
        "rootdev=UUID=1\nrootfstype=btrfs\nextraargs=rw rootwait\nextraboardargs=net.ifnames=0\n"
        "docker_optimizations=on"), "rw rootwait"),
    "fnOS, edited on Windows": ("fnos", "/boot/fnEnv.txt", "rootdev=UUID=1\r\nextraargs=rw\r\noverlays=\r\n", "rw"),
    # U-Boot loses the variable of the first line, and takes the others (lib/hashtable.c)
    "a byte order mark": ("armbian", ARMBIAN, f"\ufeff{HEAD}extraargs=cma=256M\n{TAIL}", "cma=256M"),
}


@pytest.mark.parametrize("loader, path, text, more", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_an_environment_file(board, loader, path, text, more):
    cmdline = f"root=UUID=1 rootwait rootfstype=ext4 splash=verbose console=ttyS2,1500000 loglevel=1 {more}"
    tree = Tree(str(board.write(path, text.encode()).root))
    found = boot_facts.read(tree, cmdline)
    assert (found["loader"], found["config"], found["error"]) == (loader, path, None)
    assert boot_facts.complete({"cmdline": cmdline, "files": sources.read(tree)})["config"] == path
    added = edit.add(loader, text, *ARGUMENT)
    assert kernel_arguments.has(edit.configured(loader, added), *ARGUMENT)
    assert edit.configured(loader, added).split() == [*edit.configured(loader, text).split(), OURS]
    assert edit.add(loader, added, *ARGUMENT) == added
    assert edit.remove(loader, added, *ARGUMENT) == text == edit.remove(loader, text, *ARGUMENT)


def test_an_argument_that_the_owner_has_put_in_front():
    """Notes on tracing the NPU with a module of one's own."""
    text = "verbosity=1\nextraargs=initcall_blacklist=rknpu_init cma=256M panic=10\nrootdev=UUID=1\n"
    assert edit.add("armbian", text, *ARGUMENT) == text
    assert kernel_arguments.has(edit.configured("armbian", text), *ARGUMENT)
