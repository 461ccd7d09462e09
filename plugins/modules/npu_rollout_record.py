#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: npu_rollout_record
short_description: Record on the controller for which kernels an upgrade is verified
version_added: 2.0.0
description:
  - Adds what the boards of this run have verified to the record of staging boards.
  - An entry is an upgrade of one kernel (release and build) on one SoC to one driver (version, checksum of its source
    and digest of the files that it is built with) and one runtime (checksum). A board for which any of these differs is
    not covered, for example after its kernel was updated.
  - Entries of releases before 2.0.0 have no C(build) and no C(build_files). They are kept, and cover no board.
  - The file is replaced atomically. Runs at the same time wait for each other.
  - In release 1.x this module was called C(npu_staging).
extends_documentation_fragment:
  - rkfleet.npu._attributes.controller
  - rkfleet.npu._attributes
attributes:
  idempotent:
    details: The record is a file on the controller. Adding to it is not a change of a board, so C(changed) is always
      V(false).
options:
  path:
    description:
      - Path of the record. Its folder is created if it is missing. A file that is not such a record is not changed.
      - If the record cannot be read or written, the module fails without O(boards). With O(boards) it warns, because
        these boards have been upgraded already.
    type: path
    required: true
  boards:
    description: Boards of this run. Those whose upgrade was committed are recorded. If empty, nothing is recorded.
    type: list
    elements: str
    default: []
  rollout:
    description: The decision of P(rkfleet.npu.npu_rollout#filter), with the keys of O(boards). Required with O(boards).
    type: dict
    default: {}
seealso:
  - module: rkfleet.npu.npu_rollout_record_info
"""

EXAMPLES = r"""
- name: Record what the boards of this batch have verified
  rkfleet.npu.npu_rollout_record:
    path: ~/.cache/rkfleet-npu/staging.json
    boards: "{{ ansible_play_batch }}"
    rollout: "{{ rollout }}"
  run_once: true
"""

RETURN = r"""
verified:
  description: All entries of the record, oldest first, as M(rkfleet.npu.npu_rollout_record_info) returns them.
  returned: success
  type: list
  elements: dict
recorded:
  description: The entries that were added, in the same form.
  returned: success
  type: list
  elements: dict
"""
