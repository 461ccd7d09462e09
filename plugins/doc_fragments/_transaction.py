# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to this collection: options of npu_transaction that need no choices, so that they are not sent to each board."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation fragment."""

    DOCUMENTATION = r"""
options:
  versions:
    description: Driver releases that are going to be installed.
    type: list
    elements: str
    default: []
  runtime:
    description: Path of the current or future runtime library.
    type: path
    default: /usr/lib/librknnrt.so
  diverted:
    description: Names of the runtime library that are going to be diverted, or are diverted, by M(rkfleet.npu.npu_runtime).
    type: list
    elements: str
    default: []
    version_added: 2.0.0
  driver_from:
    description: Current version of the driver, for the state of the board.
    type: str
  driver_to:
    description: Version of the driver after the upgrade, for the state of the board.
    type: str
  baseline:
    description: Result of the verification before the change. A rollback succeeds once everything that worked before
      works again.
    type: dict
    default: {}
  confirm_minutes:
    description: Minutes without a heartbeat from the controller after which the board rolls itself back.
    type: int
    default: 30
  services:
    description: Systemd units that use the NPU. Those that run are stopped, and started again at the end.
    type: list
    elements: str
    default: []
  node:
    description: Device node of the NPU. The module fails if a process outside O(services) has it open, and names the
      process.
    type: path
  force:
    description: Whether to continue if the NPU is in use.
    type: bool
    default: false
  break_lock:
    description: Whether to ignore the lock of another run.
    type: bool
    default: false
"""
