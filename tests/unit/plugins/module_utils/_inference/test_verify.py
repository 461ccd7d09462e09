# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Model and picture on the board: kept under their digest, sent once, never used damaged."""

from __future__ import annotations

import hashlib
import os
import stat

import pytest

from ansible_collections.rkfleet.npu.plugins.module_utils._inference import verify as _proof

CONTENT = b"RKNN model"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def upload(tmp_path):
    path = tmp_path / "upload"
    path.write_bytes(CONTENT)
    return str(path)


@pytest.fixture
def home(tmp_path):
    return str(tmp_path / "state")


def test_a_file_is_placed_once(home, upload):
    assert _proof.take(home, "model", DIGEST, None) == (None, False)
    assert _proof.take(home, "model", DIGEST, upload) == (CONTENT, True)
    assert _proof.take(home, "model", DIGEST, None) == (CONTENT, False)
    assert os.listdir(os.path.join(home, "models")) == [DIGEST + ".rknn"]
    for path, mode in ((home, 0o700), (os.path.join(home, "models"), 0o700), (_proof.kept_at(home, "model", DIGEST), 0o600)):
        assert stat.S_IMODE(os.stat(path).st_mode) == mode


def test_a_damaged_upload_is_refused(home, upload):
    with open(upload, "ab") as stream:
        stream.write(b"x")
    with pytest.raises(_proof.DamagedError, match="the model arrived damaged"):
        _proof.take(home, "model", DIGEST, upload)
    assert not os.path.exists(home)


def test_a_damaged_file_is_asked_for_again_and_replaced(home, upload):
    _proof.take(home, "picture", DIGEST, upload)
    path = _proof.kept_at(home, "picture", DIGEST)
    with open(path, "wb") as stream:
        stream.write(b"cut")
    assert _proof.take(home, "picture", DIGEST, None) == (None, False)
    assert _proof.take(home, "picture", DIGEST, upload) == (CONTENT, True)


def test_where_nothing_may_be_kept_the_upload_is_used(home, upload, monkeypatch):
    def refuse(*dummy, **dummies):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(_proof, "ensure_dir", refuse)
    assert _proof.take(home, "model", DIGEST, upload) == (CONTENT, False)
