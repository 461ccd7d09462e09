# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Drivers and runtimes with a fault, as npu_local_folder serves them, and what npu_compatibility must say for them."""

from __future__ import annotations

import copy
import hashlib
import pathlib
import subprocess
import sys

LAB = pathlib.Path(__file__).resolve().parents[1] / "lab"


def _row(content: bytes) -> dict:
    """The checks of a file's content."""
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
    return {"sha256": hashlib.sha256(content).hexdigest(), "git_blob": blob, "size": len(content)}


def _served(board, section: str, version: str, folder: pathlib.Path, content: bytes) -> dict:
    """The variables with which that file is taken instead of the good one."""
    rows = copy.deepcopy(board.compatibility())
    row = rows[section][version]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / pathlib.PurePath(row["path"]).name).write_bytes(content)
    row.update(_row(content))
    return {"npu_local_folder": str(folder), "npu_compatibility": rows}


def driver(board, version: str, fault: str) -> dict:
    """Variables for an upgrade to driver *version* with a fault of tests/lab/driver/generate.py."""
    folder = board.folder / "faulty" / f"driver-{version}-{fault}"
    target = folder / "made"
    subprocess.run([sys.executable, "-B", str(LAB / "driver/generate.py"), "--version", version, "--fault", fault, "--tarball", str(target)], check=True)
    return _served(board, "drivers", version, folder, target.read_bytes())


def runtime(board, version: str, fault: str) -> dict:
    """Variables for an upgrade to runtime *version* with a fault: truncated, or one of tests/lab/runtime/build.py."""
    folder = board.folder / "faulty" / f"runtime-{version}-{fault}"
    words = [] if fault == "truncated" else ["--fault", fault]
    subprocess.run([sys.executable, "-B", str(LAB / "runtime/build.py"), "--version", version, "--output", str(folder / "made"), *words], check=True,
                   stdout=subprocess.DEVNULL)
    content = (folder / "made/librknnrt.so").read_bytes()
    if fault == "truncated":
        # As long as it still says its version.
        content = content[:content.index(f"librknnrt version: {version}".encode()) + 200]
    return _served(board, "runtimes", version, folder, content)
