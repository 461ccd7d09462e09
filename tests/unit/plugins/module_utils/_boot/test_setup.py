# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The boot set-up of a board with u-boot-menu, whose u-boot-update is played by a function."""

from __future__ import annotations

import errno
import os
import pathlib
import re

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._board import files as _files
from ansible_collections.rkfleet.npu.plugins.module_utils._board import paths
from ansible_collections.rkfleet.npu.plugins.module_utils._boot import setup as _boot_setup
from ansible_collections.rkfleet.npu.plugins.module_utils._boot import update_tool
from ansible_collections.rkfleet.npu.plugins.module_utils._boot.menus import default_kernel_paths
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction import watched
from ansible_collections.rkfleet.npu.plugins.plugin_utils._action import board_files

MODULES_LOAD, DEFAULT, EXTLINUX = "etc/modules-load.d/rkfleet-npu.conf", "etc/default/u-boot", "boot/extlinux/extlinux.conf"
HOLD = [default_kernel_paths.SCRIPT, default_kernel_paths.SETTINGS, default_kernel_paths.IMAGE_HOOK, default_kernel_paths.HEADERS_HOOK]
U_BOOT = '# set by the owner\nU_BOOT_TIMEOUT="1"\nU_BOOT_PARAMETERS="console=ttyAMA0 panic=10"\n'


class Board:
    """A tree, and u-boot-update."""

    def __init__(self, root):
        self.root, self.works, self.rc, self.runs, self.private, self.kernel = root, True, 0, 0, True, "/boot/vmlinuz"
        self.said = "E: it is broken"
        for name, content in {DEFAULT: U_BOOT, "usr/sbin/u-boot-update": "#!/bin/sh\n", "proc/cmdline": "root=/dev/vda1 console=ttyAMA0 panic=10",
                              "boot/vmlinuz": "MZ"}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(content)
        self.run(["u-boot-update"])

    def run(self, command):
        """u-boot-update, alone or in a namespace where another folder takes the place of the menu's."""
        place = self.root / EXTLINUX
        if command[0] == "unshare":
            script, name, private, folder = command[command.index("-c") + 1:command.index("-c") + 5]
            assert "$1" in script and str(self.root) not in script and folder == str(place.parent)
            assert pathlib.Path(private).stat().st_mode & 0o777 == 0o700 and not private.startswith(folder)
            if command[-1] == "true" or not self.private:
                return int(not self.private), "", "unshare: unshare failed: Operation not permitted"
            place = pathlib.Path(private) / place.name
            self.seen = place.read_text() if place.exists() else None
        self.runs += 1
        place.parent.mkdir(exist_ok=True)
        if self.works and not self.rc:
            arguments = re.search('PARAMETERS="(.*)"', (self.root / DEFAULT).read_text()).group(1)
            place.write_text("default l0\nlabel l0\n    linux %s\n    append root=/dev/vda1 %s\n"
                             % (self.kernel, arguments))
        elif self.rc:
            place.write_text("default l0\nlab")  # as a tool that writes in place leaves it
        return self.rc, "", self.said

    def setup(self, present=True, initcalls=("rknpu_init",)):
        scripts = board_files.default_kernel() if present else None
        return _boot_setup.BootSetup(self.run, "rknpu_dkms", initcalls, present, str(self.root / "state"),
                                     str(self.root), scripts)

    def files(self):
        return {path.relative_to(self.root).as_posix(): path.read_text() for path in self.root.rglob("*")
                if path.is_file()}


@pytest.fixture
def board(tmp_path):
    return Board(tmp_path)


def test_over_a_builtin_and_back(board):
    before = board.files()
    setup = board.setup()
    assert setup.changes() == ["/" + MODULES_LOAD, "/" + DEFAULT, *HOLD, "/" + EXTLINUX]
    kept = setup.apply()
    assert board.files()[DEFAULT] == U_BOOT.replace("panic=10",
                                                    "panic=10 initcall_blacklist=rknpu_init") + default_kernel_paths.LINE + "\n"
    assert board.files()[MODULES_LOAD].splitlines()[-1] == "rknpu_dkms"
    assert "panic=10 initcall_blacklist=rknpu_init" in board.files()[EXTLINUX]
    assert open(kept["/" + DEFAULT]).read() == U_BOOT
    assert board.setup().changes() == []

    board.setup(present=False).apply()
    after = {name: content for name, content in board.files().items() if not name.startswith("state/")}
    assert after == before
    assert board.setup(present=False).changes() == []


