#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: npu_report
short_description: Write a report of all boards, and show what changed since the previous one
version_added: 1.3.0
description:
  - Writes C(fleet.json), C(fleet.csv), C(fleet.prom) and C(fleet.html) to a folder on the controller, from the
    variables that the roles of this collection set, and keeps a summary of each run in its subfolder C(history).
  - Each file is replaced atomically. Only one run at a time writes to a folder.
extends_documentation_fragment:
  - rkfleet.npu._attributes.controller
  - rkfleet.npu._attributes
attributes:
  check_mode:
    details: Nothing is written, and the result is the same.
  diff_mode:
    support: full
    details: Shows what changed in the fleet since O(diff_against), or else since the report in O(path).
  idempotent:
    support: partial
    details: Each call writes a new report. It is not a change of a board, so C(changed) is always V(false).
options:
  boards:
    description: The boards to report on.
    type: list
    elements: str
    required: true
  path:
    description: The folder for the report. If empty, nothing is written.
    type: path
    default: ""
  merge:
    description:
      - Whether boards of the report in O(path) that are not among O(boards) are kept in it, with their last known
        state.
      - For runs on a part of the fleet, with C(--limit) or in slices of a job.
    type: bool
    default: false
  keep:
    description: Number of runs that are kept in C(history).
    type: int
    default: 100
  diff_against:
    description: An earlier C(fleet.json), or a file in C(history). What changed since then is printed, with or without
      C(--diff).
    type: path
    default: ""
  audit:
    description:
      - Whether the run is an audit. Then a sentence for each board that is not healthy is printed, and the summary, and
        RV(outcomes) are those of an audit.
    type: bool
    default: false
seealso:
  - module: rkfleet.npu.npu_recap
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
    - V(0) where all boards are healthy, V(2) where some need work, are suspect, or it is unknown whether they work,
      V(4) where some are unreachable, whatever the others are. Boards on hold do not count.
    - An audit of these boards ends with it.
  returned: success
  type: int
  sample: 2
outcomes:
  description:
    - How the run of each board is to end that did not succeed. C(kind) is V(failed), V(unreachable) or V(rollback
      failed), and C(msg) says why.
    - In an audit these are the boards that are unreachable, and with the RV(summary) the first of those that need work
      or of which it is unknown whether they work.
    - Where the report cannot be read or written, the C(msg) of one board says so.
  returned: success
  type: list
  elements: dict
  sample: [{board: rock5b-1, kind: unreachable, msg: "rock5b-1: does not answer over ssh: Connection timed out"}]
  version_added: 2.0.0
files:
  description: The files that were written.
  returned: success
  type: list
  elements: str
  sample: [npu-report/fleet.csv, npu-report/fleet.html, npu-report/fleet.json, npu-report/fleet.prom]
changes:
  description:
    - What changed since an earlier report. Boards that are C(new), C(gone), or in the inventory but C(unseen) this
      time, and C(changed), a list with the fields and their values before and after (C(change)) and the C(boards).
  returned: if there is an earlier report, and O(diff_against) or C(--diff) is set
  type: dict
  sample: {new: [], gone: [], unseen: [], changed: [{change: {driver: [0.9.3, 0.9.6]}, boards: [rock5b-1]}]}
"""
