# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A shell for the guard, and boards for it."""

from __future__ import annotations

import os
import shutil

import pytest
from stand_ins.boards.guard_board import SHELLS
from stand_ins.boards.restore_board import Board


@pytest.fixture(params=list(SHELLS))
def shell(request):
    if not shutil.which(SHELLS[request.param][0]):
        pytest.skip(f"{request.param} is not installed: apt install {request.param}")
    return SHELLS[request.param]


@pytest.fixture
def dash(tmp_path):
    """A board whose programs may be stand-ins: busybox prefers its own."""
    return Board(tmp_path / "board")


@pytest.fixture
def fast(tmp_path, monkeypatch):
    """A board for Python and dash together."""
    there = Board(tmp_path / "board")
    monkeypatch.setattr(os, "sync", lambda: None)
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    return there
