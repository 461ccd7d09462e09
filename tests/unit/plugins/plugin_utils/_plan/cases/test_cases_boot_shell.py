# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Boot configurations that are found and cannot be changed: a shell may skip the line, or the file is immutable."""

from __future__ import annotations

import os
import types

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan.checks import boot_checks, shell_checks, storage_checks
from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan.checks.board_state import Unsupported
from stand_ins.plans.planned_trees import BUILTIN, SPELT, one_sentence

UUID = "root=UUID=1"
CONFIG, MENU = "/etc/default/u-boot", "/boot/extlinux/extlinux.conf"
CONDITION = "U_BOOT_PARAMETERS is set under a condition"
COMMAND = "U_BOOT_PARAMETERS is set for one command only"
# The lines that this u-boot-update's manual names (SalimTerryLi/u-boot-menu-ng).
NG = """#!/bin/sh
: ${CONFIG_DIR_PATH:=/usr/share/u-boot-menu/conf.d}
: ${PLUGIN_SYS_PATH:=/usr/share/u-boot-menu/plugins}
"""


@pytest.fixture
def menu_board(board):
    """A board with u-boot-menu and a driver that is built in."""
    board.base(config=BUILTIN, cmdline=UUID + " ro quiet").npu().builtin().headers().tools()
    return board.u_boot_menu(append=UUID + " ro quiet")


@pytest.mark.case(
    case="U_BOOT_PARAMETERS under a condition, without quotes, or made of variables that are empty; u-boot-menu-ng",
    plan="unsupported",
    result="stops before packages and build: the change may not reach the kernel",
)
@pytest.mark.parametrize("text, why", [
    ("if [ -e /x ]; then\n\tU_BOOT_PARAMETERS=\"a\"\nelse\n\tU_BOOT_PARAMETERS=\"b\"\nfi\n", CONDITION),
    ("case $(uname -m) in\n  aarch64) U_BOOT_PARAMETERS=a ;;\nesac\n", CONDITION),
    ("U_BOOT_PARAMETERS='ro quiet'\n[ -e /x ] && U_BOOT_PARAMETERS=b\n", CONDITION),
    ("[ -e /x ] || U_BOOT_TIMEOUT=3 U_BOOT_PARAMETERS=b\n", CONDITION),
    ("for x in a; do U_BOOT_PARAMETERS=$x; done\n", CONDITION),
    ("f() {\n U_BOOT_PARAMETERS=b\n}\n", CONDITION),
    ('U_BOOT_PARAMETERS="${EXTRA} $MORE"\n', "does not set: ${EXTRA} $MORE"),
    ('MORE=""\nU_BOOT_PARAMETERS="$MORE"\n', "does not set: $MORE"),
    # Guides that leave out the quotes: the shell runs `splash`, and the variable is not set.
    ("U_BOOT_PARAMETERS=quiet splash\n", COMMAND), ("U_BOOT_PARAMETERS= quiet\n", COMMAND),
    ("U_BOOT_TIMEOUT=3 U_BOOT_PARAMETERS='quiet' splash # more\n", COMMAND), ("env U_BOOT_PARAMETERS=a\n", COMMAND),
    ("( U_BOOT_PARAMETERS='a' )\n", COMMAND), ("U_BOOT_PARAMETERS='a' &\n", COMMAND),
    ("cat >/dev/null <<END\nU_BOOT_PARAMETERS='a'\nEND\n", COMMAND),
    ("U_BOOT_PARAMETERS='a'\nunset U_BOOT_TIMEOUT U_BOOT_PARAMETERS\n", "is removed again (unset)"),
    ("unset U_BOOT_PARAMETERS\n", "is removed again (unset)"),
])
def test_a_line_that_does_not_reach_the_kernel(menu_board, planned, text, why):
    plan = planned(menu_board.write(CONFIG, text), driver_policy="exact")[1]
    assert plan["action"] == "unsupported" and one_sentence(plan["reason"])
    assert CONFIG in plan["reason"] and why in plan["reason"] and SPELT in plan["remedy"]
    # Added by hand, for the next boot.
    menu_board.u_boot_menu(append=f"{UUID} ro quiet {SPELT}")
    assert planned(menu_board, driver_policy="exact")[1]["action"] == "dkms_over_builtin"


@pytest.mark.parametrize("text", [
    "", "if [ -e /x ]; then\n\tU_BOOT_TIMEOUT=3\nfi\nU_BOOT_PARAMETERS=\"b\"\n",
    "if [ -e /x ]; then U_BOOT_PARAMETERS=a; fi\nU_BOOT_PARAMETERS='ro if quiet'\n",
    "# if that is so; then\nU_BOOT_PARAMETERS='a'\n", "U_BOOT_MENU_LABEL='a; if b'\nU_BOOT_PARAMETERS='a'\n",
    "U_BOOT_MENU_LABEL=\"if\n a\"\nU_BOOT_PARAMETERS='a'\n", "[ -e /x ] && . /x\nU_BOOT_PARAMETERS='a'\n",
    "U_BOOT_PARAMETERS='a' # if\n", "MORE=a\nU_BOOT_PARAMETERS=\"$MORE\"\n", "U_BOOT_PARAMETERS=\"$MORE quiet\"\n",
    "if a; then\n while b; do c; done\nfi; U_BOOT_PARAMETERS='a'\n", "f() { a; }\nU_BOOT_PARAMETERS=${X}a\n",
    "U_BOOT_PARAMETERS=''\n", "export U_BOOT_PARAMETERS='a' MORE\n", "U_BOOT_PARAMETERS='a' U_BOOT_TIMEOUT=3; b c\n",
    "U_BOOT_PARAMETERS='a' \\\n  U_BOOT_TIMEOUT=3\n", "U_BOOT_PARAMETERS='a' # quiet splash\n",
    "X=$(echo b c) U_BOOT_PARAMETERS='a'\n", "# unset U_BOOT_PARAMETERS\nU_BOOT_PARAMETERS='a'\n",
    "X='unset U_BOOT_PARAMETERS'\nU_BOOT_PARAMETERS='a'\n",
])
def test_a_line_that_does(menu_board, planned, text):
    assert planned(menu_board.write(CONFIG, text), driver_policy="exact")[1]["action"] == "dkms_over_builtin"


