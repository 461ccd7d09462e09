# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""DKMS's program and tree in the releases that boards have (github.com/dkms-project/dkms, tags v2.6.1 to v3.4.3)."""

from __future__ import annotations

import re

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._board.tree import Tree
from ansible_collections.rkfleet.npu.plugins.module_utils._facts.installed import dkms
from ansible_collections.rkfleet.npu.plugins.plugin_utils._recording import rules

KERNEL = "6.1.115-vendor-rk35xx"
BUILT = f"/var/lib/dkms/rknpu/0.9.6/{KERNEL}"


@pytest.mark.parametrize("line, version", [
    ('            echo $"dkms:2.8"', "2.8"),           # v2.6.1 to v2.8.4; morrownr/8821au-20210708#91 (bullseye)
    ('            echo $"dkms: 2.8.4"', "2.8.4"),
    ('            echo $"dkms-2.8.7"', "2.8.7"),       # v2.8.6 to v3.0.9: Ubuntu 22.04
    ('            echo "dkms-3.0.10"', "3.0.10"),      # Debian 12
    ('            echo "dkms-3.2.2"', "3.2.2"),        # Debian 13
    ('            echo "dkms-3.4.3"', "3.4.3"),
    ('            echo "dkms status"', None),
    ('            echo "dkms-autoinstaller 1"', None),
])
def test_the_version_of_the_program(board, line, version):
    board.write("/usr/sbin/dkms", f"#!/bin/bash\n{line}\n")
    assert dkms.read(Tree(str(board.root)))["version"] == version
    # A recording keeps the lines that the version is read from.
    kept = next(rule for pattern, rule in rules.EXCERPTS if pattern == "*bin/dkms")
    assert version is None or re.search(kept[1], line)


def test_a_build_that_was_cut_off_is_none(board):
    """Since v3.1.8 a build is made in KERNEL/.tmp_ARCH_XXXXXX, and only a finished one gets the name of its folder."""
    board.dkms("rknpu", release=KERNEL, installed=False, ours=True)
    board.place(f"{BUILT}/aarch64").rename(board.place(f"{BUILT}/.tmp_aarch64_Qm3xZ1"))
    [entry] = dkms.read(Tree(str(board.root)))["modules"]
    assert (entry["state"], entry["kernel"], entry["arch"]) == ("added", None, None)


def test_the_build_beside_one_that_was_cut_off_counts(board):
    board.dkms("rknpu", release=KERNEL, ours=True).write(f"{BUILT}/.tmp_aarch64_Qm3xZ1/module/rknpu.ko")
    entries = dkms.read(Tree(str(board.root)))["modules"]
    assert [(entry["state"], entry["kernel"], entry["arch"]) for entry in entries] == [("installed", KERNEL, "aarch64")]
