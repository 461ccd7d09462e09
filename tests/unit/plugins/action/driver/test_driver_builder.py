# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A host that builds the driver for all boards."""

from __future__ import annotations

import hashlib

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.rkfleet.npu.plugins.action import npu_store_info, npu_trial_build_info
from stand_ins.boards.driver_boards import FACTS, KERNEL, ROOT, built


def test_build_packages_are_not_needed_if_the_module_is_in_the_store(dkms, act, tmp_path, monkeypatch):
    source = hashlib.sha256((tmp_path / "driver.tar.bz2").read_bytes()).hexdigest()
    asked = {"store": str(tmp_path / "store"), "version": "0.9.6", "kernel": KERNEL, "source_digest": source,
             "build_files": str(ROOT / "roles/driver/files/dkms"), "packages": ["dkms", "gcc", "linux-headers-x"]}

    def look(**changes):
        monkeypatch.setattr(
            npu_store_info.ActionModule, "validate_argument_spec",
            lambda *unused, **spec: (
                None,
                dict(
                    {"module": "rknpu", "signing_cert": None, "wait": False, "timeout": 60, "store_from": [],
                     "store_agree": 1},
                    **asked, **changes,
                ),
            ),
            raising=False,
        )
        return act(npu_store_info, AssertionError, facts=FACTS)[0]

    none = {"changed": False, "stored": None, "packages": ["dkms", "gcc", "linux-headers-x"], "shared_from": None}
    assert look() == none
    built, dummy = dkms()
    assert look() == dict(none, stored=built["stored"], packages=["dkms"]) == look(wait=True)
    assert look(store_from=["z", "builder"])["shared_from"] == ["builder", "z"]
    # As npu_dkms would see it.
    for fewer in ({"store_agree": 2}, {"store_from": ["builder"]}):
        assert look(**fewer)["stored"] is None is look(wait=True, **fewer)["stored"]


def test_a_board_gets_the_build_of_its_builder(act, dkms, tmp_path):
    there = {"kernels": [KERNEL], "facts": FACTS, "store": str(tmp_path / "store"), "delegate_to": "builder"}
    result, sent = act(npu_trial_build_info, built, **there)
    assert (
        result["stored"]["board"] == "builder" and "built" not in result["kernels"][0]
        and not {"store", "store_keep", "source_digest"} & set(sent[0])
    )
    assert dkms(check_mode=True)[0]["steps"] == ["tree", "load"]
    got, dummy = dkms()
    assert got["steps"] == ["tree", "load"] and got["stored"] == result["stored"]
    # For the next board it has nothing to do.
    again, sent = act(npu_trial_build_info, AssertionError, **there)
    assert again["stored"] == result["stored"] and sent == []


def test_a_builder_with_other_symbols_builds_for_no_board(act, dkms, tmp_path):
    def elsewhere(module_args):
        result = built(module_args)
        result["kernels"][0]["built"]["symvers"] = "7" * 64
        return result

    act(
        npu_trial_build_info, elsewhere, kernels=[KERNEL], facts=FACTS, store=str(tmp_path / "store"),
        delegate_to="builder",
    )
    assert dkms()[0]["steps"] == ["tree", "install"]


def test_a_failed_build_of_a_builder_is_not_stored(act, dkms, tmp_path):
    answer = {"kernels": [{"release": KERNEL, "verdict": "no_headers", "reason": "none", "log": ""}]}
    result, dummy = act(
        npu_trial_build_info, answer, kernels=[KERNEL], facts=FACTS, store=str(tmp_path / "store"),
        delegate_to="builder",
    )
    assert result["stored"] is None and dkms()[0]["steps"] == ["tree", "install"]


@pytest.mark.parametrize("args", [{"kernels": [KERNEL, "6.1.99-1-rk2410"]}, {"facts": {}}])
def test_a_build_for_the_store_is_for_the_kernel_of_the_facts(act, tmp_path, args):
    with pytest.raises(AnsibleActionFail, match="builds only for the running kernel"):
        act(
            npu_trial_build_info, AssertionError,
            **dict({"kernels": [KERNEL], "facts": FACTS, "store": str(tmp_path / "store")}, **args),
        )
