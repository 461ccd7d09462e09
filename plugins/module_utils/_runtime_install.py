# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Install librknnrt.so: the previous file is kept, and the library is replaced atomically."""

from __future__ import annotations

import os

from ._board.files import clean_leftovers, copy_file
from ._board.backup import keep
from ._board.pins import pin_mismatch
from ._board.paths import STATE_DIR

# e_ident of a 64-bit little-endian ELF file, and e_machine EM_AARCH64 at offset 18 (ELF specification).
ELF64_LE = b"\x7fELF\x02\x01"
EM_AARCH64 = 183


class RuntimeInstallError(Exception):
    """A library that was not installed, with one sentence why."""


def install(source, destination, pins, state_dir=STATE_DIR):
    """Replace the library at `destination` and return where the old one is kept, None where there was none.

    Args:
        pins: `sha256` or `git_blob`, and `size`, as in the compatibility data.

    Raises:
        RuntimeInstallError: Where `source` is not the pinned file or not a library for this board.
    """
    mismatch = pin_mismatch(source, pins)
    if mismatch:
        raise RuntimeInstallError("the runtime arrived damaged: %s" % mismatch)
    with open(source, "rb") as stream:
        head = stream.read(20)
    if not head.startswith(ELF64_LE) or int.from_bytes(head[18:20], "little") != EM_AARCH64:
        raise RuntimeInstallError("the file is not a library for arm64")
    # After a power failure an earlier run may have an unfinished copy here, and the disk no space for another.
    clean_leftovers(os.path.dirname(os.path.realpath(destination)))
    clean_leftovers(os.path.join(state_dir, "backup"))
    # The copy stays out of the library folder: ldconfig would take it for a candidate of the same soname.
    kept = keep(destination, state_dir)
    copy_file(source, destination, 0o644)
    return kept


def is_installed(destination, pins):
    """Return whether the file at `destination` is the pinned one."""
    return os.path.isfile(destination) and pin_mismatch(destination, pins) is None
