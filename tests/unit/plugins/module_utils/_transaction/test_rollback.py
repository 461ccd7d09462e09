# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Rollbacks on request to the state before the first change, which are guarded like an upgrade."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import types

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction import (
    guard as _guard,
)
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction import state, steps
from stand_ins.boards.restore_board import (
    ARMBIAN,
    BUILT,
    DKMS,
    MENU,
    OURS,
    RUNTIME,
    STATE,
    Board,
    menu,
    old_board,
    rollback,
    upgrade,
)


@pytest.fixture(params=["dash", "busybox"])
def board(request, tmp_path):
    if not shutil.which(request.param):
        pytest.skip("%s is not installed" % request.param)
    return Board(tmp_path / "board", (request.param,))


def test_the_owners_changes_between_two_upgrades_survive_a_rollback(fast):
    old_board(fast)
    there = fast.begin()
    upgrade(fast)
    there.commit("0.9.6")
    fast.write(MENU, menu("6.1.84", "root=UUID=NVME " + OURS))
    there = fast.begin("two")
    fast.write(MENU, menu("6.1.84", "root=UUID=NVME console=x " + OURS))
    fast.note(MENU)
    there.commit("0.9.8")
    there = fast.transaction("three")
    there.lock()
    there.restore(["origin"])
    assert fast.read(MENU) == menu("6.1.84", "root=UUID=NVME console=x") and fast.read(RUNTIME) == "old"


def test_a_kernel_of_the_upgrade_is_removed_from_the_restored_menu(fast):
    """Its packages have made the menu anew; npu_boot had nothing to do."""
    old_board(fast)
    there = fast.begin()
    fast.write("/boot/vmlinuz-6.1.99", "kernel")
    fast.write(MENU, menu("6.1.99"))
    there.commit("0.9.6")
    there.restore(["origin"])
    assert fast.read(MENU) == menu("6.1.84")


def test_a_confirmed_rollback_keeps_only_the_state(fast):
    old = old_board(fast)
    there = fast.begin()
    upgrade(fast)
    there.commit("0.9.6")
    there = rollback(fast)
    assert fast.files() == old
    # What has to answer afterwards is what did before the first change.
    assert fast.state()["driver"]["from"] == "0.9.3" and fast.state()["baseline"] == {"diagnosis": "ok"}
    assert fast.guard("reboot")[0] == 0 and fast.guard("boot")[0] == 0 and fast.files() == old
    there.close("rolled_back", "by request", purge=True)
    assert fast.files() == old and os.listdir(fast.home) == ["state.json"] and fast.state()["state"] == "rolled_back"


def test_an_unconfirmed_rollback_returns_to_the_state_before_it(fast):
    old_board(fast)
    there = fast.begin()
    upgrade(fast)
    there.commit("0.9.6")
    new = fast.files()
    there = rollback(fast)
    fast.guard("reboot")
    fast.guard("boot")
    fast.guard("boot")
    assert fast.files() == new
    assert fast.state()["state"] == "committed" and "rollback was not confirmed" in fast.state()["why"]
    with pytest.raises(state.TransactionError, match="the board has returned to the state before the rollback"):
        there.close("rolled_back", "by request", purge=True)
    # It can be tried again.
    there = rollback(fast)
    there.close("rolled_back", "by request", purge=True)
    assert os.listdir(fast.home) == ["state.json"]


def test_a_restore_interrupted_before_the_trial_boot_resumes_at_the_next_boot(fast):
    """A mix of old and new is nothing to try."""
    old = old_board(fast)
    fast.begin()
    upgrade(fast)
    fast.tool("depmod", "kill -9 $PPID")
    fast.guard("restore", "pending")
    assert (fast.home / "pending/untried").exists()
    fast.tool("depmod", "exit 0")
    fast.guard("boot")
    assert fast.files() == old and not (fast.home / "pending").exists()
    assert fast.state()["state"] == "rolled_back" and "was interrupted" in fast.state()["why"]


