# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The phases of a run. Roles name them by a variable of a task, or of a block or include around it."""

from __future__ import annotations

NAME = "__npu_phase"


def of_task(task):
    """Return the phase of a task: the one set by the role, else the name of its role, else an empty text."""
    role, is_in_role, dummy = task.get_name().partition(" : ")
    return task.get_vars().get(NAME) or (role.rpartition(".")[2] if is_in_role else "")
