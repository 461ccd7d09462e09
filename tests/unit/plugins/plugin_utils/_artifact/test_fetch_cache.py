# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The cache of downloads may be written to by its user only."""

from __future__ import annotations

import hashlib
import os
import types

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils import _private
from ansible_collections.rkfleet.npu.plugins.plugin_utils._artifact import fetch
from stand_ins.fetch_mirror import CONTENT, PATH, pins

# -- a cache that others can write to, and what is read once --


@pytest.mark.parametrize("which", ["", "artifacts", "artifacts/DIGEST"])
def test_a_cache_that_others_can_write_to_is_refused(tmp_path, mirror, which):
    cache = tmp_path / "cache"
    fetch.fetch(pins(), PATH, str(cache), mirrors=[mirror])
    folder = cache / which.replace("DIGEST", pins()["sha256"])
    folder.chmod(0o777)
    for keep_in in (None, str(tmp_path)):
        with pytest.raises(
            fetch.ArtifactError,
            match="other users can write to npu_cache_dir .* has mode 0777 .* or set npu_cache_dir to",
        ):
            fetch.fetch(pins(), PATH, str(cache), mirrors=[mirror], keep_in=keep_in)
    folder.chmod(0o755)
    assert fetch.fetch(pins(), PATH, str(cache), mirrors=[mirror])[1] == "cache"


def test_a_cache_in_a_folder_of_others_is_refused_unless_it_is_sticky(tmp_path, mirror):
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(0o777)
    with pytest.raises(fetch.ArtifactError, match="/shared has mode 0777"):
        fetch.fetch(pins(), PATH, str(tmp_path / "shared/cache"), mirrors=[mirror])
    assert not (tmp_path / "shared/cache").exists()
    (tmp_path / "shared").chmod(0o1777)
    assert fetch.fetch(pins(), PATH, str(tmp_path / "shared/cache"), mirrors=[mirror])


@pytest.mark.parametrize("group, members, refused", [
    (0, [], False), (4711, [], False), (4711, ["admin"], False), (4711, ["admin", "eve"], True), (4712, [], True)])
def test_a_group_without_other_members_may_write(tmp_path, monkeypatch, group, members, refused):
    """The group that a system makes for each user, and root's, which is the one of many containers."""
    entries = {0: ("root", []), 4711: ("admin", members), 4712: ("staff", [])}
    monkeypatch.setattr(_private.pwd, "getpwuid", lambda number: types.SimpleNamespace(pw_name="admin", pw_gid=4711))
    monkeypatch.setattr(
        _private.grp, "getgrgid",
        lambda number: types.SimpleNamespace(gr_name=entries[number][0], gr_gid=number, gr_mem=entries[number][1]),
    )
    tmp_path.chmod(0o770)
    real = os.stat

    def stat(path, **more):
        there = real(path, **more)
        return (
            types.SimpleNamespace(st_mode=there.st_mode, st_uid=there.st_uid, st_gid=group)
            if str(path) == str(tmp_path) else there
        )

    monkeypatch.setattr(_private.os, "stat", stat)
    assert bool(_private.others_can_write(str(tmp_path))) == refused
    assert _private.others_can_write(str(tmp_path), strict=True)


def test_a_file_is_read_once_and_is_what_is_pinned(tmp_path):
    path = tmp_path / "librknnrt.so"
    path.write_bytes(CONTENT)
    blob = hashlib.sha1(b"blob %d\0" % len(CONTENT) + CONTENT).hexdigest()
    for given in (
        None, {}, pins(), {"git_blob": blob.upper()}, {"sha256": pins()["sha256"].upper()}, pins(git_blob="0" * 40),
    ):
        assert fetch.read(str(path), given) == CONTENT
    path.write_bytes(CONTENT.swapcase())
    for given, wanted in ((pins(), pins()["sha256"]), ({"git_blob": blob}, blob)):
        with pytest.raises(
            fetch.ArtifactError, match="librknnrt.so has been changed: .*, pinned is %s; it was not used" % wanted
        ):
            fetch.read(str(path), given)
    with pytest.raises(fetch.ArtifactError, match="larger than 3 bytes"):
        fetch.read(str(path), dict(pins(), size=3))


def test_a_file_swapped_in_the_cache_is_not_used(tmp_path, mirror):
    file, dummy = fetch.fetch(pins(), PATH, str(tmp_path / "cache"), mirrors=[mirror])
    (tmp_path / "run").mkdir()
    copy = fetch.private_copy(file, pins(), str(tmp_path / "run"))
    with open(file, "wb") as stream:
        stream.write(CONTENT.swapcase())
    with open(copy, "rb") as stream:
        assert stream.read() == CONTENT
    assert (
        copy.startswith(str(tmp_path / "run")) and os.path.basename(copy) == "librknnrt.so"
        and os.stat(copy).st_mode & 0o777 == 0o600
    )
    with pytest.raises(fetch.ArtifactError, match="has been changed"):
        fetch.private_copy(file, pins(), str(tmp_path / "run"))