def test_a_failed_rollback_stays_pending_for_the_guard(fast):
    old_board(fast)
    there = fast.begin()
    upgrade(fast)
    there.commit("0.9.6")
    new = fast.files()
    there = rollback(fast)
    there.close("rollback_failed", "the driver does not answer", purge=True)
    assert fast.state()["state"] == "rollback_failed" and (fast.home / "pending").is_dir()
    fast.write("/proc/uptime", "999999.00 1\n")
    fast.write("/proc/sys/kernel/random/boot_id", "two\n")
    assert fast.guard("watch")[0] == 0
    assert fast.files() == new and fast.state()["state"] == "committed"


def test_no_upgrade_begins_during_an_unconfirmed_rollback(fast):
    """What is pending would take it to the state before the rollback, which is not what was there before the upgrade."""
    old_board(fast)
    there = fast.begin()
    upgrade(fast)
    there.commit("0.9.6")
    rollback(fast)
    files = fast.files()
    with pytest.raises(state.TransactionError, match="a rollback to before the first change is not confirmed"):
        fast.begin("three")
    assert fast.files() == files and (fast.home / "pending/outcome").exists()
    # Again: first back to the state before the rollback, then from there.
    there = fast.transaction("four")
    there.lock(["*"])
    there.restore(["pending"])
    rollback(fast, "four").close("rolled_back", "by request", purge=True)
    assert os.listdir(fast.home) == ["state.json"]


def test_services_of_a_rollback(fast, monkeypatch):
    """What a pending upgrade has stopped starts again; what ran at the first upgrade, months ago, only where it runs now."""
    called = []
    monkeypatch.setattr(Board, "run", lambda self, args, run=Board.run: called.append(args) or run(self, args))
    old_board(fast)
    there = fast.begin()
    there.stop_services(["years-ago.service"])
    upgrade(fast)
    there.commit("0.9.6")
    fast.begin("two").stop_services(["detector.service"])
    there = fast.transaction("three")
    there.lock(["*"])
    there.restore(["pending"])
    there.begin_rollback(fast.watched(), 30)
    there.restore(["origin"])
    del called[:]
    there.close("rolled_back", "by request", purge=True)
    assert [args[1:] for args in called if args[-1] in ("detector.service", "years-ago.service")] == [
        ["restart", "--", "detector.service"], ["try-restart", "--", "years-ago.service"]]


def test_counters_of_a_failed_restore_are_removed(fast):
    """One says that a boot file is ours whatever is in it, the other that there were tries."""
    fast.write(ARMBIAN, "rootdev=x\n")
    fast.begin()
    fast.write(ARMBIAN, "rootdev=x\nextraargs=%s\n" % OURS)
    fast.note(ARMBIAN)
    for name in ("overwritten", "tries"):
        (fast.home / "pending" / name).write_text("%s\n" % fast.place(ARMBIAN) if name == "overwritten" else "2\n")
    fast.begin("two").commit("0.9.6")
    fast.write(ARMBIAN, "rootdev=y\nextraargs=%s\n" % OURS)
    rollback(fast, "three")
    assert fast.read(ARMBIAN) == "rootdev=y\n" and not (fast.home / "origin/tries").exists()


@pytest.mark.parametrize("problem", ["a blank", "no room"])
def test_a_transaction_that_cannot_begin_leaves_no_files(fast, monkeypatch, problem):
    fast.write(ARMBIAN, "rootdev=x\n")
    stat, copy = os.stat, shutil.copytree

    def other_device(path, *args, **named):
        there = stat(path, *args, **named)
        return os.stat_result([*there[:2], 4711, *there[3:]]) if str(path) == str(fast.place("/boot")) else there

    def full(*args, **named):
        if problem == "no room":
            raise OSError(errno.ENOSPC, "no room")
        return copy(*args, **named)

    fast.write(DKMS + "/0.8.2/x", "y")
    before = fast.files()
    monkeypatch.setattr(os, "stat", other_device)
    monkeypatch.setattr(shutil, "copytree", full)
    there = fast.transaction()
    there.lock()
    with pytest.raises(state.TransactionError, match=problem if problem == "a blank" else "disk is full"):
        there.begin([*fast.watched(), *([("/etc/a b", "file")] if problem == "a blank" else ())], STATE, 30)
    assert fast.files() == before and os.listdir(fast.home) == ["lock.json"]


