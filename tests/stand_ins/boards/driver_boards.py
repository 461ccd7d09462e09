# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Boards that build a driver or get it from the store, for the action plugins."""

from __future__ import annotations

import base64
import hashlib
import pathlib

ROOT = pathlib.Path(__file__).parents[3]
HEADER = b"#define DRIVER_MAJOR 0\n#define DRIVER_MINOR 9\n#define DRIVER_PATCHLEVEL 6\n"
KERNEL, LATER = "6.1.84-12-rk2410", "6.16.1-arm64"

FACTS = {
    "release": KERNEL, "build": "#1 SMP", "machine": "aarch64", "compiler": "gcc", "config_digest": "c" * 64,
    "symvers_digest": "5" * 64,
}
MODULE = b"\x7fELF" + bytes(100) + b"vermagic=%s SMP\0" % KERNEL.encode()


def board(module_args):
    """A board that builds what it is asked to, and takes what it gets."""
    if module_args.get("binary"):
        return {
            "changed": True, "steps": ["tree", "load"], "notes": [],
            "log": "rkfleet: probe fence: left out\n", "built": None,
        }
    assert module_args["collect"]
    return {
        "changed": True, "steps": ["tree", "install"], "notes": [],
        "log": "the log",
        "built": {
            "name": "rknpu.ko", "content": base64.b64encode(MODULE).decode(),
            "sha256": hashlib.sha256(MODULE).hexdigest(), "symvers": "5" * 64, "vermagic": KERNEL + " SMP",
            "tools": {"dkms": "dkms-3.0.10"},
        },
    }


def evil():
    """Another module than the source gives."""
    content = MODULE + b"another code"
    return {"content": base64.b64encode(content).decode(), "sha256": hashlib.sha256(content).hexdigest()}


def predicts(module_args):
    return {"steps": ["tree", "load" if module_args["binary"] else "install"]}


def built(module_args):
    """A host that builds in a folder that goes away again."""
    assert module_args["collect"] and module_args["kernels"] == [KERNEL]
    kept = board(dict(module_args, binary=None))["built"]
    return {
        "kernels": [
            {
                "release": KERNEL, "verdict": "builds", "reason": "fine", "probes": ["probe fence: left out"],
                "log": "the log", "built": kept,
            }
        ]
    }
