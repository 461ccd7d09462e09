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
  - Boards that no task has inspected have the verdict C(not inspected).
  - The table is printed on standard error if the stdout callback prints no text, as C(ansible.posix.json) does.
  - Sets the custom statistic C(rkfleet_npu) of the run, the counts and names of the boards by verdict.
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
outcomes:
  description:
    - How the run of each board is to end that did not succeed. C(kind) is V(failed), V(unreachable) or V(rollback
      failed), and C(msg) says why.
    - The first of the boards that should have been upgraded and were skipped names all of them.
  returned: success
  type: list
  elements: dict
  sample: [{board: rock5b-1, kind: unreachable, msg: "rock5b-1: does not answer over ssh: Connection timed out"}]
  version_added: 2.0.0
"""
