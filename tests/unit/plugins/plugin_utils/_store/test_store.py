# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The controller's store of builds: what counts as the same build, what is kept, and several runs at a time."""

from __future__ import annotations

import base64
import json
import lzma
import multiprocessing
import os
import signal

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils._store import inputs as _inputs
from ansible_collections.rkfleet.npu.plugins.plugin_utils._store import store as _store
from stand_ins.stored_builds import MODULE, inputs, put, release


def test_find_returns_the_stored_build_with_its_manifest(store):
    put(store)
    found = store.find(inputs())
    assert store.read(found) == (MODULE, b"the log")
    assert (found["board"], found["probes"], found["tools"]) == (
        "rock5b-1", ["probe fence: left out"], {"dkms": "dkms-3.0.10"},
    )
    assert (
        found["vermagic"] == "6.1.43-15-rk2312 SMP mod_unload" and found["inputs"] == inputs()
        and len(found["built_at"]) == 20
    )


@pytest.mark.parametrize(
    "change",
    [
        {"release": "6.1.84"},
        {"build": "#2 SMP Wed Jan 3"},
        {"machine": "x86_64"},
        {"compiler": "gcc-13"},
        {"config_digest": "9" * 64},
        {"symvers_digest": "9" * 64},
        {"source": "9" * 64},
        {"recipe": "9" * 64},
        {"version": "0.9.8"},
        {"module": "rknpu"},
        {"certificate": "9" * 64},
    ],
)
def test_builds_with_other_inputs_are_different(store, change):
    put(store)
    assert store.find(inputs(**change)) is None
    assert store.find(inputs())


def test_without_a_kernel_release_there_are_no_build_inputs():
    assert inputs(build=None) is None and inputs(release="") is None


@pytest.mark.parametrize(
    "unknown", [{"symvers_digest": None}, {"config_digest": None}, {"symvers_digest": None, "config_digest": None}]
)
def test_a_board_without_headers_gets_the_build_of_one_with_them(store, unknown):
    put(store)
    assert store.find(inputs(**unknown))["inputs"]["symvers"] == "5" * 64


def test_builds_with_the_same_headers_go_first_then_the_oldest(store):
    there = inputs()
    for at, symvers in (("1", "1"), ("3", "3"), ("2", "2")):
        store.add(
            dict(there, symvers=symvers * 64), MODULE + at.encode(), "", file="rknpu_dkms.ko", vermagic="x", board=at,
            built_at=at, tree="t", probes=[],
        )
    assert store.find(inputs(symvers_digest="1" * 64))["board"] == "1"
    assert store.find(inputs(symvers_digest=None))["board"] == "1"
    assert (
        store.find(inputs(symvers_digest=None), skip={store.find(inputs(symvers_digest="1" * 64))["key"]})["board"]
        == "2"
    )


def test_a_build_of_another_tree_is_not_found(store):
    put(store)
    assert store.find(inputs(), "e" * 64) is None and store.find(inputs(), "d" * 64)


def test_the_build_counts_for_the_symbol_versions_it_was_built_with(store):
    put(store, inputs(symvers_digest=None))
    assert store.find(inputs()) and store.find(inputs(symvers_digest="9" * 64)) is None


@pytest.mark.parametrize(
    "wrong, said",
    [
        ({"name": "../../x.ko"}, "not the name of a module"),
        ({"name": "rknpu.ko.exe"}, "not the name"),
        ({"content": "!!"}, "not a module"),
        ({"content": None}, "not a module"),
        ({"content": base64.b64encode(b"#!/bin/sh" * 20).decode()}, "is not a module"),
        ({"sha256": "0" * 64}, "arrived damaged"),
        ({"symvers": ""}, "does not report the Module.symvers"),
        ({"vermagic": "5.10.1 SMP"}, "is not made for kernel"),
        ({"content": base64.b64encode(MODULE.replace(b"6.1.43", b"5.10.1")).decode()}, "is not made for kernel"),
        ({"name": "rknpu.ko.xz"}, "is not a module"),
    ],
)
def test_files_other_than_a_module_for_the_kernel_are_refused(store, wrong, said):
    with pytest.raises(_store.StoreError, match=said):
        put(store, **wrong)
    assert store.manifests() == [] and os.listdir(store.folder + "/objects") == []


def test_a_compressed_module_is_validated(store):
    packed = lzma.compress(MODULE)
    put(store, module=packed, name="rknpu_dkms.ko.xz")
    assert store.read(store.find(inputs()))[0] == packed
    with pytest.raises(_store.StoreError, match="is not made for"):
        put(store, module=lzma.compress(bytes(200)), name="rknpu_dkms.ko.xz")


@pytest.mark.parametrize(
    "damage",
    [
        lambda manifest: "{", lambda manifest: "[]", lambda manifest: json.dumps(dict(manifest, schema=1)),
        lambda manifest: json.dumps(dict(manifest, file="/x")),
        lambda manifest: json.dumps(dict(manifest, inputs=dict(manifest["inputs"], release="5.10"))),
        lambda manifest: json.dumps(dict(manifest, sha256="../../x")),
        lambda manifest: json.dumps(dict(manifest, probes=[1])),
        lambda manifest: json.dumps({**manifest, "inputs": {}}), lambda manifest: json.dumps(dict(manifest, votes={})),
        lambda manifest: json.dumps(dict(manifest, votes={"a": "x"})),
    ],
)
def test_a_damaged_manifest_is_ignored_and_replaced_by_the_next_build(store, damage):
    key = put(store)["key"]
    path = "%s/builds/%s.json" % (store.folder, key)
    with open(path, encoding="utf-8") as stream:
        content = damage(json.load(stream))
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(content)
    assert store.find(inputs()) is None
    put(store)
    assert store.find(inputs())


