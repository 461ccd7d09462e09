# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The controller's store of builds: what counts as the same build, what is kept, and several runs at a time."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import lzma
import multiprocessing
import os
import shutil
import signal
import zlib

import pytest

from ansible_collections.rkfleet.npu.plugins.module_utils._dkms import signing
from ansible_collections.rkfleet.npu.plugins.plugin_utils import _private
from ansible_collections.rkfleet.npu.plugins.plugin_utils._store import store as _store
from ansible_collections.rkfleet.npu.plugins.plugin_utils._store import votes
from ansible_collections.rkfleet.npu.plugins.plugin_utils._store import module_file
from ansible_collections.rkfleet.npu.plugins.plugin_utils._store import inputs as _inputs

KERNEL = {
    "release": "6.1.43-15-rk2312", "build": "#1 SMP Tue Jan 2", "machine": "aarch64", "compiler": "gcc-12",
    "config_digest": "c" * 64, "symvers_digest": "5" * 64,
}
MODULE = b"\x7fELF" + bytes(100) + b"vermagic=6.1.43-15-rk2312 SMP mod_unload\0"


def inputs(**changes):
    known = {
        "kernel": dict(KERNEL), "version": "0.9.6", "module": "rknpu_dkms", "source": "a" * 64, "recipe": "b" * 64,
        "certificate": "",
    }
    for name, value in changes.items():
        if name in known:
            known[name] = value
        else:
            known["kernel"][name] = value
    return _inputs.build_inputs(**known)


def answer(module=MODULE, **changes):
    """What a board says of what it has built."""
    return dict(
        {
            "name": "rknpu_dkms.ko", "content": base64.b64encode(module).decode(),
            "sha256": hashlib.sha256(module).hexdigest(), "symvers": "5" * 64,
            "vermagic": "6.1.43-15-rk2312 SMP mod_unload", "tools": {"dkms": "dkms-3.0.10"},
        },
        **changes,
    )


def put(store, wanted=None, module=MODULE, board="rock5b-1", hosts=None, **changes):
    return store.put(
        wanted or inputs(), answer(module, **changes), board=board, log="the log", probes=["probe fence: left out"],
        tree="d" * 64, hosts=hosts,
    )


@pytest.fixture
def store(tmp_path):
    return _store.Store(str(tmp_path / "store"))


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


def release(number):
    """Inputs of another kernel, and a module for it."""
    name = "6.1.43-%d-rk2312" % number
    return inputs(release=name), MODULE.replace(b"6.1.43-15-rk2312", name.encode()), name


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


EVIL = MODULE + b"another code"


def test_a_build_is_never_replaced_by_another_one_of_the_same_inputs(store):
    put(store, board="builder")
    entry = put(store, module=EVIL, board="evil")
    assert store.read(entry) == (MODULE, b"the log") and entry["board"] == "builder"
    said = store.disagreement(entry)
    assert (
        said.startswith("two hosts built different modules from the same inputs: builder (") and " and evil (" in said
    )
    # Nobody knows which of them is right.
    assert store.find(inputs()) is None
    # Not by trying again, either.
    with pytest.raises(_store.StoreError, match="evil has built different modules from the same inputs"):
        put(store, board="evil")
    assert store.find(inputs()) is None


def test_a_later_build_with_other_symbols_replaces_none(store):
    put(store, board="builder")
    entry = put(store, module=EVIL, board="evil", symvers="0" * 64)
    entry["built_at"] = "9999"
    with open("%s/builds/%s.json" % (store.folder, entry["key"]), "w", encoding="utf-8") as stream:
        json.dump(entry, stream)
    assert store.find(inputs(symvers_digest=None))["board"] == "builder" == store.find(inputs())["board"]


def test_a_module_is_handed_out_once_so_many_hosts_have_built_the_same(store):
    first = put(store, board="a")
    assert store.find(inputs(), agree=2) is None and store.find(inputs(), agree=1)
    assert votes.still_needed(first, 2) == (
        "the module is kept, and handed out once 2 hosts have built the same (npu_store_agree); so far: a")
    # The same host again is no second one.
    put(store, board="a")
    assert store.find(inputs(), agree=2) is None
    second = put(store, board="b", module=lzma.compress(MODULE), name="rknpu_dkms.ko.xz")
    assert (
        votes.still_needed(second, 2) is None and store.find(inputs(), agree=2)["board"] == "a"
        and store.find(inputs(), agree=3) is None
    )


def test_a_host_that_differs_blocks_the_module_even_if_enough_agree(store):
    put(store, board="a")
    put(store, board="b")
    assert store.find(inputs(), agree=2)
    put(store, board="c", module=EVIL)
    assert store.find(inputs(), agree=2) is None and store.find(inputs(), agree=2, hosts={"a", "b"})["board"] == "a"


def test_only_builds_of_the_given_hosts_count(store):
    put(store, board="evil", module=EVIL)
    assert store.find(inputs(), hosts={"builder"}) is None and store.find(inputs(), hosts={"evil"})
    entry = put(store, board="builder", hosts={"builder"})
    # None that is named stands for what was there.
    assert store.read(entry)[0] == MODULE and entry["votes"].keys() == {"builder"}
    assert store.find(inputs(), hosts={"builder"})["board"] == "builder" and store.find(inputs())["board"] == "builder"
    assert votes.still_needed(entry, 2, {"builder"}).endswith("so far: builder. npu_store_from names only 1: name more")


