# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Packages on hold: ours are noted for the rollback, the owner's are left as they are."""

from __future__ import annotations

import os

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils import _apt
from ansible_collections.rkfleet.npu.plugins.modules import npu_apt


class Board:
    """dpkg-query and apt-mark of a board."""

    def __init__(self, **states):
        self.states, self.refuses = {name.replace("_", "-"): state for name, state in states.items()}, False

    def run(self, command):
        if command[0] == "dpkg-query":
            return 0, "".join("{} {}\n".format(*item) for item in self.states.items()), ""
        assert command[0] == "apt-mark" and command[2] == "--"
        if self.refuses:
            return 100, "", "E: apt-mark is not allowed"
        for name in command[3:]:
            self.states[name] = {"hold": "hold", "unhold": "install"}[command[1]] + " ok installed"
        return 0, "", ""


@pytest.fixture
def board():
    return Board(linux_image_x="install ok installed", linux_dtb_x="install ok installed", owners="hold ok installed",
                 gone="deinstall ok config-files")


@pytest.fixture
def pending(tmp_path):
    (tmp_path / "pending").mkdir()
    return tmp_path


def call(act, board, names, folder, check_mode=False):
    return act(_apt.Packages(board.run, str(folder)), names, str(folder), check_mode)


def lines(folder, name):
    path = folder / "pending" / name
    return path.read_text().split() if path.exists() else []


def test_hold_notes_what_it_changes_and_changes_nothing_twice(board, pending):
    names = ["linux-image-x", "linux-dtb-x", "owners", "gone", "missing"]
    predicted = call(npu_apt.held, board, names, pending, check_mode=True)
    assert predicted["changed"] and lines(pending, "holds") == []
    assert board.states["linux-image-x"].startswith("install")
    assert call(npu_apt.held, board, names, pending) == predicted
    assert predicted["packages"] == ["linux-image-x", "linux-dtb-x"] == lines(pending, "holds")
    assert board.states["linux-dtb-x"] == "hold ok installed" and board.states["gone"] == "deinstall ok config-files"
    assert call(npu_apt.held, board, names, pending)["changed"] is False


@pytest.mark.parametrize("folder", ["pending", "origin"])
def test_only_our_holds_are_lifted(board, pending, folder):
    board.states["linux-image-x"] = "hold ok installed"
    os.makedirs(pending / folder, exist_ok=True)
    (pending / folder / "holds").write_text("linux-image-x\n")
    assert call(npu_apt.unheld, board, ["linux-image-x", "owners"], pending)["packages"] == ["linux-image-x"]
    assert board.states["owners"] == "hold ok installed" and lines(pending, "rehold") == ["linux-image-x"]
    assert call(npu_apt.unheld, board, ["linux-image-x", "owners"], pending)["changed"] is False


def test_a_refusal_is_told(board, pending):
    board.refuses = True
    with pytest.raises(_apt.PackagesError, match="apt-mark cannot hold linux-image-x: E: apt-mark is not allowed"):
        call(npu_apt.held, board, ["linux-image-x"], pending)