@pytest.mark.parametrize("line, lost", [
    # Joshua-Riek/ubuntu-rockchip 1032: u-boot-update does not find the device tree on a /boot of its own, unless edited.
    ("    fdt /dtb/rk3588-rock-5b.dtb\n", "fdt /dtb/rk3588-rock-5b.dtb"),
    ("    DEVICETREEDIR /dtb\n", "DEVICETREEDIR /dtb"), ("    # fdt /a.dtb\n", None),
    # Guides for boards with a disk on an overlay (orangepi-5-sata.dtbo) say to add it to the menu.
    ("    fdtoverlays /a.dtbo\n", "fdtoverlays /a.dtbo"), ("    devicetree-overlay /a.dtbo\n", "devicetree-overlay /a.dtbo"),
])
def test_a_menu_without_the_device_tree_that_the_owner_wrote_into_it(board, line, lost):
    place = board.root / EXTLINUX
    place.write_text(place.read_text().replace("    append", line + "    append"))
    before = board.files()
    if not lost:
        board.setup().apply()
        return
    with pytest.raises(_boot_setup.BootSetupError, match='extlinux.conf has "%s", which /usr/sbin/u-boot-update does' % lost):
        board.setup().apply()
    assert {name: text for name, text in board.files().items() if not name.startswith("state/")} == before


def test_over_a_module_the_kernel_arguments_are_unchanged(board):
    setup = board.setup(initcalls=())
    assert setup.changes() == ["/" + MODULES_LOAD, *HOLD, "/" + DEFAULT]
    runs = board.runs
    setup.apply()
    assert board.files()[DEFAULT] == U_BOOT + default_kernel_paths.LINE + "\n" and board.runs == runs


def test_dracut_omits_the_module_from_every_initramfs(board):
    """It would be loaded before the guard can count the boot, and after a rollback, too."""
    (board.root / "usr/lib/dracut").mkdir(parents=True)
    (board.root / "etc/dracut.conf.d").mkdir()
    before = board.files()
    setup = board.setup()
    assert setup.changes()[:2] == [paths.DRACUT, "/" + MODULES_LOAD]
    setup.apply()
    assert re.search(r'^omit_drivers\+=" rknpu rknpu_dkms "$', board.files()[paths.DRACUT[1:]], re.M)
    assert board.setup().changes() == []
    # dracut may be gone by then.
    (board.root / "usr/lib/dracut").rmdir()
    board.setup(present=False).apply()
    assert {name: content for name, content in board.files().items() if not name.startswith("state/")} == before
    # A restore brings it back to what it was, too.
    assert (paths.DRACUT, "file") in watched.watched(str(board.root), ["0.9.6"], "/usr/lib/librknnrt.so")


def test_without_dracut_its_file_is_not_written(board):
    board.setup().apply()
    assert not (board.root / "etc/dracut.conf.d").exists()


def test_a_missing_argument_in_the_menu_is_added_again(board):
    board.setup().apply()
    (board.root / EXTLINUX).write_text("default l0\nlabel l0\n    append root=/dev/vda1\n")
    setup = board.setup()
    assert setup.changes() == ["/" + EXTLINUX]
    setup.apply()
    assert "rknpu_init" in board.files()[EXTLINUX]


def fail(board, fault):
    """Break u-boot-update; returns what is said of it."""
    if fault == "ends badly":
        board.works, board.rc = False, 1
        return "ended with 1: E: it is broken"
    if fault == "ends badly in silence":
        board.works, board.rc, board.said = False, 1, ""
        return "ended with 1: no message"
    if fault == "does nothing":
        board.works = False
        return "does not have initcall_blacklist|wrote a menu that boots nothing"
    board.kernel = {"names a kernel that is not there": "/boot/vmlinuz-6.1.9", "names no kernel": ""}[fault]
    return "wrote a menu that boots nothing: its default kernel is (/boot/vmlinuz-6.1.9, which does not exist|not named)"


