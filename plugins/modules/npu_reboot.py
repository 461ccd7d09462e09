#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: npu_reboot
short_description: Reboot a board and wait until it answers again
version_added: 2.0.0
description:
  - Reboots a board like M(ansible.builtin.reboot), and waits until it has a new boot ID and runs O(test_command).
  - A single answer of the board may take two minutes and have 1 MiB at most, and none becomes a fact. If the connection
    to a board is lost, the task fails, and Ansible does not remove the board from the play.
  - Over a local connection the board is the machine that runs Ansible. Then the reboot is only scheduled with
    C(systemd-run). The board reboots a few seconds after this run has ended, and RV(scheduled) is true.
  - No module runs on the board, so the board does not need Python for this.
extends_documentation_fragment:
  - rkfleet.npu._attributes
attributes:
  idempotent:
    support: none
    details: Each call reboots the board.
  platform:
    platforms: debian
options:
  reboot:
    description: Whether to reboot the board. Otherwise the task only waits, at most O(reboot_timeout) seconds, until a
      module runs on it, like M(ansible.builtin.wait_for_connection).
    type: bool
    default: true
  delay:
    description: Seconds before the first attempt with O(reboot=false).
    type: int
    default: 0
  reboot_command:
    description: The command that reboots the board. The default is C(/sbin/shutdown) with O(msg).
    type: str
  reboot_timeout:
    description: Seconds to wait for the board to come back, and again for O(test_command) to succeed.
    type: int
    default: 600
  msg:
    description: Message to users who are logged in. Only used without O(reboot_command).
    type: str
    default: Reboot initiated by Ansible
  test_command:
    description: A command that must succeed after the reboot.
    type: str
    default: "true"
seealso:
  - module: ansible.builtin.reboot
"""

EXAMPLES = r"""
- name: Reboot into the new driver
  rkfleet.npu.npu_reboot:
    reboot_command: systemctl reboot
    reboot_timeout: 900
  become: true

- name: Wait for a board that reboots by itself
  rkfleet.npu.npu_reboot:
    reboot: false
    delay: 60
"""

RETURN = r"""
rebooted:
  description: Whether the board was rebooted and answered afterwards.
  returned: always
  type: bool
  sample: true
scheduled:
  description: Whether the board will reboot after this run, as the connection is local.
  returned: always
  type: bool
  sample: false
elapsed:
  description: Seconds between the reboot and the first answer of the board.
  returned: always
  type: int
  sample: 41
"""
