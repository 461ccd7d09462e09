# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The DKMS package on a board, with dkms and modinfo played by a function."""

from __future__ import annotations

import os

import pytest

from ansible_collections.rkfleet.npu.plugins.module_utils import _dkms_install
from ansible_collections.rkfleet.npu.plugins.plugin_utils import _driver_source

KERNEL = "6.1.43-15-rk2312"
TREE = {"Kbuild": b"ours", "vendor/drivers/rknpu/rknpu_drv.c": b"theirs"}


class Board:
    """Plays dkms and modinfo on a tree below a folder."""

    def __init__(self, root):
        self.root, self.calls = root, []
        self.vermagic, self.builds, self.rc, self.log = KERNEL, True, 0, ""

    def run(self, command):
        self.calls.append(command[:2])
        if command[:2] in (["dkms", "add"], ["dkms", "build"]):
            return (self.rc, "", self.log) if command[1] == "build" else (0, "", "")
        if command[:2] == ["dkms", "install"]:
            log = self.root / "var/lib/dkms/rknpu/0.9.6/build/make.log"
            log.parent.mkdir(parents=True, exist_ok=True)
            log.write_text(self.log)
            if self.builds:
                self.module.parent.mkdir(parents=True, exist_ok=True)
                self.module.write_text("module")
            return self.rc, "", ""
        if command[:2] == ["dkms", "remove"]:
            if self.module.exists():
                self.module.unlink()
            return 0, "", ""
        return 0, {"vermagic": self.vermagic + " SMP mod_unload\n", "name": "rknpu_dkms\n"}[command[2]], ""

    @property
    def module(self):
        return self.root / "lib/modules" / KERNEL / "updates/dkms/rknpu_dkms.ko.xz"


@pytest.fixture
def board(tmp_path):
    return Board(tmp_path / "board")


@pytest.fixture
def package(board):
    return _dkms_install.DkmsPackage(board.run, "rknpu", "0.9.6", KERNEL, "rknpu_dkms", str(board.root))


@pytest.fixture
def archive(tmp_path):
    content, digest = _driver_source.archive(TREE)
    (tmp_path / "tree.tar").write_bytes(content)
    return str(tmp_path / "tree.tar"), digest


def test_first_run_then_nothing_to_do(board, package, archive):
    assert package.steps(archive[1]) == ["tree", "install"]
    package.place_tree(*archive)
    package.install()
    for name, content in TREE.items():
        assert (board.root / "usr/src/rknpu-0.9.6" / name).read_bytes() == content
    assert package.steps(archive[1]) == []
    assert os.listdir(board.root / "usr/src") == ["rknpu-0.9.6"]


@pytest.fixture
def newer(tmp_path):
    content, digest = _driver_source.archive(dict(TREE, Kbuild=b"ours, newer"))
    (tmp_path / "newer.tar").write_bytes(content)
    return str(tmp_path / "newer.tar"), digest


def test_a_tree_with_another_digest_is_tried_then_replaced(board, package, archive, newer):
    package.place_tree(*archive)
    package.install()
    assert package.steps(newer[1]) == ["tree", "install"]
    board.calls.clear()
    package.place_tree(*newer)
    assert board.calls == [["dkms", "add"], ["dkms", "build"], ["dkms", "remove"]]
    assert (board.root / "usr/src/rknpu-0.9.6/Kbuild").read_bytes() == b"ours, newer"


def test_a_new_tree_that_does_not_build_leaves_the_old_module(board, package, archive, newer):
    package.place_tree(*archive)
    package.install()
    board.rc, board.log = 10, "x.c:1:10: fatal error: soc/rockchip/rockchip_iommu.h: No such file or directory"
    with pytest.raises(_dkms_install.DkmsError, match="left alone: the kernel's headers lack soc/rockchip"):
        package.place_tree(*newer)
    assert package.steps(archive[1]) == []
    assert sorted(os.listdir(board.root / "var/lib/dkms")) == ["rknpu"]


