# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Facts on the headers of a kernel: whether modules can be built with them."""

from __future__ import annotations

import re

RELEASE = re.compile(r"\w[\w.+~-]{0,127}\Z", re.ASCII)
_NEEDED = ("Makefile", "include/generated/autoconf.h", "include/config/auto.conf", "scripts/basic/fixdep",
           "scripts/mod/modpost", "scripts/module.lds")
# Debian keeps it with the architecture; before Linux 5.10 it had another name.
_ELSEWHERE = {"scripts/module.lds": ("arch/arm64/module.lds", "arch/x86/module.lds", "scripts/module-common.lds")}
_ELF_MACHINES = {"x86_64": 62, "aarch64": 183}
_PACKAGES = "/var/lib/dpkg/info"
_FOLDER = "linux-headers-"
# make replaces no newer program; since Linux 5.1 `make scripts` makes no modpost.
COMPILE = ("cd /lib/modules/{kernel}/build && test -f scripts/basic/fixdep.c && find scripts -name '*.o' -delete && "
           "rm -f scripts/basic/fixdep scripts/mod/modpost && make scripts && make M=scripts/mod/")


def read(tree, release, machine=None, build=None):
    """Return `{lacks, release, machine, installed}` of the headers of a kernel, or None without any.

    Args:
        machine: the kernel's, as `aarch64`; without it the headers' own programs may be for any.
        build: folder of the headers, instead of `/lib/modules/RELEASE/build`.

    Returns:
        lacks: what a build needs and the headers lack; release: of the kernel that they say they are for, if it is
        another one; machine: the ELF number of the machine that their programs are for, if it is another one.
    """
    build = build or "/lib/modules/%s/build" % release
    if not tree.exists(build):
        return None
    lacks = [name for name in _NEEDED
             if not any(tree.exists("%s/%s" % (build, place)) for place in (name, *_ELSEWHERE.get(name, ())))]
    stated = re.search(r'^#define UTS_RELEASE "([^"\n]{1,128})"',
                       tree.text(build + "/include/generated/utsrelease.h", 65536) or "", re.MULTILINE)
    program = tree.data(build + "/scripts/basic/fixdep", 20) or b""
    number = int.from_bytes(program[18:20], "little") if program[:4] == b"\x7fELF" and len(program) == 20 else None
    wanted = _ELF_MACHINES.get(machine)
    return {"lacks": lacks, "release": stated.group(1) if stated and stated.group(1) != release else None,
            "machine": number if wanted and number not in (None, wanted) else None}


def usable(found):
    """Return whether modules can be built with what read() has found."""
    return bool(found) and not any(found.values())


def has_headers(tree, release, machine=None):
    """Return whether modules can be built for a kernel."""
    return usable(read(tree, release, machine))


def others(tree, release):
    """Return `[{package, release}]` of installed packages with the headers of other kernels, at most 8."""
    found = []
    for name in tree.names(_PACKAGES):
        if name.startswith(_FOLDER) and name.endswith(".list"):
            folder = re.search(r"^/usr/src/linux-headers-([\w.+~-]{1,128})$", tree.text("%s/%s" % (_PACKAGES, name),
                                                                                        65536) or "", re.MULTILINE)
            if folder and folder.group(1) != release:
                found.append({"package": name[:-len(".list")].split(":")[0], "release": folder.group(1)})
    return found[:8]
