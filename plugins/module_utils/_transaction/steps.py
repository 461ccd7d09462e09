# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What npu_transaction does: the steps of an upgrade and of a rollback."""

from __future__ import annotations

import os
import re

from .._board.files import describe_error, sent_files
from .._board.paths import STATE_DIR
from .._board.tree import Tree
from .._facts import holders
from .._facts.hardware import device_nodes
from .._facts.installed import package_files
from . import held_services, lists, state, watched
from .guard import FILES, STATES
from .transaction import Transaction

# Who runs the playbook, which runs have ended without releasing their lock, and the guard's files.
INTERNAL = {"owner": {}, "ended_runs": [], "guard": None}
FOREIGN = ("files were not restored because they belong to another root file system or machine: only what rkfleet.npu "
           "wrote into the boot files was removed")


def run(module, params):
    """Run the task; module is AnsibleModule or _program._Task."""
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
        module.fail_json(msg=f"the state of the board cannot be saved: {describe_error(error, STATE_DIR)}")
    module.exit_json(**result)


def check(module, params):
    """Fail if a parameter has an impossible value."""
    for name in params["services"]:
        if not re.fullmatch(r"[A-Za-z0-9@._:-]+", name):
            module.fail_json(msg=f"{name!r} is not the name of a systemd unit")
    for name in params["versions"] + params["replaces"]:
        if not re.fullmatch(r"(\w[\w.+-]*/)?\w[\w.+~-]*", name, re.ASCII):
            module.fail_json(msg=f"{name!r} is not a version of a driver")
    minutes = params["confirm_minutes"]
    if minutes < 1:
        module.fail_json(msg=f"confirm_minutes is {minutes}: it must be at least 1, so that the board has time to boot")


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
        raise state.TransactionError(
            f"the NPU is in use by {holders.told(users)}: stop it, add its service to npu_services, or set npu_force "
            "to true", in_use=users)


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
    minutes = params["confirm_minutes"]
    if guarded:
        try:
            transaction.begin_rollback(watched.watched("/", [], params["runtime"]), minutes)
        except state.TransactionError as error:
            raise state.TransactionError(
                f"the rollback to before the first change cannot be started: {error}") from error
        try:
            reboot_origin, foreign = transaction.restore(["origin"])
        except state.TransactionError as error:
            raise state.TransactionError(f"{error}. The board returns to the state before the rollback in "
                                         f"{minutes} minutes") from error
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
