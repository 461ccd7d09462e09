# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Build errors, and headers that do not fit."""

from __future__ import annotations

import shutil

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms import source_tree
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms.causes import build_log
from stand_ins.boards.dkms_board import KERNEL, Board, deploy


@pytest.fixture
def board(tmp_path):
    return Board(tmp_path / "board")


GEM = "/var/lib/dkms/rknpu/0.9.6/build/vendor/drivers/rknpu/rknpu_gem.c"
DEVFREQ = "/var/lib/dkms/rknpu/0.9.8/build/vendor/drivers/rknpu/rknpu_devfreq.c"
ERRORS = [
    # vm_flags: gcc 12 in the C locale, gcc 10 in a UTF-8 one, clang, modpost; and the other way round
    (f"{GEM}:891:9: error: implicit declaration of function 'vm_flags_set'; did you mean 'vm_stat_set'? [-Werror=implicit-function-declaration]\n"
     "  891 |         vm_flags_set(vma, VM_PFNMAP);\n      |         ^~~~~~~~~~~~",
     "have no vm_flags_set (added in Linux 6.3)"),
    (f"{GEM}:988:2: error: implicit declaration of function \u2018vm_flags_clear\u2019 [-Werror=implicit-function-declaration]", "have no vm_flags_clear"),
    (f"{GEM}:891:2: error: call to undeclared function 'vm_flags_set'; ISO C99 and later do not support",
     "have no vm_flags_set"),
    ('ERROR: modpost: "vm_flags_set" [/var/lib/dkms/rknpu/0.9.6/build/rknpu.ko] undefined!', "have no vm_flags_set"),
    ("compat/rkfleet_compat.h:20:20: error: redefinition of 'vm_flags_set'\n   20 | static inline void vm_flags_set(",
     "already have vm_flags_set"),
    ("x.h:12:20: error: static declaration of \u2018vm_flags_clear\u2019 follows non-static declaration",
     "already have vm_flags_clear"),
    (f"{GEM}:891:23: error: assignment of read-only member 'vm_flags'", "set a newer npu_driver_version"),
    # the vendor's OPP code
    (f"{DEVFREQ}:201:9: error: implicit declaration of function 'rockchip_uninit_opp_table'; did you mean 'rockchip_init_opp_table'?",
     "update the board's kernel"),
    (f"{DEVFREQ}:602:32: error: 'rockchip_opp_set_low_length' undeclared here (not in a function)",
     "set an older npu_driver_version or update"),
    (f"{DEVFREQ}:602:32: error: \u2018rockchip_opp_set_low_length\u2019 undeclared (first use in this function)",
     "set an older npu_driver_version or update"),
    # symbols
    ('ERROR: modpost: "iommu_get_dma_cookie" [/var/lib/dkms/rknpu/0.9.6/build/rknpu_dkms.ko] undefined!',
     "does not export iommu_get_dma_cookie"),
    ('ERROR: "iommu_get_dma_cookie" [/usr/src/rknpu/rknpu.ko] undefined!', "must be built without SRAM support"),
    ("rknpu_iommu.c:40:15: error: implicit declaration of function 'iommu_get_dma_cookie' [-Werror=implicit-function-declaration]", "SRAM support"),
    ('ERROR: modpost: "rockchip_iommu_is_enabled" [/x/rknpu.ko] undefined!',
     "does not export rockchip_iommu_is_enabled to modules"),
    # headers
    ("rknpu_drv.c:40:10: fatal error: soc/rockchip/rockchip_iommu.h: No such file or directory\n   40 | #include <soc/rockchip/rockchip_iommu.h>",
     "lack soc/rockchip/rockchip_iommu.h, which"),
    ("rknpu_devfreq.c:8:10: fatal error: ../drivers/devfreq/governor.h: No such file or directory",
     "lack ../drivers/devfreq/governor.h"),
    ("rknpu_gem.c:9:10: fatal error: 'linux/version_compat_defs.h' file not found", "lack linux/version_compat_defs.h"),
    # compilers
    ("/bin/sh: 1: aarch64-linux-gnu-gcc-10: not found", "compiler aarch64-linux-gnu-gcc-10"),
    ("make[1]: gcc-10: No such file or directory", "the compiler gcc-10,"),
    ("/bin/sh: 1: gcc-12: not found\nfatal error: linux/x.h: No such file or directory", "the compiler gcc-12,"),
    ("make[2]: aarch64-linux-gnu-gcc: Command not found", "the compiler aarch64-linux-gnu-gcc,"),
    ("/bin/bash: line 1: clang-14: command not found", "the compiler clang-14,"),
    ("gcc: error: unrecognized command-line option '-mbranch-protection=pac-ret'; did you mean '-msign-return-address=none'?",
     "does not know the option -mbranch-protection=pac-ret"),
    ("cc1: error: unrecognized command line option \u2018-ftrivial-auto-var-init=zero\u2019",
     "install the compiler with which the kernel was built"),
    ("warning: the compiler differs from the one used to build the kernel\n"
     "  The kernel was built by: gcc-10 (Debian 10.2.1-6) 10.2.1 20210110\n  You are using:           gcc (Debian 12.2.0-14) 12.2.0\n"
     "cc1: error: something new",
     "error: something new (the kernel was built by gcc-10 (Debian 10.2.1-6) 10.2.1 20210110, and this is gcc (Debian 12.2.0-14)"),
    # anything else
    ("scripts/basic/fixdep: Exec format error", "another architecture"),
    ("write error: No space left on device", "the disk is full"),
    ("Kbuild:20: *** rkfleet: this kernel is built without DRM (CONFIG_DRM), which the driver needs.  Stop.",
     "built without DRM (CONFIG_DRM), which the driver needs"),
    ("cc1: error: something new", "error: something new"),
    ("warning: the compiler differs from the one used to build the kernel\n  The kernel was built by: a\n  You are using: b", None),
    ("all is well", None),
]


