# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to this collection: where a module reads a board's files, so that they are not sent to each board."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation fragment."""

    DOCUMENTATION = r"""
options:
  root:
    description: Root of the file tree to read, for a tree that was recorded on another board.
    type: path
    default: /
  proc:
    description: Folder to read instead of C(proc) below O(root).
    type: path
  sys:
    description: Folder to read instead of C(sys) below O(root).
    type: path
  dev:
    description: Folder to read instead of C(dev) below O(root).
    type: path
  boot:
    description: Folder to read instead of C(boot) below O(root).
    type: path
  etc:
    description: Folder to read instead of C(etc) below O(root).
    type: path
  lib:
    description: Folder to read instead of C(lib) below O(root).
    type: path
  usr:
    description: Folder to read instead of C(usr) below O(root).
    type: path
  var:
    description: Folder to read instead of C(var) below O(root).
    type: path
"""
