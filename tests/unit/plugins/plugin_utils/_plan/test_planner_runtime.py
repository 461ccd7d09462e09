# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Which runtime a plan installs, and where."""

from __future__ import annotations

import pytest
from stand_ins.planned_facts import BULLSEYE, DATA, NO_RUNTIME, RUNTIME, UPGRADED, plan, record, upgraded


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
