# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Facts on DKMS, read from its tree: without a process, and the same for all releases of DKMS."""

from __future__ import annotations

import re

from ..._board.paths import MARKER, kernel_module
from ..._board.tree import clean
from . import package_files

_TREE = "/var/lib/dkms"
_VERSION = re.compile(r"""["']dkms(?:-|: ?)(\d[\w.]{0,20})["']|^dkms_version=["']?(\d[\w.]{0,20})""", re.M)
_LIMIT = 200
_OWNERS = re.compile("dkms|rk|npu")
_LEFT_OUT = re.compile(r"^rkfleet: left out ([a-z_]{1,32}: .{1,200})", re.M)


def _tool_version(tree):
    for path in ("/usr/sbin/dkms", "/usr/bin/dkms"):
        if not tree.exists(path):
            continue
        match = _VERSION.search(tree.text(path, 1 << 20) or "")
        return True, (match.group(1) or match.group(2)) if match else None
    return False, None


def _builds(tree, folder):
    """Return `(kernel, arch, module files)` of the finished builds below the folder of a module version."""
    for kernel in tree.names(folder):
        if kernel in ("source", "build"):
            continue
        for arch in tree.names("%s/%s" % (folder, kernel)):
            # A build that was cut off leaves an empty module folder, since 3.1.8 a hidden one.
            built = list(filter(kernel_module, tree.names("%s/%s/%s/module" % (folder, kernel, arch))))
            if built and arch[0] != ".":
                yield kernel, arch, built


def read(tree):
    """Return `{available, version, modules}`, of each module what the facts describe.

    state is `added`, `built` or `installed`; original is whether DKMS keeps a module of the kernel to restore; foreign
    is whether it is an NPU driver without our marker, where a source that is missing does not say whose it is; package
    is the package of dpkg that brought it, others whether it builds other modules, too; left_out has what a build of
    ours left out, as `NAME: CAUSE`.
    """
    available, version = _tool_version(tree)
    modules = []
    for name in tree.names(_TREE)[:_LIMIT]:
        base = "%s/%s" % (_TREE, name)
        if name in ("dkms_dbversion", "mok.key", "mok.pub"):
            continue
        versions = [item for item in tree.names(base) if tree.link("%s/%s/source" % (base, item))]
        for item in versions:
            builds = list(_builds(tree, "%s/%s" % (base, item)))
            source = "%s/%s/source" % (base, item)
            files = [file for build in builds for file in build[2]]
            # No other project calls its module rknpu_dkms.
            foreign = (tree.exists(source) and not tree.exists(source + "/" + MARKER)
                       and (any(file.startswith("rknpu.") for file in files) if files else name == "rknpu"))
            of = {"foreign": foreign, "package": None, "others": False}
            if foreign:
                conf = "%s/dkms.conf" % tree.link(source)
                of["package"] = package_files.owners(tree, [conf], _OWNERS, True).get(conf)
                of["others"] = any(not file.startswith("rknpu.") for file in files)
            for kernel, arch, unused in builds:
                link = tree.link("%s/kernel-%s-%s" % (base, kernel, arch)) or ""
                installed = link.rstrip("/").endswith("%s/%s/%s" % (item, kernel, arch))
                modules.append({
                    "name": clean(name), "version": clean(item), "kernel": clean(kernel), "arch": clean(arch),
                    "state": "installed" if installed else "built",
                    "original": bool(tree.names("%s/original_module/%s/%s" % (base, kernel, arch))),
                    **of, "left_out": [clean(text) for text in _LEFT_OUT.findall(
                        tree.text("%s/%s/%s/%s/log/make.log" % (base, item, kernel, arch), 1 << 16) or "")][:9],
                })
            if not builds:
                modules.append({"name": clean(name), "version": clean(item), "kernel": None, "arch": None,
                                "state": "added", "original": False, **of, "left_out": []})
    return {"available": available, "version": version, "modules": modules[:_LIMIT]}
