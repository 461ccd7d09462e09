# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Hosts whose builds others may or may not use."""

from __future__ import annotations

import hashlib
import pathlib

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.rkfleet.npu.plugins.action import npu_dkms, npu_trial_build_info
from ansible_collections.rkfleet.npu.plugins.plugin_utils._store import store as _store
from stand_ins.boards.driver_boards import FACTS, KERNEL, board, built, evil, predicts


def alone(module_args):
    """A board whose build is not asked for."""
    assert "collect" not in module_args
    return board(dict(module_args, collect=True))


def evil_board(module_args):
    result = board(module_args)
    if result["built"]:
        result["built"].update(evil())
    return result


@pytest.mark.parametrize(
    "who, kept",
    [
        ({"store_from": ["first"]}, True),
        ({"store_from": "first"}, True),
        ({"store_from": ["trusted"]}, True),
        ({"store_from": ["builder"]}, False),
        ({"store_from": ["empty"]}, False),
        ({"store_fill": False}, False),
        ({"store_fill": "no"}, False),
        ({"store_fill": True}, True),
        ({}, True),
        ({"store_from": ["first"], "store_fill": False}, True),
        ({"store_from": ["other"], "store_fill": True}, False),
        ({"store_from": [], "store_fill": False}, False),
    ],
)
def test_only_the_given_hosts_fill_the_store(dkms, who, kept, tmp_path):
    def answer(module_args):
        assert module_args.get("collect", False) == kept and not {"store_from", "store_fill", "store_agree"} & set(
            module_args
        )
        return board(dict(module_args, collect=True))

    result, dummy = dkms(answer, board="first", **who)
    assert result["steps"] == ["tree", "install"] and bool(result["stored"]) == kept and "built" not in result
    assert len(_store.Store(str(tmp_path / "store")).manifests()) == kept
    # Who is not named may take all the same.
    dkms(board="first", store_from=["first"])
    assert dkms(board="last", store_from=["first"], store_fill=False)[0]["steps"] == ["tree", "load"]


def test_a_board_outside_store_from_builds_without_the_lock(dkms, tmp_path):
    def answer(module_args):
        with _store.Store(str(tmp_path / "store"))._locked(_store.lock_name(wanted), wait=False):
            return board(dict(module_args, collect=True))

    dkms(board="first")
    wanted = _store.Store(str(tmp_path / "store")).manifests()[0]["inputs"]
    assert dkms(answer, board="second", store_from=["builder"])[0]["steps"] == ["tree", "install"]


def test_a_module_is_shared_once_enough_hosts_have_built_the_same(dkms):
    first = dkms(board="first", store_agree=2)[0]
    assert first["notes"] == [
        "the module is kept, and handed out once 2 hosts have built the same (npu_store_agree); so far: first"
    ]
    # A host that is not named has no vote.
    assert dkms(alone, board="stranger", store_agree=2, store_fill=False)[0]["steps"] == ["tree", "install"]
    assert dkms(predicts, board="third", store_agree=2, check_mode=True)[0]["steps"] == ["tree", "install"]
    second = dkms(board="second", store_agree=2)[0]
    assert second["steps"] == ["tree", "install"] and second["notes"] == [] and second["stored"]["board"] == "first"
    assert dkms(board="third", store_agree=2)[0]["steps"] == ["tree", "load"]


def test_hosts_that_built_different_modules_are_named_and_neither_module_is_used(dkms):
    dkms(board="first", store_agree=2)
    result = dkms(evil_board, board="second", store_agree=2)[0]
    assert len(result["notes"]) == 1 and result["notes"][0].startswith(
        "two hosts built different modules from the same inputs: first ("
    )
    assert " and second (" in result["notes"][0] and "failed" not in result
    for agree in (1, 2):
        assert dkms(alone, board="third", store_agree=agree, store_fill=False)[0]["steps"] == ["tree", "install"]


@pytest.mark.parametrize("agree", [0, -1, "many"])
def test_an_invalid_number_of_hosts_is_reported(dkms, agree):
    with pytest.raises(AnsibleActionFail, match="npu_store_agree is .* at least 1"):
        dkms(AssertionError, store_agree=agree)


def test_a_builder_that_may_not_fill_the_store_is_not_contacted(act, tmp_path):
    with pytest.raises(
        AnsibleActionFail, match="builder does not build for other boards: it is not in npu_store_from"
    ):
        act(
            npu_trial_build_info, AssertionError, kernels=[KERNEL], facts=FACTS, store=str(tmp_path / "store"),
            delegate_to="builder", store_from=["first"],
        )


def test_a_builder_builds_once_even_if_others_must_agree(act, dkms, tmp_path):
    there = {
        "kernels": [KERNEL], "facts": FACTS, "store": str(tmp_path / "store"), "delegate_to": "builder",
        "store_from": ["builder", "first"], "store_agree": 2,
    }
    act(npu_trial_build_info, built, **there)
    assert act(npu_trial_build_info, AssertionError, **there)[1] == []
    assert dkms(board="first", store_from=["builder", "first"], store_agree=2)[0]["steps"] == ["tree", "install"]
    assert dkms(board="last", store_from=["builder", "first"], store_agree=2)[0]["steps"] == ["tree", "load"]


@pytest.mark.parametrize(
    "plugin, args", [(npu_dkms, {"kernel": KERNEL}), (npu_trial_build_info, {"kernels": [KERNEL]})]
)
def test_a_tarball_that_was_changed_after_it_was_checked_reaches_no_board(act, source, plugin, args):
    pinned = hashlib.sha256(pathlib.Path(source).read_bytes()).hexdigest()
    blob = hashlib.sha1(
        b"blob %d\0" % pathlib.Path(source).stat().st_size + pathlib.Path(source).read_bytes()
    ).hexdigest()
    for digest in (pinned, pinned.upper(), blob):
        act(plugin, {"kernels": [{"release": KERNEL}]}, source_digest=digest, **args)
    with open(source, "ab") as stream:
        stream.write(b"swapped")
    for digest in (pinned, blob):
        with pytest.raises(
            AnsibleActionFail, match=f"driver.tar.bz2 has been changed: .* pinned is {digest}; it was not used"
        ):
            act(plugin, AssertionError, source_digest=digest, **args)
