#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: npu_report
short_description: Write a report of all boards, and say what changed since the last one
version_added: 1.3.0
description:
  - Writes C(fleet.json), C(fleet.csv), C(fleet.prom) and C(fleet.html) to a folder on the controller, from what the roles of this collection
    left behind, and keeps what is needed of each run in C(history) below it.
  - Each file is replaced at once, and one run at a time writes to a folder.
  - Runs on the controller. No board is contacted.
author:
  - rkfleet.npu contributors (@rkfleet)
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
attributes:
  check_mode:
    support: full
    details: Nothing is written, and the result is the same.
  diff_mode:
    support: full
    details: What changed in the fleet since O(diff_against), or else since the report that is in O(path).
  platform:
    platforms: posix
options:
  boards:
    description: The boards the report is about.
    type: list
    elements: str
    required: true
  path:
    description: The folder. Without one nothing is written.
    type: path
    default: ""
  merge:
    description:
      - Whether boards of the report in O(path) that are not among O(boards) stay in it, as they were when they were last looked at.
      - For runs that look at a part of the fleet - C(--limit), or the slices of a job.
    type: bool
    default: false
  keep:
    description: How many runs are kept in C(history).
    type: int
    default: 100
  diff_against:
    description: An earlier C(fleet.json), or a file of C(history). What changed since then is shown, with or without C(--diff).
    type: path
    default: ""
  audit:
    description:
      - Whether the run is an audit. Then a sentence for each board that is not healthy is printed, and the summary, and RV(outcomes) are those of
        an audit.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Write the report
  rkfleet.npu.npu_report:
    boards: "{{ ansible_play_hosts_all }}"
    path: npu-report
  run_once: true
"""

RETURN = r"""
summary:
  description: One line that counts the boards by their status.
  returned: success
  type: str
  sample: "audit: 100 boards, 91 healthy, 6 need work, 1 unknown, 2 unreachable, 0 held"
exit_code:
  description:
    - V(0) where all boards are healthy, V(2) where some need work or it is unknown whether they work, V(4) where some are unreachable, whatever
      the others are. Boards on hold do not count.
    - An audit of these boards ends with it.
  returned: success
  type: int
  sample: 2
outcomes:
  description:
    - How the run of each board is to end that did not succeed. C(kind) is V(failed), V(unreachable) or V(rollback failed), and C(msg) says why.
    - In an audit these are the boards that are unreachable, and with the RV(summary) the first of those that need work or of which it is unknown
      whether they work.
    - Where the report cannot be read or written, the C(msg) of one board says so.
  returned: success
  type: list
  elements: dict
  sample: [{board: rock5b-1, kind: unreachable, msg: "rock5b-1: does not answer over ssh: Connection timed out"}]
  version_added: 2.0.0
files:
  description: What was written.
  returned: success
  type: list
  elements: str
  sample: [npu-report/fleet.csv, npu-report/fleet.html, npu-report/fleet.json, npu-report/fleet.prom]
changes:
  description:
    - What changed since an earlier report. Boards that are C(new), C(gone), or C(unseen) this time although the inventory has them;
      and C(changed), a list with C(change), the fields with their values before and after, and its C(boards).
  returned: where there is an earlier report and O(diff_against) or C(--diff) is given
  type: dict
  sample: {new: [], gone: [], unseen: [], changed: [{change: {driver: [0.9.3, 0.9.6]}, boards: [rock5b-1]}]}
"""
