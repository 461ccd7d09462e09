#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: npu_transaction
short_description: Begin, commit or roll back an upgrade of a board's NPU
version_added: 1.2.0
description:
  - Before the first change, O(state=begun) creates a restore point on the board, with copies of all files that an
    upgrade may change, and installs a guard. Until O(state=committed) the board rolls itself back if a boot into the
    new driver is not confirmed (kernel panic, hang, power failure), or if neither a commit nor a heartbeat comes from
    the controller within O(confirm_minutes). It then restores boot arguments, modules and runtime, reboots once if
    required, and writes the reason to C(/var/lib/rkfleet-npu/state.json).
  - During that time a kernel panic or oops reboots the board, and a hardware watchdog that nothing else uses is armed.
  - Only one run at a time works on a board. The lock of an ended run of the same user and controller is ignored.
  - After the commit, the guard is removed. The state before the very first change is kept for a rollback on request.
extends_documentation_fragment:
  - rkfleet.npu._attributes.board
  - rkfleet.npu._attributes
  - rkfleet.npu._options.internal
attributes:
  idempotent:
    support: partial
    details:
      - Each O(state) is a step of an upgrade and not a lasting state of the board.
      - V(begun) and V(closed) always report a change, and V(committed) fails if no upgrade is pending. V(restored)
        reports a change only if there is something to restore. V(alive), V(paused) and V(unlocked) never report a
        change.
options:
  state:
    description: The step of the upgrade.
    type: str
    required: true
    choices:
      begun:
        - Acquires the lock, creates the restore point, arms the guard, and stops O(services). Fails if a process has
          the NPU open before that and does not belong to O(services), or if one has it open afterwards.
        - An unfinished upgrade of an earlier run is resumed.
      alive: Sends a heartbeat of the controller.
      paused: Releases the lock without a commit, for a reboot at another time. The guard waits from that boot on.
      committed: Commits the upgrade.
      restored:
        - Restores the files, without a reboot. Call the module with V(closed) afterwards. A boot file that others have
          changed in the meantime is not replaced. Only what this collection wrote into it is removed.
        - After a rollback to before the very first change, the board waits O(confirm_minutes) for V(closed). Without
          it, the board returns to the state before the rollback.
      closed: Records how the rollback ended, starts the services again, and removes guard and lock.
      unlocked: Releases the lock.
  restore:
    description: To which state V(restored) rolls back.
    type: str
    choices:
      pending: Before this upgrade.
      origin: Before the very first change.
    default: pending
  outcome:
    description: How the rollback ended. Required with O(state=closed).
    type: str
    choices: [rolled_back, rollback_failed]
  why:
    description: One sentence on why the upgrade was rolled back.
    type: str
    default: ""
  purge:
    description: With O(state=closed), whether everything in C(/var/lib/rkfleet-npu) except for the state of the board
      is removed.
    type: bool
    default: false
  inspected:
    description: The facts on which the plan is based, C(since), C(run) and C(pending) of C(npu.upgrade), and C(release)
      and C(build) of C(npu.kernel). V(begun) fails if another run or the guard has changed the board since, if it runs
      another kernel, or if its owner holds it.
    type: dict
    default: {}
    version_added: 2.0.0
  versions:
    description: Driver releases that are going to be installed.
    type: list
    elements: str
    default: []
  runtime:
    description: Path of the current or future runtime library.
    type: path
    default: /usr/lib/librknnrt.so
  replaces:
    description: DKMS packages from elsewhere that M(rkfleet.npu.npu_dkms) is going to replace, its C(replaces).
    type: list
    elements: str
    default: []
    version_added: 2.0.0
  diverted:
    description: Names of the runtime library that are going to be diverted, or are diverted, by
      M(rkfleet.npu.npu_runtime).
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
    description: Result of the verification before the change. A rollback succeeds once what worked then works again.
    type: dict
    default: {}
  confirm_minutes:
    description: Minutes without a heartbeat from the controller after which the board rolls itself back.
    type: int
    default: 30
  services:
    description:
      - Systemd units that use the NPU, or that run containers which use it, such as V(docker.service). Those that run
        are stopped, and started again at the end.
      - None of them starts before that, not even at the boot into the new driver, by a drop-in in
        C(/etc/systemd/system/UNIT.d) that each commit or rollback removes.
    type: list
    elements: str
    default: []
  force:
    description: Whether to continue if the NPU is in use by a process that stopping O(services) does not end.
    type: bool
    default: false
  break_lock:
    description: Whether to ignore the lock of another run.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Create the restore point
  rkfleet.npu.npu_transaction:
    state: begun
    versions: [0.9.6]
    services: [detector.service]
  become: true

