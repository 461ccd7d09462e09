# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A runtime of a package, with the real dpkg on a tree instead of a board: diverted, upgraded, rolled back.

The layouts are those of Radxa's packages (radxa-pkg/rknn2, debian/rknpu2-rk3588.install and .links) and of case 57,
airockchip/rknn-toolkit2#563.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils import _runtime_install
from ansible_collections.rkfleet.npu.plugins.module_utils._board import diversion
from ansible_collections.rkfleet.npu.plugins.module_utils._board.tree import Tree
from ansible_collections.rkfleet.npu.plugins.module_utils._facts import runtime
from ansible_collections.rkfleet.npu.plugins.module_utils._facts.installed import package_files
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction import notes, watched
from stand_ins.boards.diversion_board import (
    ARCH,
    CUT,
    LAYOUTS,
    MAIN,
    NEWER,
    OURS,
    PACKAGE,
    STATE,
    WRITERS,
    Board,
    library,
    shown,
)

pytestmark = pytest.mark.skipif(not shutil.which("dpkg-divert") or not shutil.which("dpkg-deb"),
                                reason="dpkg is not installed")


@pytest.fixture(params=sorted(LAYOUTS))
def board(request, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "sync", lambda: None)
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    there = Board(tmp_path, request.param)
    there.package("1.6.0")
    return there


def test_facts_name_the_package_and_its_names(board):
    facts = runtime.read(Tree(str(board.root)))
    assert (facts["version"], facts["package"], facts["packaged"], facts["diverted"]) == (
        "1.6.0", PACKAGE, board.names, [])
    board.divert()
    facts = runtime.read(Tree(str(board.root)))
    assert (facts["version"], facts["package"], facts["packaged"], facts["diverted"]) == (
        "2.3.2", PACKAGE, [], board.names)
    assert facts["diverted_by"] is None and {other["version"] for other in facts["others"]} <= {"2.3.2"}


def test_ours_survives_the_upgrade_of_the_package(board):
    before = board.files()
    board.divert()
    for name in board.names:
        assert board.place(name).read_bytes() == OURS and not board.place(name).is_symlink()
        assert diversion.is_ours(board.diversions(), name)
    board.package("2.3.0")
    assert all(board.place(name).read_bytes() == OURS for name in board.names)
    board.package("1.6.0~really")
    assert all(board.place(name).read_bytes() == OURS for name in board.names)
    assert set(before) <= set(board.files()) | {ARCH + ".1.6.0"}
    # Nothing of it looks like a library to ldconfig.
    assert not any(name.startswith("lib") and ".distrib" in name for name in map(os.path.basename, board.files()))


def test_a_second_run_changes_nothing(board):
    board.divert()
    before = board.files(), board.diversions()
    assert package_files.undiverted(board.names, str(board.root)) == []
    board.divert()
    assert (board.files(), board.diversions()) == before


@pytest.mark.parametrize("later", [None, "2.3.0"])
@pytest.mark.parametrize("folder", ["pending", "origin"])
@pytest.mark.parametrize("shell", ["dash", "busybox sh"])
def test_a_rollback_gives_the_package_its_file_back(board, later, folder, shell):
    if not shutil.which(shell.split()[0]):
        pytest.skip(f"{shell} is not installed")
    board.shell = shell.split()
    there = board.begin()
    board.divert()
    if folder == "origin":
        there.commit("0.9.6")
    if later:
        board.package(later)
    rc, out = board.guard("restore", folder)
    assert rc == 0, out
    files, links = board.content(later or "1.6.0")
    assert board.files() == shown(files, links)
    assert board.diversions() == {}
    # dpkg agrees: what it verifies is right, and the next version goes to its own place.
    board.dpkg("--verify", PACKAGE)
    board.package("2.4.0")
    assert board.place(board.names[0]).read_bytes() == library("2.4.0")


def test_a_package_that_was_removed_leaves_nothing_to_give_back(board):
    board.begin()
    board.divert()
    board.dpkg("--remove", PACKAGE)
    assert all(board.place(name).read_bytes() == OURS for name in board.names)
    rc, out = board.guard("restore", "pending")
    assert (rc, board.files(), board.diversions()) == (0, {}, {}), out


def test_a_second_upgrade_and_its_rollback_keep_the_diversion(board):
    there = board.begin()
    board.divert()
    there.commit("0.9.6")
    after = board.files(), board.diversions()
    there = board.begin()
    (board.folder / "newer").write_bytes(NEWER)
    board.install(board.folder / "newer", NEWER)
    assert board.guard("restore", "pending")[0] == 0
    assert (board.files(), board.diversions()) == after
    # And the very first state is still known.
    assert board.guard("restore", "origin")[0] == 0
    files, links = board.content("1.6.0")
    assert board.files() == shown(files, links)
    assert board.diversions() == {}


