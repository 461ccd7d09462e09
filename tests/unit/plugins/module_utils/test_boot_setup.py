# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The boot set-up of a board with u-boot-menu, whose u-boot-update is played by a function."""

from __future__ import annotations

import re

import pytest

from ansible_collections.rkfleet.npu.plugins.module_utils import _boot_setup, _kernel_hold

MODULES_LOAD, DEFAULT, EXTLINUX = "etc/modules-load.d/rkfleet-npu.conf", "etc/default/u-boot", "boot/extlinux/extlinux.conf"
HOLD = [_kernel_hold.SCRIPT, _kernel_hold.SETTINGS, _kernel_hold.IMAGE_HOOK, _kernel_hold.HEADERS_HOOK]
U_BOOT = '# set by the owner\nU_BOOT_TIMEOUT="1"\nU_BOOT_PARAMETERS="console=ttyAMA0 panic=10"\n'


class Board:
    """A tree, and u-boot-update."""

    def __init__(self, root):
        self.root, self.works, self.rc, self.runs = root, True, 0, 0
        for name, content in {DEFAULT: U_BOOT, "usr/sbin/u-boot-update": "#!/bin/sh\n", "proc/cmdline": "panic=10"}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(content)
        (root / "boot/extlinux").mkdir(parents=True)
        self.run(["u-boot-update"])

    def run(self, dummy):
        self.runs += 1
        if self.works and not self.rc:
            arguments = re.search('PARAMETERS="(.*)"', (self.root / DEFAULT).read_text()).group(1)
            (self.root / EXTLINUX).write_text("default l0\nlabel l0\n    linux /boot/vmlinuz\n    append root=/dev/vda1 %s\n" % arguments)
        return self.rc, "", "E: it is broken"

    def setup(self, present=True, initcalls=("rknpu_init",)):
        return _boot_setup.BootSetup(self.run, "rknpu_dkms", initcalls, present, str(self.root / "state"), str(self.root))

    def files(self):
        return {path.relative_to(self.root).as_posix(): path.read_text() for path in self.root.rglob("*") if path.is_file()}


@pytest.fixture
def board(tmp_path):
    return Board(tmp_path)


def test_over_a_builtin_and_back(board):
    before = board.files()
    setup = board.setup()
    assert setup.changes() == ["/" + MODULES_LOAD, "/" + DEFAULT, *HOLD, "/" + EXTLINUX]
    kept = setup.apply()
    assert board.files()[DEFAULT] == U_BOOT.replace("panic=10", "panic=10 initcall_blacklist=rknpu_init") + _kernel_hold.LINE + "\n"
    assert board.files()[MODULES_LOAD].splitlines()[-1] == "rknpu_dkms"
    assert "panic=10 initcall_blacklist=rknpu_init" in board.files()[EXTLINUX]
    assert open(kept["/" + DEFAULT]).read() == U_BOOT
    assert board.setup().changes() == []

    board.setup(present=False).apply()
    after = {name: content for name, content in board.files().items() if not name.startswith("state/")}
    assert after == before
    assert board.setup(present=False).changes() == []


def test_over_a_module_the_kernel_line_is_left_alone(board):
    setup = board.setup(initcalls=())
    assert setup.changes() == ["/" + MODULES_LOAD, *HOLD, "/" + DEFAULT]
    runs = board.runs
    setup.apply()
    assert board.files()[DEFAULT] == U_BOOT + _kernel_hold.LINE + "\n" and board.runs == runs


def test_a_lost_line_in_what_the_loader_reads_is_made_again(board):
    board.setup().apply()
    (board.root / EXTLINUX).write_text("default l0\nlabel l0\n    append root=/dev/vda1\n")
    setup = board.setup()
    assert setup.changes() == ["/" + EXTLINUX]
    setup.apply()
    assert "rknpu_init" in board.files()[EXTLINUX]


@pytest.mark.parametrize("fault", ["ends badly", "does nothing"])
def test_a_tool_that_fails_leaves_the_board_as_it_was(board, fault):
    before = board.files()
    board.works, board.rc = False, int(fault == "ends badly")
    with pytest.raises(_boot_setup.BootSetupError, match="put back as it was: .*(ended with 1: E: it is broken|does not have initcall_blacklist)"):
        board.setup().apply()
    assert {name: content for name, content in board.files().items() if not name.startswith("state/")} == before


def test_an_unknown_boot_loader_says_what_to_add_by_hand(board):
    (board.root / "usr/sbin/u-boot-update").unlink()
    (board.root / EXTLINUX).unlink()
    with pytest.raises(_boot_setup.BootSetupError, match="add initcall_blacklist=rknpu_init to the kernel arguments by hand"):
        board.setup()
    # Once the owner has done so, only the module is left to be set up.
    (board.root / "proc/cmdline").write_text("panic=10 initcall_blacklist=rknpu_init")
    assert board.setup().changes() == ["/" + MODULES_LOAD]


def test_a_configuration_that_cannot_be_edited_safely(board):
    (board.root / DEFAULT).write_text('U_BOOT_PARAMETERS="$(cat /etc/args)"\n')
    with pytest.raises(_boot_setup.BootSetupError, match="was left as it is: .*by hand"):
        board.setup()
