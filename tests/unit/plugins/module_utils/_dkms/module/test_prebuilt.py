# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Prebuilt modules: symbol versions read from modules without headers, and the archive that DKMS takes."""

from __future__ import annotations

import gzip
import lzma
import os
import struct
import tarfile

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._board import files as _files
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms.module import prebuilt


def module(**versions):
    """A little-endian 64-bit ELF file that asks for symbols in these versions."""
    section = b"".join(struct.pack("<Q56s", checksum, name.encode()) for name, checksum in versions.items())
    names = b"\0.shstrtab\0__versions\0"
    body = section + names
    at = 64 + len(body)
    header = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 1, 183, 1, 0, 0, at, 0, 64, 0, 0, 64, 3,
                                                             2)
    entries = bytes(64)
    for name, start, size in ((11, 64, len(section)), (1, 64 + len(section), len(names))):
        entries += struct.pack("<IIQQQQIIQQ", name, 1, 0, 0, start, size, 0, 0, 1, 0)
    return header + body + entries


def place(tmp_path, name, content):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return str(path)


@pytest.mark.parametrize("name, pack", [("a.ko", bytes), ("a.ko.xz", lzma.compress), ("a.ko.gz", gzip.compress)])
def test_imported_symbol_versions_are_read(tmp_path, name, pack):
    path = place(tmp_path, name, pack(module(drm_ioctl=0x12345678, module_layout=0xFFFFFFFF)))
    assert prebuilt.versions_of(path) == {"drm_ioctl": 0x12345678, "module_layout": 0xFFFFFFFF}


@pytest.mark.parametrize("content",
                         [b"", b"\x7fELF", b"\x7fELF\x02\x01", module(a=1)[:-30], module(a=1)[:80],
                          b"\x7fELF\x01\x01" + bytes(100), bytes(200)])
@pytest.mark.parametrize("name", ["a.ko", "a.ko.xz", "a.ko.gz"])
def test_invalid_modules_have_no_symbol_versions(tmp_path, content, name):
    assert prebuilt.versions_of(place(tmp_path, name, content)) == {}


def test_without_headers_versions_come_from_the_kernels_own_modules(tmp_path):
    place(tmp_path, "kernel/drivers/gpu/drm/panel.ko", module(drm_ioctl=1))
    place(tmp_path, "kernel/fs/fat.ko.xz", lzma.compress(module(printk=2, kfree=3)))
    place(tmp_path, "updates/dkms/rknpu.ko", module(vm_insert=9))
    wanted = {"drm_ioctl": 1, "printk": 2, "vm_insert": 4}
    assert prebuilt.symbols_problem(wanted, str(tmp_path)) == (None,
                                                               "2 of 3 symbol versions compared with the kernel's own modules")
    assert prebuilt.symbols_problem(dict(wanted, printk=5),
                                    str(tmp_path))[0] == "this kernel has other versions of printk (by the kernel's own modules)"


def test_the_number_of_inspected_modules_is_limited(tmp_path, monkeypatch):
    monkeypatch.setattr(prebuilt, "_MOST_MODULES", 2)
    for number in range(4):
        place(tmp_path, "kernel/fs/%d.ko" % number, module(**{"symbol%d" % number: number}))
    assert sorted(prebuilt.imported_versions(str(tmp_path),
                                             {"symbol%d" % number for number in range(4)})) == ["symbol0", "symbol1"]


def test_with_headers_a_missing_symbol_is_a_problem(tmp_path):
    place(tmp_path, "build/Module.symvers",
          b"0x00000001\tprintk\tvmlinux\tEXPORT_SYMBOL\t\n0x00000002\tmodule_layout\tvmlinux\tEXPORT_SYMBOL_GPL\t\n")
    assert prebuilt.symbols_problem({"printk": 1, "module_layout": 2},
                                    str(tmp_path)) == (None, "2 of 2 symbol versions compared with Module.symvers")
    missing = {"f%d" % number: 1 for number in range(7)}
    assert prebuilt.symbols_problem(missing, str(tmp_path))[0] == "this kernel has no f0, f1, f2, f3, f4 and 2 more"


def test_a_module_that_modprobe_cannot_read_is_reported(tmp_path):
    with pytest.raises(ValueError, match="modprobe cannot read it: no such"):
        prebuilt.wanted_versions(lambda command: (1, "", "no such\nfile"), "x")


def test_a_built_module_is_collected(tmp_path):
    path = place(tmp_path, "updates/dkms/rknpu.ko", b"the module")
    place(tmp_path, "build/Module.symvers", b"x")
    said = {"modinfo": "6.1.43 SMP\nmore\n"}
    built = prebuilt.collect(lambda command: (0, said.get(command[0], "GNU Make 4.3\nmore\n"), ""), path,
                             str(tmp_path / "build"))
    assert (built["name"], built["content"], built["sha256"]) == ("rknpu.ko", "dGhlIG1vZHVsZQ==",
                                                                  _files.sha256_of(path))
    assert built["symvers"] == _files.sha256_of(str(tmp_path / "build/Module.symvers")) and set(built["tools"].values()) <= {"GNU Make 4.3"}


def test_a_too_large_module_is_not_collected(tmp_path, monkeypatch):
    monkeypatch.setattr(prebuilt, "LARGEST", 4)
    assert prebuilt.collect(None, place(tmp_path, "x.ko", b"12345"), str(tmp_path)) is None


def test_the_archive_suits_all_releases_of_dkms(tmp_path):
    path = place(tmp_path, "module", b"the module")
    binary = prebuilt.Binary("rknpu.ko.xz", _files.sha256_of(path), path, "the log")
    prebuilt.tarball(binary, str(tmp_path / "x.tar.gz"), "rknpu", "0.9.6", "6.1.43", "aarch64", b"conf")
    with tarfile.open(tmp_path / "x.tar.gz") as tar:
        files = {os.path.normpath(member.name): tar.extractfile(member).read() for member in tar}
    assert files == {
        "dkms_main_tree/dkms_dbversion": b"2.0.0\n", "dkms_binaries_only/PACKAGE_NAME": b"rknpu\n",
        "dkms_binaries_only/PACKAGE_VERSION": b"0.9.6\n",
        "dkms_binaries_only/dkms.conf": b"conf",
        "dkms_main_tree/6.1.43/aarch64/log/make.log": prebuilt.FROM_STORE.encode() + b"the log",
        "dkms_main_tree/6.1.43/aarch64/module/rknpu.ko.xz": b"the module",
    }
