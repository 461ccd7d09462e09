#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: npu_transaction
short_description: Make an upgrade of a board's NPU one that is committed or taken back
version_added: 1.2.0
description:
  - Before the first change, C(state=begun) writes down on the board what an upgrade may touch, with copies, and lays down a guard.
    Until C(state=committed) the board itself goes back when a boot into the new driver is not confirmed (a panic, a hang, a power cut),
    or when neither a commit nor a sign of life comes from the controller within O(confirm_minutes). It then restores boot arguments,
    modules and runtime, reboots where that is needed, once, and says why in C(/var/lib/rkfleet-npu/state.json).
  - While that lasts, a kernel panic or oops reboots the board, and a hardware watchdog that nobody else has open is used.
  - One run has a board at a time. The lock of a run of the same user on the same controller that has ended no longer counts.
  - After the commit nothing of the guard is left. What was there before the first change ever is kept for a rollback by request.
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
    platforms: debian
options:
  state:
    description:
      - V(begun) takes the lock, refuses where the NPU is in use, stops O(services), writes down what is there and arms the guard.
        An upgrade that an earlier run did not end is gone on with.
      - V(alive) is a sign of life from the controller.
      - V(paused) gives the board free without a commit, for a reboot at another time. The guard waits from that boot on.
      - V(committed) keeps the board as it is now.
      - V(restored) puts back what was there, without a reboot. Follow up with V(closed). A boot file that others have changed since is
        not replaced, only what this collection wrote into it is removed. Back to before the first change ever the board waits for
        V(closed) for O(confirm_minutes), and otherwise returns to the state before the rollback.
      - V(closed) says how the way back ended, starts services again and takes guard and lock away.
      - V(unlocked) gives up the lock.
    type: str
    required: true
    choices: [begun, alive, paused, committed, restored, closed, unlocked]
  restore:
    description: How far V(restored) goes back. To before this upgrade, or to before the first change ever.
    type: str
    choices: [pending, origin]
    default: pending
  outcome:
    description: How the way back ended. Needed for O(state=closed).
    type: str
    choices: [rolled_back, rollback_failed]
  why:
    description: One sentence on why it was taken back.
    type: str
    default: ""
  purge:
    description: For O(state=closed), whether everything but the board's state is removed below C(/var/lib/rkfleet-npu).
    type: bool
    default: false
  versions:
    description: Releases of the driver that are going to be installed.
    type: list
    elements: str
    default: []
  runtime:
    description: Where the runtime library lies, or is going to.
    type: path
    default: /usr/lib/librknnrt.so
  driver_from:
    description: Version of the driver that is there, for the board's state.
    type: str
  driver_to:
    description: Version of the driver that is to be there, for the board's state.
    type: str
  baseline:
    description: What a verification said before anything was changed. Only what worked then is demanded after a rollback.
    type: dict
    default: {}
  confirm_minutes:
    description: Minutes without a sign of life from the controller after which the board goes back by itself.
    type: int
    default: 30
  services:
    description: Systemd units that use the NPU. Those that run are stopped, and started again at the end.
    type: list
    elements: str
    default: []
  node:
    description: The device node of the NPU. Processes that have it open and belong to none of O(services) are named, and stop the board.
    type: path
  force:
    description: Whether to go on although the NPU is in use.
    type: bool
    default: false
  break_lock:
    description: Whether the lock of another run no longer counts.
    type: bool
    default: false
  owner:
    description: Who works on the board. Set by the action plugin.
    type: dict
    default: {}
  ended_runs:
    description: Runs that have ended without giving up their lock. Set by the action plugin.
    type: list
    elements: str
    default: []
  guard:
    description:
      - The guard script and its units, needed for O(state=begun), O(state=committed) and O(state=restored).
        Set by the action plugin.
    type: json
"""

EXAMPLES = r"""
- name: Have a way back before anything is changed
  rkfleet.npu.npu_transaction:
    state: begun
    versions: [0.9.6]
    services: [detector.service]
  become: true

- name: Keep the board as it is now
  rkfleet.npu.npu_transaction:
    state: committed
    driver_to: 0.9.6
  become: true
"""

RETURN = r"""
resumed:
  description: Whether an upgrade was gone on with that an earlier run did not end.
  returned: O(state=begun)
  type: bool
  sample: false
