# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The trial boot of an upgrade, and how the guard waits for the commit."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction import (
    guard as _guard,
)
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction import notes, state
from stand_ins.boards.transaction_board import Board


@pytest.fixture
def board(tmp_path):
    return Board(tmp_path / "board")


# -- the board by itself ----------------------------------------------------------------------------------------------------

def test_the_second_boot_without_a_commit_rolls_back(board):
    (board.root / "proc/sysrq-trigger").write_text("")
    board.begin()
    board.upgrade()
    assert board.guard("reboot").returncode == 0 and "systemctl reboot" in (board.tools / "called").read_text()
    assert board.state()["state"] == "activating"
    assert board.guard("boot").returncode == 0
    assert board.state()["state"] == "verifying" and board.state()["why"] == ""
    assert (board.root / "proc/sys/kernel/panic").read_text() == "10\n" and (board.root / "proc/sys/kernel/panic_on_oops").read_text() == "1\n"
    assert board.files() != board.before
    board.tool("sleep", "exit 0")
    board.guard("boot")
    assert board.files() == board.before
    assert board.state()["state"] == "rolled_back" and "rolled itself back" in board.state()["why"]
    assert "systemctl reboot" in (board.tools / "called").read_text()
    assert not (board.home / "lock.json").exists()


def test_a_controller_that_was_away_does_not_reboot_a_board_that_has_rolled_itself_back(board):
    """It would boot without a guard into what is left of the new driver."""
    (board.root / "proc/sysrq-trigger").write_text("")
    board.begin()
    board.upgrade()
    board.tool("sleep", "exit 0")
    for words in ("reboot", "boot", "boot"):
        board.guard(words)
    assert board.state()["state"] == "rolled_back" and board.files() == board.before
    (board.tools / "called").write_text("")
    done = board.guard("reboot")
    assert done.returncode == 1 and "has rolled itself back in the meantime. Rerun the playbook" in done.stderr
    assert "systemctl reboot" not in (board.tools / "called").read_text() and board.state()["state"] == "rolled_back"


def test_what_a_controller_has_restored_is_booted_although_it_has_released_the_board(board):
    """As with ansible-pull: the run ends, and the board reboots some seconds later."""
    there = board.begin()
    board.upgrade()
    there.restore(["pending"])
    there.unlock()
    assert board.guard("reboot", "restored").returncode == 0
    assert "systemctl reboot" in (board.tools / "called").read_text()


def test_an_unexpected_reboot_is_reported(board):
    board.tool("sleep", "kill $PPID")  # ends the waiting after one look, as systemd does
    board.begin()
    board.guard("boot")
    board.guard("watch")
    assert board.state()["state"] == "verifying" and board.state()["why"] == "the board rebooted before the upgrade was complete"
    assert board.files() == board.before


def test_a_boot_without_an_upgrade_changes_nothing(board):
    board.begin().commit("0.9.6")
    board.write(_guard.SCRIPT, board.guard_files["guard"])
    (board.root / _guard.SCRIPT.lstrip("/")).chmod(0o755)
    before = board.files()
    assert board.guard("boot").returncode == 0 and board.files() == before
    assert (board.root / "proc/sys/kernel/panic").read_text() == "0"


def test_a_boot_that_cannot_be_counted_loads_no_module(board):
    board.begin()
    (board.home / "pending/untried").unlink()
    board.guard("boot")
    assert "install rknpu_dkms /bin/false" in (board.root / "run/modprobe.d/rkfleet-npu.conf").read_text()


@pytest.mark.parametrize("minutes, boot, tried, undone", [
    (60, "one", True, False), (62, "one", True, True), (29, "two", True, False), (31, "two", True, True),
    (150, "one", False, False), (190, "one", False, True),
])
def test_the_watch_waits_for_the_controller_until_the_limit(board, minutes, boot, tried, undone):
    """The last heartbeat was at 31 minutes of boot "one"; in another boot the time since power-on counts; before any boot there is more time."""
    board.tool("sleep", 'rm -rf "%s/pending"' % board.home)  # ends the waiting after one look
    (board.root / "proc/sysrq-trigger").write_text("")
    board.begin(minutes=30)
    board.upgrade()
    (board.home / "pending/heartbeat").write_text("one %d\n" % (31 * 60))
    (board.root / "proc/sys/kernel/random/boot_id").write_text(boot + "\n")
    (board.root / "proc/uptime").write_text("%d.33 5\n" % (minutes * 60))
    if tried:
        (board.home / "pending/untried").rename(board.home / "pending/tried")
    board.guard("watch")
    assert (board.files() == board.before) is undone
    if undone:
        assert "within %d minutes" % (30 if tried else 150) in board.state()["why"]


def test_a_pause_lasts_until_the_next_boot(board):
    board.tool("sleep", 'rm -rf "%s/pending"' % board.home)
    board.begin()
    board.upgrade()
    state.heartbeat(str(board.home), never=True)
    boot_id = (board.home / "pending/heartbeat").read_text().split()[0]
    (board.root / "proc/sys/kernel/random/boot_id").write_text(boot_id + "\n")
    (board.root / "proc/uptime").write_text("9999999.1 5\n")
    board.guard("watch")
    assert board.files() != board.before


def test_a_kernel_of_the_upgrade_is_removed_after_the_reboot(board):
    there = board.begin()
    heartbeat = board.home / "pending/heartbeat"
    heartbeat.write_text("")  # apt may have waited for dpkg as long as the guard waits for the controller
    notes.note_packages(str(board.home), ["gcc", "linux-image-6.1.192-2-rk2410", "evil; name"])
    assert heartbeat.read_text()
    there.restore(["pending"])
    board.guard("watch")
    called = (board.tools / "called").read_text()
    assert "dpkg --remove -- linux-image-6.1.192-2-rk2410" in called and "gcc" not in called


def test_a_kernel_that_dpkg_cannot_remove_yet_is_removed_at_a_later_boot(board):
    there = board.begin()
    notes.note_packages(str(board.home), ["linux-image-6.1.192-2-rk2410"])
    there.restore(["pending"])
    for code in (2, 2, 0, 0):
        board.tool("dpkg", 'echo "dpkg $*" >>"%s/called"; exit %d' % (board.tools, code))
        assert board.guard("watch").returncode == 0
        assert (board.home / "undone/packages").exists() is (code == 2)  # locked
    assert (board.tools / "called").read_text().count("dpkg --remove -- linux-image-6.1.192-2-rk2410") == 3
