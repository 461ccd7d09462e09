# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Installing and removing the driver with DKMS."""

from __future__ import annotations

import os

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms import source_tree
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms.causes import build_log
from ansible_collections.rkfleet.npu.plugins.plugin_utils._artifact import driver_source
from stand_ins.boards.dkms_board import DATABASE, KERNEL, OTHER, TREE, WHAT, Board, deploy, no_tree, there_before


@pytest.fixture
def board(tmp_path):
    return Board(tmp_path / "board")


def test_the_first_run_installs_and_a_second_run_has_no_steps(board, package, archive):
    assert deploy(package, archive) == ["tree", "install"]
    for name, content in TREE.items():
        assert (board.root / "usr/src/rknpu-0.9.6" / name).read_bytes() == content
    assert package.steps(archive[1]) == []
    assert os.listdir(board.root / "usr/src") == ["rknpu-0.9.6"]


def test_a_tree_with_another_digest_is_replaced_after_a_trial_build(board, package, archive, newer):
    deploy(package, archive)
    board.calls.clear()
    board.content = "newer module"
    assert deploy(package, newer) == ["tree", "install"]
    assert [call for call in board.calls if call[0] == "dkms"] == [["dkms", "add"], ["dkms", "build"],
                                                                   ["dkms", "remove"], ["dkms", "install"]]
    assert (board.root / "usr/src/rknpu-0.9.6/Kbuild").read_bytes() == b"ours, newer"
    assert board.module.read_text() == "newer module0.9.6"


def test_a_new_tree_that_does_not_build_leaves_the_old_module(board, package, archive, newer):
    deploy(package, archive)
    before = board.files()
    board.rc, board.log = 10, "x.c:1:10: fatal error: soc/rockchip/rockchip_iommu.h: No such file or directory"
    with pytest.raises(source_tree.DkmsError, match="is unchanged: dkms ended with 10$") as error:
        deploy(package, newer)
    # The controller explains it.
    assert error.value.unexplained == "dkms ended with 10" and "lack soc/rockchip" in build_log.explain(error.value.log)
    assert package.steps(archive[1]) == []
    assert board.files() == before


def test_a_missing_module_is_built_again_from_the_same_tree(board, package, archive):
    deploy(package, archive)
    board.module.unlink()
    assert deploy(package, archive) == ["repair", "install"]
    assert package.steps(archive[1]) == []


def test_a_foreign_tree_is_refused(board, package, archive):
    (board.root / "usr/src/rknpu-0.9.6").mkdir(parents=True)
    with pytest.raises(source_tree.DkmsError, match="was not created by rkfleet.npu"):
        package.steps(archive[1])


FAULTS = {
    "nothing was built, and dkms says all is well": ({"builds": False},
                                                     "no module rknpu_dkms is installed|is version 0.9.3, expected 0.9.6"),
    "a module for another kernel": ({"vermagic": "6.1.0-1-arm64"},
                                    "vermagic of .* is '6.1.0-1-arm64', expected '%s'" % KERNEL),
    "the build ends badly": ({"rc": 10,
                              "log": "rknpu_gem.c:891:2: error: implicit declaration of function 'vm_flags_set' [-Werror]\n"},
                             "dkms ended with 10$"),
    "a module that udev would load": ({"aliases": "of:N*T*Crockchip,rk3588-rknpuC*\nof:N*T*Crockchip,rk3588-rknpu\n"},
                                      "device-tree alias of:N.*rk3588-rknpuC.*, so udev would load it.*MODULE_DEVICE_TABLE"),
    "the disk is full": ({"rc": 1, "log": "cp: error writing 'x.ko': No space left on device"},
                         r"the disk is full: \d+ KiB.* free at /"),
}


@pytest.mark.parametrize("what", WHAT)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_failed_build_leaves_the_board_unchanged(board, archive, fault, what):
    package, before = there_before(board, archive, what)
    attributes, said = FAULTS[fault]
    for name, value in attributes.items():
        setattr(board, name, value)
    board.calls.clear()
    with pytest.raises(source_tree.DkmsError, match=said) as error:
        deploy(package, archive)
    assert board.log in error.value.log
    after = board.files()
    for folder in ("usr", "usr/src", "var", "var/lib", "var/lib/dkms", DATABASE):
        before.setdefault(folder, None)
        after.setdefault(folder, None)
    for kernel in (KERNEL, OTHER):
        for folder in ("updates", "updates/dkms"):
            before.setdefault("lib/modules/%s/%s" % (kernel, folder), None)
            after.setdefault("lib/modules/%s/%s" % (kernel, folder), None)
    assert after == before
    if what.startswith("another") and not fault.startswith("nothing"):
        assert ["depmod", KERNEL] in board.calls


def test_a_tree_that_built_in_the_trial_and_then_fails_leaves_the_old_module(board, package, archive, newer,
                                                                             monkeypatch):
    deploy(package, archive)
    before = board.files()
    monkeypatch.setattr(board, "dkms_install", lambda command: (6, "", "dkms: No space left on device"))
    with pytest.raises(source_tree.DkmsError, match="the disk is full"):
        deploy(package, newer)
    assert board.files() == before and package.steps(archive[1]) == []


# -- the umask of root ---------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("umask", [0o000, 0o077, 0o022])
def test_the_tree_is_writable_by_root_only_and_readable_by_all(board, package, archive, umask):
    before = os.umask(umask)
    try:
        deploy(package, archive)
        assert os.umask(umask) == umask
    finally:
        os.umask(before)
    modes = {path.relative_to(board.root).as_posix(): path.stat().st_mode & 0o777 for top in ("usr/src", "var/lib/dkms")
             for path in board.path(top).rglob("*") if not path.is_symlink()}
    assert "usr/src/rknpu-0.9.6/vendor/drivers/rknpu" in modes
    assert {name: mode for name, mode in modes.items() if mode != (0o755 if board.path(name).is_dir() else 0o644)} == {}


# -- taking it away ---------------------------------------------------------------------------------------------------------------------

def test_removal_restores_the_previous_files(board, package, archive):
    deploy(package, archive)
    assert package.steps_back() == ["remove"]
    package.remove()
    assert package.steps_back() == [] and not board.module.exists()


def test_a_package_that_dkms_cannot_remove_is_removed_without_dkms(board, package, archive):
    deploy(package, archive)
    no_tree(board)
    board.dkms_remove = lambda command: (3, "", "Error! The module/version combo is not located in the DKMS tree.")
    assert package.steps_back() == ["remove"]
    package.remove()
    assert not board.module.exists() and not list(board.path("var/lib/dkms/rknpu").iterdir())
    assert board.calls[-1] == ["depmod", KERNEL]


def test_a_damaged_archive_is_refused(board, package, archive):
    with pytest.raises(source_tree.DkmsError, match="arrived damaged"):
        package.place_tree(archive[0], "0" * 64)
    assert os.listdir(board.root / "usr/src") == []


def test_a_hostile_archive_writes_nothing_outside(tmp_path, board, package):
    content, digest = driver_source.archive({"../../../evil": b"x"})
    (tmp_path / "evil.tar").write_bytes(content)
    with pytest.raises(source_tree.DkmsError, match="not a plain file"):
        package.place_tree(str(tmp_path / "evil.tar"), digest)
    assert not list(tmp_path.rglob("evil"))


def test_a_build_with_headers_of_another_configuration_is_removed(board, package, archive, mismatch):
    before = board.files()
    with pytest.raises(source_tree.DkmsError, match="not built for kernel .*: the kernel headers do not match"):
        deploy(package, archive)
    assert not board.module.exists() and not [name for name in board.files() if name not in before and "0.9.6" in name]
