# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Lines about the NPU in public kernel logs, each with its source: what healthy boards print, and what tells a fault.

Sources are `OWNER/REPOSITORY#NUMBER`, a description where the public file names none, and "kind: …" for a line that a
release of the kernel or driver would print.
"""

from __future__ import annotations

from . import jobs, limits, reports, starting, supply
from .healthy import HEALTHY

__all__ = ["HEALTHY", "TELLING"]

TELLING = {
    source: case for subject in (jobs, supply, starting, limits, reports) for source, case in subject.TELLING.items()}
"""`(log, {fact: its beginning or a part of it})`."""
