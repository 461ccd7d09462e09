# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What a restore does to modules of kernels that are gone, replaced or new, and with copies of another system."""

from __future__ import annotations

import os
import shutil

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._board import files
from stand_ins.boards.restore_board import BUILT, DKMS, MENU, OURS, OWN, RUNTIME, Board, menu


@pytest.fixture(params=["dash", "busybox"])
def board(request, tmp_path):
    if not shutil.which(request.param):
        pytest.skip("%s is not installed" % request.param)
    return Board(tmp_path / "board", (request.param,))


# -- kernels ----------------------------------------------------------------------------------------------------------------

def test_nothing_is_restored_for_a_removed_kernel(board):
    gone = "/lib/modules/6.1.43"
    for path in (gone + "/kernel/drivers/rknpu/rknpu.ko", gone + "/updates/dkms/rknpu.ko"):
        board.write(path)
    board.keep("file %s/kernel/drivers/rknpu/rknpu.ko" % gone, "file %s/updates/dkms/rknpu.ko" % gone, "file " + OWN)
    copy = board.folder / "copies/9"
    for release in ("6.1.43", "6.1.84"):
        (copy / "0.8.2" / release / "aarch64/module").mkdir(parents=True)
        (copy / "original_module" / release / "aarch64").mkdir(parents=True)
        (copy / ("kernel-%s-aarch64" % release)).symlink_to("0.8.2/%s/aarch64" % release)
    with open(board.folder / "manifest", "a", encoding="utf-8") as stream:
        stream.write("tree 9 - %s\n" % DKMS)
    shutil.rmtree(board.place(gone))
    board.place(OWN).unlink()
    assert board.guard("restore", "origin")[0] == 0
    assert not board.place(gone).exists() and board.read(OWN) == "the kernel's own"
    there = board.place(DKMS)
    assert sorted(os.listdir(there)) == ["0.8.2", "kernel-6.1.84-aarch64", "original_module"]
    assert os.listdir(there / "0.8.2") == os.listdir(there / "original_module") == ["6.1.84"]


@pytest.mark.parametrize("where", ["its place", "dkms"])
def test_a_kernel_replaced_by_its_package_keeps_its_own_module(board, where):
    """Armbian's packages bring another build under the same name."""
    board.keep("file " + OWN)
    (board.folder / "kernels").write_text("%s 6.1.84\n" % files.sha256_of(board.place("/boot/vmlinuz-6.1.84")))
    board.write("/boot/vmlinuz-6.1.84", "another build")
    board.place(OWN).unlink()
    board.write(OWN if where == "its place" else DKMS + "/original_module/6.1.84/aarch64/rknpu.ko",
                "of the other build")
    assert board.guard("restore", "origin")[0] == 0
    assert board.read(OWN) == "of the other build"


@pytest.mark.parametrize("folder", ["pending", "origin"])
def test_a_later_kernel_gets_its_own_module_back(board, folder):
    """DKMS has put it aside for ours, in a tree that was not there before us."""
    board.keep("file " + OWN, "notree " + DKMS, folder=folder)
    later = "/lib/modules/6.1.99"
    board.write(later + "/kernel/other.ko")
    board.write(later + "/updates/dkms/rknpu.ko", "ours")
    board.write(DKMS + "/original_module/6.1.99/aarch64/rknpu.ko", "its own")
    board.write(DKMS + "/original_module/6.1.43/aarch64/rknpu.ko", "of a kernel that is gone")
    assert board.guard("restore", folder)[0] == 0
    assert board.read(later + "/kernel/drivers/rknpu/rknpu.ko") == "its own" and board.read(later + "/updates/dkms/rknpu.ko") is None
    assert not board.place(DKMS).exists() and not board.place("/lib/modules/6.1.43").exists()


@pytest.mark.parametrize("sign", ["modules.builtin", "it runs"])
def test_a_kernel_with_everything_built_in_and_its_image_elsewhere(dash, sign):
    """FriendlyElec's: neither /lib/modules/RELEASE/kernel nor /boot/vmlinuz-RELEASE."""
    dash.tool("depmod", 'echo "$@" >>%s/depmod.log' % dash.tools)
    dash.tool("uname", "echo %s" % ("6.1.57" if sign == "it runs" else "other"))
    driver = "/lib/modules/6.1.57/updates/dkms/rknpu.ko"
    dash.write(driver, "old")
    if sign != "it runs":
        dash.write("/lib/modules/6.1.57/modules.builtin", "")
    dash.keep("file " + driver)
    dash.write(driver, "new")
    assert dash.guard("restore", "origin")[0] == 0 and dash.read(driver) == "old"
    assert "-b %s -a 6.1.57" % dash.root in (dash.tools / "depmod.log").read_text().splitlines()


