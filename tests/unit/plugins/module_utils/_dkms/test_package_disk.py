# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Full disks, and disks that fail at any write."""

from __future__ import annotations

import errno
import os
import re
import tracemalloc

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms import package as _dkms_install
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms import (
    snapshot,
    source_tree,
)
from stand_ins.boards.dkms_board import DATABASE, KERNEL, WHAT, Board, deploy, there_before


@pytest.fixture
def board(tmp_path):
    return Board(tmp_path / "board")


def test_a_full_disk_that_dkms_does_not_report(board, package, archive, monkeypatch):
    board.builds = False
    monkeypatch.setattr(os, "statvfs", lambda path: os.statvfs_result((4096, 4096, 100, 50, 25, 10, 9, 9, 0, 255)))
    with pytest.raises(source_tree.DkmsError,
                       match="not built for kernel %s: the disk is full: 100 KiB are free at /" % KERNEL):
        deploy(package, archive)


# -- what is there is kept on the disk, not in memory ----------------------------------------------------------------------------------

def test_a_large_database_is_not_held_in_memory(board, archive):
    package, dummy = there_before(board, archive, "another version, for two kernels")
    with open(board.path(DATABASE + "/0.9.3/large"), "wb") as stream:
        stream.truncate(64 << 20)
    (board.root / "usr/src/rknpu-0.9.3").mkdir(exist_ok=True)
    before = board.files()
    board.rc, board.log = 1, "error: x"

    def dkms_install(command):
        # It writes over what is there, into the same file.
        for path in board.path(DATABASE).rglob("*.ko.xz"):
            path.write_text("written over")
        return 1, "", "error: x"

    board.dkms_install = dkms_install
    tracemalloc.start()
    with pytest.raises(source_tree.DkmsError):
        deploy(package, archive)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 << 20
    assert {name: content for name, content in board.files().items() if name in before} == before


def test_no_disk_space_for_the_snapshot_changes_nothing(board, archive, monkeypatch):
    package, dummy = there_before(board, archive, "another version, for two kernels")
    before = board.files()
    board.calls.clear()

    def full(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(board.root))

    monkeypatch.setattr(_dkms_install.shutil, "copyfileobj", full)
    with pytest.raises(source_tree.DkmsError, match="^the disk is full"):
        deploy(package, archive)
    assert board.files() == before and board.calls == []


def test_snapshots_of_an_interrupted_run_are_removed(board, package, archive, monkeypatch):
    there_before(board, archive, "another version, for two kernels")

    def cut(command):
        raise KeyboardInterrupt

    monkeypatch.setattr(board, "dkms_install", cut)
    monkeypatch.setattr(snapshot.Snapshot, "forget", lambda self: None)
    with pytest.raises(KeyboardInterrupt):
        deploy(package, archive)
    monkeypatch.undo()
    assert package.leftovers()
    deploy(package, archive)
    assert not package.leftovers() and package.steps(archive[1]) == []


@pytest.mark.parametrize("number, said",
                         [(errno.ENOSPC, r"^the disk is full: \d+ KiB"), (errno.EROFS, "is mounted read-only$")])
@pytest.mark.parametrize("what", WHAT)
def test_a_disk_that_fails_at_each_write(board, archive, monkeypatch, what, number, said):
    """Each file that is opened for writing, and each one that is written out, fails once."""
    package, before = there_before(board, archive, what)
    for folder in ("usr/src", DATABASE):
        board.path(folder).mkdir(parents=True, exist_ok=True)
    before = board.files()
    seen, real_open, real_sync = 0, open, _dkms_install.sync_file
    while True:
        left = [seen]

        def once():
            left[0] -= 1
            if left[0] == -1:
                raise OSError(number, os.strerror(number), str(board.root))

        def opened(path, mode="r", *args, **more):
            if "w" in mode:
                once()
            return real_open(path, mode, *args, **more)

        for place in (_dkms_install, snapshot, source_tree):
            monkeypatch.setattr(place, "open", opened, raising=False)
        monkeypatch.setattr(_dkms_install, "sync_file", lambda path: once() or real_sync(path))
        try:
            deploy(package, archive)
        except source_tree.DkmsError as error:
            assert re.search(said, str(error)), error
            after = {name: content for name,
                     content in board.files().items() if not name.endswith(("updates", "updates/dkms"))}
            assert after == {name: content for name,
                             content in before.items() if not name.endswith(("updates", "updates/dkms"))}
        else:
            break
        seen += 1
    assert seen >= (1 if what.startswith("the same") else 4)
