# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The layout of a module is compared with the kernel's own modules and its BTF. The files are made byte by byte."""

from __future__ import annotations

import contextlib
import gzip
import lzma
import os
import random
import struct

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms.module import module_layout
from stand_ins.module_file import RELEASE, module


def btf(**structures):
    """BTF of structures, each `(size, {member: offset in bytes})`, behind a type that uses their names otherwise."""
    strings, places = b"\0", {}

    def text(name):
        nonlocal strings
        if name not in places:
            places[name] = len(strings)
            strings += name.encode() + b"\0"
        return places[name]

    types = struct.pack("<III", text("int"), 1 << 24, 4) + struct.pack("<I", 32)
    # Members and typedefs of the same name.
    for name in structures:
        types += struct.pack("<III", text(name), 8 << 24, 1)
    types += struct.pack("<III", text("user"), 4 << 24 | len(structures), 8)
    types += b"".join(struct.pack("<III", text(name), 1, 0) for name in structures)
    for number, (name, (size, members)) in enumerate(structures.items()):
        flag = (number % 2) << 31
        types += struct.pack("<III", text(name), flag | 4 << 24 | len(members), size)
        types += b"".join(struct.pack("<III", text(member), 1, offset * 8 | (3 << 24 if flag else 0))
                          for member, offset in members.items())
    return struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(types), len(types), len(strings)) + types + strings


class Board:
    """A board's modules below a folder, and the module that was built."""

    def __init__(self, root):
        self.root, self.packages = root, {}

    def write(self, path, content):
        path = self.root / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def own(self, content, name="crypto/own.ko"):
        return self.write(f"lib/modules/{RELEASE}/kernel/{name}", content)

    def run(self, command):
        if command[0] == "dpkg-query":
            owner = self.packages.get(os.path.basename(command[-1]))
            return (0, f"{owner}: {command[-1]}\n", "") if owner else (1, "", "no path found")
        raise AssertionError(command)

    def problem(self, content):
        path = self.write("ours.ko", content)
        return module_layout.layout_problem(self.run, str(path), RELEASE, str(self.root))


@pytest.fixture
def board(tmp_path):
    return Board(tmp_path)


@pytest.mark.parametrize("pack, suffix", [(bytes, ""), (gzip.compress, ".gz"), (lzma.compress, ".xz")])
def test_the_same_layout_is_accepted(board, pack, suffix):
    board.own(pack(module()), "own.ko" + suffix)
    assert board.problem(module(intree=False)) == (None, "compared with own.ko" + suffix)


@pytest.mark.parametrize("change, said", [
    ({"size": 832, "init": 312, "exit_": 776}, "struct module has 832 bytes, and 896 in the kernel's"),
    ({"init": 384}, "its init is at byte 384, and at 376 in the kernel's"),
    ({"exit_": 832}, "its exit is at byte 832, and at 840 in the kernel's"),
    ({"vermagic": RELEASE + " SMP preempt mod_unload aarch64"}, f"its vermagic is '{RELEASE} SMP preempt"),
    ({"versions": {"module_layout": 1}}, "only one of them has symbol versions"),
])
def test_another_layout_is_refused(board, change, said):
    board.own(module())
    board.packages = {"modules.builtin": "linux-image-vendor-rk35xx", "Makefile": "linux-headers-vendor-rk35xx:arm64"}
    problem, dummy = board.problem(module(intree=False, **change))
    assert said in problem and "own.ko" in problem
    assert f"the kernel headers do not match kernel {RELEASE} although they state its release" in problem
    if module_layout.shutil.which("dpkg-query"):
        assert "(apt-get install linux-image-vendor-rk35xx linux-headers-vendor-rk35xx)" in problem


def test_symbol_versions_are_compared_where_both_have_them(board):
    board.own(module(versions={"module_layout": 1, "_printk": 2, "kfree": 3}))
    assert board.problem(module(versions={"module_layout": 1, "_printk": 2, "other": 9}))[0] is None
    problem = board.problem(module(versions={"module_layout": 7, "_printk": 8}))[0]
    assert "the versions of these symbols differ: _printk, module_layout" in problem


def test_suffixes_of_clang_do_not_matter(board):
    board.own(module(suffix=".cfi_jt"))
    assert "its init is at byte 8" in board.problem(module(init=8))[0]


def test_a_module_without_an_exit_still_shows_its_init(board):
    board.own(module(exit_=None))
    assert board.problem(module())[0] is None
    assert board.problem(module(init=8))[0]