# -- another root file system, another machine ------------------------------------------------------------------------------

@pytest.mark.parametrize("identity", ["machine 9999\n", "root 77aa\nmachine 9999\n", "root some-other\nmachine 0123\n"])
@pytest.mark.parametrize("folder", ["pending", "origin"])
def test_files_of_another_root_file_system_or_machine_are_not_restored(dash, identity, folder):
    dash.tool("stat", 'case $3 in %T) echo btrfs ;; *) echo 77aa ;; esac')
    dash.write(MENU, menu("6.1.84", "of the other"))
    dash.write(RUNTIME, "of the other")
    dash.keep("menu " + MENU, "file " + RUNTIME, "nofile /etc/modules-load.d/rkfleet-npu.conf", "nofile " + BUILT,
              folder=folder, identity=identity)
    dash.write(MENU, menu("6.1.84", "of this one " + OURS))
    dash.left(MENU)
    for path in (RUNTIME, "/etc/modules-load.d/rkfleet-npu.conf", BUILT):
        dash.write(path, "of this one")
    rc, out = dash.guard("restore", folder)
    assert rc == 0 and "foreign" in out.split()
    assert dash.read(MENU) == menu("6.1.84", "of this one")
    assert dash.read(RUNTIME) == dash.read(BUILT) == "of this one"
    # Without it no module of ours is loaded.
    assert dash.read("/etc/modules-load.d/rkfleet-npu.conf") is None
    assert "another root file system or machine" in dash.state()["why"]


def test_the_same_root_file_system_and_machine(dash):
    dash.tool("stat", 'case $3 in %T) echo ext2/ext3 ;; *) echo 77aa ;; esac')
    assert dash.guard("identity") == (0, "root 77aa\nmachine 0123\n")
    dash.write(RUNTIME, "old")
    dash.keep("file " + RUNTIME, identity="root 77aa\nmachine 0123\n")
    dash.write(RUNTIME, "new")
    rc, out = dash.guard("restore", "origin")
    assert rc == 0 and "foreign" not in out and dash.read(RUNTIME) == "old"


@pytest.mark.parametrize("version", ["0.9.6", "0.9.8"])
def test_a_driver_from_elsewhere_is_restored(board, version):
    theirs = {"/usr/src/rknpu-0.9.8/dkms.conf": "theirs", DKMS + "/0.9.8/6.1.84/aarch64/module/rknpu.ko": "theirs",
              "/lib/modules/6.1.84/updates/dkms/rknpu.ko": "theirs", "/lib/modules/6.1.84/updates/rknpu.ko": "by hand",
              "/lib/modules/6.1.84/extra/rknpu.ko.xz": "by hand"}
    for path, content in theirs.items():
        board.write(path, content)
    board.place(DKMS + "/kernel-6.1.84-aarch64").symlink_to("0.9.8/6.1.84/aarch64")
    before = board.files()
    board.begin(version=version)
    # What npu_dkms and DKMS do when they replace it.
    shutil.rmtree(board.place(DKMS))
    if version == "0.9.8":
        shutil.rmtree(board.place("/usr/src/rknpu-0.9.8"))
    for path in ("/lib/modules/6.1.84/updates/rknpu.ko", "/lib/modules/6.1.84/extra/rknpu.ko.xz"):
        board.place(path).unlink()
    for path in ("/usr/src/rknpu-%s/rkfleet.json" % version, DKMS + "/%s/6.1.84/aarch64/module/rknpu.ko" % version,
                 "/lib/modules/6.1.84/updates/dkms/rknpu.ko"):
        board.write(path, "ours")
    assert board.guard("restore", "pending")[0] == 0
    assert board.files() == before
    assert os.readlink(board.place(DKMS + "/kernel-6.1.84-aarch64")) == "0.9.8/6.1.84/aarch64"


def test_what_an_interrupted_write_has_left_is_removed(board):
    """Copies of a source tree beside it, an unpacked tree, a trial build, and a file that was not renamed yet."""
    left = ("/usr/src/.rkfleet-4dkys14v/0", "/var/lib/dkms/.rkfleet-abcd_123/dkms/x", "/boot/extlinux/.rkfleet-0a1b2c3d")
    kept = ("/usr/src/.rkfleet", "/usr/src/.rkfleet-of-the-owner", "/usr/src/rkfleet-4dkys14v")
    board.write(MENU, menu("6.1.84"))
    board.keep("menu " + MENU, "notree /usr/src/rknpu-0.9.6", "notree " + DKMS)
    for path in (*left, *kept):
        board.write(path)
    assert board.guard("restore", "origin")[0] == 0
    assert not [path for path in left if board.place(path).exists()]
    assert all(board.place(path).exists() for path in kept)
