#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: npu_settings
short_description: Resolve the public variables of the roles before a board is contacted
version_added: 2.0.0
description:
  - Resolves the variables of all roles of this collection and keeps their values on the controller until the end of the
    run. P(rkfleet.npu.npu_settings#lookup) reads them. Later answers of a board do not change them.
  - Fails for a board with facts that have names of variables of this collection. With O(scope=run) such a board does
    not fail the run, as its variables are resolved without its facts.
  - The values are not part of the result.
extends_documentation_fragment:
  - rkfleet.npu._attributes.controller
  - rkfleet.npu._attributes
options:
  scope:
    description: For which part of the run the values are kept.
    type: str
    choices:
      board: For this board. The variables of role P(rkfleet.npu.report#role) are not included.
      run: For the whole run.
    default: board
  select:
    description: With O(scope=run), whether an invalid C(npu_select) fails the run.
    type: bool
    default: false
    version_added: 2.1.0
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
boards:
  description: With O(scope=run), the boards of the play without facts that no module may set.
  returned: with O(scope=run)
  type: list
  elements: str
  sample: [rock-1, rock-2]
"""