def test_a_zstd_module_is_only_compared_with_other_zstd_modules(store):
    packed = b"\x28\xb5\x2f\xfd" + bytes(100)
    put(store, board="a")
    entry = put(store, board="b", module=packed, name="rknpu_dkms.ko.zst")
    assert (
        store.disagreement(entry) is None and store.find(inputs())["board"] == "a"
        and store.find(inputs(), agree=2) is None
    )
    assert store.disagreement(put(store, board="c", module=packed + b"x", name="rknpu_dkms.ko.zst"))


def test_builds_of_schema_1_are_removed_with_their_files(store):
    old = put(store)
    path = "%s/builds/%s.json" % (store.folder, old["key"])
    with open(path, "w", encoding="utf-8") as stream:
        json.dump({name: value for name, value in dict(old, schema=1).items() if name != "votes"}, stream)
    wanted, content, name = release(1)
    put(store, wanted, content, vermagic=name)
    assert (
        store.find(inputs()) is None and not os.path.exists(path)
        and not os.path.exists("%s/objects/%s" % (store.folder, old["sha256"]))
    )


def with_dictionary(code):
    """An xz file that claims to need a dictionary of up to 4 GiB: 40 stands for 4 GiB - 1, 37 for 1.5 GiB."""
    packed = bytearray(lzma.compress(MODULE * 9, check=lzma.CHECK_CRC32))
    end = 12 + (packed[12] + 1) * 4
    packed[packed.index(b"\x21\x01", 12) + 2] = code
    packed[end - 4:end] = zlib.crc32(bytes(packed[12:end - 4])).to_bytes(4, "little")
    return bytes(packed)


@pytest.mark.parametrize("name, content", [
    ("rknpu_dkms.ko.xz", with_dictionary(40)), ("rknpu_dkms.ko.xz", with_dictionary(37)),
    ("rknpu_dkms.ko.xz", lzma.compress(MODULE + bytes(module_file._MOST_UNPACKED), preset=0)),
    ("rknpu_dkms.ko.gz", gzip.compress(MODULE + bytes(module_file._MOST_UNPACKED), 1)),
    ("rknpu_dkms.ko.xz", lzma.compress(MODULE)[:-9]), ("rknpu_dkms.ko.xz", lzma.compress(MODULE) + b"trailing data"),
])
def test_a_bomb_is_a_damaged_module(store, name, content):
    with pytest.raises(_store.StoreError, match="rknpu_dkms.ko.(xz|gz) is damaged"):
        put(store, module=content, name=name)


def test_memory_that_runs_out_is_a_damaged_module(store, monkeypatch):
    def unpacked(name, content):
        raise MemoryError

    monkeypatch.setattr(module_file, "unpacked", unpacked)
    with pytest.raises(_store.StoreError, match="is damaged"):
        put(store)


@pytest.mark.parametrize("place", ["builds", "objects", "locks"])
def test_a_folder_of_the_store_that_others_can_write_to_is_refused(store, place):
    os.chmod(os.path.join(store.folder, place), 0o770)
    with pytest.raises(_store.StoreError, match="other users can write to the store .*/%s has mode 0770" % place):
        _store.Store(store.folder)


def test_a_store_below_a_folder_that_others_can_write_to_is_refused_unless_it_is_sticky(tmp_path):
    shared = tmp_path / "shared"
    shared.mkdir()
    _store.Store(str(shared / "store"))
    shared.chmod(0o777)
    with pytest.raises(_store.StoreError, match="/shared has mode 0777"):
        _store.Store(str(shared / "store"))
    # As /tmp is: nobody can take away there what is ours.
    shared.chmod(0o1777)
    _store.Store(str(shared / "store"))
    (tmp_path / "link").symlink_to(shared / "store")
    _store.Store(str(tmp_path / "link"))
    shared.chmod(0o777)
    with pytest.raises(_store.StoreError, match="/shared has mode 0777"):
        _store.Store(str(tmp_path / "link"))


def test_a_store_of_another_user_is_refused(store, monkeypatch):
    monkeypatch.setattr(_private.os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(_store.StoreError, match="belongs to user %d" % os.getuid()):
        _store.Store(store.folder)


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl")
def test_a_signed_module_is_stored_only_with_a_valid_signature(store, signer, monkeypatch):
    signed = signer.sign(MODULE)
    certificate = signer.certificate
    wanted = inputs(certificate=hashlib.sha256(certificate).hexdigest())

    def keep(module, cert=certificate, name="rknpu_dkms.ko"):
        return store.put(wanted, answer(module, name=name), "a", "", [], "d" * 64, certificate=cert)

    forged = signed.replace(b"SMP mod_unload", b"SMP mod_evilxx")
    assert forged != signed
    for module, said in (
        (forged, "its signature is not valid"),
        (MODULE, "it is not signed"),
        (signer.sign(MODULE, other=True), "is not valid"),
    ):
        with pytest.raises(_store.StoreError, match=said):
            keep(module)
    with pytest.raises(_store.StoreError, match="the certificate is not the one"):
        keep(signer.sign(MODULE, other=True), signer.other_certificate)
    with pytest.raises(_store.StoreError, match="not unpacked on the controller, so its signature is not verified"):
        keep(b"\x28\xb5\x2f\xfd" + bytes(100), name="rknpu_dkms.ko.zst")
    monkeypatch.setattr(signing.shutil, "which", lambda name: None)
    with pytest.raises(_store.StoreError, match="not verified on the controller: openssl is missing"):
        keep(signed)
    monkeypatch.undo()
    assert store.manifests() == []
    keep(signed)
    assert store.read(store.find(wanted))[0] == signed
    # The signature is no part of what hosts have to agree on.
    assert store.manifests()[0]["votes"] == {"a": hashlib.sha256(MODULE).hexdigest()}
    keep(lzma.compress(signed), name="rknpu_dkms.ko.xz")
    assert store.find(wanted)
