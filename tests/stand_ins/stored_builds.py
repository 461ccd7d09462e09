# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Inputs of a build, and a store with builds."""

from __future__ import annotations

import base64
import hashlib

from ansible_collections.rkfleet.npu.plugins.plugin_utils._store import inputs as _inputs

KERNEL = {
    "release": "6.1.43-15-rk2312", "build": "#1 SMP Tue Jan 2", "machine": "aarch64", "compiler": "gcc-12",
    "config_digest": "c" * 64, "symvers_digest": "5" * 64,
}
MODULE = b"\x7fELF" + bytes(100) + b"vermagic=6.1.43-15-rk2312 SMP mod_unload\0"


def inputs(**changes):
    known = {
        "kernel": dict(KERNEL), "version": "0.9.6", "module": "rknpu_dkms", "source": "a" * 64, "recipe": "b" * 64,
        "certificate": "",
    }
    for name, value in changes.items():
        if name in known:
            known[name] = value
        else:
            known["kernel"][name] = value
    return _inputs.build_inputs(**known)


def answer(module=MODULE, **changes):
    """What a board says of what it has built."""
    return dict(
        {
            "name": "rknpu_dkms.ko", "content": base64.b64encode(module).decode(),
            "sha256": hashlib.sha256(module).hexdigest(), "symvers": "5" * 64,
            "vermagic": "6.1.43-15-rk2312 SMP mod_unload", "tools": {"dkms": "dkms-3.0.10"},
        },
        **changes,
    )


def put(store, wanted=None, module=MODULE, board="rock5b-1", hosts=None, **changes):
    return store.put(
        wanted or inputs(), answer(module, **changes), board=board, log="the log", probes=["probe fence: left out"],
        tree="d" * 64, hosts=hosts,
    )


def release(number):
    """Inputs of another kernel, and a module for it."""
    name = "6.1.43-%d-rk2312" % number
    return inputs(release=name), MODULE.replace(b"6.1.43-15-rk2312", name.encode()), name
