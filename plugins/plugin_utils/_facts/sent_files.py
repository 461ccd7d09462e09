# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files that a board has sent as they are (module_utils/_facts/sent.py), as a tree."""

from __future__ import annotations

from ...module_utils._board.tree import clean
from ...module_utils._boot.sources import Sources


class SentFiles(Sources):
    """The part of module_utils._board.tree.Tree that deriving facts from these files needs."""

    def __init__(self, files):
        super().__init__(files)
        self.unread = []

    def line(self, path, limit=200):
        """Return a file's content as one clean line, or None."""
        text = self.files.get(path)
        return None if text is None else clean(text, limit)

    def note(self, what, why):
        """Record that something could not be read."""
        self.unread.append(f"{clean(what)}: {clean(str(why))}")
