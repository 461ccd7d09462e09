# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A build that outlives the run of ansible-playbook that started it."""

from __future__ import annotations

import fcntl
import os
import types

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._board import files as _files
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms import source_tree, steps
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms.module import prebuilt
from stand_ins.boards.dkms_board import Board, deploy


@pytest.fixture
def board(tmp_path):
    return Board(tmp_path / "board")


@pytest.fixture
def binary(tmp_path):
    path = tmp_path / "from the store"
    path.write_text("module0.9.6")
    return prebuilt.Binary("rknpu_dkms.ko.xz", _files.sha256_of(str(path)), str(path), "rkfleet: probe fence\n")


def files_of(board):
    """Return the board's files, without folders."""
    return {path: content for path, content in board.files().items() if content is not None}


def test_a_board_that_has_built_can_share_its_module_later(board, package, archive):
    assert not package.has_built()
    board.log = "rkfleet: probe fence: left out\n"
    deploy(package, archive)
    assert package.steps(archive[1]) == [] and package.has_built()


def test_a_board_that_got_its_module_has_not_built_it(package, archive, binary):
    package.deploy(*archive, package.steps(archive[1], stored=True), binary)
    assert package.module_file() and not package.has_built()


def test_a_build_that_ends_after_the_rollback_is_undone(board, package, archive):
    before = files_of(board)
    with pytest.raises(source_tree.DkmsError, match="was rolled back while driver 0.9.6 was installed"):
        package.deploy(*archive, package.steps(archive[1]), wanted=lambda: False)
    assert files_of(board) == before
    package.deploy(*archive, package.steps(archive[1]), wanted=lambda: True)
    assert board.module.exists()


def test_a_driver_that_a_rollback_has_restored_is_not_removed(board, package, archive):
    deploy(package, archive)
    before = files_of(board)
    with pytest.raises(source_tree.DkmsError, match="nothing was removed: the upgrade was rolled back"):
        steps.do(None, package, {"state": "absent"}, package.steps_back(), None, lambda: False)
    assert files_of(board) == before
    steps.do(None, package, {"state": "absent"}, package.steps_back(), None, lambda: True)
    assert files_of(board) != before


@pytest.mark.parametrize("check_mode, waits", [(False, True), (True, False)])
def test_only_one_task_builds_at_a_time(tmp_path, monkeypatch, check_mode, waits):
    lock = tmp_path / "run/rkfleet-npu.build"
    monkeypatch.setattr(steps, "BUILD_LOCK", str(lock))
    with steps.alone(types.SimpleNamespace(check_mode=check_mode)):
        assert lock.exists() == waits
        if waits:
            # Another user cannot open it, and so cannot hold up a build.
            assert lock.stat().st_mode & 0o777 == 0o700
            handle = os.open(lock, os.O_RDONLY | os.O_DIRECTORY)
            with pytest.raises(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    if waits:
        # The lock ends with its task.
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(handle)
