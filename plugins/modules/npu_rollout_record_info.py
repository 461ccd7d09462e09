#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: npu_rollout_record_info
short_description: Read from the controller for which kernels an upgrade is verified
version_added: 2.0.0
description:
  - Reads the record that M(rkfleet.npu.npu_rollout_record) writes.
extends_documentation_fragment:
  - rkfleet.npu._attributes.controller
  - rkfleet.npu._attributes.info
  - rkfleet.npu._attributes
options:
  path:
    description: Path of the record. If the file does not exist, RV(verified) is empty. The module fails if the file is
      not such a record.
    type: path
    required: true
seealso:
  - module: rkfleet.npu.npu_rollout_record
"""

EXAMPLES = r"""
- name: Read the record
  rkfleet.npu.npu_rollout_record_info:
    path: ~/.cache/rkfleet-npu/staging.json
  run_once: true
  register: record
"""

RETURN = r"""
verified:
  description: All entries of the record, oldest first.
  returned: success
  type: list
  elements: dict
  contains:
    kernel:
      description: Release of the running kernel.
      type: str
    build:
      description: Build of the running kernel, as C(uname -v) prints it. Missing in entries of releases before 2.0.0.
      type: str
      sample: "#1 SMP Debian 6.1.84-12 (2024-10-24)"
    soc:
      description: The SoC, as in the compatibility data.
      type: str
    driver:
      description: Version of the driver.
      type: str
    source:
      description: Checksum of the driver's source, or the package that has the driver.
      type: str
    build_files:
      description: SHA-256 of the files of this collection with which the driver is built, empty if it is not built.
        Missing in entries of releases before 2.0.0.
      type: str
    runtime:
      description: Checksum of the runtime.
      type: str
    board:
      description: The board that verified it.
      type: str
    since:
      description: Time of the verification.
      type: str
      sample: 2026-11-23 18:04 UTC
"""