def test_another_u_boot_update(menu_board, planned):
    plan = planned(menu_board.write("/usr/sbin/u-boot-update", NG), driver_policy="exact")[1]
    assert plan["action"] == "unsupported" and one_sentence(plan["reason"])
    assert "u-boot-menu-ng" in plan["reason"] and "U_BOOT_ENTRY_BOOT_ARGS in /etc/default/u-boot" in plan["reason"]


@pytest.mark.parametrize("path, text, wrong", [
    ("/etc/default/grub", "GRUB_TIMEOUT=2\nGRUB_CMDLINE_LINUX_DEFAULT=quiet splash nomodeset\n", True),
    ("/etc/default/grub.d/a.cfg", "GRUB_CMDLINE_LINUX=a b\nGRUB_CMDLINE_LINUX='c'\n", True),
    ("/etc/default/grub", "GRUB_CMDLINE_LINUX_DEFAULT='quiet splash' GRUB_TIMEOUT=2\n", False),
    ("/etc/default/grub", "if [ -e /x ]; then GRUB_CMDLINE_LINUX=a; fi\n", False),
])
def test_a_value_without_quotes_in_grubs_configuration(board, planned, path, text, wrong):
    """With it grub-mkconfig ends with `splash: not found`."""
    board.base(config=BUILTIN, cmdline="BOOT_IMAGE=/boot/vmlinuz root=UUID=1 ro").npu().builtin().headers().tools()
    board.write("/usr/sbin/grub-mkconfig", "for x in ${sysconfdir}/default/grub.d/*.cfg; do . $x; done\n")
    board.write(path, text)
    board.write("/boot/grub/grub.cfg", "# grub-mkconfig\nmenuentry 'a' {\n\tlinux /boot/vmlinuz root=UUID=1 ro\n}\n")
    plan = planned(board, driver_policy="exact")[1]
    assert plan["action"] == ("unsupported" if wrong else "dkms_over_builtin")
    assert not wrong or (one_sentence(plan["reason"]) and f"{path}: GRUB_CMDLINE_LINUX" in plan["reason"])


def test_other_boot_loaders_have_no_such_file():
    assert shell_checks.problem({"loader": "armbian", "config": "/boot/armbianEnv.txt"}) is None


@pytest.mark.case(
    case="boot configuration that is immutable (chattr +i), or in such a folder", plan="unsupported",
    result="stops before packages and build: not even root could replace it",
)
@pytest.mark.parametrize("loader, locked, action", [
    ("extlinux", MENU, "unsupported"), ("extlinux", "/boot/extlinux", "unsupported"),
    ("u-boot-menu", MENU, "unsupported"), ("u-boot-menu", CONFIG, "unsupported"),
    # It is not written.
    ("extlinux", CONFIG, "dkms_over_builtin"), ("u-boot-menu", "/boot/armbianEnv.txt", "dkms_over_builtin"),
])
def test_an_immutable_file(board, planned, monkeypatch, loader, locked, action):
    """Owners lock the menu against updates.

    A sign on a ROCK 5 (u-boot-update, then chattr +i), an image for the Cubie, notes
    on Arch Linux (the folder).
    """
    board.base(config=BUILTIN, cmdline=UUID + " ro quiet").npu().builtin().headers().tools()
    board.u_boot_menu(append=UUID + " ro quiet").write("/boot/armbianEnv.txt", "rootdev=UUID=2\n")
    if loader == "extlinux":
        board.place("/usr/sbin/u-boot-update").unlink()
        board.write(MENU, f"label l0\n\tlinux /boot/vmlinuz\n\tappend {UUID} ro quiet\n").write(CONFIG, "")
    place, access = str(board.place(locked)), os.access
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    # As Linux answers root (fs/namei.c, inode_permission).
    monkeypatch.setattr(os, "access", lambda name, mode: str(name) != place and access(name, mode))
    facts, plan = planned(board, driver_policy="exact")
    assert plan["action"] == action
    assert [link["problem"] for link in facts["boot"]["links"]].count("locked") >= 1
    if action == "unsupported":
        assert "is immutable" in plan["reason"] and "chattr -i" in plan["remedy"] and one_sentence(plan["reason"])


@pytest.mark.parametrize("action, refused", [("none", False), ("dkms", True), ("vendor_kernel", True)])
def test_a_new_runtime_alone_does_not_change_the_menu(action, refused):
    board = types.SimpleNamespace(facts={}, boot={
        "loader": "radxa", "config": "/etc/kernel/cmdline", "update": "/usr/sbin/u-boot-update",
        "links": [{"path": MENU, "target": None, "problem": "locked"}]})
    if not refused:
        assert storage_checks.check_rollback(board, action) is None
        return
    with pytest.raises(Unsupported, match="is immutable"):
        storage_checks.check_rollback(board, action)


def test_an_argument_is_not_removed_from_an_immutable_file():
    board = types.SimpleNamespace(facts={}, boot={
        "loader": "extlinux", "config": MENU, "links": [{"path": MENU, "target": None, "problem": "locked"}]})
    with pytest.raises(Unsupported, match="is immutable"):
        boot_checks.check_removal(board)