@pytest.mark.parametrize("later", [None, "2.3.0"])
def test_a_rollback_that_is_not_confirmed_diverts_again(board, later):
    there = board.begin()
    board.divert()
    there.commit("0.9.6")
    if later:
        board.package(later)
    before = board.files(), board.diversions()
    there = board.transaction()
    there.begin_rollback(watched.watched(str(board.root), [], MAIN), 30)
    there.restore(["origin"])
    assert board.diversions() == {} and board.place(MAIN).read_bytes() == library(later or "1.6.0")
    assert board.guard("restore", "pending")[0] == 0
    assert (board.files(), board.diversions()) == before
    board.package("2.4.0")
    assert all(board.place(name).read_bytes() == OURS for name in board.names)


def test_a_library_that_was_replaced_before_it_was_diverted(board):
    """The owner of the board has set npu_runtime_package to divert for a run that resumes an upgrade."""
    before = board.files()
    there = board.transaction()
    there.begin(watched.watched(str(board.root), ["0.9.6"], MAIN), STATE, 30)
    (board.folder / "new").write_bytes(NEWER)
    pins = {"sha256": hashlib.sha256(NEWER).hexdigest()}
    _runtime_install.install(str(board.folder / "new"), str(board.place(MAIN)), pins, str(board.home))
    board.begin()
    board.divert()
    assert board.guard("restore", "pending")[0] == 0
    assert (board.files(), board.diversions()) == (before, {})


class Cut(BaseException):
    """The power fails."""


def cut_at(monkeypatch, board, number):
    """Let the power fail before the write of that number."""
    count = [0]

    def wrap(function):
        def step(*args, **options):
            count[0] += 1
            if count[0] == number:
                raise Cut
            return function(*args, **options)
        return step

    for name in ("link", "rename", "unlink"):
        monkeypatch.setattr(os, name, wrap(getattr(os, name)))
    run = wrap(board.run)
    monkeypatch.setattr(board, "run", run)
    return count


# A link is diverted in each of them as a file is.
CUT_LAYOUTS = ["file", "links", "old name"]


@pytest.mark.parametrize("then", ["guard", "again"])
def test_power_cut_at_every_step_of_the_installation(tmp_path, then):
    for layout in CUT_LAYOUTS:
        number, done = 0, False
        while not done:
            number += 1
            folder = tmp_path / f"{layout}-{number}"
            folder.mkdir()
            board = Board(folder, layout)
            board.package("1.6.0")
            files, links = board.content("1.6.0")
            board.begin()
            with pytest.MonkeyPatch.context() as patch:
                cut_at(patch, board, number)
                try:
                    board.divert()
                    done = True
                except Cut:
                    pass
            # There is a complete library at each moment.
            assert board.libraries() <= {*files.values(), OURS}, (layout, number)
            if then == "again":
                board.begin()
                board.divert()
                board.package("2.3.0")
                assert all(board.place(name).read_bytes() == OURS for name in board.names), (layout, number)
                files, links = board.content("2.3.0")
            rc, out = board.guard("restore", "pending")
            assert rc == 0, out
            assert board.files() == shown(files, links), (layout, number)
            assert board.diversions() == {}, (layout, number)
        assert number > 5


@pytest.mark.parametrize("layout", CUT_LAYOUTS)
def test_power_cut_at_every_step_of_the_rollback(tmp_path, layout):
    number = -1
    while True:
        number += 1
        (tmp_path / str(number)).mkdir()
        board = Board(tmp_path / str(number), layout)
        board.package("1.6.0")
        board.begin()
        board.divert()
        board.package("2.3.0")
        (board.tools / "n").write_text(f"{number}\n")
        for name in WRITERS:
            board.tool(name, "exit 0" if name == "sync" else CUT.format(tools=board.tools, real=shutil.which(name)))
        board.guard("restore", "pending")
        reached = (board.tools / "reached").exists()
        for name in WRITERS:
            if name != "sync":
                (board.tools / name).unlink()
        assert board.libraries() <= {*board.content("2.3.0")[0].values(), OURS}, number
        if (board.home / "pending").exists():
            rc, out = board.guard("restore", "pending")
            assert rc == 0, (number, out)
        files, links = board.content("2.3.0")
        assert board.files() == shown(files, links), number
        assert board.diversions() == {}, number
        if not reached:
            break
    assert number > 4


def test_what_somebody_else_has_diverted(board):
    """By the owner: the file there is the owner's. By a package: nobody else can divert it."""
    for path in board.names:
        assert board.run(["dpkg-divert", "--root", str(board.root), "--local", "--rename", "--add", path])[0] == 0
        board.place(path).write_bytes(library("2.2.0"))
    facts = runtime.read(Tree(str(board.root)))
    assert (facts["version"], facts["packaged"], facts["diverted"], facts["diverted_by"]) == ("2.2.0", [], [], None)
    refusal = f"dpkg-divert refuses to divert {board.names[0]}: .*clashes"
    with pytest.raises(_runtime_install.RuntimeInstallError, match=refusal):
        board.divert()
    assert board.place(MAIN).read_bytes() == library("2.2.0")


