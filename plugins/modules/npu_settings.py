#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: npu_settings
short_description: Resolve the public variables of the roles before a board is contacted
version_added: 1.6.0
description:
  - Resolves the variables of all roles of this collection and keeps their values on the controller until the run ends, where
    P(rkfleet.npu.npu_settings#lookup) reads them. What a board answers later does not change them.
  - Fails for a board with facts that are named like variables of this collection.
  - Runs on the controller. No board is contacted. The values are not part of the result.
author:
  - rkfleet.npu contributors (@rkfleet)
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  platform:
    platforms: posix
options:
  scope:
    description:
      - V(board) keeps the values for this board. Those of role P(rkfleet.npu.report#role) are not among them.
      - V(run) keeps them as the values that hold for the whole run.
    type: str
    choices: [board, run]
    default: board
seealso:
  - plugin: rkfleet.npu.npu_settings
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Resolve the settings of the run
  rkfleet.npu.npu_settings:
    scope: run
  run_once: true
"""

RETURN = r"""
# Nothing beside the common return values.
"""
