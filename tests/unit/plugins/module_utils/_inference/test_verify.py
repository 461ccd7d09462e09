# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Model and picture on the board: kept under their digest, sent once, never used damaged."""

from __future__ import annotations

import hashlib
import os
import stat

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._inference import verify

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
    assert verify.load(home, "model", DIGEST, None) == (None, False)
    assert verify.load(home, "model", DIGEST, upload) == (CONTENT, True)
    assert verify.load(home, "model", DIGEST, None) == (CONTENT, False)
    assert os.listdir(os.path.join(home, "models")) == [DIGEST + ".rknn"]
    for path, mode in ((home, 0o700), (os.path.join(home, "models"), 0o700),
                       (verify.kept_at(home, "model", DIGEST), 0o600)):
        assert stat.S_IMODE(os.stat(path).st_mode) == mode


def test_a_damaged_upload_is_refused(home, upload):
    with open(upload, "ab") as stream:
        stream.write(b"x")
    with pytest.raises(verify.DamagedError, match="the model arrived damaged"):
        verify.load(home, "model", DIGEST, upload)
    assert not os.path.exists(home)


def test_a_damaged_file_is_fetched_again_and_replaced(home, upload):
    verify.load(home, "picture", DIGEST, upload)
    path = verify.kept_at(home, "picture", DIGEST)
    with open(path, "wb") as stream:
        stream.write(b"cut")
    assert verify.load(home, "picture", DIGEST, None) == (None, False)
    assert verify.load(home, "picture", DIGEST, upload) == (CONTENT, True)


def test_if_nothing_may_be_stored_the_upload_is_used(home, upload, monkeypatch):
    def refuse(*dummy, **dummies):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(verify, "ensure_dir", refuse)
    assert verify.load(home, "model", DIGEST, upload) == (CONTENT, False)
