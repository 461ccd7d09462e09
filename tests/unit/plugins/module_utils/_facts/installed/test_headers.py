# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Headers that can be used for a build, and what is wrong with others."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._board.tree import Tree
from ansible_collections.rkfleet.npu.plugins.module_utils._facts.installed import headers

RELEASE = "6.1.43-rockchip-rk3588"


def kernel(gather, board):
    facts = gather(board.base(release=RELEASE))
    assert facts["unread"] == []
    return facts["kernel"]


def test_complete_headers(board, gather):
    found = kernel(gather, board.headers(RELEASE))
    assert (found["headers"], found["headers_lack"], found["headers_release"], found["headers_machine"]) == (
        True, [], None, None)
    assert found["headers_others"] == []


@pytest.mark.parametrize("lacking", [
    "Makefile", "include/generated/autoconf.h", "include/config/auto.conf", "scripts/basic/fixdep",
    "scripts/mod/modpost", "scripts/module.lds",
])
def test_headers_that_lack_a_file(board, gather, lacking):
    """fixdep: orangepi-xunlong/orangepi-build#161; module.lds: armbian/build#5046; autoconf.h: armbian/build#4589."""
    found = kernel(gather, board.headers(RELEASE, without=[lacking]))
    assert not found["headers"] and found["headers_lack"] == [lacking]


@pytest.mark.parametrize("place", ["arch/arm64/module.lds", "scripts/module-common.lds"])
def test_the_linker_script_in_its_other_places(board, gather, place):
    """Debian's own place for it, and its name before Linux 5.10."""
    board.headers(RELEASE, without=["scripts/module.lds"]).write(f"/usr/src/linux-headers-{RELEASE}/{place}")
    assert kernel(gather, board)["headers"]


def test_programs_for_another_machine(board, gather):
    """radxa/apt#11, ophub/amlogic-s9xxx-armbian#1905."""
    found = kernel(gather, board.headers(RELEASE, machine=62))
    assert not found["headers"] and found["headers_machine"] == 62


@pytest.mark.parametrize("program", [b"", b"\x7fELF", b"#!/bin/sh\n" + b" " * 20])
def test_programs_whose_machine_is_not_known_are_left_to_the_build(board, gather, program):
    board.headers(RELEASE).write(f"/usr/src/linux-headers-{RELEASE}/scripts/basic/fixdep", program)
    assert kernel(gather, board)["headers"]


def test_headers_of_another_kernel_behind_the_link(board, gather):
    found = kernel(gather, board.headers(RELEASE, states="6.1.99-rockchip-rk3588"))
    assert not found["headers"] and found["headers_release"] == "6.1.99-rockchip-rk3588"


def test_a_link_that_leads_nowhere(board, gather):
    board.link(f"/lib/modules/{RELEASE}/build", "/usr/src/linux-headers-" + RELEASE)
    found = kernel(gather, board)
    assert not found["headers"] and found["headers_path"] is None and found["headers_lack"] == []


def test_packages_with_headers_of_other_kernels(board, gather):
    board.headers(RELEASE)
    for package, folder in (("linux-headers-current-rockchip-rk3588:arm64", "6.1.99-rockchip-rk3588"),
                            ("linux-headers-ours", RELEASE)):
        board.write(f"/var/lib/dpkg/info/{package}.list",
                    f"/.\n/usr\n/usr/src\n/usr/src/linux-headers-{folder}\n/usr/src/linux-headers-{folder}/arch\n")
    board.write("/var/lib/dpkg/info/linux-headers-x.postinst", "/usr/src/linux-headers-6.6.6\n")
    assert kernel(gather, board)["headers_others"] == [
        {"package": "linux-headers-current-rockchip-rk3588", "release": "6.1.99-rockchip-rk3588"}]


def test_a_hostile_number_of_packages(board):
    for number in range(30):
        board.write(f"/var/lib/dpkg/info/linux-headers-{number}.list", f"/usr/src/linux-headers-5.10.{number}\n")
    assert len(headers.others(Tree(str(board.root)), RELEASE)) == 8