baseline:
  description: What a verification said before anything was changed, as the board keeps it.
  returned: O(state=begun) or O(state=restored)
  type: dict
  sample: {diagnosis: ok, driver: 0.8.2}
stopped:
  description: Services that were stopped.
  returned: O(state=begun)
  type: list
  elements: str
  sample: [detector.service]
reboot_required:
  description: Whether the running system is not yet the one that was restored.
  returned: O(state=restored)
  type: bool
  sample: true
packages:
  description: Packages that were installed since, and are still there.
  returned: O(state=restored)
  type: list
  elements: str
  sample: [dkms, gcc]
guarded:
  description:
    - Whether the rollback to before the first change waits for its confirmation by O(state=closed). Without it the board returns to the
      state before the rollback, as it does from an upgrade that is not committed.
  returned: O(state=restored)
  type: bool
  sample: false
note:
  description:
    - What the owner should know of the end, such as services that do not start, or files that were not restored because they were kept of
      another root file system or machine.
  returned: O(state=committed) or O(state=restored)
  type: str
  sample: ""
locked:
  description: Who has the board, and as which process.
  returned: where another run has it
  type: dict
  sample: {user: admin, host: controller, run: controller-4711-88-0f3a9c21, pid: 4711, started: "88", pid_namespace: "pid:[4026531836]",
           machine: 1b4c0a52d9e87f36a1c4b2d80e9f7a65, boot_id: 5c0f5d2e-6b7a-4f7e-9a52-1d3f0c6f8b11}
