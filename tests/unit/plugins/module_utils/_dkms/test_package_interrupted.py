# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What is repaired after a power failure, and modules that are not ours."""

from __future__ import annotations

import os

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms import package as _dkms_install
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms import (
    source_tree,
)
from stand_ins.boards.dkms_board import DATABASE, KERNEL, Board, deploy, no_tree


@pytest.fixture
def board(tmp_path):
    return Board(tmp_path / "board")


# -- what a power cut leaves ------------------------------------------------------------------------------------------------------------

def empty_build(board):
    for path in (board.path("%s/0.9.6/%s/aarch64/module/rknpu_dkms.ko.xz" % (DATABASE, KERNEL)), board.module):
        path.write_text("")


def build_without_a_module(board):
    board.path("%s/0.9.6/%s/aarch64/module/rknpu_dkms.ko.xz" % (DATABASE, KERNEL)).unlink()
    board.module.unlink()


def no_source(board):
    board.path(DATABASE + "/0.9.6/source").unlink()
    board.module.unlink()


def dangling_source(board):
    no_source(board)
    board.path(DATABASE + "/0.9.6/source").symlink_to("/usr/src/nowhere")


def no_link(board):
    board.path("%s/kernel-%s-aarch64" % (DATABASE, KERNEL)).unlink()
    board.module.write_text("")


def half_a_tree(board):
    board.path("usr/src/rknpu-0.9.6/rkfleet.json").write_text("")
    board.content = "stale, "


@pytest.mark.parametrize("left, steps", [
    (empty_build, ["repair", "install"]), (build_without_a_module, ["repair", "install"]),
    (no_source, ["repair", "install"]),
    (dangling_source, ["repair", "install"]), (no_link, ["repair", "install"]), (no_tree, ["tree", "install"]),
    (half_a_tree, ["tree", "install"]),
])
def test_steps_interrupted_by_a_power_failure_are_repeated(board, package, archive, left, steps):
    deploy(package, archive)
    left(board)
    assert deploy(package, archive) == steps
    assert board.module.read_text() == board.content + "0.9.6", "built anew, and not what was lying there"
    assert package.steps(archive[1]) == []
    package.remove()
    assert not board.module.exists(), "what was lying there came back"


def test_a_module_without_its_link_is_not_restored(board, package, archive, newer):
    deploy(package, archive)
    no_link(board)
    board.path("usr/src/rknpu-0.9.6/rkfleet.json").write_text("")
    package.remove()
    assert not board.module.exists()


def test_a_module_of_another_package_with_that_name_is_kept(board, package, archive):
    deploy(package, archive)
    no_link(board)
    board.write("var/lib/dkms/other/1/%s/aarch64/module/rknpu_dkms.ko" % KERNEL, "theirs")
    board.path("var/lib/dkms/other/kernel-%s-aarch64" % KERNEL).symlink_to("1/%s/aarch64" % KERNEL)
    package.remove()
    assert board.module.exists()


def test_a_module_of_another_version_is_kept(board, package, archive):
    deploy(package, archive)
    no_link(board)
    board.path("var/lib/dkms/rknpu/kernel-%s-aarch64" % KERNEL).symlink_to("0.9.3/%s/aarch64" % KERNEL)
    package.remove()
    assert board.module.exists()


def test_leftovers_are_removed_without_any_other_step(board, package, archive):
    deploy(package, archive)
    before = board.files()
    for path in ("usr/src/.rkfleet-a1b2c3_d/Kbuild", "var/lib/dkms/rkfleet-a1b2c3_d/dkms/x",
                 "var/lib/dkms/.rkfleet-a1b2c3_e/x"):
        board.write(path, "half")
    assert deploy(package, archive) == ["clean"]
    assert board.files() == before


def test_a_module_of_another_version_without_a_version_field(board, archive):
    deploy(board.package("0.9.3"), archive)
    board.states = board.builds = False
    with pytest.raises(source_tree.DkmsError, match="is not the module that DKMS built from version 0.9.6"):
        deploy(board.package(), archive)


def test_an_empty_module_is_not_installed(board, package, archive):
    deploy(package, archive)
    board.module.write_text("")
    assert package.module_problem() == "%s is empty" % board.module


def test_content_is_synced_before_its_rename(board, package, archive, monkeypatch):
    order, rename, synced = [], os.rename, []
    monkeypatch.setattr(os, "sync", lambda: order.append("sync"))
    monkeypatch.setattr(os, "rename", lambda source, target: order.append("rename") or rename(source, target))
    monkeypatch.setattr(_dkms_install, "sync_file", synced.append)
    board.write("lib/modules/%s/modules.dep" % KERNEL)
    board.write("lib/modules/%s/modules.alias.bin" % KERNEL)
    deploy(package, archive)
    assert order[:2] == ["sync", "rename"] and order[-1] == "sync"
    assert {os.path.basename(path) for path in synced} == {"rknpu_dkms.ko.xz", "modules.dep", "modules.alias.bin"}
