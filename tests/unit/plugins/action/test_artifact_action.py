# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What npu_artifact gives is used long after it was checked: so it lies where nobody else can change it."""

from __future__ import annotations

import hashlib
import os
import pathlib
import types

import pytest
from ansible.plugins.action import ActionBase
from ansible_collections.rkfleet.npu.plugins.action import npu_artifact

CONTENT = b"the driver's source"


@pytest.fixture
def act(monkeypatch, tmp_path):
    def run(check_mode=False):
        made = object.__new__(npu_artifact.ActionModule)
        made._task = types.SimpleNamespace(check_mode=check_mode)
        monkeypatch.setattr(
            npu_artifact.ActionModule, "validate_argument_spec",
            lambda *unused, **spec: (
                None,
                {
                    "path": "a/driver.tar.bz2", "sha256": hashlib.sha256(CONTENT).hexdigest(), "git_blob": None,
                    "size": None, "mirrors": [], "timeout": 1, "cache_dir": str(tmp_path / "cache"),
                    "local_folder": str(tmp_path / "mirror"),
                },
            ),
            raising=False,
        )
        return made.run(task_vars={})

    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror/driver.tar.bz2").write_bytes(CONTENT)
    (tmp_path / "run").mkdir(mode=0o700)
    monkeypatch.setattr(npu_artifact.C, "DEFAULT_LOCAL_TMP", str(tmp_path / "run"))
    monkeypatch.setattr(ActionBase, "run", lambda *unused: {})
    return run


def test_a_changed_cache_file_is_not_used(act, tmp_path):
    first = act()
    assert (
        first["path"].startswith(str(tmp_path / "run"))
        and first["source"] == str(tmp_path / "mirror/driver.tar.bz2")
    )
    kept = next(path for path in (tmp_path / "cache").rglob("*.bz2"))
    kept.write_bytes(b"swapped")
    assert pathlib.Path(first["path"]).read_bytes() == CONTENT
    again = act()
    assert again["path"] == first["path"] and pathlib.Path(again["path"]).read_bytes() == CONTENT == kept.read_bytes()
    assert act()["source"] == "cache" and os.stat(first["path"]).st_mode & 0o077 == 0


def test_check_mode_leaves_the_cache_alone_and_downloads_once_for_all_boards(act, tmp_path):
    result = act(check_mode=True)
    assert result == {"changed": False, "source": str(tmp_path / "mirror/driver.tar.bz2"), "path": result["path"]}
    assert result["path"].startswith(str(tmp_path / "run")) and pathlib.Path(result["path"]).read_bytes() == CONTENT
    (tmp_path / "mirror/driver.tar.bz2").unlink()
    assert act(check_mode=True) == dict(result, source="cache") and not (tmp_path / "cache").exists()
    with pytest.raises(npu_artifact.AnsibleActionFail, match="cannot get driver.tar.bz2"):
        act()


def test_check_mode_uses_what_the_cache_has(act, tmp_path):
    act()
    (tmp_path / "mirror/driver.tar.bz2").unlink()
    assert act(check_mode=True)["source"] == "cache" and not list((tmp_path / "run").glob("artifacts"))