@pytest.mark.parametrize("log, sentence", ERRORS)
def test_build_errors_in_a_sentence(log, sentence):
    sentence_found = build_log.explain("make[1]: Entering directory '/usr/src/linux-headers-6.1.0'\n  CC [M]  x.o\n" + log + "\nmake: *** [all] Error 2\n")
    assert sentence_found is None if sentence is None else sentence in (sentence_found or "")


# -- headers that changed since the plan ---------------------------------------------------------------------

def lose(board, name="scripts/basic/fixdep"):
    board.path("lib/modules/%s/build/%s" % (KERNEL, name)).unlink()


def test_headers_are_looked_at_again_before_the_build(board, package, archive):
    """A package was installed since the plan, and compiled no programs: orangepi-xunlong/orangepi-build#161."""
    lose(board)
    before = board.files()
    with pytest.raises(source_tree.DkmsError, match="lack programs: scripts/basic/fixdep is missing.*make scripts"):
        deploy(package, archive)
    assert board.files() == before and ["dkms", "install"] not in board.calls


def test_a_package_that_was_installed_for_another_kernel_is_named(board, package, archive):
    """armbian/armbian-router#37: what apt installs is for the kernel that the repository has."""
    shutil.rmtree(board.path("lib/modules/%s/build" % KERNEL))
    board.write("var/lib/dpkg/info/linux-headers-current-rockchip64.list", "/usr/src/linux-headers-6.17.9-current-rockchip64\n")
    with pytest.raises(source_tree.DkmsError) as error:
        deploy(package, archive)
    assert "not built for kernel %s: Package linux-headers-current-rockchip64 has the headers" % KERNEL in str(error.value)
    assert "of kernel 6.17.9-current-rockchip64, and this kernel is %s. Update both" % KERNEL in str(error.value)
    assert "apt-get install linux-image-current-rockchip64 linux-headers-current-rockchip64" in str(error.value)


def test_headers_that_are_no_good_are_the_cause_of_a_failed_build(board, package, archive):
    deploy(package, archive)
    shutil.rmtree(board.path("lib/modules/%s/build" % KERNEL))
    board.rc, board.log, board.builds = 21, "Error! Your kernel headers for kernel x cannot be found.\n", False
    with pytest.raises(source_tree.DkmsError, match="The headers of kernel %s are not installed" % KERNEL):
        package.install()


def test_headers_of_another_kernel_beside_a_missing_link_are_named(board, package, archive):
    shutil.rmtree(board.path("lib/modules/%s/build" % KERNEL))
    board.write("usr/src/linux-headers-6.17.9-current-rockchip64/Makefile")
    with pytest.raises(source_tree.DkmsError, match="/usr/src has those of 6.17.9-current-rockchip64.*update kernel and "
                                                    "headers together"):
        deploy(package, archive)
