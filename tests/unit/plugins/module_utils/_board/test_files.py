# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Digests and writes that leave the old file or the new one."""

from __future__ import annotations

import errno
import hashlib
import os
import signal
import subprocess
import sys
import time

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._board import backup, checkpoint, pins
from ansible_collections.rkfleet.npu.plugins.module_utils._board import files as _files


def test_a_git_blob_is_computed_as_git_does(tmp_path):
    (tmp_path / "file").write_bytes(b"\0some content\n")
    said = subprocess.run(["git", "hash-object", str(tmp_path / "file")], stdout=subprocess.PIPE, check=True).stdout
    assert pins.git_blob_of(tmp_path / "file") == said.decode().strip()


def test_pins(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"abc")
    right = {"sha256": hashlib.sha256(b"abc").hexdigest(), "size": 3}
    assert pins.pin_mismatch(file, right) is None
    assert "pinned are 4" in pins.pin_mismatch(file, dict(right, size=4))
    assert "pinned is 00" in pins.pin_mismatch(file, {"sha256": "00"})
    assert "git_blob is" in pins.pin_mismatch(file, {"git_blob": "00"})
    with pytest.raises(ValueError, match="no checksum"):
        pins.pin_mismatch(file, {"size": 3})


def test_a_failed_write_leaves_the_old_file(tmp_path):
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
    assert backup.keep(str(file), state) is None
    file.write_bytes(b"one")
    first = backup.keep(str(file), state)
    assert backup.keep(str(file), state) == first
    file.write_bytes(b"two")
    second = backup.keep(str(file), state)
    assert [open(kept, "rb").read() for kept in (first, second)] == [b"one", b"two"]
    assert os.stat(state).st_mode & 0o7777 == 0o700


# -- freezing: in a process of its own, with an ioctl that writes down what it is asked for -------------------------------------------

FREEZER = """
import errno, os, signal, sys, time
sys.path[:0] = sys.argv[2:]
from ansible_collections.rkfleet.npu.plugins.module_utils._board import checkpoint
log, fault = sys.argv[1], os.environ["FAULT"]
me = os.getpid()
def ioctl(handle, request, argument):
    freeze = request == 0xC0045877
    assert freeze or request == 0xC0045878
    blocked = signal.SIGTERM in signal.pthread_sigmask(signal.SIG_BLOCK, [])
    with open(log, "a") as stream:
        stream.write("%s %s%s\\n" % ("freeze" if freeze else "thaw", "same" if os.getpid() == me else "guard", " blocked" if blocked else ""))
    if freeze and fault.isdigit():
        raise OSError(int(fault), "no")
    if freeze and fault == "killed":
        os.kill(me, signal.SIGKILL)
    if freeze and fault == "hangs":
        time.sleep(2)
checkpoint.fcntl.ioctl = ioctl
checkpoint._THAW_AFTER = 0.2
print(checkpoint.checkpoint(os.path.dirname(log)))
"""


def freeze(tmp_path, fault):
    """`(output, return code, what was asked for, in order)`."""
    log = tmp_path / "log"
    log.write_text("")
    done = subprocess.run([sys.executable, "-c", FREEZER, str(log), *sys.path], env=dict(os.environ, FAULT=str(fault)),
                          check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + 20
    while done.returncode < 0 and "guard" not in log.read_text() and time.monotonic() < end:
        time.sleep(0.05)
    return done.stdout.strip(), done.returncode, log.read_text().splitlines()


def test_a_file_system_is_frozen_and_thawed_at_once_with_all_signals_held_back(tmp_path):
    assert freeze(tmp_path, "") == ("True", 0, ["freeze same blocked", "thaw same blocked"])


@pytest.mark.parametrize("number", [errno.EOPNOTSUPP, errno.ENOTTY, errno.EPERM, errno.EBUSY])
def test_what_cannot_be_frozen_is_not_thawed_either(tmp_path, number):
    # EBUSY: somebody else has frozen it, and will want to thaw it.
    assert freeze(tmp_path, number) == ("False", 0, ["freeze same blocked"])


def test_a_process_that_dies_leaves_the_file_system_thawed(tmp_path):
    assert freeze(tmp_path, "killed") == ("", -signal.SIGKILL, ["freeze same blocked", "thaw guard"])


def test_a_process_that_hangs_does_not_keep_the_file_system_frozen(tmp_path):
    output, rc, asked = freeze(tmp_path, "hangs")
    assert (output, rc) == ("True", 0) and "thaw guard" in asked


def test_what_has_no_folder_is_not_frozen(tmp_path):
    assert checkpoint.checkpoint(str(tmp_path / "boot")) is False


def test_a_full_disk_is_reported_with_the_free_space(tmp_path, monkeypatch):
    with pytest.raises(OSError) as caught:
        with _files.replacing(str(tmp_path / "file")) as stream:
            stream.write(b"x")
            raise OSError(errno.ENOSPC, "No space left on device")
    assert caught.value.filename == str(tmp_path / "file")
    monkeypatch.setattr(_files.os, "statvfs",
                        lambda path: os.statvfs_result((4096, 4096, 100, 50, 25, 10, 0, 0, 0, 255)))
    monkeypatch.setattr(_files.os.path, "ismount", lambda path: path == str(tmp_path))
    assert _files.describe_error(caught.value) == "the disk is full: 100 KiB and no inode are free at %s" % tmp_path
    assert _files.describe_error(OSError(errno.EROFS, "x", str(tmp_path / "a/b"))) == "%s is mounted read-only" % tmp_path
    assert _files.describe_error(OSError(errno.EACCES, "x", "/file")) == "Permission denied: /file"


def test_only_leftovers_are_removed(tmp_path):
    (tmp_path / ".rkfleet-a").write_text("half")
    (tmp_path / ".rkfleet-b").mkdir()
    (tmp_path / ".rkfleet-b/x").write_text("half")
    (tmp_path / "keep").write_text("theirs")
    (tmp_path / ".rkfleet-link").symlink_to(tmp_path / "keep")
    assert _files.clean_leftovers(str(tmp_path)) == [".rkfleet-a", ".rkfleet-b", ".rkfleet-link"]
    assert os.listdir(tmp_path) == ["keep"]


def test_a_folder_that_another_task_creates_at_the_same_time(tmp_path, monkeypatch):
    is_dir, asked = os.path.isdir, []

    def isdir(path):
        asked.append(path)
        if len(asked) > 1:
            return is_dir(path)
        os.mkdir(path)
        return False

    monkeypatch.setattr(_files.os.path, "isdir", isdir)
    assert _files.ensure_dir(str(tmp_path / "builds"), 0o700)
    assert (tmp_path / "builds").stat().st_mode & 0o777 == 0o700
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FileExistsError):
        _files.ensure_dir(str(tmp_path / "file"))
