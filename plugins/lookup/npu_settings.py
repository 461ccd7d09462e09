# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The public variables of the roles, protected from the facts of boards."""

from __future__ import annotations

DOCUMENTATION = r"""
name: npu_settings
short_description: Return the public variables of the roles, protected from the facts of boards
version_added: 2.0.0
author: rkfleet.npu contributors (@rkfleet)
description:
  - Ansible turns the facts of any module's answer into host variables, which win over the inventory and the defaults of
    roles (setting C(INJECT_FACTS_AS_VARS)). The roles of this collection read their variables by this lookup only.
  - Without O(resolved) the variables are resolved now. A board with facts named like such variables fails.
  - With O(resolved) they are those that M(rkfleet.npu.npu_settings) saved before the board was contacted.
options:
  _terms:
    description: Names of roles of this collection. Their variables are returned; those of all roles by default.
    type: list
    elements: str
  resolved:
    description: V(board) returns the values saved for the board, V(run) those saved for the whole run.
    type: str
    choices: [board, run]
seealso:
  - module: rkfleet.npu.npu_settings
"""

EXAMPLES = r"""
- name: Show where build logs are kept
  ansible.builtin.debug:
    msg: "{{ lookup('rkfleet.npu.npu_settings', 'driver').npu_log_dir }}"
"""

RETURN = r"""
_raw:
  description: One dictionary, from the name of each variable to its value. Flags are booleans.
  type: list
  elements: dict
"""

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.rkfleet.npu.plugins.plugin_utils import _settings
from ansible_collections.rkfleet.npu.plugins.plugin_utils._answers import gate


class LookupModule(LookupBase):
    """Look up the variables."""

    def run(self, terms, variables=None, **kwargs):
        """Return a list with one dictionary."""
        self.set_options(var_options=variables, direct=kwargs)
        scope, board = self.get_option("resolved"), variables.get("inventory_hostname")
        try:
            if scope == "board":
                gate.refuse_impostor(variables.get("ansible_facts"))
            if scope:
                return [_settings.load(board if scope == "board" else None)]
            return [_settings.resolve(self._templar, variables, terms)]
        except ValueError as error:
            raise AnsibleLookupError("%s: %s" % (board, error)) from error
