# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A tree in which no link of a folder changes while it is read."""

from __future__ import annotations

from .._board.tree import Tree


class StillTree(Tree):
    """Resolves each folder only once: that is a third of the time of reading the facts."""

    def __init__(self, root="/", **areas):
        super().__init__(root, **areas)
        self._folders = {}

    def follow(self, path, last=True, folder="/"):
        """Return the path as on the board: see Tree."""
        above, dummy, name = path.rstrip("/").rpartition("/")
        if folder != "/" or not above or name in ("", ".", ".."):
            return super().follow(path, last, folder)
        if above not in self._folders:
            self._folders[above] = super().follow(above)
        return super().follow(name, last, self._folders[above])