def append(path):
    with open(path, "ab") as stream:
        stream.write(b"x")


@pytest.mark.parametrize("name", ["sha256", "log"])
@pytest.mark.parametrize("damage", [append, os.unlink])
def test_a_build_with_changed_files_is_ignored(store, name, damage):
    damage("%s/objects/%s" % (store.folder, put(store)[name]))
    assert store.find(inputs()) is None


def test_only_the_user_can_read_or_write_the_store(store):
    put(store)
    with store.lock(inputs()):
        pass
    for folder, names, files in os.walk(store.folder):
        assert os.stat(folder).st_mode & 0o777 == 0o700
        assert all(os.stat(os.path.join(folder, name)).st_mode & 0o777 == 0o600 for name in files)


def test_a_store_that_others_can_write_to_is_not_used(store):
    os.chmod(store.folder, 0o777)
    with pytest.raises(_store.StoreError, match="other users can write"):
        _store.Store(store.folder)


def test_a_store_that_cannot_be_created_is_reported(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(_store.StoreError, match="Set npu_store to another folder"):
        _store.Store(str(tmp_path / "file/store"))


def test_check_mode_creates_nothing(tmp_path, store):
    put(store)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert _store.Store(store.folder, read_only=True).find(inputs())
    assert _store.Store(str(tmp_path / "none"), read_only=True).find(inputs()) is None
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_the_most_recently_used_builds_are_kept_and_the_others_removed(tmp_path):
    store = _store.Store(str(tmp_path / "store"), keep=2)
    for number in (1, 2):
        wanted, content, name = release(number)
        put(store, wanted, content, vermagic=name)
        with store.lock(wanted):
            pass
        os.utime("%s/builds/%s.json" % (store.folder, _inputs.key(wanted)), (number, number))
    assert store.find(release(1)[0])
    wanted, content, name = release(3)
    put(store, wanted, content, vermagic=name)
    assert [bool(store.find(release(number)[0])) for number in (1, 2, 3)] == [True, False, True]
    # Three objects: the log is the same for all.
    assert len(os.listdir(store.folder + "/objects")) == 3
    assert len(os.listdir(store.folder + "/locks")) == 2


def test_locked_builds_are_not_pruned(tmp_path):
    store = _store.Store(str(tmp_path / "store"), keep=1)
    wanted, content, name = release(1)
    put(store, wanted, content, vermagic=name)
    with store.lock(wanted):
        other, content, name = release(2)
        put(store, other, content, vermagic=name)
        assert store.find(wanted) and store.find(other)


def test_leftovers_of_a_run_that_died_are_removed(store):
    open(store.folder + "/objects/.rkfleet-abc", "w", encoding="utf-8").close()
    put(store)
    assert len(os.listdir(store.folder + "/objects")) == 2


def build_or_take(folder, answers):
    """One run: what it finds it takes, else it builds, which takes a moment."""
    store = _store.Store(folder)
    with store.lock(inputs()):
        if store.find(inputs()):
            answers.put("took")
            return
        answers.put("built")
        put(store)


def test_of_several_runs_at_once_one_builds(tmp_path):
    answers = multiprocessing.Queue()
    runs = [
        multiprocessing.Process(target=build_or_take, args=(str(tmp_path / "store"), answers)) for dummy in range(6)
    ]
    for run in runs:
        run.start()
    for run in runs:
        run.join(60)
    assert sorted(answers.get(timeout=10) for dummy in runs) == ["built"] + ["took"] * 5


def hold(folder, ready):
    with _store.Store(folder).lock(inputs()):
        ready.set()
        signal.pause()


def test_the_lock_of_a_run_that_died_is_released(tmp_path):
    ready = multiprocessing.Event()
    builder = multiprocessing.Process(target=hold, args=(str(tmp_path / "store"), ready))
    builder.start()
    assert ready.wait(30)
    waits = multiprocessing.Process(target=build_or_take, args=(str(tmp_path / "store"), multiprocessing.Queue()))
    waits.start()
    waits.join(0.5)
    assert waits.is_alive()
    os.kill(builder.pid, signal.SIGKILL)
    builder.join(30)
    waits.join(30)
    assert waits.exitcode == 0 and _store.Store(str(tmp_path / "store")).find(inputs())


def test_a_run_that_hangs_is_not_waited_for_without_end(store):
    with store.lock(inputs()) as first, _store.Store(store.folder).lock(inputs(), patience=0.01) as second:
        assert first and not second
    with _store.Store(store.folder).lock(inputs(), patience=0.01) as again:
        assert again


def test_an_error_inside_the_lock_is_the_callers(store):
    with pytest.raises(BlockingIOError), store.lock(inputs()):
        raise BlockingIOError


def test_boards_with_and_without_headers_wait_for_each_other(store):
    with store.lock(inputs()):
        with pytest.raises(BlockingIOError), store._locked(_store.lock_name(inputs(symvers_digest=None)), wait=False):
            pass


def test_the_digest_of_build_files_covers_names_and_contents(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/x").write_text("1")
    before = _inputs.build_files_digest(str(tmp_path))
    (tmp_path / "a/x").rename(tmp_path / "a/y")
    renamed = _inputs.build_files_digest(str(tmp_path))
    (tmp_path / "a/y").write_text("2")
    assert len({before, renamed, _inputs.build_files_digest(str(tmp_path))}) == 3