@pytest.mark.parametrize("private", [True, False])
@pytest.mark.parametrize("menu", [True, False])
@pytest.mark.parametrize("fault", ["ends badly", "ends badly in silence", "does nothing", "names a kernel that is not there", "names no kernel"])
def test_a_failing_update_tool_leaves_the_board_unchanged(board, fault, menu, private, frozen):
    if not menu:
        (board.root / EXTLINUX).unlink()
        (board.root / EXTLINUX).parent.rmdir()
    before, board.private = board.files(), private
    said = fail(board, fault)
    with pytest.raises(_boot_setup.BootSetupError, match="the boot configuration was restored: .*(%s)" % said):
        board.setup().apply()
    assert {name: content for name, content in board.files().items() if not name.startswith("state/")} == before
    if private:
        assert frozen == [], "nothing came near the menu"
        assert menu or not (board.root / EXTLINUX).parent.exists()


def test_the_menu_is_written_elsewhere_and_replaced_atomically(board, frozen, monkeypatch):
    old, written = board.files()[EXTLINUX], []
    replacing = _files.replacing
    monkeypatch.setattr(_files, "replacing", lambda path,
                        mode=None: written.append(os.path.relpath(path, board.root)) or replacing(path, mode))
    run, there = board.run, []

    def watched(command):
        done = run(command)
        there.append(board.files()[EXTLINUX])
        return done

    board.run = watched
    board.setup().apply()
    assert board.seen == old and set(there) == {old}, "the tool sees its old menu, and changes a copy"
    assert written[-1] == EXTLINUX and "rknpu_init" in board.files()[EXTLINUX]
    assert frozen == [str(board.root / "boot")]
    assert not list(board.root.rglob(".rkfleet-*"))


def test_where_no_namespace_can_be_made_the_tool_writes_itself(board, frozen):
    board.private = False
    board.setup().apply()
    assert "rknpu_init" in board.files()[EXTLINUX] and board.setup().changes() == []


def test_nothing_is_frozen_where_no_boot_file_changed(board, frozen):
    board.setup(initcalls=()).apply()
    assert frozen == []


def test_a_board_without_unshare(board, monkeypatch):
    monkeypatch.setattr(update_tool.shutil, "which", lambda name: None)
    board.setup().apply()
    assert "rknpu_init" in board.files()[EXTLINUX]


def test_leftovers_of_a_power_failure_are_removed(board):
    for name in ("boot/extlinux/.rkfleet-x1", "etc/default/.rkfleet-x2"):
        (board.root / name).write_text("half")
    (board.root / "state/.rkfleet-x3").mkdir(parents=True)
    board.setup().apply()
    assert not list(board.root.rglob(".rkfleet-*"))


@pytest.mark.parametrize("number, said", [
    (errno.ENOSPC, r"the boot configuration was restored: the disk is full: \d+ KiB(?: and no inode)? are free at /"),
    (errno.EROFS, "the boot configuration was restored: /.* is mounted read-only"),
])
def test_a_disk_that_fails_at_each_write(board, monkeypatch, number, said):
    """Full, or read-only, from one write on till the failure is there: after each the board is as it was."""
    before, count = board.files(), 0
    rename = os.rename
    while True:
        left = count
        state = {"full": False, "done": False}

        def broken(source, target):
            nonlocal left
            if left == 0 and not state["done"]:
                state["done"] = True
                raise OSError(number, os.strerror(number), source)
            left -= 1
            rename(source, target)

        monkeypatch.setattr(_files.os, "rename", broken)
        setup = board.setup()
        try:
            setup.apply()
        except _boot_setup.BootSetupError as error:
            assert re.search(said, str(error)), error
            after = {name: content for name, content in board.files().items() if not name.startswith("state/")}
            assert after == before, "at write %d" % count
        else:
            break
        count += 1
    assert count > 7


def test_an_unknown_boot_loader_reports_the_arguments_to_add(board):
    (board.root / "usr/sbin/u-boot-update").unlink()
    (board.root / EXTLINUX).unlink()
    with pytest.raises(_boot_setup.BootSetupError,
                       match="add initcall_blacklist=rknpu_init to the kernel arguments by hand"):
        board.setup()
    # Once the owner has done so, only the module is left to be set up.
    (board.root / "proc/cmdline").write_text("root=/dev/vda1 panic=10 initcall_blacklist=rknpu_init")
    assert board.setup().changes() == ["/" + MODULES_LOAD]


def test_a_configuration_that_cannot_be_edited_safely(board):
    (board.root / DEFAULT).write_text('U_BOOT_PARAMETERS="$(cat /etc/args)"\n')
    with pytest.raises(_boot_setup.BootSetupError, match="is unchanged: .*by hand"):
        board.setup()
