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

import os
import re

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rkfleet.npu.plugins.module_utils import _internal
from ansible_collections.rkfleet.npu.plugins.module_utils._board.files import describe_error, sent_files
from ansible_collections.rkfleet.npu.plugins.module_utils._board.paths import STATE_DIR
from ansible_collections.rkfleet.npu.plugins.module_utils._board.tree import Tree
from ansible_collections.rkfleet.npu.plugins.module_utils._facts import holders
from ansible_collections.rkfleet.npu.plugins.module_utils._facts.hardware import device_nodes
from ansible_collections.rkfleet.npu.plugins.module_utils._facts.installed import package_files
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction import held_services, lists, state, watched
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction.guard import FILES, STATES
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction.transaction import Transaction

FOREIGN = ("files were not restored because they belong to another root file system or machine: only what rkfleet.npu "
           "wrote into the boot files was removed")


def main():
    """Module entry point."""
    module = AnsibleModule(
        argument_spec=dict(
            state=dict(type="str", required=True, choices=list(STEPS)),
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
        supports_check_mode=True,
    )
    # Who runs the playbook, which runs have ended without releasing their lock, and the guard's files.
    params = _internal.parameters(module, "npu_transaction", owner={}, ended_runs=[], guard=None)
    check(module, params)
    owner = dict(params["owner"], run=params["owner"].get("run") or "by hand")
    try:
        names = map(os.path.basename, FILES)
        guard = sent_files("npu_transaction", params["guard"], names) if params["state"] in STATES else {}
    except ValueError as error:
        module.fail_json(msg=str(error))
    transaction = Transaction(module.run_command, owner, guard=guard)
    try:
        result = STEPS[params["state"]](module, params, transaction)
    except state.TransactionError as error:
        module.fail_json(msg=str(error), **error.result)
    except OSError as error:
        module.fail_json(msg="the state of the board cannot be saved: %s" % describe_error(error, STATE_DIR))
    module.exit_json(**result)


def check(module, params):
    """Fail if a parameter has an impossible value."""
    for name in params["services"]:
        if not re.fullmatch(r"[A-Za-z0-9@._:-]+", name):
            module.fail_json(msg="%r is not the name of a systemd unit" % name)
    for name in params["versions"] + params["replaces"]:
        if not re.fullmatch(r"(\w[\w.+-]*/)?\w[\w.+~-]*", name, re.ASCII):
            module.fail_json(msg="%r is not a version of a driver" % name)
    if params["confirm_minutes"] < 1:
        module.fail_json(msg="confirm_minutes is %d: it must be at least 1, so that the board has time to boot"
                             % params["confirm_minutes"])


def state_of(params):
    """Return what state.json contains besides the state itself."""
    who = {name: params["owner"].get(name) for name in ("host", "user")}
    return {"driver": {"from": params["driver_from"], "to": params["driver_to"]},
            "baseline": params["baseline"] or None, "controller": who}


def users_of_npu():
    """Return the processes that have the NPU open, other than this task, as holders() returns them."""
    tree = Tree()
    return holders.holders(tree, device_nodes.read(tree), (os.getpid(), os.getppid()))


def refuse_use(users):
    """Raise TransactionError if there are processes that have the NPU open."""
    if users:
        raise state.TransactionError("the NPU is in use by %s: stop it, add its service to npu_services, or set "
                                     "npu_force to true" % holders.told(users), in_use=users)


def begun(module, params, transaction):
    """Acquire the lock and create the restore point."""
    users = [] if params["force"] else users_of_npu()
    # What these services cannot end stops the upgrade before anything is done. Others are asked again.
    refuse_use(holders.blocking(users, params["services"]))
    transaction.require_no_rollback()
    if module.check_mode:
        pending = transaction.is_pending()
        return dict(changed=not pending, resumed=pending, stopped=[], baseline=params["baseline"])
    transaction.lock(["*"] if params["break_lock"] else params["ended_runs"])
    # Programs of this collection are diverted if they belong to a package, which npu_runtime finds out, too.
    diverted = [name for name in params["diverted"] if name not in watched.SERVER_FILES or package_files.packaged(name)]
    try:
        transaction.require_unchanged(params["inspected"])
        files = watched.watched("/", params["versions"], params["runtime"], diverted=diverted,
                                replaces=params["replaces"])
        files += held_services.entries(params["services"])
        resumed = transaction.begin(files, state_of(params), params["confirm_minutes"])
        stopped = transaction.stop_services(params["services"])
        remaining = users_of_npu() if users else []
        if remaining and not transaction.fresh:
            transaction.start_services("pending")
        refuse_use(remaining)
    except (state.TransactionError, OSError):
        transaction.abandon()
        raise
    return dict(changed=True, resumed=resumed, stopped=stopped, baseline=transaction.baseline())


def alive(module, params, transaction):
    """Send a heartbeat."""
    if transaction.is_ours() and not module.check_mode:
        state.heartbeat(STATE_DIR)
    return dict(changed=False)


def paused(module, params, transaction):
    """Release the board until it is rebooted at another time."""
    if transaction.is_ours() and not module.check_mode:
        state.heartbeat(STATE_DIR, never=True)
        transaction.start_services("pending")
        transaction.unlock()
    return dict(changed=False)


def committed(module, params, transaction):
    """Commit the upgrade."""
    note = "" if module.check_mode else transaction.commit(params["driver_to"])
    return dict(changed=True, note=note)


def restored(module, params, transaction):
    """Restore the files."""
    folders = ["pending"] if params["restore"] == "pending" else ["pending", "origin"]
    restorable = [folder for folder in folders if transaction.is_pending(folder)]
    guarded = "origin" in restorable
    baseline = transaction.baseline(restorable[-1]) if restorable else {}
    names = [name for folder in restorable for name in lists.packages(STATE_DIR, folder)]
    if module.check_mode:
        return dict(changed=bool(restorable), reboot_required=bool(restorable), baseline=baseline, packages=names,
                    guarded=guarded, note="", stopped=[])
    transaction.lock(["*"] if params["break_lock"] else params["ended_runs"])
    reboot, foreign = transaction.restore([folder for folder in restorable if folder != "origin"])
    if guarded:
        try:
            transaction.begin_rollback(watched.watched("/", [], params["runtime"]), params["confirm_minutes"])
        except state.TransactionError as error:
            raise state.TransactionError("the rollback to before the first change cannot be started: %s"
                                         % error) from error
        try:
            reboot_origin, foreign = transaction.restore(["origin"])
        except state.TransactionError as error:
            raise state.TransactionError("%s. The board returns to the state before the rollback in %d minutes"
                                         % (error, params["confirm_minutes"])) from error
        state.advance(STATE_DIR, "deployed")
        reboot = reboot or reboot_origin
    return dict(changed=bool(restorable), reboot_required=reboot, baseline=baseline, packages=names, guarded=guarded,
                note=FOREIGN if foreign else "", stopped=transaction.stopped)


def closed(module, params, transaction):
    """Record how the rollback ended."""
    if not module.check_mode:
        transaction.close(params["outcome"], params["why"], params["purge"])
    return dict(changed=True)


def unlocked(module, params, transaction):
    """Release the lock."""
    if not module.check_mode:
        transaction.unlock()
    return dict(changed=False)


STEPS = {"begun": begun, "alive": alive, "paused": paused, "committed": committed, "restored": restored,
         "closed": closed, "unlocked": unlocked}


if __name__ == "__main__":
    main()