def test_a_lost_module_is_built_again_without_a_new_tree(board, package, archive):
    package.place_tree(*archive)
    package.install()
    board.module.unlink()
    assert package.steps(archive[1]) == ["install"]


def test_a_foreign_tree_is_left_alone(board, package, archive):
    (board.root / "usr/src/rknpu-0.9.6").mkdir(parents=True)
    with pytest.raises(_dkms_install.DkmsError, match="was not made by rkfleet.npu"):
        package.steps(archive[1])


def test_exit_code_0_without_a_module_is_a_failure_and_leaves_nothing(board, package, archive):
    board.builds = False
    package.place_tree(*archive)
    with pytest.raises(_dkms_install.DkmsError, match="no module rknpu_dkms is installed"):
        package.install()
    assert not (board.root / "usr/src/rknpu-0.9.6").exists()
    assert not (board.root / "var/lib/dkms/rknpu/0.9.6").exists()


def test_a_module_for_another_kernel_is_a_failure(board, package, archive):
    board.vermagic = "6.1.0-1-arm64"
    package.place_tree(*archive)
    with pytest.raises(_dkms_install.DkmsError, match="vermagic of .* is '6.1.0-1-arm64', wanted is '%s'" % KERNEL):
        package.install()
    assert not board.module.exists()


def test_a_failed_build_is_explained_with_its_log(board, package, archive):
    board.rc, board.builds = 10, False
    board.log = "rknpu_gem.c:891:2: error: implicit declaration of function 'vm_flags_set' [-Werror]\n"
    package.place_tree(*archive)
    with pytest.raises(_dkms_install.DkmsError, match="the kernel lacks vm_flags_set") as error:
        package.install()
    assert "rknpu_gem.c:891" in error.value.log


def test_a_damaged_archive_is_refused(board, package, archive):
    with pytest.raises(_dkms_install.DkmsError, match="arrived damaged"):
        package.place_tree(archive[0], "0" * 64)
    assert os.listdir(board.root / "usr/src") == []


def test_a_hostile_archive_writes_nothing_outside(tmp_path, board, package):
    content, digest = _driver_source.archive({"../../../evil": b"x"})
    (tmp_path / "evil.tar").write_bytes(content)
    with pytest.raises(_dkms_install.DkmsError, match="not a plain file"):
        package.place_tree(str(tmp_path / "evil.tar"), digest)
    assert not list(tmp_path.rglob("evil"))


@pytest.mark.parametrize(
    "log, sentence",
    [
        ("x.c:1:1: error: redefinition of 'vm_flags_set'", "have vm_flags_set already"),
        ("x.c:988: error: implicit declaration of function 'vm_flags_clear'; did you mean", "lacks vm_flags_clear"),
        ("x.c:1: error: implicit declaration of function 'rockchip_uninit_opp_table'", "older than 5.10.198"),
        ("x.c:1: error: 'rockchip_opp_set_low_length' undeclared", "use driver 0.9.6 or update"),
        ('ERROR: modpost: "iommu_get_dma_cookie" [rknpu.ko] undefined!', "does not export iommu_get_dma_cookie"),
        ("x.c:1:10: fatal error: soc/rockchip/rockchip_iommu.h: No such file or directory", "lack soc/rockchip/rockchip_iommu.h"),
        ("/bin/sh: 1: aarch64-linux-gnu-gcc-10: not found", "compiler aarch64-linux-gnu-gcc-10"),
        ("scripts/basic/fixdep: Exec format error", "another architecture"),
        ("write error: No space left on device", "the disk is full"),
        ("x.c:1:2: error: something new", "error: something new"),
        ("all is well", None),
    ],
)
def test_build_errors_in_a_sentence(log, sentence):
    told = _dkms_install.explain("CC [M]\n" + log + "\n")
    assert told is None if sentence is None else sentence in told
