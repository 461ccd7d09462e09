# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What proves without a build that headers are the kernel's, and each single thing that leaves it to a build."""

from __future__ import annotations

import gzip
import os
import pathlib

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms import headers_match
from stand_ins.module_file import RELEASE, module

VERSIONS = {"module_layout": 0x1234, "drm_open": 0xABCD}
OPTIONS = "CONFIG_MODVERSIONS=y\nCONFIG_CC_IS_GCC=y\nCONFIG_GCC_VERSION=120200\nCONFIG_LOCALVERSION=\"\"\n"


class Board:
    """A board with a kernel, its headers and a compiler; `answers` are what its programs return."""

    def __init__(self, root):
        self.root, self.calls, self.source = root, [], ""
        self.headers = root / "lib/modules" / RELEASE / "build"
        self.answers = {"gcc -dumpfullversion": (0, "12.2.0\n", ""), "make -s": (0, "6.1.84\n", "")}
        self.write(f"boot/config-{RELEASE}", "# CONFIG_LIVEPATCH is not set\n\n" + OPTIONS)
        for name, text in {
            "include/config/auto.conf": "#\n# Automatically generated file; DO NOT EDIT.\n" + OPTIONS,
            "include/config/kernel.release": RELEASE, "include/generated/autoconf.h": "", "Makefile": "all:\n",
            "scripts/module.lds": "", "scripts/basic/fixdep": "ELF", "scripts/mod/modpost": "ELF",
        }.items():
            self.write(self.headers / name, text)
        self.symvers(VERSIONS)
        self.own(module(versions=VERSIONS))

    def write(self, name, content):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def symvers(self, versions):
        self.write(self.headers / "Module.symvers", "".join(
            f"0x{checksum:08x}\t{name}\tvmlinux\tEXPORT_SYMBOL\t\n" for name, checksum in versions.items()))

    def own(self, content, name="drivers/own.ko"):
        self.write(f"lib/modules/{RELEASE}/kernel/{name}", content)

    def run(self, command):
        words = [os.path.relpath(word, self.headers) if word.startswith("/") else word for word in command]
        self.calls.append(words[0])
        if "-nostdlib" in command:
            self.source = command[-1]
            assert os.path.isfile(self.source)
        line = " ".join(words)
        return next((answer for start, answer in self.answers.items() if line.startswith(start)), (0, "", ""))


@pytest.fixture
def board(tmp_path):
    return Board(tmp_path / "board")


@pytest.fixture
def proven(board):
    return lambda: headers_match.proven(board.run, RELEASE, str(board.root))


def test_headers_with_configuration_and_versions_of_the_kernel_are_proven(board, proven):
    assert proven() == 2
    assert board.calls == ["gcc", "gcc", "make", "scripts/basic/fixdep", "scripts/mod/modpost"]


def test_the_configuration_of_the_running_kernel_is_its_own(board, proven, monkeypatch):
    running = os.uname_result(("Linux", "board", RELEASE, "#1", "aarch64"))
    monkeypatch.setattr(headers_match.os, "uname", lambda: running)
    board.write("proc/config.gz", gzip.compress((OPTIONS + "CONFIG_LIVEPATCH=y\n").encode()))
    assert proven() == 0


def test_auto_conf_without_quotes_is_the_same(board, proven):
    """As since Linux 5.17."""
    board.write(board.headers / "include/config/auto.conf", OPTIONS.replace('"', "") + "CONFIG_LIVEPATCH=n\n")
    assert proven()


@pytest.mark.parametrize("content", [b"", b"no gzip", gzip.compress(OPTIONS.encode())],
                         ids=["empty", "damaged", "the same"])
def test_where_it_is_missing_or_damaged_the_file_in_boot_counts(board, proven, monkeypatch, content):
    running = os.uname_result(("Linux", "board", RELEASE, "#1", "aarch64"))
    monkeypatch.setattr(headers_match.os, "uname", lambda: running)
    board.write("proc/config.gz", content)
    assert proven()


@pytest.mark.parametrize("change", [
    lambda board: board.write(f"boot/config-{RELEASE}", OPTIONS + "CONFIG_LIVEPATCH=y\n"),
    lambda board: board.write(f"boot/config-{RELEASE}", OPTIONS.replace("MODVERSIONS=y", "MODVERSIONS=m")),
    lambda board: board.write(board.headers / "include/config/auto.conf", OPTIONS + "CONFIG_JUMP_LABEL=y\n"),
    lambda board: (board.root / f"boot/config-{RELEASE}").unlink(),
    lambda board: board.write(board.headers / "include/config/auto.conf", ""),
    lambda board: board.symvers(dict(VERSIONS, module_layout=0x1235)),
    lambda board: board.symvers(dict(VERSIONS, drm_open=0)),
    lambda board: board.symvers({"module_layout": 0x1234}),
    lambda board: (board.headers / "Module.symvers").unlink(),
    lambda board: board.own(module(versions={})),
    lambda board: board.own(module(versions={"drm_open": 0xABCD})),
    lambda board: board.own(module(versions=VERSIONS, intree=False)),
    lambda board: board.own(module(versions=dict(VERSIONS, module_layout=1)), "net/another.ko"),
    lambda board: board.own(b"no module"),
], ids=["option of the kernel", "value of an option", "option of the headers", "no configuration", "no auto.conf",
        "module_layout", "another symbol", "missing symbol", "no Module.symvers", "no versions", "no module_layout",
        "another package's module", "one module of two", "damaged module"])
def test_headers_that_differ_or_cannot_be_compared_are_left_to_a_build(board, proven, change):
    change(board)
    assert proven() == 0


@pytest.mark.parametrize("start, answer", [
    ("gcc -dumpfullversion", (0, "10.2.1\n", "")), ("gcc -dumpfullversion", (0, "12\n", "")),
    ("gcc -dumpfullversion", (127, "", "gcc: No such file or directory")), ("gcc -r", (1, "", "cc1: not found")),
    ("make ", (2, "", "No such file or directory. Stop.")), ("make ", (0, "", "")),
    ("scripts/basic/fixdep", (126, "", "Exec format error")), ("scripts/mod/modpost", (127, "", "")),
], ids=["another compiler", "no full version", "no compiler", "broken compiler", "broken makefiles",
        "empty makefile", "program of another machine", "no modpost"])
def test_a_compiler_or_program_that_fails_is_left_to_a_build(board, proven, start, answer):
    board.answers = {start: answer, **{words: what for words, what in board.answers.items() if words != start}}
    assert proven() == 0


@pytest.mark.parametrize("options", [OPTIONS.replace("CC_IS_GCC", "CC_IS_CLANG"), OPTIONS + "CONFIG_GCC_PLUGINS=y\n",
                                     OPTIONS + "CONFIG_MODULE_SIG_FORCE=y\n"])
def test_a_kernel_of_clang_or_with_compiler_plugins_or_for_signed_modules_is_left_to_a_build(board, proven, options):
    board.write(f"boot/config-{RELEASE}", options)
    board.write(board.headers / "include/config/auto.conf", options)
    assert proven() == 0


def test_without_headers_nothing_is_tried(board, proven):
    (board.headers / "scripts/mod/modpost").unlink()
    assert proven() == 0 and board.calls == []


def test_a_proof_changes_nothing(board, proven):
    def files():
        return {path: path.stat().st_mtime_ns for path in pathlib.Path(board.root).rglob("*")}

    before = files()
    assert proven() and files() == before and not os.path.exists(os.path.dirname(board.source))
