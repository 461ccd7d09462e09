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
    with pytest.raises(_dkms_install.DkmsError, match="headers have no vm_flags_set") as error:
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


GEM = "/var/lib/dkms/rknpu/0.9.6/build/vendor/drivers/rknpu/rknpu_gem.c"
DEVFREQ = "/var/lib/dkms/rknpu/0.9.8/build/vendor/drivers/rknpu/rknpu_devfreq.c"
ERRORS = [
    # vm_flags: gcc 12 in the C locale, gcc 10 in a UTF-8 one, clang, modpost; and the other way round
    (f"{GEM}:891:9: error: implicit declaration of function 'vm_flags_set'; did you mean 'vm_stat_set'? [-Werror=implicit-function-declaration]\n"
     "  891 |         vm_flags_set(vma, VM_PFNMAP);\n      |         ^~~~~~~~~~~~", "have no vm_flags_set (it came with Linux 6.3)"),
    (f"{GEM}:988:2: error: implicit declaration of function \u2018vm_flags_clear\u2019 [-Werror=implicit-function-declaration]", "have no vm_flags_clear"),
    (f"{GEM}:891:2: error: call to undeclared function 'vm_flags_set'; ISO C99 and later do not support", "have no vm_flags_set"),
    ('ERROR: modpost: "vm_flags_set" [/var/lib/dkms/rknpu/0.9.6/build/rknpu.ko] undefined!', "have no vm_flags_set"),
    ("compat/rkfleet_compat.h:20:20: error: redefinition of 'vm_flags_set'\n   20 | static inline void vm_flags_set(", "have vm_flags_set already"),
    ("x.h:12:20: error: static declaration of \u2018vm_flags_clear\u2019 follows non-static declaration", "have vm_flags_clear already"),
    (f"{GEM}:891:23: error: assignment of read-only member 'vm_flags'", "choose driver 0.9.6 or newer"),
    # the vendor's OPP code
    (f"{DEVFREQ}:201:9: error: implicit declaration of function 'rockchip_uninit_opp_table'; did you mean 'rockchip_init_opp_table'?",
     "older than 5.10.198"),
    (f"{DEVFREQ}:602:32: error: 'rockchip_opp_set_low_length' undeclared here (not in a function)", "use driver 0.9.6 or update"),
    (f"{DEVFREQ}:602:32: error: \u2018rockchip_opp_set_low_length\u2019 undeclared (first use in this function)", "use driver 0.9.6 or update"),
    # symbols
    ('ERROR: modpost: "iommu_get_dma_cookie" [/var/lib/dkms/rknpu/0.9.6/build/rknpu_dkms.ko] undefined!', "does not offer iommu_get_dma_cookie"),
    ('ERROR: "iommu_get_dma_cookie" [/usr/src/rknpu/rknpu.ko] undefined!', "SRAM support has to be left out"),
    ("rknpu_iommu.c:40:15: error: implicit declaration of function 'iommu_get_dma_cookie' [-Werror=implicit-function-declaration]", "SRAM support"),
    ('ERROR: modpost: "rockchip_iommu_is_enabled" [/x/rknpu.ko] undefined!', "does not offer rockchip_iommu_is_enabled to modules"),
    # headers
    ("rknpu_drv.c:40:10: fatal error: soc/rockchip/rockchip_iommu.h: No such file or directory\n   40 | #include <soc/rockchip/rockchip_iommu.h>",
     "lack soc/rockchip/rockchip_iommu.h: install"),
    ("rknpu_devfreq.c:8:10: fatal error: ../drivers/devfreq/governor.h: No such file or directory", "lack ../drivers/devfreq/governor.h"),
    ("rknpu_gem.c:9:10: fatal error: 'linux/version_compat_defs.h' file not found", "lack linux/version_compat_defs.h"),
    # compilers
    ("/bin/sh: 1: aarch64-linux-gnu-gcc-10: not found", "compiler aarch64-linux-gnu-gcc-10"),
    ("make[1]: gcc-10: No such file or directory", "the compiler gcc-10,"),
    ("/bin/sh: 1: gcc-12: not found\nfatal error: linux/x.h: No such file or directory", "the compiler gcc-12,"),
    ("make[2]: aarch64-linux-gnu-gcc: Command not found", "the compiler aarch64-linux-gnu-gcc,"),
    ("/bin/bash: line 1: clang-14: command not found", "the compiler clang-14,"),
    ("gcc: error: unrecognized command-line option '-mbranch-protection=pac-ret'; did you mean '-msign-return-address=none'?",
     "does not know the option -mbranch-protection=pac-ret"),
    ("cc1: error: unrecognized command line option \u2018-ftrivial-auto-var-init=zero\u2019", "install the compiler the kernel was built with"),
    ("warning: the compiler differs from the one used to build the kernel\n"
     "  The kernel was built by: gcc-10 (Debian 10.2.1-6) 10.2.1 20210110\n  You are using:           gcc (Debian 12.2.0-14) 12.2.0\n"
     "x.c:1:2: error: something new",
     "error: something new (the kernel was built by gcc-10 (Debian 10.2.1-6) 10.2.1 20210110, and this is gcc (Debian 12.2.0-14)"),
    # anything else
    ("scripts/basic/fixdep: Exec format error", "another architecture"),
    ("write error: No space left on device", "the disk is full"),
    ("Kbuild:20: *** rkfleet: this kernel is built without DRM (CONFIG_DRM), which the driver needs.  Stop.",
     "built without DRM (CONFIG_DRM), which the driver needs"),
    ("x.c:1:2: error: something new", "error: something new"),
    ("warning: the compiler differs from the one used to build the kernel\n  The kernel was built by: a\n  You are using: b", None),
    ("all is well", None),
]


@pytest.mark.parametrize("log, sentence", ERRORS)
def test_build_errors_in_a_sentence(log, sentence):
    told = _dkms_install.explain("make[1]: Entering directory '/usr/src/linux-headers-6.1.0'\n  CC [M]  x.o\n" + log + "\nmake: *** [all] Error 2\n")
    assert told is None if sentence is None else sentence in (told or "")
