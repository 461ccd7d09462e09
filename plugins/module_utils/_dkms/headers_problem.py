# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why the headers on a board are no good for a build, and what its owner can do."""

from __future__ import annotations

import os

from .._board.tree import Tree
from .._facts.installed import headers

_MACHINES = {3: "x86", 40: "32-bit ARM", 62: "x86-64", 183: "aarch64", 243: "RISC-V"}
_PROGRAMS = ("scripts/basic/fixdep", "scripts/mod/modpost")
_GENERATED = ("include/generated/autoconf.h", "include/config/auto.conf")


def describe(release, found, others=(), package=None):
    """Return `(reason, remedy)`, two sentences, or None if modules can be built.

    Args:
        release: release of the kernel.
        found: `{lacks, release, machine}` as _facts.headers.read() returns it, None without headers.
        others: `[{package, release}]`, the installed packages with headers of other kernels.
        package: that should have these headers, if it is known.
    """
    build = f"/lib/modules/{release}/build"
    replaced = _replaced_in_place(others, package)
    if replaced and (found is None or found["release"]):
        name, theirs = replaced["package"], replaced["release"]
        image = name.replace("-headers-", "-image-", 1)
        return (f"Package {name} has the headers of kernel {theirs}, and this kernel is {release}.",
                f"Update both (apt-get update, then apt-get install {image} {name}), reboot, and rerun the playbook.")
    name = package or "the headers package of this very kernel"
    if found is None:
        return (f"The headers of kernel {release} are not installed: there is no {build}.",
                f"Install {name}.")
    theirs, machine = found["release"], found["machine"]
    if theirs:
        return (f"{build} has the headers of kernel {theirs}, and this kernel is {release}.",
                f"Install {name}, and make {build} a link to its folder.")
    how = (f"dpkg-reconfigure {package}, or " if package else "") + headers.COMPILE.format(kernel=release)
    compile_again = (f"Compile them on the board: {how}. Without fixdep.c (Debian), reinstall {name} and linux-kbuild. "
                     "Then rerun the playbook.")
    if machine:
        kind = _MACHINES.get(machine, f"ELF machine {machine}")
        return (f"The headers of kernel {release} have programs (scripts/basic/fixdep) for another machine ({kind}).",
                compile_again)
    programs = [name for name in found["lacks"] if name in _PROGRAMS]
    reinstall = f"Reinstall them (apt-get install --reinstall {name}) or install a newer version of that package."
    lacking = ", ".join(found["lacks"])
    if len(programs) < len(found["lacks"]):
        are = "not prepared for a build" if set(_GENERATED) & set(found["lacks"]) else "incomplete"
        return (f"The headers of kernel {release} are {are}: {lacking} is missing in {build}.",
                reinstall)
    if programs:
        return (f"The headers of kernel {release} lack programs: {lacking} is missing in {build}.",
                compile_again)
    return None


def of_board(root, release):
    """Return why the headers of a kernel on this board are no good, with the remedy, or None.

    Args:
        root: root folder of the board's files.
        release: release of the kernel.
    """
    tree = Tree(root)
    found = headers.read(tree, release, os.uname().machine)
    problem = describe(release, found, headers.others(tree, release))
    there = [name[len("linux-headers-"):] for name in tree.names("/usr/src") if name.startswith("linux-headers-")]
    if problem and found is None and there:
        names = ", ".join(there[:3])
        problem = (problem[0], f"/usr/src has those of {names}.", problem[1],
                   "If the package is for another kernel, update kernel and headers together, and reboot.")
    return problem and " ".join(problem)


def _replaced_in_place(others, package):
    """Return the entry of the package whose next version replaces its headers by those of the next kernel."""
    for entry in others or ():
        if entry["release"] not in entry["package"] and package in (None, entry["package"]):
            return entry
    return None
