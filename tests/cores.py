# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The ansible-cores that a test is run with, as its parameter sets."""

from __future__ import annotations

import environment
import pytest


def parameters(rare: pytest.MarkDecorator, *more: str | None) -> list:
    """Return *more*, the oldest core, the newest, and with the mark *rare* those between: few tests tell them apart."""
    oldest, *between, newest = environment.CORES
    return [*more, oldest, *(pytest.param(core, marks=rare) for core in between), newest]
