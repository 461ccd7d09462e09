# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Menus of u-boot-update that the owner has edited: what is lost when the menu is made again."""

from __future__ import annotations

import pytest
from stand_ins.plans.planned_trees import BUILTIN, SPELT, one_sentence

MENU, CMDLINE, DEFAULTS = "/boot/extlinux/extlinux.conf", "/etc/kernel/cmdline", "/etc/default/u-boot"
UBUNTU = {"/usr/share/u-boot-menu/conf.d/ubuntu.conf": 'U_BOOT_PARAMETERS="$(cat /etc/kernel/cmdline)"\n'}
ROOT = 'U_BOOT_ROOT="root=%s"\nU_BOOT_PARAMETERS="rw quiet"\n'


@pytest.fixture
def menu_board(board):
    """Function (arguments in the menu, {file: text}) that returns a board which runs with them."""
    def make(given, files):
        board.base(config=BUILTIN, cmdline=given).npu().builtin().headers().tools().u_boot_menu(append=given)
        script = board.place("/usr/sbin/u-boot-update").read_text()
        board.write("/usr/sbin/u-boot-update", "# /usr/share/u-boot-menu/conf.d/*.conf\n" + script)
        for path, text in files.items():
            board.write(path, text)
        return board

    return make


@pytest.mark.case(
    case="root= in extlinux.conf was changed by hand, and u-boot-update would write another one", plan="unsupported",
    result="the board would start the system on the other disk: names both",
)
@pytest.mark.parametrize("given, files, wanted", [
    # Radxa's images have root= in both (RadxaOS-SDK/rsdk, update_partition_uuid.jsonnet), and owners who copy the
    # system to an NVMe disk change the menu.
    ("root=UUID=2 rw quiet", {CMDLINE: "root=UUID=1 rw quiet\n"}, "root=UUID=1"),
    ("root=/dev/nvme0n1p3 rw quiet", {CMDLINE: "root=/dev/mmcblk0p3 rw quiet\n"}, "root=/dev/mmcblk0p3"),
    # An image script of a Turing RK1 sets U_BOOT_ROOT.
    ("root=UUID=2 rw quiet", {DEFAULTS: ROOT % "UUID=1"}, "root=UUID=1"),
    ("root=UUID=2 rw quiet", {DEFAULTS: ROOT % "UUID=1", "/etc/u-boot-menu/conf.d/a.conf": 'U_BOOT_PROMPT="1"\n'},
     "root=UUID=1"),
])
def test_another_root_file_system(menu_board, planned, given, files, wanted):
    board = menu_board(given, files)
    plan = planned(board, driver_policy="exact")[1]
    assert plan["action"] == "unsupported" and one_sentence(plan["reason"])
    assert f"{MENU} has {given.split()[0]}, and /usr/sbin/u-boot-update would write {wanted}." in plan["reason"]
    assert SPELT in plan["remedy"]
    # Added by hand, for the next boot.
    board.write(MENU, board.place(MENU).read_text().replace(given, f"{given} {SPELT}"))
    assert planned(board, driver_policy="exact")[1]["action"] == "dkms_over_builtin"


@pytest.mark.parametrize("given, files", [
    ("root=UUID=1 rw quiet", {CMDLINE: "root=UUID=1 rw quiet\n"}), ("root=UUID=1 rw quiet", {CMDLINE: "rw quiet\n"}),
    ("root=UUID=1 rw quiet", {DEFAULTS: ROOT % "UUID=1"}), ("root=UUID=1 rw quiet", {DEFAULTS: ROOT % "$DISK"}),
    ("root=UUID=1 rw quiet", {CMDLINE: "root=UUID=2 rw quiet\n", DEFAULTS: "U_BOOT_ROOT=root=UUID=`cat /x`\n"}),
    ("root=UUID=1 rw quiet", dict(UBUNTU, **{CMDLINE: "rw quiet"})),
    # These may be the same one.
    ("root=UUID=1 rw quiet", {CMDLINE: "root=LABEL=rootfs rw quiet\n"}),
    # revyos' images have it in both.
    ("root=LABEL=r root=LABEL=r rw", {DEFAULTS: 'U_BOOT_ROOT="root=LABEL=r"\nU_BOOT_PARAMETERS="root=LABEL=r rw"\n'}),
])
def test_the_same_root_file_system(menu_board, planned, given, files):
    plan = planned(menu_board(given, files), driver_policy="exact")[1]
    assert plan["action"] == "dkms_over_builtin" and not any("dropped" in note for note in plan["notes"])


@pytest.mark.parametrize("more, files, dropped", [
    # Guides that say to edit extlinux.conf, on images where u-boot-update makes it.
    ("cma=512M", {CMDLINE: "root=UUID=1 rw quiet\n"}, "cma=512M"),
    ("video=HDMI-A-1:1368x768@75 a=1", dict(UBUNTU, **{CMDLINE: "rw quiet"}), "video=HDMI-A-1:1368x768@75 a=1"),
    ("cma=512M", {DEFAULTS: 'U_BOOT_PARAMETERS="rw quiet"\n'}, "cma=512M"),
    ("cma=512M", {DEFAULTS: 'U_BOOT_PARAMETERS="rw quiet cma=512M"\n'}, None),
    ('dyndbg="file a.c +p"', {DEFAULTS: 'U_BOOT_PARAMETERS="rw dyndbg=\\"file a.c +p\\" quiet"\n'}, None),
    ("rootflags=subvol=@", {DEFAULTS: ROOT % "UUID=1 rootflags=subvol=@"}, None),
    # What a shell makes of these is not known.
    ("cma=512M", {DEFAULTS: 'U_BOOT_PARAMETERS="rw $MORE quiet"\n'}, None),
    ("cma=512M", {CMDLINE: "rw quiet\n", "/etc/u-boot-menu/conf.d/a.conf": "U_BOOT_ROOT=`cat /x`\n"}, None),
])
def test_arguments_that_were_added_to_the_menu(menu_board, planned, more, files, dropped):
    plan = planned(menu_board(f"root=UUID=1 rw quiet {more}", files), driver_policy="exact")[1]
    assert plan["action"] == "dkms_over_builtin"
    wanted = (f"{MENU} has {dropped}, which no configuration of /usr/sbin/u-boot-update has: it is dropped when the "
              "menu is made again.")
    assert [note for note in plan["notes"] if "dropped" in note] == ([wanted] if dropped else [])


