# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Facts on the system: its C library, and what blocks a module."""

from __future__ import annotations

import re

from .._board.tree import clean

_BLOCK = re.compile(r"^[ \t]*(blacklist|install)[ \t]+(rknpu(?:[-_]dkms)?)(?:[ \t]+(\S[^\n]*))?[ \t]*$", re.MULTILINE)
_OURS = "/run/modprobe.d/rkfleet-npu.conf"


def read_libc(tree):
    """Return the C library by its dynamic loader, `glibc`, `musl` or `uclibc`; None if none is found."""
    names, glibc = tree.names("/lib") + tree.names("/lib64"), "ld-linux-aarch64.so.1"
    # A compatibility layer (gcompat) links glibc's name to musl's loader.
    if glibc in names and not re.search("musl|gcompat", tree.link("/lib/" + glibc) or ""):
        return "glibc"
    return next((kind.lower() for kind in ("musl", "uClibc")
                 if any(name.startswith("ld-" + kind) for name in names)), None)


def read_modprobe(tree):
    """Return `[{path, module, text}]`, at most 10: the lines of others that keep an NPU module from being loaded."""
    lines, known = [], {_OURS}
    for folder in ("/etc/modprobe.d", "/run/modprobe.d", "/usr/lib/modprobe.d", "/lib/modprobe.d"):
        for name in tree.names(folder):
            path = folder + "/" + name
            # A file hides those of its name in later folders; a link to /dev/null does only that.
            if name.endswith(".conf") and not known & {name, path}:
                known.add(name)
                text = "" if tree.link(path) == "/dev/null" else tree.text(path, 65536) or ""
                lines += [{"path": clean(path), "module": match.group(2).replace("-", "_"),
                           "text": clean(match.group(0))} for match in _BLOCK.finditer(text)]
    return lines[:10]
