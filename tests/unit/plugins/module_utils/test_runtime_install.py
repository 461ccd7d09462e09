# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The runtime library is replaced at once, by the pinned file or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import struct

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils import _runtime_install
from ansible_collections.rkfleet.npu.plugins.module_utils._board import files as _files

ARM64 = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 3, 183) + b"librknnrt version: 2.3.2 (x)"
X86 = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 3, 62)


def pins(content):
    return {"sha256": hashlib.sha256(content).hexdigest()}


@pytest.fixture
def place(tmp_path):
    (tmp_path / "lib").mkdir()
    (tmp_path / "new").write_bytes(ARM64)
    return tmp_path


def install(place, wanted):
    return _runtime_install.install(
        str(place / "new"), str(place / "lib/librknnrt.so"), wanted, str(place / "state")
    )


def test_the_previous_runtime_is_kept_outside_of_the_library_folder(place):
    (place / "lib/librknnrt.so").write_bytes(b"old")
    kept = install(place, pins(ARM64))
    assert (place / "lib/librknnrt.so").read_bytes() == ARM64
    assert open(kept, "rb").read() == b"old"
    assert [path.name for path in (place / "lib").iterdir()] == ["librknnrt.so"]
    assert _runtime_install.is_installed(str(place / "lib/librknnrt.so"), pins(ARM64))


def test_install_without_a_previous_runtime(place):
    assert install(place, pins(ARM64)) is None
    assert (place / "lib/librknnrt.so").read_bytes() == ARM64


@pytest.mark.parametrize("content, said",
                         [(ARM64[:-1], "arrived damaged"), (X86, "not a library for arm64"), (b"", "not a library")])
def test_a_refused_file_leaves_the_previous_runtime(place, content, said):
    (place / "lib/librknnrt.so").write_bytes(b"old")
    (place / "new").write_bytes(content)
    wanted = pins(ARM64) if content == ARM64[:-1] else pins(content)
    with pytest.raises(_runtime_install.RuntimeInstallError, match=said):
        install(place, wanted)
    assert (place / "lib/librknnrt.so").read_bytes() == b"old"


def test_leftovers_of_a_power_failure_are_removed(place):
    (place / "state/backup").mkdir(parents=True)
    for name in ("lib/.rkfleet-abcdefgh", "state/backup/.rkfleet-ijklmnop"):
        (place / name).write_bytes(ARM64[:20])
    (place / "lib/libother.so").write_bytes(b"theirs")
    install(place, pins(ARM64))
    assert sorted(os.listdir(place / "lib")) == ["libother.so",
                                                 "librknnrt.so"] and os.listdir(place / "state/backup") == []


@pytest.mark.parametrize("write", [0, 1])
def test_a_full_disk_leaves_the_previous_runtime_and_is_reported(place, monkeypatch, write):
    """At the copy that is kept, and at the library itself."""
    (place / "lib/librknnrt.so").write_bytes(b"old")
    count = []

    def full(source, target, length=0):
        count.append(target)
        if len(count) == write + 1:
            target.write(b"half")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        target.write(source.read())

    monkeypatch.setattr(_files.shutil, "copyfileobj", full)
    with pytest.raises(OSError) as caught:
        install(place, pins(ARM64))
    assert _files.describe_error(caught.value).startswith("the disk is full: ") and "KiB" in _files.describe_error(caught.value)
    assert (place / "lib/librknnrt.so").read_bytes() == b"old" and os.listdir(place / "lib") == ["librknnrt.so"]
