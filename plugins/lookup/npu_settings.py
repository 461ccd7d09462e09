# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The public variables of the roles, never as a board would have them."""

from __future__ import annotations

DOCUMENTATION = r"""
name: npu_settings
short_description: Return the public variables of the roles, without the influence of a board
version_added: 2.0.0
author: rkfleet.npu contributors (@rkfleet)
description:
  - Ansible makes the facts in any module's answer host variables, which take precedence over the inventory and the
    defaults of roles (setting C(INJECT_FACTS_AS_VARS)). The roles of this collection therefore read their variables
    with this lookup only.
  - Without O(resolved), the variables are resolved now. The lookup fails if the board has facts with names of variables
    of this collection.
  - With O(resolved), they have the values that M(rkfleet.npu.npu_settings) kept before the board was contacted.
options:
  _terms:
    description: Names of roles of this collection whose variables are returned. The default is all roles.
    type: list
    elements: str
  resolved:
    description: Which kept values are returned.
    type: str
    choices:
      board: Those of the board.
      run: Those of the whole run.
      report: Those of role P(rkfleet.npu.report#role) for the whole run. If the task that keeps them was skipped
        (C(--start-at-task), C(--step)), they are resolved now, so that a report shows which boards were not inspected.
seealso:
  - module: rkfleet.npu.npu_settings
"""

EXAMPLES = r"""
- name: Show the folder of build logs
  ansible.builtin.debug:
    msg: "{{ lookup('rkfleet.npu.npu_settings', 'driver').npu_log_dir }}"
"""

RETURN = r"""
_raw:
  description: One dictionary with the value of each variable under its name. Flags are booleans.
  type: list
  elements: dict
"""

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.rkfleet.npu.plugins.plugin_utils import _settings
from ansible_collections.rkfleet.npu.plugins.plugin_utils._answers import gate


class LookupModule(LookupBase):
    """Look the variables up."""

    def run(self, terms, variables=None, **kwargs):
        """Return a list with one dictionary."""
        self.set_options(var_options=variables, direct=kwargs)
        scope, board = self.get_option("resolved"), variables.get("inventory_hostname")
        try:
            if scope == "board":
                gate.refuse_impostor(variables.get("ansible_facts"))
            if scope == "report":
                return [_settings.of_report(self._templar, variables)]
            if scope:
                return [_settings.load(board if scope == "board" else None)]
            return [_settings.resolve(self._templar, variables, terms)]
        except ValueError as error:
            raise AnsibleLookupError("%s: %s" % (board, error)) from error
