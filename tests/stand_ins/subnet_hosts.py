# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Answers of hosts in a network."""

from __future__ import annotations


def found(address, **known):
    return {"address": address, "identified": True, "soc": None, "kernel": None, "driver": "absent", **known}
