# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A package, and the archives of its source."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms import package as _dkms_install
from ansible_collections.rkfleet.npu.plugins.plugin_utils._artifact import driver_source
from stand_ins.boards.dkms_board import TREE


@pytest.fixture
def package(board):
    return board.package()


@pytest.fixture
def archive(tmp_path):
    content, digest = driver_source.archive(TREE)
    (tmp_path / "tree.tar").write_bytes(content)
    return str(tmp_path / "tree.tar"), digest


@pytest.fixture
def newer(tmp_path):
    content, digest = driver_source.archive(dict(TREE, Kbuild=b"ours, newer"))
    (tmp_path / "newer.tar").write_bytes(content)
    return str(tmp_path / "newer.tar"), digest


@pytest.fixture
def mismatch(monkeypatch):
    """Headers with another configuration than the kernel's."""
    found = ("the kernel headers do not match", "compared")
    monkeypatch.setattr(_dkms_install, "layout_problem", lambda *unused: found)
