# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What the stand-in kernel of a light board and its NPU driver read and write: see kernel.py."""

from __future__ import annotations

import json
import os
import time

LAB, KERNEL, OWN = "/run/rkfleet-lab", "/run/rkfleet-kernel", "/usr/lib/rkfleet-lab"
LOADED = KERNEL + "/proc/modules"
LOG = "<6>[%5d.%06d] %s\n"


def board():
    """Return the lab's settings of this board."""
    with open(OWN + "/board.json", encoding="utf-8") as stream:
        return json.load(stream)


def read(path, otherwise=""):
    """Return the text of a file."""
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return otherwise


def write(path, text=""):
    """Write a file and the folders above it."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)


def link(path, target):
    """Make a symbolic link and the folders above it."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.islink(path):
        os.unlink(path)
    os.symlink(target, path)


def fault():
    """Return the fault of this board."""
    return read(LAB + "/fault").strip() or "none"


def journal(event, **details):
    """Write an event into the journal, which lies outside the board."""
    line = json.dumps(dict({"at": round(time.time(), 3), "event": event}, **details)) + "\n"
    with open(LAB + "/journal", "a", encoding="utf-8") as stream:
        stream.write(line)


def log(text):
    """Write a line into the kernel log."""
    now = time.clock_gettime(time.CLOCK_BOOTTIME)
    with open(KERNEL + "/log", "a", encoding="utf-8") as stream:
        stream.write(LOG % (int(now), int(now % 1 * 1e6), text))
