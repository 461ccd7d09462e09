# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Facts on packages, from dpkg's own files: which one owns a file, and the packages of the running kernel."""

from __future__ import annotations

import re

from ..._board.diversion import DATABASE, LOCAL, is_ours, parse
from .package_files import owners

_HOLDS = 50
_STATUS = re.compile(r"^Status: (\S+) \S+ installed$", re.MULTILINE)
_VERSION = re.compile(r"^Version: (\S{1,100})$", re.MULTILINE)


def read_owner(tree, names, path):
    """Return which package owns the runtime.

    Args:
        names: The names under which programs find the library.
        path: Its file. If a name is a packaged link, only the link is diverted: a new version brings another file.

    Returns:
        `package`, or None; `packaged`, the names that its upgrade would replace; `diverted`, those with our diversion;
        `diverted_by`, the package that has diverted one of them, which nobody else can then do.
    """
    found = owners(tree, [*names, path], re.compile(r"rk|npu"))
    names = list(dict.fromkeys([name for name in names if name in found] or [path]))
    diversions = parse(tree.text(DATABASE, 1 << 20))
    by = {name: diversions[name][1] for name in names if name in diversions}
    # A package that diverts a name owns what is there; in the place of another diverted name is the owner's file.
    owner = {name: found.get(name) if by.get(name) is None else by[name] for name in names}
    packaged = [name for name in names if owner[name] not in (None, LOCAL)]
    diverted = [name for name in names if is_ours(diversions, name)]
    return {
        "package": next((owner[name] for name in packaged), next((found.get(name) for name in diverted), None)),
        "packaged": packaged, "diverted": diverted,
        "diverted_by": next((by[name] for name in packaged if name in by), None),
    }


def read(tree, release, headers):
    """Return `{kernel, holds}`: the packages of the running kernel, and the names of all packages on hold.

    Args:
        headers: Folder of the kernel's headers, or None.

    Returns:
        `kernel` is a list of `{name, part, version, hold}`, with the parts image, modules, dtb and headers.
    """
    parts = {"/boot/vmlinuz-" + release: "image", f"/lib/modules/{release}/modules.builtin": "modules",
             "/boot/dtb-" + release: "dtb", headers or "/usr/src/linux-headers-" + release: "headers"}
    found = owners(tree, parts, re.compile(r"^(linux|.*kernel)-"), True)
    named = {}
    for path, part in parts.items():
        if path in found:
            named.setdefault(found[path], part)
    kernel, holds = {}, []
    for entry in (tree.text("/var/lib/dpkg/status", 64 << 20) or "").split("\n\n"):
        name = entry.lstrip("\n").partition("\n")[0][len("Package: "):]
        if name not in named and "\nStatus: hold " not in entry:
            continue
        status, version = _STATUS.search(entry), _VERSION.search(entry)
        hold = bool(status) and status.group(1) == "hold"
        if hold:
            holds.append(name)
        if name in named and status:
            kernel[name] = {"name": name, "part": named[name], "version": version and version.group(1), "hold": hold}
    return {"kernel": [kernel[name] for name in named if name in kernel], "holds": sorted(holds)[:_HOLDS]}
