# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a plan may change because of a diagnosis: only what it proves to be at fault."""

from __future__ import annotations

from ...module_utils._inference.diagnoses import DIAGNOSES

_OF_NAME = {"driver": "driver", "timeout": "driver", "crash": "driver", "runtime": "runtime"}


def of_row(row):
    """Return what may be changed because of a row of the table of diagnoses: `driver`, `runtime` or `nothing`."""
    return row.may_change or _OF_NAME.get(row.name, "nothing")


def may_change(name):
    """Return what may be changed because of a diagnosis, as a set: a record has its name, and not its row.

    Args:
        name: a diagnosis as a board's record has it; because of an unknown one nothing may be changed.
    """
    return {of_row(row) for row in DIAGNOSES if row.name == name} or {"nothing"}
