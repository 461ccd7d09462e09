# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Files of kernel modules, made byte by byte."""

from __future__ import annotations

import pathlib
import struct
import sys

from ansible_collections.rkfleet.npu.plugins.module_utils._dkms.module import module_layout

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lab/board"))

from boot_model import elf

RELEASE = "6.1.84-vendor-rk35xx"
VERMAGIC = RELEASE + " SMP mod_unload aarch64"


def module(size=896, init=376, exit_=840, vermagic=VERMAGIC, intree=True, versions=None, sizes=None, suffix="",
           **other):
    """A kernel module with a `struct module` of this size and its functions at these offsets."""
    strings = b"\0init_module%s\0cleanup_module%s\0" % (suffix.encode(), suffix.encode())
    symbols = bytes(24)
    relocations = b""
    for number, (name, offset) in enumerate(((b"init_module", init), (b"cleanup_module", exit_)), 1):
        symbols += struct.pack("<IBBHQQ", strings.index(b"\0" + name) + 1, 18, 0, 1, 0, 8)
        if offset is not None:
            relocations += struct.pack("<QQq", offset, number << 32 | 257, 0)
    info = b"license=GPL\0" + (b"intree=Y\0" if intree else b"") + b"vermagic=" + vermagic.encode() + b"\0"
    table = b"".join(struct.pack("<Q56s", checksum, name.encode()) for name, checksum in (versions or {}).items())
    listed = b"".join(struct.pack("<24sI", name.encode(), bytes_) for name, bytes_ in (sizes or {}).items())
    return elf([
        (".modinfo", 1, 0, 0, info), (".gnu.linkonce.this_module", 1, 0, 0, bytes(size)),
        (".rela.gnu.linkonce.this_module", 4, 4, 2, relocations), (".symtab", 2, 5, 0, symbols),
        (".strtab", 3, 0, 0, strings), ("__versions", 1, 0, 0, table), (module_layout.SIZES, 1, 0, 0, listed),
    ], **other)
