# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which package a file belongs to, and whether this collection has diverted it, from dpkg's own files."""

from __future__ import annotations

import re

from ..._board.diversion import DATABASE, is_ours, parse
from ..._board.tree import Tree

INFO = "/var/lib/dpkg/info"
_LISTS, _LIST_LIMIT = 6000, 8 << 20


def owners(tree, paths, likely, only_likely=False):
    """Return `{path: package}` of these paths, by the names that the packages have for them.

    Args:
        likely: Compiled pattern of the packages that are searched first, or alone with only_likely.
    """
    names = sorted((name for name in tree.names(INFO) if name.endswith(".list")),
                   key=lambda name: (not likely.search(name), name))
    wanted = {path: path.encode() for path in paths}
    found = {}
    for name in names[:_LISTS]:
        if len(found) == len(wanted) or (only_likely and not likely.search(name)):
            break
        data = tree.data(f"{INFO}/{name}", _LIST_LIMIT) or b""
        for path, line in wanted.items():
            if path not in found and line in data and line in data.split(b"\n"):
                found[path] = name[:-len(".list")].partition(":")[0]
    return found


def undiverted(names, root="/"):
    """Return those of the names that this collection has not diverted."""
    known = parse(Tree(root).text(DATABASE, 1 << 20))
    return [name for name in names if not is_ours(known, name)]


def packaged(name, root="/"):
    """Return whether a file belongs to a package, or is diverted by this collection already."""
    tree = Tree(root)
    return not undiverted([name], root) or bool(owners(tree, [name], re.compile("rk|npu")))
