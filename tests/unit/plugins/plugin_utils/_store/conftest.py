# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A store of built modules."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils._store import store as _store


@pytest.fixture
def store(tmp_path):
    return _store.Store(str(tmp_path / "store"))
