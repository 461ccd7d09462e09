# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Which packages a rollback removes."""

from __future__ import annotations

import os

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils import _apt
from stand_ins.boards.apt_board import DEPENDS, Board


@pytest.fixture
def board(tmp_path):
    return Board(tmp_path)


def test_only_packages_that_nothing_else_needs_are_removed(board):
    board.add("dkms", "gcc", "gcc-12", "make", "build-essential")
    packages, kept = board.packages().removable(["dkms", "gcc", "gcc-12", "make", "not-installed"])
    assert kept == {"make": "it would also remove build-essential"} and packages == ["dkms", "gcc", "gcc-12"]
    board.packages().remove(packages)
    assert board.installed() == {"libc6", "make", "build-essential"}


def test_packages_that_only_together_remove_others_are_all_kept(board):
    board.add("aa", "bb", "cc")
    packages, kept = board.packages().removable(["aa", "bb"])
    assert packages == [] and set(kept) == {"aa", "bb"} and "it would also remove cc" in kept["aa"]


def test_packages_that_apt_refuses_to_remove_are_kept(board):
    packages, kept = board.add("make").packages().removable(["libc6", "make"])
    assert (packages, kept) == (
        ["make"],
        {"libc6": "apt refuses it (E: Error, pkgProblemResolver::Resolve generated breaks)"},
    )


def test_the_running_kernel_is_kept(board):
    running = "linux-image-" + os.uname().release
    DEPENDS[running] = []
    try:
        packages = board.add(running, "make").packages()
        assert packages.removable([running, "make"]) == (["make"], {running: "it is the running kernel"})
    finally:
        del DEPENDS[running]


def test_a_removal_that_fails_is_told_in_one_sentence(board):
    packages = board.add("make").packages()
    run = packages.run
    packages.run = lambda command: run(command) if "purge" not in command else (100, "", "E: The disk is on strike")
    with pytest.raises(_apt.PackagesError) as error:
        packages.remove(["make"])
    assert str(error.value) == "make cannot be removed: E: The disk is on strike"
    assert error.value.unexplained == []
