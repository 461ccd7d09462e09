# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filters npu_select and npu_select_error; documented in the files of these names."""

from __future__ import annotations

import time
from collections.abc import Mapping

from ansible.errors import AnsibleFilterError
from ansible_collections.rkfleet.npu.plugins.plugin_utils._report import board_record
from ansible_collections.rkfleet.npu.plugins.plugin_utils._rollout import select as _select


def npu_select(boards, query, names=None):
    """Return the names of the boards that a query selects; boards are records, or `hostvars` with `names`."""
    if isinstance(boards, Mapping):
        if names is None:
            raise AnsibleFilterError(
                "npu_select: with hostvars, pass the names of the boards, such as ansible_play_hosts_all"
            )
        now = time.time()
        boards = [board_record.record(name, boards[name], now) for name in names]
    elif not isinstance(boards, (list, tuple)) or not all(
        isinstance(board, Mapping) and "name" in board for board in boards
    ):
        raise AnsibleFilterError("npu_select: the input must be records of boards, as in fleet.json, or hostvars")
    try:
        return _select.matching_boards(query, boards)
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from error


def npu_select_error(query):
    """Return what is wrong with a query; empty if it is valid."""
    return _select.error_of(query)


class FilterModule:
    """Filters of the collection."""

    def filters(self):
        """Return the filters by name."""
        return {"npu_select": npu_select, "npu_select_error": npu_select_error}
