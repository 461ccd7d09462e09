# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files and folders that an upgrade may change, which a restore point has to contain."""

from __future__ import annotations

import os

from .._board.diversion import aside
from .._board.paths import DRACUT, FACT_FILE, MODULES_LOAD, SIGNING_CONFIG, SIGNING_PATHS, SUFFIXES, kernel_module
from .._board.tree import Tree
from .._boot import boot_files
from .._boot.menus import default_kernel_paths
from .lists import link_target

DKMS_TREE = "/var/lib/dkms/rknpu"
SOURCE_TREES = "/usr/src"
SERVER_FILES = ("/usr/bin/rknn_server", "/etc/systemd/system/rknn_server.service",
                "/etc/systemd/system/multi-user.target.wants/rknn_server.service")
_OWN_MODULES = ("rknpu", "rknpu_dkms")


def watched(root, versions, runtime, package="rknpu", diverted=(), replaces=()):
    """Return `[(path, kind)]` of all files and folders that an upgrade may change.

    A kind is one of boot_files.KINDS, `file`, `tree`, `folder` (of which the other content is not ours) or `divert`
    (where dpkg puts a package's library while ours has its name). Boot files come first, a folder after its content.

    Args:
        root: Root folder of the board's files.
        versions: Driver releases that may be installed.
        runtime: Path of the current or future runtime library.
        package: Name of the DKMS package.
        replaces: `NAME/VERSION` of DKMS packages of other names that are replaced; others in the list do not count.
        diverted: Names of the library that are or will be diverted. They are not copied: the package's file is kept.
    """
    tree = Tree(root)
    boot = dict(boot_files.existing(tree), **{SIGNING_CONFIG: "shell"})
    paths = [*(path for path in boot if path != SIGNING_CONFIG), MODULES_LOAD, DRACUT]
    paths += [path for path in default_kernel_paths.FILES if path not in paths]
    for release in tree.names("/lib/modules"):
        folder = "/lib/modules/%s" % release
        paths += ["%s/updates/dkms/%s.ko%s"
                  % (folder, name, suffix) for name in _OWN_MODULES for suffix in SUFFIXES]
        paths += _own_modules(root, folder)
    paths += [] if set(diverted) - set(SERVER_FILES) else [runtime]
    paths += [FACT_FILE, *(path for path in SERVER_FILES if path not in diverted), *SIGNING_PATHS]
    trees = ["%s/%s" % (SOURCE_TREES, name) for name in tree.names(SOURCE_TREES) if name.startswith(package + "-")]
    trees += ["%s/%s-%s" % (SOURCE_TREES, package, version) for version in versions]
    trees.append(DKMS_TREE)
    for name, slash, version in (other.partition("/") for other in replaces):
        trees += ["/var/lib/dkms/%s" % name, "%s/%s-%s" % (SOURCE_TREES, name, version)] if slash else []
    folders = set(default_kernel_paths.OWN_FOLDERS)
    for path in paths:
        if path.startswith(("/lib/modules/", "/etc/ansible/", "/etc/modules-load.d/", "/etc/dracut.conf.d/")):
            folders.update((os.path.dirname(path), os.path.dirname(os.path.dirname(path))))
    kinds = (("file", paths), ("divert", [aside(path) for path in diverted]), ("tree", trees),
             ("folder", sorted(folders, reverse=True)))
    # The target of a link is replaced, and the link stays.
    return list(dict(
        (link_target(tree, path) if kind == "file" else path, boot.get(path, kind)) for kind,
        found in kinds for path in found).items())


def _own_modules(root, folder):
    """Return the NPU modules of the kernel and of others, which DKMS moves away while its module is installed."""
    found = []
    for base in ("kernel", "extra", "updates"):
        for place, dummy, names in os.walk(os.path.join(root, folder.lstrip("/"), base)):
            found += ["/" + os.path.relpath(os.path.join(place, name), root) for name in names
                      if kernel_module(name) in _OWN_MODULES]
    return sorted(found)
