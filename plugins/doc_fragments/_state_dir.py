# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to this collection: the folder on a board in which its modules keep their state."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation fragment."""

    DOCUMENTATION = r"""
options:
  state_dir:
    description: Folder on the board in which this collection keeps the state of an upgrade and copies of what it
      replaced.
    type: path
    default: /var/lib/rkfleet-npu
"""
