# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Digests and writes that leave the old file or the new one."""

from __future__ import annotations

import hashlib
import os
import subprocess

import pytest

from ansible_collections.rkfleet.npu.plugins.module_utils import _files


def test_git_blob_is_what_git_says(tmp_path):
    (tmp_path / "file").write_bytes(b"\0some content\n")
    said = subprocess.run(["git", "hash-object", str(tmp_path / "file")], stdout=subprocess.PIPE, check=True).stdout
    assert _files.git_blob_of(tmp_path / "file") == said.decode().strip()


def test_pins(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"abc")
    right = {"sha256": hashlib.sha256(b"abc").hexdigest(), "size": 3}
    assert _files.pin_mismatch(file, right) is None
    assert "pinned are 4" in _files.pin_mismatch(file, dict(right, size=4))
    assert "pinned is 00" in _files.pin_mismatch(file, {"sha256": "00"})
    assert "git_blob is" in _files.pin_mismatch(file, {"git_blob": "00"})
    with pytest.raises(ValueError, match="no checksum"):
        _files.pin_mismatch(file, {"size": 3})


def test_a_write_that_breaks_leaves_the_old_file(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"old")
    with pytest.raises(OSError):
        with _files.replacing(str(file)) as stream:
            stream.write(b"half of the ne")
            raise OSError("no space")
    assert file.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_mode_is_kept_and_links_are_followed(tmp_path):
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_bytes(b"old")
    file.chmod(0o640)
    link.symlink_to(file)
    assert _files.write_file(str(link), b"new")
    assert link.is_symlink() and file.read_bytes() == b"new"
    assert file.stat().st_mode & 0o7777 == 0o640
    assert not _files.write_file(str(link), b"new")


def test_keep_is_once_per_content(tmp_path):
    file, state = tmp_path / "u-boot", str(tmp_path / "state")
    assert _files.keep(str(file), state) is None
    file.write_bytes(b"one")
    first = _files.keep(str(file), state)
    assert _files.keep(str(file), state) == first
    file.write_bytes(b"two")
    second = _files.keep(str(file), state)
    assert [open(kept, "rb").read() for kept in (first, second)] == [b"one", b"two"]
    assert os.stat(state).st_mode & 0o7777 == 0o700
