#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: npu_recap
short_description: Print one table of all boards
version_added: 1.0.0
description:
  - Prints board, kernel, driver and runtime before and after, the best class, latency and verdict of each board, the
    time that each phase took, and notes for the owner of a board, from the variables that the roles of this collection
    set.
  - The last line counts the boards by verdict. Boards whose rollback failed are listed after it.
extends_documentation_fragment:
  - rkfleet.npu._attributes.controller
  - rkfleet.npu._attributes.info
  - rkfleet.npu._attributes
options:
  boards:
    description: The boards to show, in this order.
    type: list
    elements: str
    required: true
seealso:
  - module: rkfleet.npu.npu_report
"""

EXAMPLES = r"""
- name: Print the table of the run
  rkfleet.npu.npu_recap:
    boards: "{{ ansible_play_hosts_all }}"
  run_once: true
"""

RETURN = r"""
verdicts:
  description: The verdict of each board.
  returned: success
  type: dict
  sample: {rock5b-1: ok}
failed_boards:
  description: For each failed board, one sentence on why it failed.
  returned: success
  type: dict
  sample: {}
rollback_failed:
  description: For each board whose rollback failed, one sentence on why it failed.
  returned: success
  type: dict
  sample: {}
speakers:
  description: The boards with a message at the end of the run, those in RV(failed_boards), RV(rollback_failed) and
    RV(left).
  returned: success
  type: list
  elements: str
  sample: []
left:
  description: The first C(board) of those that should have been upgraded and were skipped, and C(msg) with the names of
    all. Empty strings without any.
  returned: success
  type: dict
  sample: {board: "", msg: ""}
"""
