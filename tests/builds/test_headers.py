# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Headers as Debian packages them are found to be good, and each part that is taken away is missed."""

from __future__ import annotations

import platform

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._board.tree import Tree
from ansible_collections.rkfleet.npu.plugins.module_utils._facts.installed import headers
from builds import kernel_headers


@pytest.mark.parametrize("suite", sorted(kernel_headers.SUITES))
def test_debians_headers(suite):
    try:
        root = kernel_headers.fetch(suite) / "root"
    except kernel_headers.NoHeaders as reason:
        pytest.skip(f"headers of Debian {suite}: {reason}")
    folder = next((root / "usr/src").glob("linux-headers-*-arm64"))
    release = folder.name[len("linux-headers-"):]
    # The programs in the cache run on this machine.
    found = headers.read(Tree(str(root)), release, platform.machine(), "/usr/src/" + folder.name)
    assert found == {"lacks": [], "release": None, "machine": None} and headers.usable(found)
    other = headers.read(Tree(str(root)), "6.1.0-1-arm64", "aarch64", "/usr/src/" + folder.name)
    assert other["release"] == release and other["machine"] == (None if platform.machine() == "aarch64" else 62)
