#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: npu_reboot
short_description: Reboot a board and wait until it answers again
version_added: 1.6.0
description:
  - Reboots a board as M(ansible.builtin.reboot) does, and waits until it has a new boot id and runs O(test_command).
  - No answer of the board may take longer than two minutes or more than 1 MiB, none becomes a fact, and a board that is lost is a failed
    board, not one that Ansible takes out of the play.
  - No module runs on the board, so it needs no Python for this.
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
    platforms: debian
options:
  reboot_command:
    description: The command that reboots it. By default C(/sbin/shutdown) with O(msg).
    type: str
  reboot_timeout:
    description: How many seconds it may take to come back, and then to run O(test_command).
    type: int
    default: 600
  msg:
    description: What users who are logged in are told, where there is no O(reboot_command).
    type: str
    default: Reboot initiated by Ansible
  test_command:
    description: A command that has to succeed after the reboot.
    type: str
    default: "true"
"""

EXAMPLES = r"""
- name: Reboot into the new driver
  rkfleet.npu.npu_reboot:
    reboot_command: systemctl reboot
    reboot_timeout: 900
  become: true
"""

RETURN = r"""
rebooted:
  description: Whether the board was rebooted.
  returned: always
  type: bool
  sample: true
elapsed:
  description: Seconds from the reboot until the board answered.
  returned: always
  type: int
  sample: 41
"""
