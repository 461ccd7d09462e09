# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Inferences of the tests leave no line in the kernel log of this machine."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._facts import kernel_log


@pytest.fixture(autouse=True)
def marks(monkeypatch):
    """The seconds that would have been written, 0 for the end of an inference."""
    written = []
    monkeypatch.setattr(kernel_log, "mark", written.append)
    return written