- name: Commit the upgrade
  rkfleet.npu.npu_transaction:
    state: committed
    driver_to: 0.9.6
  become: true
"""

RETURN = r"""
resumed:
  description: Whether an unfinished upgrade was resumed.
  returned: O(state=begun)
  type: bool
  sample: false
baseline:
  description: Result of the verification before the change, as recorded on the board.
  returned: O(state=begun) or O(state=restored)
  type: dict
  sample: {diagnosis: ok, driver: 0.8.2}
stopped:
  description: The services that were stopped, with O(state=restored) by the upgrade.
  returned: O(state=begun) or O(state=restored)
  type: list
  elements: str
  sample: [detector.service]
reboot_required:
  description: Whether a reboot is required for the restored files to take effect.
  returned: O(state=restored)
  type: bool
  sample: true
packages:
  description: Packages that the upgrade installed, and that are still installed.
  returned: O(state=restored)
  type: list
  elements: str
  sample: [dkms, gcc]
guarded:
  description: Whether the rollback to before the very first change must be confirmed with O(state=closed). Without it
    the board returns to the state before the rollback.
  returned: O(state=restored)
  type: bool
  sample: false
note:
  description: Notes for the owner of the board, for example on services that do not start, or on files of another root
    file system or machine, which were not restored.
  returned: O(state=committed) or O(state=restored)
  type: str
  sample: ""
skip:
  description: The verdict on a board that is not upgraded now although nothing failed, and the reason. V(held), if its
    owner holds it; V(skipped), if it has changed since it was inspected.
  returned: if O(inspected) does not match the board
  type: dict
  sample: {verdict: held, reason: "/etc/rkfleet-npu/hold: a demo"}
locked:
  description: The user, controller and process that hold the lock of the board.
  returned: if another run holds the lock
  type: dict
  sample: {user: admin, host: controller, board: rock5b-1, run: controller-4711-88-0f3a9c21, pid: 4711, started: "88"}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rkfleet.npu.plugins.module_utils import _internal
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction import steps

ARGUMENTS = dict(
    argument_spec=dict(
        state=dict(type="str", required=True, choices=list(steps.STEPS)),
        restore=dict(type="str", choices=["pending", "origin"], default="pending"),
        outcome=dict(type="str", choices=["rolled_back", "rollback_failed"]),
        why=dict(type="str", default=""),
        purge=dict(type="bool", default=False),
        inspected=dict(type="dict", default={}),
        versions=dict(type="list", elements="str", default=[]),
        runtime=dict(type="path", default="/usr/lib/librknnrt.so"),
        replaces=dict(type="list", elements="str", default=[]),
        diverted=dict(type="list", elements="str", default=[]),
        driver_from=dict(type="str"),
        driver_to=dict(type="str"),
        baseline=dict(type="dict", default={}),
        confirm_minutes=dict(type="int", default=30),
        services=dict(type="list", elements="str", default=[]),
        force=dict(type="bool", default=False),
        break_lock=dict(type="bool", default=False),
        _internal=_internal.OPTION,
    ),
    required_if=[("state", "closed", ("outcome",))],
)


def main():
    """Module entry point."""
    module = AnsibleModule(**ARGUMENTS, supports_check_mode=True)
    steps.run(module, _internal.parameters(module, "npu_transaction", **steps.INTERNAL))


if __name__ == "__main__":
    main()