"""

import os
import re

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rkfleet.npu.plugins.module_utils._board.files import sent_files, told
from ansible_collections.rkfleet.npu.plugins.module_utils._board.paths import STATE_DIR
from ansible_collections.rkfleet.npu.plugins.module_utils._board.tree import Tree
from ansible_collections.rkfleet.npu.plugins.module_utils._facts import holders
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction import state, watched
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction import transaction as _transaction
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction.guard import FILES, STATES


FOREIGN = ("files were not restored, because they were kept of another root file system or machine: only what rkfleet.npu wrote into "
           "the boot files was removed")


def main():
    """Module entry point."""
    module = AnsibleModule(
        argument_spec=dict(
            state=dict(type="str", required=True, choices=["begun", "alive", "paused", "committed", "restored", "closed", "unlocked"]),
            restore=dict(type="str", choices=["pending", "origin"], default="pending"),
            outcome=dict(type="str", choices=["rolled_back", "rollback_failed"]),
            why=dict(type="str", default=""),
            purge=dict(type="bool", default=False),
            versions=dict(type="list", elements="str", default=[]),
            runtime=dict(type="path", default="/usr/lib/librknnrt.so"),
            driver_from=dict(type="str"),
            driver_to=dict(type="str"),
            baseline=dict(type="dict", default={}),
            confirm_minutes=dict(type="int", default=30),
            services=dict(type="list", elements="str", default=[]),
            node=dict(type="path"),
            force=dict(type="bool", default=False),
            break_lock=dict(type="bool", default=False),
            owner=dict(type="dict", default={}),
            ended_runs=dict(type="list", elements="str", default=[]),
            # Not secret, but too long for logs.
            guard=dict(type="json", no_log=True),
        ),
        required_if=[("state", "closed", ("outcome",))],
        supports_check_mode=True,
    )
    params = module.params
    check(module, params)
    owner = dict(params["owner"], run=params["owner"].get("run") or "by hand")
    try:
        names = map(os.path.basename, FILES)
        guard = sent_files("npu_transaction", params["guard"], names) if params["state"] in STATES else {}
    except ValueError as error:
        module.fail_json(msg=str(error))
    transaction = _transaction.Transaction(module.run_command, owner, guard=guard)
    try:
        result = {"begun": begun, "alive": alive, "paused": paused, "committed": committed, "restored": restored, "closed": closed,
                  "unlocked": unlocked}[params["state"]](module, params, transaction)
    except state.Locked as error:
        module.fail_json(msg=str(error), locked=error.holder)
    except state.TransactionError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg="the board's state cannot be kept: %s" % told(error, STATE_DIR))
    module.exit_json(**result)


def check(module, params):
    """Stop at values that could not be what they should."""
    for name in params["services"]:
        if not re.fullmatch(r"[A-Za-z0-9@._:-]+", name):
            module.fail_json(msg="%r is not the name of a systemd unit" % name)
    for name in params["versions"]:
        if not re.fullmatch(r"[A-Za-z0-9._~+-]+", name):
            module.fail_json(msg="%r is not a version of a driver" % name)
    if params["confirm_minutes"] < 1:
        module.fail_json(msg="confirm_minutes is %d: a board needs at least one minute to boot and be confirmed" % params["confirm_minutes"])


def state_of(params):
    """What state.json says besides the state itself."""
    who = {name: params["owner"].get(name) for name in ("host", "user")}
    return {"driver": {"from": params["driver_from"], "to": params["driver_to"]}, "baseline": params["baseline"] or None, "controller": who}


def begun(module, params, transaction):
    """Take the board and write down what is there."""
    blocking = holders.blocking(Tree(), params["node"], params["services"], (os.getpid(), os.getppid()))
    if blocking and not params["force"]:
        raise state.TransactionError(
            "the NPU is in use by %s: stop that, name its service in npu_services, or set npu_force to true"
            % ", ".join("%s (pid %d)" % (process["name"], process["pid"]) for process in blocking[:5])
        )
    transaction.require_no_rollback()
    if module.check_mode:
        return dict(changed=not transaction.is_pending(), resumed=transaction.is_pending(), stopped=[], baseline=params["baseline"])
    transaction.lock(["*"] if params["break_lock"] else params["ended_runs"])
    try:
        resumed = transaction.begin(watched.watched("/", params["versions"], params["runtime"]), state_of(params), params["confirm_minutes"])
        stopped = transaction.stop_services(params["services"])
    except state.TransactionError:
        transaction.abandon()
        raise
    return dict(changed=True, resumed=resumed, stopped=stopped, baseline=transaction.baseline())


def alive(module, params, transaction):
    """Give a sign of life."""
    if transaction.is_pending() and not module.check_mode:
        state.alive(STATE_DIR)
    return dict(changed=False)


def paused(module, params, transaction):
    """Leave the board as it is until somebody reboots it."""
    if transaction.is_pending() and not module.check_mode:
        state.alive(STATE_DIR, never=True)
        transaction.start_services("pending")
        transaction.unlock()
    return dict(changed=False)


def committed(module, params, transaction):
    """Keep the board as it is now."""
    note = "" if module.check_mode else transaction.commit(params["driver_to"])
    return dict(changed=True, note=note)


def restored(module, params, transaction):
    """Put back what was there."""
    folders = ["pending"] if params["restore"] == "pending" else ["pending", "origin"]
    there = [folder for folder in folders if transaction.is_pending(folder)]
    guarded = "origin" in there
    baseline = transaction.baseline(there[-1]) if there else {}
    names = [name for folder in there for name in state.packages(STATE_DIR, folder)]
    if module.check_mode:
        return dict(changed=bool(there), reboot_required=bool(there), baseline=baseline, packages=names, guarded=guarded, note="")
    transaction.lock(["*"] if params["break_lock"] else params["ended_runs"])
    reboot, foreign = transaction.restore([folder for folder in there if folder != "origin"])
    if guarded:
        try:
            transaction.begin_rollback(watched.watched("/", [], params["runtime"]), params["confirm_minutes"])
        except state.TransactionError as error:
            raise state.TransactionError("the rollback to before the first change was not begun: %s" % error) from error
        try:
            reboot_origin, foreign = transaction.restore(["origin"])
        except state.TransactionError as error:
            raise state.TransactionError(
                "%s. By itself the board returns to the state before the rollback in %d minutes" % (error, params["confirm_minutes"])) from error
        state.advance(STATE_DIR, "deployed")
        reboot = reboot or reboot_origin
    return dict(changed=bool(there), reboot_required=reboot, baseline=baseline, packages=names, guarded=guarded, note=FOREIGN if foreign else "")


def closed(module, params, transaction):
    """Say how the way back ended."""
    if not module.check_mode:
        transaction.close(params["outcome"], params["why"], params["purge"])
    return dict(changed=True)


def unlocked(module, params, transaction):
    """Give up the lock."""
    if not module.check_mode:
        transaction.unlock()
    return dict(changed=False)


if __name__ == "__main__":
    main()
