# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""An upgrade on a tree instead of a board: begun, changed, cut off at every single write, committed or taken back, by Python and by the guard's script."""

from __future__ import annotations

import os
import shutil

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._board import tree
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction import (
    guard as _guard,
)
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction import restore_point, state, watched
from ansible_collections.rkfleet.npu.plugins.plugin_utils._facts import upgrade
from stand_ins.boards.transaction_board import RUNTIME, STATE, Board


@pytest.fixture
def board(tmp_path):
    return Board(tmp_path / "board")


# -- begin ------------------------------------------------------------------------------------------------------------------

def test_begin_only_writes_its_own_files(board):
    board.begin()
    assert board.files() == board.before
    assert board.state()["state"] == "planned" and board.state()["driver"]["from"] == "0.9.3"
    for path in (board.home, board.home / "pending", board.home / "pending/copies"):
        assert path.stat().st_mode & 0o777 == 0o700
    for path in (board.home / "state.json", board.home / "lock.json", board.home / "pending/manifest"):
        assert path.stat().st_mode & 0o777 == 0o600


def test_a_second_begin_resumes_and_keeps_the_restore_point(board):
    board.begin()
    board.upgrade()
    (board.home / "pending/untried").rename(board.home / "pending/tried")
    there = board.transaction("two")
    there.lock(["one"])
    assert there.begin(watched.watched(str(board.root), ["0.9.8"], RUNTIME),
                       dict(STATE, baseline={"diagnosis": "driver"}), 30)
    # What worked before it all began is what has to work after a rollback.
    assert there.baseline() == {"diagnosis": "ok"}
    assert (board.home / "pending/untried").exists() and not (board.home / "pending/tried").exists()
    board.write("/usr/src/rknpu-0.9.8/Kbuild")
    there.restore(["pending"])
    assert board.files() == board.before


@pytest.mark.parametrize("kind, path", [("tree", "/usr/src/rknpu-0.9.8"), ("file", "/usr/lib/other.so")])
def test_a_resumed_begin_that_was_interrupted_leaves_copies_of_any_kind(board, kind, path):
    # It has copied a file where this one copies a folder, or the reverse: it wanted another release or runtime.
    board.begin()
    number = len((board.home / "pending/manifest").read_text().splitlines())
    left = board.home / "pending/copies" / ("%04d" % number)
    board.write(path + "/Kbuild" if kind == "tree" else path, "of the owner")
    if kind == "tree":
        left.write_text("cut off")
    else:
        left.mkdir()
        (left / "Kbuild").write_text("cut off")
    there = board.transaction("two")
    there.lock(["one"])
    assert there.begin([(path, kind)], STATE, 30)
    assert (left / "Kbuild" if kind == "tree" else left).read_text() == "of the owner"


@pytest.mark.parametrize("path", ["/boot/extlinux", "/usr/lib"])
def test_read_only_paths_are_reported_before_any_change(board, monkeypatch, path):
    place = str(board.root) + path
    access = os.access
    # Root may write anywhere, so what access() says of a read-only file system cannot be had from modes.
    monkeypatch.setattr(os, "access", lambda where, mode: False if where == place else access(where, mode))
    with pytest.raises(state.TransactionError,
                       match="%s cannot be written: is its file system mounted read-only" % path):
        board.begin()
    assert board.files() == board.before and not (board.home / "pending").exists()


def test_no_disk_space_for_the_copies(board, monkeypatch):
    monkeypatch.setattr(restore_point, "SPARE_MIB", 1 << 30)
    with pytest.raises(state.TransactionError, match=r"the restore point requires \d+ MiB"):
        board.begin()
    assert not (board.home / "pending").exists()


def test_a_link_of_the_owner_is_not_replaced(board):
    (board.root / RUNTIME.lstrip("/")).rename(board.root / "usr/lib/librknnrt.so.1.6")
    (board.root / RUNTIME.lstrip("/")).symlink_to("librknnrt.so.1.6")
    before = board.files()
    there = board.begin()
    board.write("/usr/lib/librknnrt.so.1.6", "2.3.2")
    there.restore(["pending"])
    assert board.files() == before and (board.root / RUNTIME.lstrip("/")).is_symlink()


# -- the lock ---------------------------------------------------------------------------------------------------------------

