# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Prove without a build that kernel headers belong to a kernel, and that its modules can be compiled with them.

With CONFIG_MODVERSIONS the checksum of `module_layout` covers `struct module` and what it contains. If the kernel's own
modules import the checksums that are in the headers' Module.symvers, and both have the same configuration, and the
compiler is of the kernel's own version, an empty module would tell nothing new. Where one of these is unknown or
differs, nothing is proven, and a build has to tell.
"""

from __future__ import annotations

import os
import re
import zlib

from .._board.files import read_file
from . import prebuilt
from .module_layout import own_modules

_MOST = 4 << 20
# An option that is not set is a comment in one file, and missing or "n" in the other. Since Linux 5.17, auto.conf has
# no quotes.
_OPTION = re.compile(r'^(CONFIG_\w+)=(?!n$)"?(.*?)"?$', re.MULTILINE)
_PROGRAMS = ("scripts/basic/fixdep", "scripts/mod/modpost")


def proof(run, release, headers, folder, root="/"):
    """Return a note on what proves that these headers are the kernel's and usable, or None if it is not proven.

    Args:
        run: Callable that runs a list of arguments in a folder and returns `(rc, stdout, stderr)`.
        release: Release of the kernel.
        headers: Folder of its installed headers.
        folder: A folder for new files, which the caller removes.
        root: Root folder of the board's files.
    """
    options = dict(_OPTION.findall(_text(os.path.join(headers, "include/config/auto.conf"))))
    if not options or options != _configuration(release, root):
        return None
    count = _versions(run, release, folder, root)
    if not count or not _compiler(run, options, folder) or not _tools(run, headers, folder):
        return None
    return (f"nothing was built: the headers have the kernel's configuration, and the versions of {count} symbols that "
            "its own modules need")


def _configuration(release, root):
    """Return `{option: value}` of the kernel, which the headers had no part in."""
    config = b""
    if os.uname().release == release:
        config = _inflated(read_file(os.path.join(root, "proc/config.gz"), _MOST) or b"")
    config = config or read_file(os.path.join(root, "boot/config-" + release), _MOST) or b""
    return dict(_OPTION.findall(config.decode("utf-8", "replace")))


def _inflated(content):
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(content, _MOST)
    except zlib.error:
        return b""


def _versions(run, release, folder, root):
    """Return how many symbol versions of the kernel's own modules are in the headers, 0 if any differs."""
    modules = os.path.join(root, "lib/modules", release)
    known = prebuilt.headers_versions(modules)
    needed = [theirs["versions"] for dummy, theirs in own_modules(modules, lambda words: run(words, folder), release)]
    if not known or not needed or any("module_layout" not in versions for versions in needed):
        return 0
    symbols = {symbol for versions in needed for symbol in versions.items()}
    return len(symbols) if all(known.get(name) == checksum for name, checksum in symbols) else 0


def _compiler(run, options, folder):
    """Return whether `gcc` has the version that the kernel was configured for, and compiles."""
    if options.get("CONFIG_CC_IS_GCC") != "y" or "CONFIG_GCC_PLUGINS" in options:
        return False
    rc, out, dummy = run(["gcc", "-dumpfullversion"], folder)
    found = re.match(r"(\d+)\.(\d+)\.(\d+)\s*\Z", out)
    if rc or not found:
        return False
    major, minor, patch = map(int, found.groups())
    if options.get("CONFIG_GCC_VERSION") != f"{major}{minor:02}{patch:02}":
        return False
    with open(os.path.join(folder, "empty.c"), "w", encoding="ascii") as stream:
        stream.write("int rkfleet;\n")
    commands = ["gcc", "-c", "-o", "empty.o", "empty.c"], ["ld", "-r", "-o", "linked.o", "empty.o"]
    return all(run(command, folder)[0] == 0 for command in commands)


def _tools(run, headers, folder):
    """Return whether the headers' makefiles can be read and their programs can be run."""
    rc, out, dummy = run(["make", "-s", "-C", headers, "kernelversion"], folder)
    # Without arguments they end with 0 or 1 and do nothing.
    return rc == 0 and out.strip() != "" and all(
        run([os.path.join(headers, name)], folder)[0] in (0, 1) for name in _PROGRAMS)


def _text(path):
    return (read_file(path, _MOST) or b"").decode("utf-8", "replace")
