#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: npu_fail
short_description: Fail a board, or mark it as unreachable
version_added: 2.0.0
description:
  - Ends the run of a board like M(ansible.builtin.fail), or like a lost connection.
  - A board that does not answer is a failed board at first, so that it can be rescued and the run continues until the
    report. After the report, this module marks the board as unreachable for Ansible, and for what reads its events,
    such as AWX, ansible-runner or ARA.
extends_documentation_fragment:
  - rkfleet.npu._attributes.controller
  - rkfleet.npu._attributes.info
  - rkfleet.npu._attributes
options:
  msg:
    description: The reason of the failure.
    type: str
    required: true
  cause:
    description: The cause of the failure, as P(rkfleet.npu.npu_cause#filter) returns it.
    type: str
    default: ""
  unreachable:
    description:
      - Whether to mark the board as unreachable instead of failed. C(ansible-playbook) then exits with 4.
      - C(ignore_unreachable) of the task or play has the effect that it has for a lost connection. A C(rescue) is not
        run.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Mark the board as unreachable
  rkfleet.npu.npu_fail:
    msg: "{{ inventory_hostname }} did not come back."
    unreachable: true
  when: not came_back
"""

RETURN = r"""
msg:
  description: The value of O(msg).
  returned: always
  type: str
  sample: "rock5b-1: does not answer over ssh: Connection timed out"
cause:
  description: The value of O(cause).
  returned: if it is not empty
  type: str
  sample: no_answer
"""