def test_a_package_that_diverts_is_named(board):
    for path in board.names:
        assert board.run(["dpkg-divert", "--root", str(board.root), "--package", "vendor-npu", "--rename",
                          "--divert", path + ".orig", "--add", path])[0] == 0
    board.package("1", "vendor-npu", ({name: library("2.1.0") for name in board.names}, {}))
    facts = runtime.read(Tree(str(board.root)))
    assert (facts["package"], facts["packaged"], facts["diverted_by"]) == ("vendor-npu", board.names, "vendor-npu")


def test_holds_are_restored_as_they_were(board):
    """Ours are lifted and those that we lifted are set again; the owner's own stay."""
    for name in ("linux-image-x", "linux-dtb-x", "owners"):
        board.package("1", name, ({"/usr/share/" + name: b"x"}, {}))
    there = board.begin()
    board.run(["sh", "-c", f"printf 'owners hold\nlinux-image-x hold\n' | dpkg --root {board.root} --set-selections"])
    notes.note_packages(str(board.home), ["linux-image-x"], "holds")
    notes.note_packages(str(board.home), ["linux-dtb-x"], "rehold")
    assert board.holds() == ["linux-image-x", "owners"]
    assert there.restore(["pending"]) is not None and board.holds() == ["linux-dtb-x", "owners"]


def test_holds_come_again_where_a_rollback_is_not_confirmed(board):
    board.package("1", "linux-image-x", ({"/usr/share/x": b"x"}, {}))
    there = board.begin()
    notes.note_packages(str(board.home), ["linux-image-x"], "holds")
    board.run(["sh", "-c", f"echo linux-image-x hold | dpkg --root {board.root} --set-selections"])
    there.commit("0.9.6")
    there = board.transaction()
    there.begin_rollback(watched.watched(str(board.root), [], MAIN), 30)
    there.restore(["origin"])
    assert board.holds() == []
    assert board.guard("restore", "pending")[0] == 0 and board.holds() == ["linux-image-x"]
    assert json.loads((board.home / "state.json").read_text())["state"] == "committed"


# -- rknn_server ----------------------------------------------------------------------------------------------------

SERVER = "/usr/bin/rknn_server"


def serve(board, content=b"#!/bin/sh\nours\n"):
    """Install rknn_server as the role runtime does."""
    new = board.folder / "server"
    new.write_bytes(content)
    pins = {"sha256": hashlib.sha256(content).hexdigest()}
    if package_files.packaged(SERVER, str(board.root)):
        _runtime_install.install_diverted(str(new), [SERVER], pins, board.run, str(board.root), str(board.home), 0o755)
    else:
        _runtime_install.install(str(new), str(board.place(SERVER)), pins, str(board.home), 0o755)


@pytest.mark.parametrize("owned", [True, False])
@pytest.mark.parametrize("later", [None, "2.3.0"])
def test_rknn_server_of_a_package_is_diverted_and_given_back(tmp_path, monkeypatch, owned, later):
    monkeypatch.setattr(os, "sync", lambda: None)
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    board = Board(tmp_path, "file")
    board.place(SERVER).parent.mkdir(parents=True)
    theirs = {SERVER: b"1.6.0"} if owned else {"/usr/share/doc/rknpu/copyright": b"x"}
    board.package("1.6.0", content=({MAIN: library("1.6.0"), **theirs}, {}))
    assert package_files.packaged(SERVER, str(board.root)) is owned
    there = board.transaction()
    names = [SERVER] if owned else []
    there.begin(watched.watched(str(board.root), ["0.9.6"], MAIN, diverted=names), STATE, 30)
    serve(board)
    serve(board)
    assert board.place(SERVER).read_bytes() == b"#!/bin/sh\nours\n" and os.access(board.place(SERVER), os.X_OK)
    assert package_files.packaged(SERVER, str(board.root)) is owned
    if later:
        again = {SERVER: later.encode()} if owned else theirs
        board.package(later, content=({MAIN: library(later), **again}, {}))
        assert board.place(SERVER).read_bytes() == b"#!/bin/sh\nours\n"
    rc, out = board.guard("restore", "pending")
    assert rc == 0, out
    assert board.diversions() == {}
    assert board.place(SERVER).exists() is owned
    assert not owned or board.place(SERVER).read_bytes() == (later or "1.6.0").encode()


def test_the_library_is_still_copied_if_only_rknn_server_is_diverted(tmp_path):
    board = Board(tmp_path, "file")
    found = watched.watched(str(board.root), ["0.9.6"], MAIN, diverted=[SERVER])
    assert (MAIN, "file") in found and ("/usr/bin/rkfleet-npu.rknn_server.distrib", "divert") in found
    assert (SERVER, "file") not in found
