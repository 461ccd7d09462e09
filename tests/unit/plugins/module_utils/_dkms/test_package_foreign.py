# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""DKMS packages of others with our name."""

from __future__ import annotations

import shutil

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms import source_tree
from stand_ins.boards.dkms_board import DATABASE, KERNEL, KO, Board, deploy


@pytest.fixture
def board(tmp_path):
    return Board(tmp_path / "board")


@pytest.fixture
def foreign(board):
    """A DKMS package rknpu/0.9.8 without our marker, installed (w568w/rknpu-module, lurenJBD/rknpu-mainline-dkms)."""
    board.write("usr/src/rknpu-0.9.8/Kbuild", "theirs")
    board.write("usr/src/rknpu-0.9.8/dkms.conf", 'PACKAGE_NAME="rknpu"\nPACKAGE_VERSION="0.9.8"\n')
    board.dkms_install(["dkms", "install", "-v", "0.9.8", "-k", KERNEL])

    def removed(command, remove=board.dkms_remove):
        version = command[command.index("-v") + 1]
        answer = remove(command)
        shutil.rmtree(board.path("%s/%s" % (DATABASE, version)), ignore_errors=True)
        return answer

    board.dkms_remove = removed
    return board


@pytest.mark.parametrize("version, steps", [("0.9.6", ["tree", "install", "replace"]), ("0.9.8", ["tree", "install"])])
def test_a_package_from_elsewhere_is_replaced_on_request_only(foreign, archive, version, steps):
    if version == "0.9.8":
        with pytest.raises(source_tree.DkmsError, match="was not created by rkfleet.npu"):
            foreign.package(version).steps(archive[1])
    package = foreign.package(version, replaces=["0.9.8"])
    assert deploy(package, archive) == steps
    assert package.steps(archive[1]) == [], "a second run has nothing to do"
    assert foreign.module.read_text() == "module" + version
    assert foreign.path(DATABASE + "/0.9.8").exists() is (version == "0.9.8")
    assert foreign.path("usr/src/rknpu-0.9.8/rkfleet.json").exists() is (version == "0.9.8")


@pytest.mark.parametrize("version", ["0.9.6", "0.9.8"])
def test_a_failed_build_leaves_the_package_from_elsewhere(foreign, archive, version):
    package, before = foreign.package(version, replaces=["0.9.8"]), foreign.files()
    foreign.rc = 10
    with pytest.raises(source_tree.DkmsError):
        deploy(package, archive)
    assert foreign.files() == before


def test_a_package_that_dkms_does_not_remove_stops_the_upgrade(foreign, archive):
    package, before = foreign.package(replaces=["0.9.8"]), foreign.files()
    foreign.dkms_remove = lambda command: (5, "", "Error!")
    with pytest.raises(source_tree.DkmsError, match="DKMS did not remove the package rknpu/0.9.8"):
        deploy(package, archive)
    assert {path: content for path, content in foreign.files().items() if "rknpu-0.9.6" not in path} == before


@pytest.mark.parametrize("version", ["../../../usr/src/rknpu-0.9.8", "..", ".", "-x", "a b", ""])
def test_only_versions_are_replaced(foreign, version):
    assert foreign.package(replaces=[version]).foreign.same_name() == []


@pytest.fixture
def other(board):
    """A DKMS package npu-driver/1 that has installed a module of the name of ours."""
    board.write("usr/src/npu-driver-1/dkms.conf", 'PACKAGE_NAME="npu-driver"\n')
    place = board.path("var/lib/dkms/npu-driver/1")
    board.write("var/lib/dkms/npu-driver/1/%s/aarch64/module/rknpu_dkms.ko.xz" % KERNEL, "theirs")
    (place / "source").symlink_to("/usr/src/npu-driver-1")
    board.path("var/lib/dkms/npu-driver/kernel-%s-aarch64" % KERNEL).symlink_to("1/%s/aarch64" % KERNEL)
    board.write(KO % KERNEL, "theirs")

    def remove(command, own=board.dkms_remove):
        if command[command.index("-m") + 1] != "npu-driver":
            return own(command)
        shutil.rmtree(board.path("var/lib/dkms/npu-driver"))
        board.path(KO % KERNEL).unlink()
        return 0, "", ""

    board.dkms_remove = remove
    return board


def test_a_package_of_another_name_is_removed_before_ours_is_installed(other, archive):
    package = other.package(replaces=["npu-driver/1"])
    assert deploy(package, archive) == ["tree", "displace", "install"]
    assert package.steps(archive[1]) == [], "a second run has nothing to do"
    assert other.module.read_text() == "module0.9.6"
    assert not other.path("var/lib/dkms/npu-driver").exists()
    assert other.path("usr/src/npu-driver-1/dkms.conf").exists()


def test_a_package_of_another_name_that_came_back_is_removed_again(other, archive):
    deploy(other.package(replaces=["npu-driver/1"]), archive)
    other.write("var/lib/dkms/npu-driver/1/%s/aarch64/module/rknpu_dkms.ko.xz" % KERNEL, "theirs")
    assert other.package(replaces=["npu-driver/1"]).steps(archive[1]) == ["displace", "install"] or \
        other.package(replaces=["npu-driver/1"]).steps(archive[1]) == ["repair", "displace", "install"]


@pytest.mark.parametrize("fault", ["build", "remove"])
def test_a_failure_leaves_the_package_of_another_name(other, archive, fault):
    package, before = other.package(replaces=["npu-driver/1"]), other.files()
    if fault == "build":
        other.rc = 10
    else:
        other.dkms_remove = lambda command: (5, "", "Error!")
    said = "." if fault == "build" else "did not remove the package npu-driver/1"
    with pytest.raises(source_tree.DkmsError, match=said):
        deploy(package, archive)
    after = {path: content for path, content in other.files().items() if "rknpu-0.9.6" not in path}
    assert {path: after.get(path) for path in before} == before


@pytest.mark.parametrize("name", ["../x/1", "npu-driver/..", "npu-driver/-v", "/1", "npu-driver/1/2"])
def test_only_packages_are_replaced(other, name):
    assert other.package(replaces=[name]).foreign.other_names() == []
