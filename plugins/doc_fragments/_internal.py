# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to this collection: the option that an action plugin sets for its module."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation fragment."""

    # ansible-test demands that every option is documented.
    DOCUMENTATION = r"""
options:
  _internal:
    description: Private to this collection. The action plugin overwrites it.
    type: json
"""