def test_a_running_watcher_is_replaced(fast, monkeypatch):
    """It may be removing the kernel of the upgrade before, and end then, or be of an earlier release."""
    called = []
    monkeypatch.setattr(Board, "run", lambda self, args, run=Board.run: called.append(args) or run(self, args))
    fast.begin()
    assert [args[1] for args in called if args[-1] == _guard.WATCH_UNIT] == ["restart"]
    del called[:]
    fast.begin("two")
    assert [args[1] for args in called if args[0] == "systemctl"] == ["daemon-reload", "restart"]
    # It has restored the board and is about to reboot it.
    fast.write("/run/rkfleet-npu/restoring", "")
    del called[:]
    fast.begin("three")
    assert [args[1] for args in called if args[-1] == _guard.WATCH_UNIT] == ["start"]


def test_a_rollback_of_a_driver_that_was_committed_twice(fast):
    old = old_board(fast)
    there = fast.begin()
    upgrade(fast)
    there.commit("0.9.6")
    there = fast.begin("two", "0.9.8")
    fast.write("/usr/src/rknpu-0.9.8/Kbuild", "x")
    fast.write(DKMS + "/0.9.8/source", "x")
    fast.write(BUILT, "newer")
    fast.write(MENU, menu("6.1.84", "root=UUID=OLD splash " + OURS))
    fast.note(MENU)
    there.commit("0.9.8")
    new = fast.files()
    rollback(fast, "three")
    assert fast.files() == old
    # Not confirmed, and tried again.
    fast.guard("reboot")
    fast.guard("boot")
    fast.guard("boot")
    assert fast.files() == new and fast.state()["state"] == "committed"
    rollback(fast, "four").close("rolled_back", "by request", purge=True)
    assert fast.files() == old and os.listdir(fast.home) == ["state.json"]


def test_a_partly_failed_rollback_reports_what_the_board_does(fast):
    old_board(fast)
    there = fast.begin()
    upgrade(fast)
    there.commit("0.9.6")
    there = fast.transaction("two")
    fast.tool("depmod", "exit 1")
    module = types.SimpleNamespace(check_mode=False)
    params = {"restore": "origin", "break_lock": False, "ended_runs": [], "runtime": RUNTIME, "confirm_minutes": 30}
    there.begin_rollback = lambda dummy, minutes, begin=there.begin_rollback: begin(fast.watched(), minutes)
    with pytest.raises(state.TransactionError,
                       match="depmod fails.* returns to the state before the rollback in 30 minutes"):
        steps.restored(module, params, there)
    assert (fast.home / "pending/outcome").exists() and (fast.home / "origin/manifest").exists()


def test_rollback_without_ansible_in_the_middle_of_a_second_upgrade(fast):
    old = old_board(fast)
    there = fast.begin()
    (fast.home / "pending/services").write_text("of-the-first.service\n")
    upgrade(fast)
    there.commit("0.9.6")
    (fast.home / "origin/packages").write_text("dkms\n")
    fast.begin("two", "0.9.8")
    (fast.home / "pending/services").write_text("camera.service\n")
    (fast.home / "pending/packages").write_text("linux-image-6.1.99\n")
    assert fast.guard("restore", "origin")[0] == 0 and fast.files() == old
    # The watcher starts these services at the next boot, and removes this kernel.
    assert (fast.home / "undone/services").read_text() == "camera.service\n"
    assert (fast.home / "undone/packages").read_text() == "dkms\nlinux-image-6.1.99\n"


def test_rollback_without_ansible(fast):
    old = old_board(fast)
    there = fast.begin()
    upgrade(fast)
    there.commit("0.9.6")
    done = subprocess.run(["dash", str(fast.home / "origin/guard"), "restore", "origin"], check=False)
    assert done.returncode == 0 and fast.files() == old and fast.state()["state"] == "rolled_back"
