# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The test picture becomes raw RGB once, and nothing else does."""

from __future__ import annotations

import sys

import pytest

Image = pytest.importorskip("PIL.Image")
from ansible_collections.rkfleet.npu.plugins.plugin_utils._artifact import picture as _picture


def drawing(path, size=(224, 224), colour=(200, 100, 50), **options):
    Image.new("RGB", size, colour).save(path, **options)
    return str(path)


def test_a_picture_is_decoded_once(tmp_path, monkeypatch):
    path = drawing(tmp_path / "cat.png")
    raw = _picture.raw_file(path, str(tmp_path / "cache"))
    with open(raw, "rb") as stream:
        assert stream.read() == bytes((200, 100, 50)) * (224 * 224)
    monkeypatch.setattr(_picture, "decode", lambda path: pytest.fail("decoded again"))
    assert _picture.raw_file(path, str(tmp_path / "cache")) == raw


def test_a_cut_cache_file_is_made_again(tmp_path):
    path = drawing(tmp_path / "cat.png")
    raw = _picture.raw_file(path, str(tmp_path / "cache"))
    with open(raw, "wb") as stream:
        stream.write(b"half")
    with open(_picture.raw_file(path, str(tmp_path / "cache")), "rb") as stream:
        assert len(stream.read()) == 224 * 224 * 3


def test_a_raw_picture_needs_no_pillow(tmp_path, monkeypatch):
    path = tmp_path / "cat.rgb"
    path.write_bytes(bytes(224 * 224 * 3))
    monkeypatch.setitem(sys.modules, "PIL", None)
    assert _picture.raw_file(str(path), str(tmp_path)) == str(path)
    path.write_bytes(b"short")
    with pytest.raises(_picture.PictureError, match="has 5 bytes"):
        _picture.raw_file(str(path), str(tmp_path))


def test_a_missing_pillow_is_reported(tmp_path, monkeypatch):
    path = drawing(tmp_path / "cat.png")
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(_picture.PictureError, match="Pillow, .*, is missing on the controller"):
        _picture.raw_file(path, str(tmp_path / "cache"))


def test_a_missing_pillow_is_reported_before_a_board_is_changed(tmp_path, monkeypatch):
    path, cache = drawing(tmp_path / "cat.png"), str(tmp_path / "cache")
    monkeypatch.setitem(sys.modules, "PIL", None)
    # In check mode nothing is downloaded.
    for picture in (path, str(tmp_path / "later.jpg")):
        with pytest.raises(_picture.PictureError, match="Pillow, .*, is missing on the controller"):
            _picture.require_decoder(picture, cache)
    for other in ("mobilenet_v1.rknn", "librknnrt.so", "cat.rgb"):
        _picture.require_decoder(str(tmp_path / other), cache)


def test_a_decoded_picture_in_the_cache_needs_no_pillow(tmp_path, monkeypatch):
    path, cache = drawing(tmp_path / "cat.png"), str(tmp_path / "cache")
    _picture.require_decoder(path, cache)
    assert not (tmp_path / "cache").exists()
    _picture.raw_file(path, cache)
    monkeypatch.setitem(sys.modules, "PIL", None)
    _picture.require_decoder(path, cache)


def test_another_size_is_refused_before_it_is_unpacked(tmp_path):
    with pytest.raises(_picture.PictureError, match="has 3000x10 pixels, MobileNet needs 224x224"):
        _picture.decode(drawing(tmp_path / "wide.png", (3000, 10)))


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\xff\xd8\xff\xe0 cut"])
def test_other_files_than_pictures_are_refused(tmp_path, content):
    path = tmp_path / "cat.jpg"
    path.write_bytes(content)
    with pytest.raises(_picture.PictureError, match="cannot be decoded as a picture"):
        _picture.decode(str(path))


def test_another_format_is_refused(tmp_path):
    with pytest.raises(_picture.PictureError, match="cannot be decoded"):
        _picture.decode(drawing(tmp_path / "cat.bmp"))


def test_the_cache_lies_where_the_user_keeps_his(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert _picture.cache_dir() == "/somewhere/rkfleet-npu"
    assert _picture.cache_dir("/else") == "/else"


@pytest.mark.parametrize("place", ["", "pictures"])
def test_pixels_that_others_could_have_written_are_not_used(tmp_path, place):
    path = drawing(tmp_path / "cat.png")
    _picture.raw_file(path, str(tmp_path / "cache"))
    (tmp_path / "cache" / place).chmod(0o777)
    with pytest.raises(_picture.PictureError, match="other users can write to npu_cache_dir"):
        _picture.raw_file(path, str(tmp_path / "cache"))


def test_what_is_decoded_is_what_was_read(tmp_path):
    path = drawing(tmp_path / "cat.png")
    with open(path, "rb") as stream:
        picture = stream.read()
    (tmp_path / "cat.png").write_bytes(b"swapped")
    assert _picture.decode(path, picture) == bytes((200, 100, 50)) * (224 * 224)