def test_a_unit_that_the_owner_has_masked_is_not_written_through_its_link(board, tmp_path):
    place, null = board.root / f"{_guard.UNITS}/{_guard.WATCH_UNIT}".lstrip("/"), tmp_path / "null"
    place.parent.mkdir(parents=True, exist_ok=True)
    null.write_text("")
    place.symlink_to(null)
    board.begin()
    assert not place.is_symlink() and "[Unit]" in place.read_text() and null.read_text() == ""


def test_a_second_run_cannot_lock_a_board(board):
    board.transaction("one").lock()
    board.transaction("one").lock()
    with pytest.raises(state.Locked,
                       match=r"locked by me@desk since 20.*\(run one\).*npu_break_lock=true") as caught:
        board.transaction("two").lock()
    assert caught.value.result["locked"]["run"] == "one"
    board.transaction("two").lock(broken=["one"])
    board.transaction("one").unlock()  # it is another's now
    with pytest.raises(state.Locked):
        board.transaction("three").lock()
    board.transaction("two").unlock()
    board.transaction("three").lock()


def test_a_run_does_not_lock_a_machine_under_two_names(board):
    for run in ("one", "by hand"):
        for name, refused in (("eth", False), ("eth", False), ("wlan\x1b", True)):
            transaction = board.transaction(run)
            transaction.owner["board"] = name
            if refused:
                with pytest.raises(state.Locked, match="under the name eth: remove one of the two names"):
                    transaction.lock(["*"])
            else:
                transaction.lock()
        board.transaction(run).unlock()


def test_a_damaged_lock_is_kept_until_it_is_broken(board):
    board.home.mkdir(parents=True)
    (board.home / "lock.json").write_text("not json")
    with pytest.raises(state.Locked):
        board.transaction("two").lock()
    board.transaction("two").lock(broken=["*"])


# -- rollback -----------------------------------------------------------------------------------------------------------

def test_everything_is_restored(board):
    there = board.begin()
    board.upgrade()
    board.write("/lib/modules/6.1.100/updates/dkms/rknpu_dkms.ko")  # built meanwhile for a kernel that was not there
    there.restore(["pending"])
    assert not (board.root / "lib/modules/6.1.100/updates/dkms/rknpu_dkms.ko").exists()
    shutil.rmtree(board.root / "lib/modules/6.1.100")
    assert board.files() == board.before
    called = (board.tools / "called").read_text()
    assert "depmod" in called and "6.1.99+" in called and "ldconfig" in called
    assert board.state()["state"] == "rolled_back"
    there.close("rolled_back", "the test wanted it")
    assert board.state()["why"] == "the test wanted it"
    assert not (board.root / "etc/systemd/system/rkfleet-npu-guard.service").exists() and not (board.home / "lock.json").exists()


def test_a_damaged_copy_is_not_restored(board):
    there = board.begin()
    board.upgrade()
    manifest = (board.home / "pending/manifest").read_text()
    number = next(line.split()[1] for line in manifest.splitlines() if line.endswith(RUNTIME))
    (board.home / "pending/copies" / number).write_text("spoiled")
    with pytest.raises(state.TransactionError, match="not everything could be restored"):
        there.restore(["pending"])
    # All the rest is back, above all what decides on the boot.
    now, was = board.files(), board.before
    assert {path for path in now if now.get(path) != was.get(path)} == {RUNTIME}
    assert board.state()["state"] == "rollback_failed"


def test_a_restore_fails_after_three_attempts(board):
    board.begin()
    board.upgrade()
    shutil.rmtree(board.home / "pending/copies")
    board.tool("sleep", "exit 0")
    for dummy in range(4):
        board.guard("boot")
    assert (board.home / "failed").is_dir() and not (board.home / "pending").exists()
    assert board.guard("boot").returncode == 0


def test_a_path_that_leaves_the_tree_is_refused(board):
    board.begin()
    (board.home / "pending/manifest").write_text("notree - - /usr/../precious\n")
    board.write("/precious")
    assert board.guard("restore", "pending").returncode == 1
    assert (board.root / "precious").exists()


# -- commit, and the rollback to before the first change ---------------------------------------------------------------

def test_the_commit_removes_the_guard(board):
    there = board.begin()
    board.upgrade()
    new = board.files()
    there.commit("0.9.6")
    assert board.files() == new and board.state()["state"] == "committed" and board.state()["driver"] == {"from": "0.9.3", "to": "0.9.6"}
    assert not (board.root / "etc/systemd/system/rkfleet-npu-watch.service").exists()
    assert not list((board.root / "etc/systemd/system/sysinit.target.wants").iterdir())
    assert not (board.root / _guard.SCRIPT.lstrip("/")).exists() and not (board.home / "lock.json").exists()


