#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: npu_record
short_description: Record a board's NPU and its last verification as a local fact
version_added: 1.0.0
description:
  - Writes C(/etc/ansible/facts.d/npu.fact), static JSON, so that C(ansible_local.npu) is available in any later play.
  - A record with the same content as before is not written again. Only its time and latency are updated once they are
    older than O(max_age), which is not reported as a change.
extends_documentation_fragment:
  - rkfleet.npu._attributes.board
  - rkfleet.npu._attributes
attributes:
  diff_mode:
    support: full
options:
  facts:
    description: The facts of M(rkfleet.npu.npu_facts), C(ansible_facts.npu).
    type: dict
    required: true
  verification:
    description: The result of M(rkfleet.npu.rknn_mobilenet).
    type: dict
    required: true
  path:
    description: Path of the fact file.
    type: path
    default: /etc/ansible/facts.d/npu.fact
  max_age:
    description: Hours after which the time of an unchanged record is updated.
    type: int
    default: 24
seealso:
  - module: rkfleet.npu.npu_facts
  - module: rkfleet.npu.rknn_mobilenet
"""

EXAMPLES = r"""
- name: Record the verification
  rkfleet.npu.npu_record:
    facts: "{{ ansible_facts.npu }}"
    verification: "{{ mobilenet }}"
  become: true
"""

RETURN = r"""
record:
  description: The current record on the board.
  returned: success
  type: dict
  sample: {schema: 1, driver: {version: 0.9.6}}
refreshed:
  description: Whether only the time and latency were updated.
  returned: success
  type: bool
  sample: false
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rkfleet.npu.plugins.module_utils._board import paths
from ansible_collections.rkfleet.npu.plugins.module_utils._inference import record


def main():
    """Module entry point."""
    module = AnsibleModule(
        argument_spec=dict(
            facts=dict(type="dict", required=True),
            verification=dict(type="dict", required=True),
            path=dict(type="path", default=paths.FACT_FILE),
            max_age=dict(type="int", default=24),
        ),
        supports_check_mode=True,
    )
    answer = record.put(**module.params, checking=module.check_mode)
    if answer.get("failed"):
        module.fail_json(**answer)
    module.exit_json(**answer)


if __name__ == "__main__":
    main()