FIRMWARE = "/lib/firmware/6.1.0-1012-rockchip/device-tree/rockchip"
SATA = f"fdtoverlays  {FIRMWARE}/overlay/orangepi-5-sata.dtbo"


@pytest.mark.case(
    case="a device tree or an overlay was added to the extlinux.conf that u-boot-update makes", plan="unsupported",
    result="the next menu would not have it, and the board might not find its disk: names it and the variable",
)
@pytest.mark.parametrize("line, settings, lost", [
    # Joshua-Riek/ubuntu-rockchip 780: the system is on the disk that the overlay enables.
    (SATA, 'U_BOOT_FDT_OVERLAYS="device-tree/rockchip/overlay/orangepi-5-sata.dtbo"\n', None),
    (SATA, 'U_BOOT_FDT_OVERLAYS_DIR="/lib/firmware/"\n', "orangepi-5-sata.dtbo"),
    (SATA, '#U_BOOT_FDT_OVERLAYS=""\n', "orangepi-5-sata.dtbo"),
    (f"{SATA} {FIRMWARE}/overlay/rk3588-uart7-m2.dtbo", 'U_BOOT_FDT_OVERLAYS="a/orangepi-5-sata.dtbo"\n',
     "rk3588-uart7-m2.dtbo"),
    (SATA, "U_BOOT_FDT_OVERLAYS=$MINE\n", None),
    # Radxa's rsetup fills /boot/dtbo, of which u-boot-update takes all.
    ("fdtoverlays  /boot/dtbo/rk3588-i2c8-m2.dtbo /boot/dtbo/rk3588-pwm15.dtbo", "", None),
    ("devicetree-overlay /dtbo/rk3588-i2c8-m2.dtbo", "", None),
    ("devicetree-overlay /boot/mine/rk3588-i2c8-m2.dtbo", "", "rk3588-i2c8-m2.dtbo"),
    # Joshua-Riek/ubuntu-rockchip 995, armbian/build extensions/u-boot-menu.sh
    (f"fdt {FIRMWARE}/rk3588s-rock-5a.dtb", 'U_BOOT_FDT="device-tree/rockchip/rk3588s-rock-5a.dtb"\n', None),
    ("fdt /boot/rk3588-mine.dtb", 'U_BOOT_FDT="rockchip/rk3588-rock-5b.dtb"\n', "rk3588-mine.dtb"),
    # The tree of a kernel, and that of vicharak-in/u-boot-menu-vicharak.
    ("fdt /dtb-6.1.75-axon", "", None), ("fdt /rk3588-axon-linux-6.1.75-axon.dtb", "", None),
    ("fdtdir /usr/lib/linux-image-6.1.75-axon/", "", None), ("# fdt /a.dtb", "", None),
    (SATA, "U_BOOT_FDT+=x\n", "set with +="),
])
def test_a_device_tree_that_was_added_to_the_menu(menu_board, planned, line, settings, lost):
    given = "root=UUID=1 rw quiet"
    board = menu_board(given, {DEFAULTS: settings + ROOT % "UUID=1"})
    board.write(MENU, f"default l0\n\nlabel l0\n\tlinux /boot/Image-6.1.75-axon\n\t{line}\n\tappend {given}\n")
    plan = planned(board, driver_policy="exact")[1]
    assert plan["action"] == ("unsupported" if lost else "dkms_over_builtin")
    assert not lost or (one_sentence(plan["reason"]) and lost in plan["reason"] and "U_BOOT_FDT" in plan["reason"])


@pytest.mark.parametrize("argument, noted", [
    # Rockchip's SDK with A/B slots; without them U-Boot names no slot.
    ("android_slotsufix=_b", True), ("androidboot.slot_suffix=_a", True), ("rauc.slot=A", True),
    ("androidboot.slot_suffix=", False), ("android_slotsufix=", False),
])
def test_slots(menu_board, planned, argument, noted):
    files = {CMDLINE: f"root=UUID=1 rw quiet {argument}\n"}
    plan = planned(menu_board(f"root=UUID=1 rw quiet {argument}", files), driver_policy="exact")[1]
    assert any("other slot" in note for note in plan["notes"]) is noted


def test_where_proxmox_keeps_the_arguments(board, planned):
    """Proxmox VE with ZFS starts kernels with systemd-boot."""
    board.base(config=BUILTIN, cmdline="initrd=\\EFI\\proxmox\\6.1\\initrd.img-6.1 root=ZFS=rpool/ROOT/pve-1 boot=zfs")
    board.npu().builtin().headers().tools().write("/sys/firmware/efi/fw_platform_size", "64\n")
    plan = planned(board.write(CMDLINE, "root=ZFS=rpool/ROOT/pve-1 boot=zfs\n"), driver_policy="exact")[1]
    assert plan["action"] == "unsupported" and "then proxmox-boot-tool refresh" in plan["remedy"]