@pytest.mark.parametrize("content", [
    module(size=8, intree=False), module(size=8, vermagic="6.1.75-vendor-rk35xx SMP"), b"", bytes(300),
    module(size=8, machine=62), module(size=8, kind=3), module()[:200], lzma.compress(b"nothing"), b"\xfd7zXZ\0rest",
    b"\x1f\x8brest", b"\x28\xb5\x2f\xfdrest",
])
def test_other_files_are_no_reference(board, content, monkeypatch):
    monkeypatch.setattr(module_layout.shutil, "which", lambda name: None)
    board.own(content, "a/first.ko")
    assert board.problem(module(size=896))[1].startswith("not compared: no module of kernel")
    board.own(module(), "b/second.ko")
    assert board.problem(module(size=896)) == (None, "compared with second.ko")


def test_links_are_no_reference(board):
    target = board.write("elsewhere.ko", module(size=8))
    link = board.own(b"", "a/link.ko")
    link.unlink()
    link.symlink_to(target)
    assert board.problem(module())[1].startswith("not compared")


def test_one_module_that_agrees_is_enough(board):
    board.own(module(size=8), "a/odd.ko")
    board.own(module(), "b/own.ko")
    assert board.problem(module()) == (None, "compared with odd.ko, own.ko")


def test_a_built_module_that_cannot_be_read_is_refused(board):
    board.own(module())
    assert "cannot be read: not a 64-bit little-endian ELF file" in board.problem(b"text")[0]


def test_without_zstd_a_compressed_build_is_not_compared(board, monkeypatch):
    monkeypatch.setattr(module_layout.shutil, "which", lambda name: None)
    board.own(module())
    assert board.problem(b"\x28\xb5\x2f\xfd") == (None, "not compared: it is compressed, and program zstd is missing")


@pytest.fixture
def running(monkeypatch):
    names = os.uname_result(("Linux", "board", RELEASE, "#1", "aarch64"))
    monkeypatch.setattr(module_layout.os, "uname", lambda: names)


SIZES = {"module": 896, "device": 744, "page": 64}
KERNEL = {"module": (896, {"state": 0, "init": 376, "exit": 840}), "device": (744, {"bus": 104}), "file": (232, {})}


@pytest.mark.parametrize("ours, kernel, said", [
    ({"sizes": SIZES}, KERNEL, None),
    ({}, KERNEL, None),
    ({"sizes": dict(SIZES, device=736)}, KERNEL, "struct device has 736 bytes, and 744 in the kernel"),
    ({"size": 832}, KERNEL, "struct module has 832 bytes, and 896 in the kernel"),
    ({"init": 384}, KERNEL, "its init is at byte 384, and at 376 in the kernel"),
])
def test_the_running_kernels_btf_is_compared(board, running, ours, kernel, said):
    board.write("sys/kernel/btf/vmlinux", btf(**kernel))
    problem, note = board.problem(module(**ours))
    assert (problem is None) is (said is None) and (said is None or said in problem)
    assert "structures compared with BTF" in note


def test_btf_is_that_of_the_running_kernel_alone(board):
    board.write("sys/kernel/btf/vmlinux", btf(**KERNEL))
    assert board.problem(module(size=8))[1].startswith("not compared")


def test_two_structures_of_one_name_are_both_right(board):
    first, second = btf(device=(8, {})), btf(device=(744, {}))
    assert module_layout.structures(first, ["device"]) == {"device": [(8, {})]}
    assert module_layout.structures(second, ["device", "no_such"]) == {"device": [(744, {})]}


@pytest.mark.parametrize("content", [b"", b"\x9f\xeb", bytes(100), btf(**KERNEL)[:40], b"\x9f\xeb" + b"\xff" * 60])
def test_damaged_btf_lists_nothing_wrong(content):
    assert module_layout.structures(content, ["module"]) in ({}, {"module": []})


def test_a_damaged_module_never_raises_anything_else():
    whole, numbers = module(versions={"a": 1}, sizes=SIZES), random.Random(15)
    for dummy in range(3000):
        content = bytearray(whole[:numbers.randrange(len(whole) + 1)] if numbers.random() < 0.3 else whole)
        for dummy in range(numbers.randrange(1, 6)):
            if content:
                content[numbers.randrange(len(content))] = numbers.choice((0, 1, 0x7F, 0xFF))
        with contextlib.suppress(ValueError):
            module_layout.layout(bytes(content))
