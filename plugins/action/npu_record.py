# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs the module; fails if the board does not answer: see plugins/modules/npu_record.py."""

from __future__ import annotations

from ..plugin_utils._action.board import BoardAction


class ActionModule(BoardAction):
    """Write the record of a verification."""

    MODULE = "npu_record"
