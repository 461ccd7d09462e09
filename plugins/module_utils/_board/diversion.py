# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Diversions of dpkg: a library of ours in the place of a package's one, which then survives the package's upgrades.

The package's file is kept beside ours under another name. dpkg puts new versions there, too.
"""

from __future__ import annotations

import os

DATABASE = "/var/lib/dpkg/diversions"
LOCAL = ":"
"""What stands for the package in a diversion of the administrator, which ours are, too."""


def aside(path):
    """Return the path of the package's file while ours is at `path`.

    The name neither begins with "lib" nor ends in ".so", or ldconfig would take it for a candidate of the soname. It
    stays in the folder: dpkg fails to unpack the package if another one was removed.
    """
    folder, name = os.path.split(path)
    return f"{folder}/rkfleet-npu.{name}.distrib"


def original(path):
    """Return the path for which `path` is aside()."""
    folder, name = os.path.split(path)
    return "{}/{}".format(folder, name[len("rkfleet-npu."):-len(".distrib")])


def parse(text):
    """Return `{path: (path of the package's file, package that diverts or LOCAL)}` from dpkg's database."""
    lines = (text or "").splitlines()
    return {lines[at]: (lines[at + 1], lines[at + 2]) for at in range(0, len(lines) - 2, 3)}


def is_ours(diversions, path):
    """Return whether a path has our diversion."""
    return diversions.get(path) == (aside(path), LOCAL)
