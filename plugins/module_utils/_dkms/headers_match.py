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

import contextlib
import os
import re
import tempfile
import zlib

from .._board.tree import Tree
from .._facts.gather import inflate
from .._facts.installed import headers as _headers
from .module import prebuilt
from .module.module_layout import own_modules

_MOST = 4 << 20
# An option that is not set is a comment in one file, and missing or "n" in the other. Since Linux 5.17, auto.conf has
# no quotes.
_OPTION = re.compile(r'^(CONFIG_\w+)=(?!n$)"?(.*?)"?$', re.MULTILINE)
_PROGRAMS = ("scripts/basic/fixdep", "scripts/mod/modpost")


def proven(run, release, root="/"):
    """Return the number of symbol versions that prove a kernel's installed headers; 0 if nothing is proven.

    Args:
        run: Callable that runs a list of arguments and returns `(rc, stdout, stderr)`.
        release: Release of the kernel.
        root: Root folder of the board's files.
    """
    tree = Tree(root)
    if not _headers.has_headers(tree, release, os.uname().machine):
        return 0
    build = f"/lib/modules/{release}/build"
    options = dict(_OPTION.findall(tree.text(build + "/include/config/auto.conf", _MOST) or ""))
    # Where only signed modules are loaded, more than the headers decides whether a module is of use.
    if not options or options != _configuration(tree, release) or "CONFIG_MODULE_SIG_FORCE" in options:
        return 0
    count = _versions(run, release, tree.real("/lib/modules/" + release))
    return count if count and _compiler(run, options) and _tools(run, tree.real(build)) else 0


def _configuration(tree, release):
    """Return `{option: value}` of the kernel, which the headers had no part in."""
    config = b""
    if os.uname().release == release:
        with contextlib.suppress(EOFError, zlib.error):
            config = inflate(tree.data("/proc/config.gz", _MOST) or b"")
    config = config or tree.data("/boot/config-" + release, _MOST) or b""
    return dict(_OPTION.findall(config.decode("utf-8", "replace")))


def _versions(run, release, modules):
    """Return how many symbol versions of the kernel's own modules are in the headers, 0 if any differs."""
    known = prebuilt.headers_versions(modules)
    needed = [theirs["versions"] for dummy, theirs in own_modules(modules, run, release)]
    if not known or not needed or any("module_layout" not in versions for versions in needed):
        return 0
    symbols = {symbol for versions in needed for symbol in versions.items()}
    return len(symbols) if all(known.get(name) == checksum for name, checksum in symbols) else 0


def _compiler(run, options):
    """Return whether `gcc` has the version that the kernel was configured for, and compiles and links."""
    if options.get("CONFIG_CC_IS_GCC") != "y" or "CONFIG_GCC_PLUGINS" in options:
        return False
    rc, out, dummy = run(["gcc", "-dumpfullversion"])
    found = re.match(r"(\d+)\.(\d+)\.(\d+)\s*\Z", out)
    if rc or not found:
        return False
    major, minor, patch = map(int, found.groups())
    if options.get("CONFIG_GCC_VERSION") != f"{major}{minor:02}{patch:02}":
        return False
    with tempfile.TemporaryDirectory(prefix="rkfleet-") as folder:
        source = os.path.join(folder, "empty.c")
        with open(source, "w", encoding="ascii") as stream:
            stream.write("int rkfleet;\n")
        return run(["gcc", "-r", "-nostdlib", "-o", os.path.join(folder, "empty.o"), source])[0] == 0


def _tools(run, headers):
    """Return whether the headers' makefiles can be read and their programs can be run."""
    rc, out, dummy = run(["make", "-s", "-C", headers, "kernelversion"])
    # Without arguments they end with 0 or 1 and do nothing.
    return rc == 0 and out.strip() != "" and all(
        run([os.path.join(headers, name)])[0] in (0, 1) for name in _PROGRAMS)
