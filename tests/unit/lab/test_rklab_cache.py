# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What the lab builds is built once and kept: the cache."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

# Through any link of the checkout into ansible_collections: the lab is no part of the collection.
sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tests" / "lab"))

from rklab import LabError, Progress, cache  # noqa: E402

QUIET = Progress(quiet=True)


def test_key_follows_the_inputs_and_not_their_order():
    assert cache.key({"a": 1, "b": [2]}) == cache.key({"b": [2], "a": 1})
    assert cache.key({"a": 1}) != cache.key({"a": 2})
    assert len(cache.key([])) == 12


def test_a_source_counts_and_its_documentation_does_not(tmp_path):
    (tmp_path / "code.py").write_text("one")
    before = cache.sources_digest([tmp_path])
    (tmp_path / "README.md").write_text("words")
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "code.pyc").write_text("")
    assert cache.sources_digest([tmp_path]) == before
    (tmp_path / "code.py").write_text("two")
    assert cache.sources_digest([tmp_path]) != before


def test_what_is_in_the_cache_is_not_built_again(tmp_path, monkeypatch):
    monkeypatch.setenv("RKFLEET_LAB_CACHE", str(tmp_path))
    built = []
    first = cache.provide("thing", [1], built.append, QUIET)
    assert cache.provide("thing", [1], built.append, QUIET) == first
    assert len(built) == 1
    assert cache.provide("thing", [2], built.append, QUIET) != first


def test_a_failed_build_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("RKFLEET_LAB_CACHE", str(tmp_path))

    def fail(folder):
        (folder / "half").write_text("done")
        raise LabError("no")

    with pytest.raises(LabError):
        cache.provide("thing", [1], fail, QUIET)
    assert [path.name for path in tmp_path.iterdir()] == [f".{cache.folder('thing', [1]).name}.lock"]


def test_two_different_folders_are_built_at_the_same_time(tmp_path, monkeypatch):
    monkeypatch.setenv("RKFLEET_LAB_CACHE", str(tmp_path))
    # Each build waits for the other one: with one lock for both, neither would ever be done.
    both = threading.Barrier(2, timeout=30)
    threads = [threading.Thread(target=cache.provide, args=("thing", [number], lambda _folder: both.wait(), QUIET), daemon=True) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert all(cache.folder("thing", [number]).is_dir() for number in (1, 2))


def test_one_folder_is_built_once_for_all_that_need_it(tmp_path, monkeypatch):
    monkeypatch.setenv("RKFLEET_LAB_CACHE", str(tmp_path))
    built, begun, go_on = [], threading.Event(), threading.Event()

    def build(folder):
        built.append(folder)
        begun.set()
        assert go_on.wait(30)

    threads = [threading.Thread(target=cache.provide, args=("thing", [1], build, QUIET), daemon=True) for _number in range(3)]
    for thread in threads:
        thread.start()
    assert begun.wait(30)
    go_on.set()
    for thread in threads:
        thread.join(30)
    assert len(built) == 1 and cache.folder("thing", [1]).is_dir()