def test_a_rolled_back_upgrade_cannot_be_committed(board):
    there = board.begin()
    board.guard("restore", "pending")
    with pytest.raises(state.TransactionError, match="nothing can be committed"):
        there.commit("0.9.6")


def test_a_rollback_on_request_restores_the_state_before_the_first_upgrade(board):
    there = board.begin()
    board.upgrade()
    there.commit("0.9.6")
    there = board.transaction("two")
    there.lock()
    there.begin(watched.watched(str(board.root), ["0.9.8"], RUNTIME), STATE, 30)
    board.write("/usr/src/rknpu-0.9.8/Kbuild")
    board.write(RUNTIME, "even newer")
    there.commit("0.9.6")
    there = board.transaction("three")
    there.lock()
    there.restore(["origin"])
    assert board.files() == board.before
    there.close("rolled_back", "by request", purge=True)
    assert os.listdir(board.home) == ["state.json"]


def test_services_that_ran_or_failed_with_the_previous_driver_are_started_again(board):
    there = board.begin()
    answers = {"runs.service": "active", "rests.service": "inactive", "breaks.service": "failed", "loops.service": "activating",
               "none.service": "unknown"}
    board.run = None
    calls = []

    def run(args):
        calls.append(args)
        return (0, answers[args[-1]] + "\n" if "is-active" in args else "", "")

    there.run = run
    started = ["runs.service", "breaks.service", "loops.service"]
    assert there.stop_services(list(answers)) == started
    there.commit("0.9.6")
    assert all(["systemctl", "restart", "--", unit] in calls for unit in started)
    assert not any({"rests.service", "none.service"} & set(call) and "is-active" not in call for call in calls)


@pytest.mark.parametrize("content",
                         ["", "[]", "not json", '{"schema": 2, "state": "committed"}',
                          '{"schema": 1, "state": "\\u001b[31m", "why": 7}',
                          "[" * 100000, '{"schema": 1, "state": ["committed"]}'])
def test_the_state_read_from_a_board_is_not_trusted(tmp_path, content):
    home = tmp_path / "var/lib/rkfleet-npu"
    home.mkdir(parents=True)
    (home / "state.json").write_text(content)
    (home / "lock.json").write_text(content)
    facts = upgrade.read(tree.Tree(str(tmp_path)))
    assert facts["state"] == "unknown" and facts["why"] is None and not facts["pending"] and facts["hold"] is None


def test_a_hold_and_its_reason(tmp_path):
    hold = tmp_path / "etc/rkfleet-npu/hold"
    hold.parent.mkdir(parents=True)
    hold.write_text("on the bench\x1b[31m, Ann\nmore\n")
    facts = upgrade.read(tree.Tree(str(tmp_path)))
    assert facts["state"] == "held" and facts["hold"] == "on the bench [31m, Ann"
    hold.write_text("")
    assert upgrade.read(tree.Tree(str(tmp_path)))["hold"] == ""


# -- DKMS packages of others ------------------------------------------------------------------------------------------

def test_a_package_of_another_name_that_is_replaced_comes_back(board):
    database, source = (board.root / path for path in ("var/lib/dkms/npu-driver", "usr/src/npu-driver-1"))
    for folder in (database / "1/6.1.84/aarch64/module", source):
        folder.mkdir(parents=True)
    (database / "1/6.1.84/aarch64/module/rknpu.ko").write_text("theirs")
    (source / "dkms.conf").write_text("PACKAGE_NAME=npu-driver\n")
    there = board.transaction()
    there.lock()
    there.begin(watched.watched(str(board.root), ["0.9.6"], RUNTIME, replaces=["0.9.8", "npu-driver/1"]), STATE, 30)
    manifest = [line.split(" ") for line in there.point().manifest()]
    kinds = {path: kind for kind, dummy, dummy, path in manifest}
    assert kinds["/var/lib/dkms/npu-driver"] == kinds["/usr/src/npu-driver-1"] == "tree"
    assert not any("0.9.8/" in path for path in kinds)
    shutil.rmtree(database)
    there.restore(["pending"])
    assert (database / "1").is_dir() and (source / "dkms.conf").exists()
