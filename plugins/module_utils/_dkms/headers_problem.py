# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why the headers on a board are no good for a build, in a sentence, and what its owner can do."""

from __future__ import annotations

_MACHINES = {3: "x86", 40: "32-bit ARM", 62: "x86-64", 183: "aarch64", 243: "RISC-V"}
_PROGRAMS = ("scripts/basic/fixdep", "scripts/mod/modpost")
_GENERATED = ("include/generated/autoconf.h", "include/config/auto.conf")


def describe(release, found, others=(), package=None):
    """Return `(reason, remedy)`, two sentences, or None if modules can be built.

    Args:
        release: release of the kernel.
        found: `{lacks, release, machine}` as _facts.headers.read() returns it, None without headers.
        others: `[{package, release}]`, the installed packages with headers of other kernels.
        package: name of the package that should have these headers, if it is known.
    """
    build = "/lib/modules/%s/build" % release
    replaced = _replaced_in_place(others, package)
    if replaced and (found is None or found["release"]):
        name = replaced["package"]
        return ("Package %s has the headers of kernel %s, and this kernel is %s." % (name, replaced["release"], release),
                "Update both (apt-get update, then apt-get install %s %s), reboot, and rerun the playbook." % (
                    name.replace("-headers-", "-image-", 1), name))
    name = package or "the headers package of this very kernel"
    if found is None:
        return ("The headers of kernel %s are not installed: there is no %s." % (release, build),
                "Install %s." % name)
    if found["release"]:
        return ("%s has the headers of kernel %s, and this kernel is %s." % (build, found["release"], release),
                "Install %s, and make %s a link to its folder." % (name, build))
    compile_again = "Compile them on the board: %s. Then rerun the playbook." % (
        "dpkg-reconfigure %s, or make -C %s scripts" % (package, build) if package else "make -C %s scripts" % build)
    if found["machine"]:
        return ("The headers of kernel %s have programs (scripts/basic/fixdep) for another machine (%s)." % (
            release, _MACHINES.get(found["machine"], "ELF machine %d" % found["machine"])), compile_again)
    programs = [name for name in found["lacks"] if name in _PROGRAMS]
    reinstall = "Reinstall them (apt-get install --reinstall %s) or install a newer version of that package." % name
    if len(programs) < len(found["lacks"]):
        unprepared = any(name in _GENERATED for name in found["lacks"])
        return ("The headers of kernel %s are %s: %s is missing in %s." % (
            release, "not prepared for a build" if unprepared else "incomplete", ", ".join(found["lacks"]), build),
            reinstall)
    if programs:
        return ("The headers of kernel %s lack programs: %s is missing in %s." % (release, ", ".join(programs), build),
                compile_again)
    return None


def _replaced_in_place(others, package):
    """Return the entry of the package whose next version replaces the headers of one kernel by those of the next."""
    for entry in others or ():
        if entry["release"] not in entry["package"] and package in (None, entry["package"]):
            return entry
    return None
