# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Which runtime a plan installs, and where."""

from __future__ import annotations

import pytest
from stand_ins.plans.planned_facts import BULLSEYE, DATA, NO_RUNTIME, RUNTIME, UPGRADED, plan, record, upgraded


@pytest.mark.parametrize(
    "runtime, install, reason",
    [
        (RUNTIME, False, "Runtime 2.3.2 is installed."),
        (NO_RUNTIME, True, "No runtime is installed; 2.3.2 goes with driver 0.9.6."),
        (dict(RUNTIME, sha256="0" * 64), True, "reports version 2.3.2 but is not the pinned file"),
        (dict(RUNTIME, git_blob="0" * 40), True, "is not the pinned file"),
        (
            dict(RUNTIME, version="1.5.2", sha256="0" * 64, git_blob="0" * 40), True,
            "Runtime 1.5.2 is installed; 2.3.2 goes with driver 0.9.6.",
        ),
        (dict(RUNTIME, version=None, sha256="0" * 64, git_blob=None), True, "of an unknown version"),
    ],
)
def test_the_hash_decides_whether_the_runtime_is_installed(runtime, install, reason):
    result = plan(**upgraded(runtime=runtime))
    assert result["action"] == "none" and result["runtime"]["install"] is install
    assert reason in result["runtime"]["reason"]
    assert bool(result["changes"]) is install
    assert (reason in result["reason"]) is install


def test_runtime_known_by_git_blob_only():
    blob = DATA["runtimes"]["1.6.0"]["git_blob"]
    wanted = {"runtime_version": "1.6.0"}
    assert (
        plan(wanted, **upgraded(runtime=dict(RUNTIME, version="1.6.0", git_blob=blob)))["runtime"]["install"] is False
    )
    result = plan(wanted, **UPGRADED)
    assert result["runtime"]["install"] is True
    assert result["model"]["key"] == "mobilenet_v1-1.6.0" and result["model"]["file"]["git_blob"].startswith("c51b98f6")


def test_the_runtime_replaces_the_link_it_is_reached_by():
    link = "/usr/lib/aarch64-linux-gnu/librknnrt.so"
    assert plan(runtime=dict(RUNTIME, link=link, sha256="0" * 64))["runtime"]["path"] == link


def test_rknn_server_goes_with_the_runtime_that_stays():
    for version, server in (("2.3.0", DATA["runtimes"]["2.3.0"]["rknn_server"]), ("1.4.0", None)):
        runtime = dict(BULLSEYE["runtime"], version=version)
        result = plan(**dict(BULLSEYE, runtime=runtime, verification=record("0.8.2", runtime=runtime)))["runtime"]
        assert result["version"] == version and not result["install"] and result["rknn_server"] == server


NEWER = dict(RUNTIME, version="2.4.2a2", build="5fd9678a8f@2026-04-27T15:52:16", sha256="1" * 64, git_blob=None)


@pytest.mark.parametrize("diagnosis, wanted, stays", [
    # A project's notes on driver 0.9.0 and RK3588: this runtime is in none of the vendor's public tags.
    (None, {}, True), ("ok", {}, True), (None, {"driver_policy": "exact"}, True), ("memory", {}, True),
    ("runtime", {}, False), (None, {"runtime_version": "2.3.2"}, False),
])
def test_a_runtime_that_is_newer_than_all_known_ones_stays(diagnosis, wanted, stays):
    verification = diagnosis and record("0.9.6", diagnosis, runtime=NEWER)
    result = plan(wanted, **dict(upgraded(runtime=NEWER), **({"verification": verification} if diagnosis else {})))
    assert result["runtime"]["install"] is not stays
    assert result["runtime"]["version"] == ("2.4.2a2" if stays else "2.3.2")
    assert any("set npu_runtime_version to 2.3.2" in note for note in result["notes"]) is stays
    assert result["model"]["key"] == "mobilenet_v1-1.6.0"


@pytest.mark.parametrize("version, model", [
    ("2.4.2a2", "mobilenet_v1-1.6.0"), ("2.3.2b1", "mobilenet_v1-1.6.0"), ("1.4.1", "mobilenet_v1-1.4.0"),
    ("1.3.0", None), (None, None), ("x", None),
])
def test_an_unknown_runtime_is_tried_with_a_model_that_it_accepts(version, model):
    current = plan(runtime=dict(NEWER, version=version))["current"]
    assert (current and current["model"]["key"]) == model
