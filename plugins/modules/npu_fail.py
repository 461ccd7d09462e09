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
  - Ends the run of a board as M(ansible.builtin.fail) does, or as Ansible ends that of a board whose connection is lost.
  - A board that does not answer is a failure at first, so that a rescue can deal with it and the run goes on to its
    report. Once the report is there, this module tells Ansible, and whatever listens to it such as AWX, ansible-runner
    or ARA, that the board was unreachable.
  - Runs on the controller. The board is not contacted.
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
  msg:
    description: Why.
    type: str
    required: true
  cause:
    description: The cause of a failure that O(msg) says more of, as of P(rkfleet.npu.npu_cause#filter).
    type: str
    default: ""
  unreachable:
    description:
      - Whether to mark the board as unreachable instead of failed. C(ansible-playbook) then ends with 4.
      - C(ignore_unreachable) on the task or play takes that back. No C(rescue) is run for it.
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
  description: As O(msg).
  returned: always
  type: str
  sample: "rock5b-1: does not answer over ssh: Connection timed out"
cause:
  description: As O(cause).
  returned: always
  type: str
  sample: no_answer
"""
