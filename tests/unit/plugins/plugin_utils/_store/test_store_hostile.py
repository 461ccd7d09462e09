# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Old, hostile and unsigned modules, and folders that others can write to."""

from __future__ import annotations

import gzip
import hashlib
import json
import lzma
import os
import shutil
import zlib

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms.module import signing
from ansible_collections.rkfleet.npu.plugins.plugin_utils import _private
from ansible_collections.rkfleet.npu.plugins.plugin_utils._store import module_file
from ansible_collections.rkfleet.npu.plugins.plugin_utils._store import store as _store
from stand_ins.stored_builds import MODULE, answer, inputs, put, release


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
