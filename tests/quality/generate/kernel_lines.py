# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The lines of the kernel log in docs/troubleshooting.md, from their table (plugin_utils/_facts/kernel_lines.py)."""

from __future__ import annotations

import collections

from ansible_collections.rkfleet.npu.plugins.plugin_utils._facts import kernel_lines

from .markdown import table
from .patterns import spellings

KINDS = {
    "job": "Jobs", "iommu": "IOMMU", "power": "Power", "clock": "Clock", "probe": "Start of the driver",
    "access": "Access", "memory": "Memory", "crash": "Faults in the kernel", "state": "Setup and state",
}
"""Kinds of lines in words; one without a row here is shown by its name."""
ABOUT = """
### Kernel log
Lines of `dmesg` about the NPU: what they are, and what to do. Where a verification fails for no better reason, its
diagnosis is the one in the last column. A board with lines that make it *suspect* is reported though MobileNet works.
"""


def chapter():
    """Return the Markdown for the table of lines of the kernel log."""
    return of_rows(kernel_lines.KERNEL_LINES, kernel_lines.SUSPECT)


def of_rows(rows, suspect):
    """Return the Markdown for rows that have a meaning: the others are harmless.

    Args:
        rows: `kernel_lines.KERNEL_LINES`, or rows like them.
        suspect: the kinds of lines that make a board suspect.
    """
    kinds = collections.defaultdict(list)
    for row in rows:
        if row.meaning:
            kinds[row.kind].append(row)
    parts = [ABOUT.strip() + "\n"]
    for kind in sorted(kinds, key=lambda kind: list(KINDS).index(kind) if kind in KINDS else len(KINDS)):
        title = KINDS.get(kind, kind.replace("_", " ").capitalize())
        parts.append(f"**{title}**{': the board is suspect' if kind in suspect else ''}\n")
        parts.append(table(("line", "what it is", "what to do", "diagnosis"), [
            ("<br>".join(f"`{line}`" for line in spellings(row.line)), row.meaning, row.remedy, row.diagnosis)
            for row in kinds[kind]]))
    return "\n".join(parts)
