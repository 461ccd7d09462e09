# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Fetching by pinned digest: where from, in which order, and what is refused."""

from __future__ import annotations

import hashlib
import io
import types

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils._artifact import fetch
from stand_ins.fetch_mirror import CONTENT, PATH, pins


def test_from_mirror_then_from_cache(tmp_path, mirror, nobody):
    path, source = fetch.fetch(pins(), PATH, str(tmp_path / "cache"), mirrors=[mirror])
    assert open(path, "rb").read() == CONTENT
    assert source == mirror + "/" + PATH
    assert fetch.fetch(pins(), PATH, str(tmp_path / "cache"), mirrors=[nobody]) == (path, "cache")


def test_a_damaged_cache_is_fetched_again(tmp_path, mirror):
    path, dummy = fetch.fetch(pins(), PATH, str(tmp_path / "cache"), mirrors=[mirror])
    with open(path, "wb") as stream:
        stream.write(b"damaged")
    assert fetch.fetch(pins(), PATH, str(tmp_path / "cache"), mirrors=[mirror]) == (path, mirror + "/" + PATH)
    assert open(path, "rb").read() == CONTENT


def test_git_blob_is_enough(tmp_path, mirror):
    blob = hashlib.sha1(b"blob %d\0" % len(CONTENT) + CONTENT).hexdigest()
    path, dummy = fetch.fetch({"git_blob": blob}, PATH, str(tmp_path), mirrors=[mirror])
    assert open(path, "rb").read() == CONTENT


@pytest.mark.parametrize("name", [PATH, "librknnrt.so"])
def test_a_local_folder_comes_first(tmp_path, folder, nobody, name):
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "librknnrt.so").write_bytes(CONTENT)
    where = folder if name == PATH else bare
    dummy, source = fetch.fetch(pins(), PATH, str(tmp_path / "cache"), str(where), [nobody])
    assert source == str(where / name)


def test_other_content_is_an_error_that_names_both_digests_and_keeps_nothing(tmp_path, mirror):
    wanted = pins(b"something else, as long")
    wanted["size"] = len(CONTENT)
    with pytest.raises(fetch.ArtifactError) as error:
        fetch.fetch(wanted, PATH, str(tmp_path / "cache"), mirrors=[mirror])
    assert wanted["sha256"] in str(error.value)
    assert hashlib.sha256(CONTENT).hexdigest() in str(error.value)
    assert [file.name for file in (tmp_path / "cache").rglob("*") if file.is_file()] == [".lock"]


def test_more_than_the_pinned_size_is_not_read_to_its_end(tmp_path, mirror):
    with pytest.raises(fetch.ArtifactError, match="larger than 3 bytes"):
        fetch.fetch(dict(pins(), size=3), PATH, str(tmp_path), mirrors=[mirror])


def test_a_slow_mirror_does_not_block_the_run(tmp_path, mirror, monkeypatch):
    clock = [0]

    class Dripping(io.BytesIO):
        def read1(self, size=-1):
            clock[0] += 299
            return super().read1(1)

        def read(self, size=-1):
            raise AssertionError("it waits until all has come")

    usual = fetch.open_url
    monkeypatch.setattr(
        fetch, "open_url",
        lambda source, timeout: Dripping(b"x" * 10000) if "drip" in source else usual(source, timeout=timeout),
    )
    monkeypatch.setattr(fetch, "time", types.SimpleNamespace(monotonic=lambda: clock[0]))
    with pytest.raises(fetch.ArtifactError, match="cannot get .* .the download takes longer than 3600 s"):
        fetch.fetch(pins(), PATH, str(tmp_path / "cache"), mirrors=["http://drip.example"])
    # As one that does not answer: the next one is asked.
    assert (
        fetch.fetch(pins(), PATH, str(tmp_path / "cache"), mirrors=["http://drip.example", mirror])[1]
        == mirror + "/" + PATH
    )


def test_a_server_that_does_not_answer(tmp_path, nobody):
    with pytest.raises(fetch.ArtifactError, match="cannot get librknnrt.so: tried %s" % nobody):
        fetch.fetch(pins(), PATH, str(tmp_path), mirrors=[nobody])


def test_without_a_pin_nothing_is_fetched(tmp_path, mirror):
    with pytest.raises(fetch.ArtifactError, match="no pinned checksum"):
        fetch.fetch({"size": len(CONTENT)}, PATH, str(tmp_path), mirrors=[mirror])


def test_a_whole_url_is_fetched_without_mirrors(tmp_path, monkeypatch, nobody):
    url, asked = "https://files.example.com/npu/librknnrt.so", []
    monkeypatch.setattr(fetch, "open_url", lambda source, timeout: asked.append(source) or io.BytesIO(CONTENT))
    path, source = fetch.fetch(pins(), url, str(tmp_path / "cache"), mirrors=[nobody])
    assert asked == [source] == [url]
    assert path.startswith(str(tmp_path / "cache")) and open(path, "rb").read() == CONTENT
    assert fetch.fetch(pins(), url, str(tmp_path / "cache"))[1] == "cache"


def test_a_local_folder_may_hold_what_a_url_names(tmp_path, folder):
    (tmp_path / "librknnrt.so").write_bytes(CONTENT)
    assert fetch.fetch(pins(), "https://files.example.com/npu/librknnrt.so", str(tmp_path / "cache"), str(tmp_path))[
        1
    ] == str(tmp_path / "librknnrt.so")


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd", "../x", "a/../b", "a//b", "", "a/./b", "a\\b", "http://example.com/x", "https://",
        "https://example.com", "https://example.com/../x",
    ],
)
def test_a_path_that_leaves_the_folder(tmp_path, path):
    with pytest.raises(fetch.ArtifactError, match="neither the relative path"):
        fetch.fetch(pins(), path, str(tmp_path))


def test_check_mode_stores_nothing_in_the_cache(tmp_path, mirror):
    path, dummy = fetch.fetch(pins(), PATH, str(tmp_path / "cache"), mirrors=[mirror], keep_in=str(tmp_path / "run"))
    assert path.startswith(str(tmp_path / "run")) and path.endswith("librknnrt.so")
    assert not (tmp_path / "cache").exists()


def test_check_mode_detects_wrong_content(tmp_path, mirror):
    wrong = dict(pins(b"other"), size=0)
    with pytest.raises(fetch.ArtifactError, match="pinned is"):
        fetch.fetch(wrong, PATH, str(tmp_path / "cache"), mirrors=[mirror], keep_in=str(tmp_path))
