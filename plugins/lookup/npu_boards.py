# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The boards of a run: none is an error."""

from __future__ import annotations

DOCUMENTATION = r"""
name: npu_boards
short_description: Return a host pattern, unless it matches no board of the run
version_added: 2.0.0
author: rkfleet.npu contributors (@rkfleet)
description:
  - For C(hosts) of a playbook's first play. Ansible skips a play that matches no host and ends with 0, as if all boards
    were fine. This lookup fails instead, and the error says which of inventory, C(--limit) and pattern is empty.
  - Does not fail with C(--syntax-check) and C(--list-hosts).
options:
  _terms:
    description: The host pattern.
    type: str
    required: true
seealso:
  - plugin: rkfleet.npu.npu_settings
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Inspect the boards
  hosts: "{{ lookup('rkfleet.npu.npu_boards', npu_hosts | default('all')) }}"
"""

RETURN = r"""
_raw:
  description: The host pattern as it was given.
  type: list
"""

from ansible import context
from ansible.errors import AnsibleError, AnsibleLookupError
from ansible.inventory.manager import InventoryManager
from ansible.plugins.lookup import LookupBase

LISTING = ("syntax", "listhosts", "listtasks", "listtags")


class LookupModule(LookupBase):
    """Check that there are boards."""

    def run(self, terms, variables=None, **kwargs):
        """Return the pattern."""
        self.set_options(var_options=variables, direct=kwargs)
        message = why_no_board(self._loader, terms, variables["groups"], variables.get("ansible_limit"))
        if message and not any(context.CLIARGS.get(name) for name in LISTING):
            raise AnsibleLookupError(message)
        return terms


def why_no_board(loader, patterns, groups, limit=None):
    """Return why the run has no board, in one sentence and what to do; empty if it has one.

    Args:
        patterns: host patterns, of which any may match.
        groups: `{group: [host, ...]}`, as the variable `groups`.
        limit: as given to `--limit`.
    """
    if not any(groups.values()):
        return (
            "No board was contacted: the inventory has none. Give one that lists your boards with -i, such as "
            "-i boards.yml. `ansible-inventory -i boards.yml --graph` shows what Ansible reads from it."
        )
    manager = InventoryManager(loader, parse=False)
    for group, hosts in groups.items():
        manager.add_group(group)
        for host in hosts:
            manager.add_host(host, group=group)
    wanted = ",".join(map(str, patterns))
    try:
        if not manager.get_hosts(list(patterns)):
            return (
                f"No board was contacted: npu_hosts or the pattern {wanted} matches none of the {len(groups['all'])} "
                "hosts of the inventory. `ansible-inventory --graph` shows names and groups."
            )
        manager.subset(limit)
        if not manager.get_hosts(list(patterns)):
            return (
                f"No board was contacted: --limit {limit} matches none of the hosts of {wanted}. "
                "`ansible-inventory --graph` shows names and groups."
            )
    except AnsibleError as error:
        return "No board was contacted: {}".format(" ".join(str(error).split()))
    return ""
