# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The boards of a run by their result, as custom statistics: AWX hands these to the next job of a workflow."""

from __future__ import annotations

NAME = "rkfleet_npu"
"""The name of the statistic. It does not begin with npu_, so that it is never taken for a setting of the next job."""


def of(results):
    """Return `{boards, counts: {result: number}, names: {result: [board]}}`.

    Args:
        results: `{board: result}`: the status of a board in an audit, else its verdict. What follows the colon of a
            verdict is left out, and blanks become underscores: `failed: driver` is `failed`.
    """
    names: dict[str, list] = {}
    for board, text in results.items():
        names.setdefault(str(text).partition(":")[0].strip().lower().replace(" ", "_"), []).append(board)
    return {"boards": len(results), "counts": {kind: len(boards) for kind, boards in names.items()}, "names": names}


def add(result, results):
    """Add the statistics of `of` to the result of a task, as `ansible.builtin.set_stats` does."""
    result["ansible_stats"] = {"data": {NAME: of(results)}, "per_host": False, "aggregate": False}
