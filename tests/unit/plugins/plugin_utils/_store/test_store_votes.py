# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Builds of several hosts: a module is handed out once enough of them agree."""

from __future__ import annotations

import json
import lzma

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils._store import store as _store
from ansible_collections.rkfleet.npu.plugins.plugin_utils._store import votes
from stand_ins.stored_builds import MODULE, inputs, put

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
