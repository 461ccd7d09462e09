# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Versions that can be compared."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._board import version


def test_order():
    versions = ["0.8.2", "0.9.3", "v0.9.6", "0.9.10", "1.5", "2.0.0b0", "2.0.0rc1", "2.0.0", "2.3.2"]
    assert sorted(reversed(versions), key=version.parse) == versions
    assert version.parse("2.0") == version.parse("2.0.0") == version.parse("v2.0.0.0")


@pytest.mark.parametrize("text", ["", "1", "0.9.6\n", "0.9.6; x", "a.b", None, 0.9, "1.2.3.4.5", "9999999.1"])
def test_not_a_version(text):
    assert not version.is_version(text)
    with pytest.raises(ValueError):
        version.parse(text)


@pytest.mark.parametrize("release, numbers",
                         [("6.1.115-vendor-rk35xx", (6, 1, 115)), ("5.10.0-33-arm64", (5, 10, 0)),
                          ("6.17-rc1", (6, 17, 0))])
def test_kernel(release, numbers):
    assert version.kernel(release) == numbers
