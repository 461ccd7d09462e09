#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import os
import re

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rkfleet.npu.plugins.module_utils import _internal
from ansible_collections.rkfleet.npu.plugins.module_utils._board.files import sent_files, describe_error
from ansible_collections.rkfleet.npu.plugins.module_utils._board.paths import STATE_DIR
from ansible_collections.rkfleet.npu.plugins.module_utils._board.tree import Tree
from ansible_collections.rkfleet.npu.plugins.module_utils._facts import holders
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction import state, watched
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction import transaction as _transaction
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction.guard import FILES, STATES


FOREIGN = ("files were not restored because they belong to another root file system or machine: only what rkfleet.npu "
           "wrote into the boot files was removed")


def main():
    """Module entry point."""
    module = AnsibleModule(
        argument_spec=dict(
            state=dict(
                type="str", required=True,
                choices=["begun", "alive", "paused", "committed", "restored", "closed", "unlocked"],
            ),
            restore=dict(type="str", choices=["pending", "origin"], default="pending"),
            outcome=dict(type="str", choices=["rolled_back", "rollback_failed"]),
            why=dict(type="str", default=""),
            purge=dict(type="bool", default=False),
            versions=dict(type="list", elements="str", default=[]),
            runtime=dict(type="path", default="/usr/lib/librknnrt.so"),
            diverted=dict(type="list", elements="str", default=[]),
            driver_from=dict(type="str"),
            driver_to=dict(type="str"),
            baseline=dict(type="dict", default={}),
            confirm_minutes=dict(type="int", default=30),
            services=dict(type="list", elements="str", default=[]),
            node=dict(type="path"),
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
    transaction = _transaction.Transaction(module.run_command, owner, guard=guard)
    try:
        act = {"begun": begun, "alive": alive, "paused": paused, "committed": committed, "restored": restored,
               "closed": closed, "unlocked": unlocked}[params["state"]]
        result = act(module, params, transaction)
    except state.Locked as error:
        module.fail_json(msg=str(error), locked=error.holder)
    except state.TransactionError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg="the state of the board cannot be saved: %s" % describe_error(error, STATE_DIR))
    module.exit_json(**result)


def check(module, params):
    """Fail if a parameter has an impossible value."""
    for name in params["services"]:
        if not re.fullmatch(r"[A-Za-z0-9@._:-]+", name):
            module.fail_json(msg="%r is not the name of a systemd unit" % name)
    for name in params["versions"]:
        if not re.fullmatch(r"[A-Za-z0-9._~+-]+", name):
            module.fail_json(msg="%r is not a version of a driver" % name)
    if params["confirm_minutes"] < 1:
        module.fail_json(msg="confirm_minutes is %d: it must be at least 1, so that the board has time to boot"
                             % params["confirm_minutes"])


def state_of(params):
    """Return what state.json contains besides the state itself."""
    who = {name: params["owner"].get(name) for name in ("host", "user")}
    return {"driver": {"from": params["driver_from"], "to": params["driver_to"]},
            "baseline": params["baseline"] or None, "controller": who}


def begun(module, params, transaction):
    """Acquire the lock and create the restore point."""
    blocking = holders.blocking(Tree(), params["node"], params["services"], (os.getpid(), os.getppid()))
    if blocking and not params["force"]:
        raise state.TransactionError(
            "the NPU is in use by %s: stop it, add its service to npu_services, or set npu_force to true"
            % ", ".join("%s (pid %d)" % (process["name"], process["pid"]) for process in blocking[:5])
        )
    transaction.require_no_rollback()
    if module.check_mode:
        pending = transaction.is_pending()
        return dict(changed=not pending, resumed=pending, stopped=[], baseline=params["baseline"])
    transaction.lock(["*"] if params["break_lock"] else params["ended_runs"])
    try:
        files = watched.watched("/", params["versions"], params["runtime"], diverted=params["diverted"])
        resumed = transaction.begin(files, state_of(params), params["confirm_minutes"])
        stopped = transaction.stop_services(params["services"])
    except state.TransactionError:
        transaction.abandon()
        raise
    return dict(changed=True, resumed=resumed, stopped=stopped, baseline=transaction.baseline())


def alive(module, params, transaction):
    """Send a heartbeat."""
    if transaction.is_pending() and not module.check_mode:
        state.heartbeat(STATE_DIR)
    return dict(changed=False)


def paused(module, params, transaction):
    """Release the board until it is rebooted at another time."""
    if transaction.is_pending() and not module.check_mode:
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
    names = [name for folder in restorable for name in state.packages(STATE_DIR, folder)]
    if module.check_mode:
        return dict(changed=bool(restorable), reboot_required=bool(restorable), baseline=baseline, packages=names,
                    guarded=guarded, note="")
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
            raise state.TransactionError(
                "%s. The board returns to the state before the rollback in %d minutes"
                % (error, params["confirm_minutes"])) from error
        state.advance(STATE_DIR, "deployed")
        reboot = reboot or reboot_origin
    return dict(changed=bool(restorable), reboot_required=reboot, baseline=baseline, packages=names, guarded=guarded,
                note=FOREIGN if foreign else "")


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


if __name__ == "__main__":
    main()
