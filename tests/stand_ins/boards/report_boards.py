# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Records of boards, and a report of them."""

from __future__ import annotations

import json

import fleet_sample
from ansible_collections.rkfleet.npu.plugins.plugin_utils._report import (
    board_record,
)

NOW = fleet_sample.NOW


def read(folder):
    return json.loads((folder / "fleet.json").read_text())


def healthy(number):
    name, there = fleet_sample.variables(number, kind="healthy")
    return board_record.record(name, there, NOW)
