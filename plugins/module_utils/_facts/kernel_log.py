# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The NPU's lines of the kernel log; plugin_utils/_facts/kernel_lines.py says what they mean."""

from __future__ import annotations

import ctypes
import os
import re

from .._board.tree import clean

PATH = "/dev/kmsg"
MARK = "rkfleet-npu: MobileNet runs for at most %d s"
"""A verification writes it to the log, and with 0 when it ends: jobs that fail in between are not those of others."""
_MARK, _TIME = re.compile(r"rkfleet-npu: MobileNet runs for at most (\d{1,6}) s"), re.compile(r"\[ *(\d+\.\d+)\]")
_LIMIT = 4 << 20
_HEAD, _TAIL = 40, 60
# The number of a core and a return code count.
_VARIES = re.compile(r"\s+|0x[0-9a-f]+|\b[0-9a-f]{8,16}\b|(?<!ore )(?<!ret = )(?<!ret = -)\d+")


def whole(tree):
    """Return the kernel log as text, None if it cannot be read. Of a recorded tree it is the file /dev/kmsg."""
    if not (tree.live and tree.real(PATH) == PATH):
        return tree.text(PATH, _LIMIT) if os.path.isfile(tree.real(PATH)) else None
    try:
        call = ctypes.CDLL(None, use_errno=True).klogctl
    except AttributeError:
        return None
    # SYSLOG_ACTION_SIZE_BUFFER; each line gets a time, therefore twice as much. READ_ALL removes nothing from the log.
    buffer = ctypes.create_string_buffer(min(max(2 * call(10, None, 0), 1), _LIMIT))
    count = call(3, buffer, len(buffer))
    if count < 0:
        tree.note("kernel log", os.strerror(ctypes.get_errno()))
        return None
    return buffer.raw[:count].decode("utf-8", "replace")


def read(tree, address):
    """Return `{first, omitted, lines}` of the log, or None: its first line, and `[{text, count, load, ours}]`.

    Lines that differ in numbers only count as one, with the text of the last. load is how often a driver had been
    initialized until then, ours whether it was during a verification of ours. At most 100 are
    returned, `omitted` is the number of others.

    Args:
        address: of the NPU, as `fdab0000`, or None.
    """
    text = whole(tree)
    if text is None:
        return None
    lines = text.splitlines()
    entries = collect(lines, address)
    return {"first": clean(lines[0]) if lines else "", "omitted": max(0, len(entries) - _HEAD - _TAIL),
            "lines": entries[:_HEAD] + entries[_HEAD:][-_TAIL:]}


def collect(lines, address):
    """Return `[{text, count, load, ours}]` of the lines of a log, as read() does."""
    # The IOMMU is within the same 64 KiB.
    near = re.compile(rf"\b{address[:-4]}[0-9a-f]{{4}}\b" if address else "NPU")
    found, load, until = {}, 0, 0.0
    for line in lines:
        if not ("NPU" in line or near.search(line) or ("npu" in line and "npu" in line.replace("input", ""))):
            continue
        begins, stamp = _MARK.search(line), _TIME.search(line)
        seconds = float(stamp.group(1)) if stamp else 0.0
        if begins:
            until = seconds + int(begins.group(1))
            continue
        ours = seconds < until
        load += "Initialized " in line
        entry = found.setdefault((load, ours, _VARIES.sub("#", line)), {"count": 0, "load": load, "ours": ours})
        entry["text"] = clean(line, 300)
        entry["count"] += 1
    return list(found.values())


def of_failure(tree, address):
    """Return `{run, log}`, as collect(): the lines since the last inference began, and all. At most 50 each."""
    lines = (whole(tree) or "").splitlines()
    begins = [number for number, line in enumerate(lines) if _MARK.search(line) and " 0 s" not in line]
    parts = {"run": lines[begins[-1]:] if begins else [], "log": lines}
    return {name: collect(part, address)[-50:] for name, part in parts.items()}


def mark(seconds):
    """Write to the kernel log that a verification runs for at most some seconds, 0 at its end, if this is allowed."""
    try:
        handle = os.open(PATH, os.O_WRONLY | os.O_CLOEXEC)
    except OSError:
        return
    try:
        os.write(handle, ("<6>" + MARK % seconds).encode())
    except OSError:
        return
    finally:
        os.close(handle)
