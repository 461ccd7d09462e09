# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files and folders that an upgrade may change: a restore point is made of them."""

from __future__ import annotations

import os
import re

from .._board.files import read_file
from .._board.paths import (
    DRACUT,
    FACT_FILE,
    MODULES_LOAD,
    SIGNING_CONFIG,
    SIGNING_PATHS,
    SUFFIXES,
)
from .._board.tree import Tree
from .._boot import default_kernel, menu, registry, u_boot_update
from .state import link_target

DKMS_TREE = "/var/lib/dkms/rknpu"
SOURCE_TREES = "/usr/src"
SERVER_FILES = ("/usr/bin/rknn_server", "/etc/systemd/system/rknn_server.service",
                "/etc/systemd/system/multi-user.target.wants/rknn_server.service")
BOOT_KINDS = ("menu", "shell", "environment", "words")
"""Files of the boot loader, by how they are written: see _guard."""
_MODULE = re.compile(r"rknpu(?:_dkms)?\.ko(?:\.(?:gz|xz|zst))?\Z")


def watched(root, versions, runtime, package="rknpu"):
    """`[(path, kind)]` of all that an upgrade may change, `kind` being one of BOOT_KINDS, `file`, `tree` or `folder` (with what else
    is in it not ours).

    What decides on the boot comes first, a folder after all that is in it.

    Args:
        versions: Releases of the driver that it may install.
        runtime: Where the runtime library lies, or is to lie.
    """
    tree = Tree(root)
    cmdline = (read_file(os.path.join(root, "proc/cmdline")) or b"").decode("utf-8", "replace")
    loader = registry.recognize(tree, cmdline)
    paths = [menu.PATH, u_boot_update.CONFIG, MODULES_LOAD, DRACUT]
    boot = {menu.PATH: "menu", u_boot_update.CONFIG: "shell", SIGNING_CONFIG: "shell"}
    if loader.config:
        paths.append(loader.config)
        boot[loader.config] = loader.kind
    paths += [path for path in default_kernel.FILES if path not in paths]
    for release in tree.names("/lib/modules"):
        folder = "/lib/modules/%s" % release
        paths += ["%s/updates/dkms/%s.ko%s"
                  % (folder, name, suffix) for name in ("rknpu", "rknpu_dkms") for suffix in SUFFIXES]
        paths += _own_modules(root, folder)
    paths += [runtime, FACT_FILE, *SERVER_FILES, *SIGNING_PATHS]
    trees = ["%s/%s" % (SOURCE_TREES, name) for name in tree.names(SOURCE_TREES) if name.startswith(package + "-")]
    trees += ["%s/%s-%s" % (SOURCE_TREES, package, version) for version in versions]
    trees.append(DKMS_TREE)
    folders = set(default_kernel.OWN_FOLDERS)
    for path in paths:
        if path.startswith(("/lib/modules/", "/etc/ansible/", "/etc/modules-load.d/", "/etc/dracut.conf.d/")):
            folders.update((os.path.dirname(path), os.path.dirname(os.path.dirname(path))))
    kinds = (("file", paths), ("tree", trees), ("folder", sorted(folders, reverse=True)))
    # What is replaced is what a link leads to; links stay.
    return list(dict(
        (link_target(tree, path) if kind == "file" else path, boot.get(path, kind)) for kind,
        found in kinds for path in found).items())


def _own_modules(root, folder):
    """The kernel's own modules of the NPU, which DKMS takes away while its own is installed."""
    found = []
    for base in ("kernel", "extra"):
        for place, dummy, names in os.walk(os.path.join(root, folder.lstrip("/"), base)):
            found += ["/" + os.path.relpath(os.path.join(place, name), root) for name in names if _MODULE.match(name)]
    return sorted(found)
