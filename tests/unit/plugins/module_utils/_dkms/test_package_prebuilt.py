# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Modules that another host has built."""

from __future__ import annotations

import os
import re
import shutil

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._board import files as _files
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms import package as _dkms_install
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms import probes, source_tree
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms.module import prebuilt
from stand_ins.boards.dkms_board import DATABASE, KERNEL, KO, OTHER, Board, deploy


@pytest.fixture
def board(tmp_path):
    return Board(tmp_path / "board")


def test_a_prebuilt_module_needs_no_headers(board, package, archive, binary):
    shutil.rmtree(board.path("lib/modules/%s/build" % KERNEL))
    assert load(board, package, archive, binary)[0] == ["tree", "load"] and board.module.exists()


# -- a prebuilt module ---------------------------------------------------------------------------------------

ARCH = os.uname().machine


@pytest.fixture
def binary(tmp_path):
    """The module that another board has built, as it came from the controller's store."""
    path = tmp_path / "from the store"
    path.write_text("another board's0.9.6")
    return prebuilt.Binary("rknpu_dkms.ko.xz", _files.sha256_of(str(path)), str(path),
                           "rkfleet: probe fence: left out\n")


def load(board, package, archive, binary):
    """As the module does it with what is in the store."""
    board.content = "another board's"
    steps = package.steps(archive[1], stored=True)
    assert package.binary_problem(binary)[0] is None
    return steps, package.deploy(*archive, steps, binary)


def test_a_prebuilt_module_is_installed(board, package, archive, binary):
    steps, log = load(board, package, archive, binary)
    assert steps == ["tree", "load"] and board.module.read_text() == "another board's0.9.6"
    assert ["dkms", "build"] not in board.calls and ["dkms", "ldtarball"] in board.calls
    # What the board that built it was told is told here, too.
    assert probes.probe_lines(log) == ["probe fence: left out"]
    assert package.steps(archive[1]) == [] == package.steps(archive[1], stored=True)
    assert not package.leftovers()


def test_a_prebuilt_module_looks_to_dkms_like_its_own_build(tmp_path, archive, binary):
    built, loaded = Board(tmp_path / "built"), Board(tmp_path / "loaded")
    built.content = "another board's"
    deploy(built.package(), archive)
    load(loaded, loaded.package(), archive, binary)
    there, here = ({name.replace(str(board.root), "").replace("/aarch64", "/" + ARCH): content for name,
                    content in board.files().items()}
                   for board in (built, loaded))
    ours = "%s/0.9.6/%s/%s" % (DATABASE, KERNEL, ARCH)
    # The fake keeps the log of a build in another folder.
    assert set(there) ^ set(here) == {ours + "/log"}
    assert there["usr/src/rknpu-0.9.6/rkfleet.json"] == here["usr/src/rknpu-0.9.6/rkfleet.json"]


def test_an_existing_tree_is_replaced_without_a_trial_build(board, package, archive, newer, binary):
    deploy(package, archive)
    board.calls.clear()
    steps, dummy = load(board, package, newer, binary)
    assert steps == ["tree", "load"] and ["dkms", "build"] not in board.calls
    assert (board.root / "usr/src/rknpu-0.9.6/Kbuild").read_bytes() == b"ours, newer"
    assert package.steps(newer[1]) == []


def test_a_package_of_another_kernel_gets_a_second_module(board, archive, binary):
    other = _dkms_install.DkmsPackage(board.run, "rknpu", "0.9.6", OTHER, "rknpu_dkms", str(board.root))
    board.vermagic = OTHER
    deploy(other, archive)
    board.vermagic = KERNEL
    assert load(board, board.package(), archive, binary)[0] == ["repair", "load"]
    assert board.path(KO % OTHER).exists() and board.module.exists()


def test_a_prebuilt_module_that_dkms_refuses_changes_nothing(board, package, archive, binary):
    board.takes = False
    before = board.files()
    with pytest.raises(source_tree.DkmsError, match="DKMS did not accept the prebuilt module"):
        load(board, package, archive, binary)
    left = {name: content for name, content in board.files().items() if name not in before}
    assert set(left.values()) == {None} and not any("0.9.6" in name for name in left), left


@pytest.mark.parametrize("change, said", [
    (lambda board, binary: setattr(board, "vermagic", OTHER), "vermagic of .* is '%s'" % OTHER),
    (lambda board, binary: setattr(binary, "sha256", "0" * 64), "it arrived damaged"),
    (lambda board, binary: setattr(binary, "name", "rknpu.ko"), "it is called 'rknpu.ko'"),
    (lambda board, binary: setattr(binary, "name", "../../rknpu_dkms.ko"), "it is called"),
    (lambda board, binary: os.unlink(binary.path), "not a plain file"),
    (lambda board, binary: setattr(board, "aliases", "of:N*T*Crockchip,rk3588-rknpu\n"),
     "so udev would load it before a failed boot can be noticed"),
    (lambda board, binary: setattr(board, "content", "another board's0"), "is version .*, expected 0.9.6"),
])
def test_a_prebuilt_module_for_another_board_is_refused(board, package, binary, change, said):
    board.content = "another board's"
    before = board.files()
    change(board, binary)
    assert re.search(said, package.binary_problem(binary)[0])
    assert board.files() == before


def test_a_module_with_another_signature_than_the_wanted_one_is_refused(board, binary):
    package = board.package()
    package.signing.serial = "ab12"
    board.content = "another board's"
    assert "is not signed" in package.binary_problem(binary)[0]
    # The right serial number is no proof: see test_signing for real signatures.
    board.signed = "AB:12"
    assert "is not signed" in package.binary_problem(binary)[0]
    board.signed = "CD:34"
    assert "is signed by somebody" in package.binary_problem(binary)[0]


@pytest.mark.parametrize("symvers, problem", [
    ("0x12345678\tdrm_ioctl\tdrivers/gpu/drm/drm\tEXPORT_SYMBOL\t\n", None),
    ("0x87654321\tdrm_ioctl\tdrivers/gpu/drm/drm\tEXPORT_SYMBOL\t\n",
     "this kernel has other versions of drm_ioctl (by Module.symvers)"),
    ("0x12345678\tprintk\tvmlinux\tEXPORT_SYMBOL\t\n", "this kernel has no drm_ioctl"),
])
def test_symbol_versions_are_compared_with_the_headers(board, package, binary, symvers, problem):
    board.content = "another board's"
    board.write("lib/modules/%s/build/Module.symvers" % KERNEL, symvers)
    assert package.binary_problem(binary)[0] == problem


def test_no_symbol_versions_are_compared_without_modversions(board, package, binary):
    board.content, board.versions = "another board's", ""
    assert package.binary_problem(binary) == (None, "0 of 0 symbol versions compared with the kernel's own modules")


def test_a_prebuilt_module_of_another_configuration_is_refused(board, package, binary, mismatch):
    board.content = "another board's"
    assert package.binary_problem(binary)[0] == "the kernel headers do not match"
