#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: npu_rollout_record
short_description: Keep on the controller which kernels an upgrade is proven for
version_added: 1.2.0
description:
  - Reads the record of what staging boards have proven, and adds what the boards of this run have proven.
  - What is proven is an upgrade of a kernel release on a SoC to a driver (version and checksum of its source) and a runtime (checksum).
    A board of which any of these differs is not covered, such as one whose kernel was updated in between.
  - Runs on the controller. No board is contacted. The file is replaced as a whole, and runs at the same time wait for each other.
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
  path:
    description:
      - The file. Its folder is made where it is missing. A file that is not such a record is an error and stays as it is.
    type: path
    required: true
  boards:
    description: Boards of this run. What those have proven whose upgrade was committed is recorded. Without any, the record is only read.
    type: list
    elements: str
  rollout:
    description: What P(rkfleet.npu.npu_rollout#filter) decided, for the keys of O(boards). Needed with them.
    type: dict
"""

EXAMPLES = r"""
- name: Read the record
  rkfleet.npu.npu_rollout_record:
    path: ~/.cache/rkfleet-npu/staging.json
  run_once: true

- name: Record what this batch has proven
  rkfleet.npu.npu_rollout_record:
    path: ~/.cache/rkfleet-npu/staging.json
    boards: "{{ ansible_play_batch }}"
    rollout: "{{ rollout }}"
  run_once: true
"""

RETURN = r"""
proven:
  description: All that is on record now, oldest first.
  returned: success
  type: list
  elements: dict
  contains:
    kernel:
      description: Release of the kernel that ran.
      type: str
    soc:
      description: The SoC's row in the compatibility data.
      type: str
    driver:
      description: Version of the driver.
      type: str
    source:
      description: Checksum of its source, or the package it came with.
      type: str
    runtime:
      description: Checksum of the runtime.
      type: str
    board:
      description: The board that has proven it.
      type: str
    since:
      description: When.
      type: str
      sample: 2026-11-23 18:04 UTC
recorded:
  description: Those that were added, in the same shape.
  returned: success
  type: list
  elements: dict
"""
