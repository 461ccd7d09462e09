# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A file, its checksums and a mirror that serves it."""

from __future__ import annotations

import hashlib

CONTENT = b"librknnrt version: 2.3.2"
PATH = "airockchip/rknn-toolkit2/v2.3.2/librknnrt.so"


def pins(content=CONTENT, **more):
    return dict(sha256=hashlib.sha256(content).hexdigest(), size=len(content), **more)
