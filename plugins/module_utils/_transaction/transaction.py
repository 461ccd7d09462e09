# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An upgrade as a transaction: a restore point is created before the first change, and restored unless it is committed.

The state folder has `state.json`, the board's state; `lock.json`, which run works on it; `pending/`, the restore point
of an upgrade that is not committed; `origin/`, the restore point of the very first change; `undone/`, what the last
rollback restored. The rollback itself is a script: see guard.py. Every change of these folders needs the lock of
exclusive(), which the script acquires, too. A rollback to `origin` is a transaction of its own: `pending` holds the
state before the rollback until the rollback is confirmed.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil

from .._board.files import clean_leftovers, describe_error, ensure_dir, read_file, sync_dir, write_file
from .._board.lock import SCHEMA
from .._board.paths import timestamp
from .._board.tree import clean
from .._boot import boot_files
from .._facts.hardware import storage_check
from . import guard, held_services
from .lists import add_lines, add_packages, as_lines, content_digest, read_lines
from .restore_point import RestorePoint, remove_spare_copies
from .state import TransactionError, _advance, exclusive, load_json, save_state
from .state_folder import StateFolder

_EMPTY_RECORD = {"schema": SCHEMA, "driver": {"from": None, "to": None}, "baseline": None,
                 "controller": {"host": None, "user": None}}
_PLACEHOLDERS = {"state": "@STATE@", "why": "@WHY@", "since": "@SINCE@"}


class Transaction(StateFolder):
    """The transaction of a board. StateFolder documents the arguments."""

    def begin(self, paths, state, confirm_minutes, outcome=None):
        """Create the restore point and arm the guard. The restore point of an unfinished upgrade is kept.

        Args:
            paths: Files and folders to copy, as returned by watched().
            state: `{driver: {from, to}, baseline, controller}` for state.json.
            confirm_minutes: Minutes without a heartbeat after which the guard restores.
            outcome: The state after a restore, if it is not `rolled_back`.

        Returns:
            Whether an unfinished upgrade of an earlier run is resumed.

        Raises:
            TransactionError: The restore point could not be created. Nothing has changed.
        """
        problem = storage_check.check(self.root)
        if problem:
            raise TransactionError(problem)
        self._prepare_home()
        self.previous = read_file(os.path.join(self.home, "state.json"))
        with exclusive(self.home):
            resumed = self._begin(paths, state, confirm_minutes, outcome)
        # From here on the board rolls itself back unless the upgrade is committed. A running watcher may be about to
        # end after the previous upgrade, or be of an earlier release, which does not know the lock: restart it. A
        # watcher that waits for the reboot after a restore is not interrupted.
        if resumed:
            self._systemctl("daemon-reload")
        verb = "start" if os.path.exists(self.place("/run/rkfleet-npu/restoring")) else "restart"
        self._systemctl(verb, "--no-block", guard.WATCH_UNIT)
        return resumed

    def require_no_rollback(self):
        """Fail if an unconfirmed rollback is pending: its restore point is not the state before an upgrade.

        Raises:
            TransactionError: A rollback to before the first change is not confirmed.
        """
        if self.is_pending() and os.path.exists(os.path.join(self.pending, "outcome")):
            raise TransactionError(
                "a rollback to before the first change is not confirmed: run rollback_npu again, or wait until the "
                "board has returned to the state before the rollback, then rerun the playbook"
            )

    def _begin(self, paths, state, confirm_minutes, outcome):
        if not outcome:
            self.require_no_rollback()
        resumed = self.is_pending()
        self.fresh = not resumed
        folder = self.pending if resumed else self.pending + ".new"
        try:
            # Leftovers of a power failure; a restore point without a manifest is one of them.
            for leftover in (self.pending + ".old", *(() if resumed else (self.pending, folder))):
                shutil.rmtree(leftover, ignore_errors=True)
            for parent in (self.home, os.path.join(self.home, "origin")):
                clean_leftovers(parent)
            if not resumed:
                # One that a power failure during a commit has left is no file of the owner.
                held_services.release(self.root)
                ensure_dir(os.path.join(folder, "copies"), 0o700)
                os.chmod(folder, 0o700)
                if self.broken:
                    # Of a run that ended in the middle of its rollback: nobody has started them again.
                    stopped = read_lines(os.path.join(self.home, "undone/services"))
                    write_file(os.path.join(folder, "services"), as_lines(stopped), 0o600)
            RestorePoint(self.root, self.home, folder).write(paths, self._query_guard)
            if outcome and not resumed:
                write_file(os.path.join(folder, "outcome"), outcome.encode() + b"\n", 0o600)
                write_file(os.path.join(folder, "services"), as_lines(self.stopped), 0o600)
                # Returning from the rollback puts on hold again what it takes off hold.
                for name, other in (("holds", "rehold"), ("rehold", "holds")):
                    add_packages(os.path.join(folder, other), read_lines(os.path.join(self.home, "origin", name)))
            self._arm(folder, state, confirm_minutes)
        except (OSError, TransactionError) as error:
            if not resumed:
                remove_spare_copies(self.root, [path for path, dummy in paths])
                shutil.rmtree(folder, ignore_errors=True)
                self.disarm()
            if isinstance(error, TransactionError):
                raise
            raise TransactionError("the restore point cannot be created: %s"
                                   % describe_error(error, self.home)) from error
        os.sync()
        if not resumed:
            os.rename(folder, self.pending)
            sync_dir(self.home)
        shutil.rmtree(os.path.join(self.home, "undone"), ignore_errors=True)
        _advance(self.home, "planned")
        return resumed

    def begin_rollback(self, paths, confirm_minutes):
        """Begin a rollback to `origin`: unless it is confirmed, the board returns to the current state."""
        record = load_json(os.path.join(self.home, "state.json")) or {}
        first = load_json(os.path.join(self.home, "origin/state.in")) or {}
        entries = [line.split(" ") for line in read_lines(os.path.join(self.home, "origin/manifest"))]
        kinds = {path: kind.replace("no", "") if kind.startswith("no") else kind
                 for kind, dummy, dummy, path in entries if kind != "link"}
        kinds.update(paths)
        state = {
            # The driver and the baseline that are verified after the rollback.
            "driver": {"from": (first.get("driver") or {}).get("from"), "to": (record.get("driver") or {}).get("to")},
            "baseline": first.get("baseline"), "controller": {name: self.owner.get(name) for name in ("host", "user")},
        }
        # Boot files first, each folder after its content.
        folders = sorted((path for path, kind in kinds.items() if kind == "folder"), reverse=True)
        others = sorted((item for item in kinds.items() if item[1] != "folder"),
                        key=lambda item: item[1] not in boot_files.KINDS)
        return self.begin([*others, *((path, "folder") for path in folders)], state, confirm_minutes,
                          outcome="committed")

    def _arm(self, folder, state, confirm_minutes):
        """Install the guard with its units and the state that it records after a restore."""
        previous = load_json(os.path.join(folder, "state.in")) or {}
        if previous:
            # A resumed upgrade keeps the baseline and the driver from before its first change.
            driver = dict(state.get("driver") or {}, **{"from": (previous.get("driver") or {}).get("from")})
            state = dict(state, baseline=previous.get("baseline"), driver=driver)
        template = dict(state, schema=SCHEMA, run=self.owner["run"], **_PLACEHOLDERS)
        write_file(os.path.join(folder, "state.in"), json.dumps(template, sort_keys=True).encode() + b"\n", 0o600)
        write_file(os.path.join(folder, "confirm"), b"%d\n" % confirm_minutes, 0o600)
        tried, untried = os.path.join(folder, "tried"), os.path.join(folder, "untried")
        if os.path.exists(tried):
            os.rename(tried, untried)  # boots are counted anew for this run
        write_file(untried, b"", 0o600)
        # This run changes a board whose restore was interrupted, so the restore is no longer partly done.
        restoring, whole = os.path.join(folder, "restoring"), os.path.join(folder, "whole")
        if os.path.exists(restoring):
            os.rename(restoring, whole)
        write_file(whole, b"", 0o600)
        self._install(*guard.FILES)
        for path, target in guard.links().items():
            place = self.place(path)
            ensure_dir(os.path.dirname(place))
            if not os.path.islink(place):
                os.symlink(target, place)

    def _install(self, *paths):
        """Write these files of the guard."""
        for path in paths:
            place = self.place(path)
            ensure_dir(os.path.dirname(place))
            clean_leftovers(os.path.dirname(place))
            if os.path.islink(place):
                os.unlink(place)  # masked
            write_file(place, self.guard[os.path.basename(path)].encode(), guard.FILES[path])

    def _query_guard(self, command):
        # Run the text itself, because the script is not installed yet at the first query.
        rc, out, dummy = self.run(["/bin/sh", "-c", self.guard["guard"], "guard", command])
        return out.encode() if rc == 0 else b""

    def abandon(self):
        """Discard a transaction before its first change; a resumed upgrade stays pending."""
        if self.fresh:
            self.start_services("pending")
            with exclusive(self.home):
                self._end_pending()
                path = os.path.join(self.home, "state.json")
                if self.previous is not None:
                    write_file(path, self.previous, 0o600)
                elif os.path.exists(path):
                    os.unlink(path)
            self.disarm()
        self.unlock()

    def _end_pending(self):
        """Remove the pending restore point atomically, by a rename."""
        remove_spare_copies(self.root, self.point().paths())
        old = self.pending + ".old"
        shutil.rmtree(old, ignore_errors=True)
        with contextlib.suppress(FileNotFoundError):
            os.rename(self.pending, old)
        sync_dir(self.home)
        shutil.rmtree(old, ignore_errors=True)

    def commit(self, driver):
        """Commit the upgrade. The state before the very first change is kept for a rollback on request.

        If this run has committed it already, and the answer was lost, nothing is done.

        Args:
            driver: Version of the driver that was verified.

        Returns:
            One sentence on services that cannot be started, or an empty text.

        Raises:
            TransactionError: No upgrade is pending.
        """
        service_error = ""
        if not self._has_committed():
            self._require_pending()
            service_error = self.start_services("pending")
        with exclusive(self.home):
            # The task whose answer was lost may have ended in the meantime.
            if not self._has_committed():
                self._commit(driver, service_error)
        # Once the lock is released, another run may have begun.
        if self.holds_lock():
            self.disarm()
        self.unlock()
        return service_error

    def _has_committed(self):
        record = load_json(os.path.join(self.home, "state.json")) or {}
        return not self.is_pending() and (record.get("state"), record.get("run")) == ("committed", self.owner["run"])

    def _require_pending(self):
        if not self.is_pending():
            raise TransactionError("no upgrade is pending, so nothing can be committed: the board has rolled itself "
                                   "back, or another run has ended this upgrade")
        if self._is_half_restored():
            raise TransactionError("the upgrade cannot be committed: the board is rolling itself back")
        if not self.is_ours():
            raise TransactionError("the upgrade cannot be committed: another run has begun it")

    def _is_half_restored(self):
        return os.path.exists(os.path.join(self.pending, "restoring"))

    def _commit(self, driver, service_error):
        self._require_pending()
        # The packages of a kernel that the upgrade installed rewrote the boot menu, too: count that as our content.
        menus = [line.split(" ")[3] for line in self.point().manifest() if line.startswith(("menu ", "grub "))]
        add_lines(os.path.join(self.pending, "left"),
                  ["%s %s" % (content_digest(read_file(self.place(path))), path) for path in menus])
        origin = os.path.join(self.home, "origin")
        first = not self.is_pending("origin")
        if not first:
            self.point("origin").add_new(self.point())
        # For a rollback without Ansible.
        write_file(os.path.join(self.pending if first else origin, "guard"), self.guard["guard"].encode(), 0o700)
        template = load_json(os.path.join(self.pending, "state.in")) or {}
        record = dict(_EMPTY_RECORD, **template)
        record.update(driver=dict(record["driver"], to=driver), run=self.owner["run"], state="committed",
                      why=service_error,
                      since=timestamp())
        # Before anything else: after a power failure from here on, the board still finds the upgrade pending, rolls
        # itself back and records that.
        save_state(self.home, record)
        if not first:
            self._end_pending()
            return
        remove_spare_copies(self.root, self.point().paths())
        # Counters of a restore that failed before this run resumed the upgrade: a later rollback starts anew.
        for name in ("tries", "overwritten", "nowatchdog"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(self.pending, name))
        shutil.rmtree(origin, ignore_errors=True)
        os.rename(self.pending, origin)
        sync_dir(self.home)

    def restore(self, folders):
        """Restore the restore points in these folders of the state folder, `pending` and `origin`.

        Returns:
            `(reboot, foreign)`: whether the board must reboot into the restored system, and whether files were not
            restored because they belong to another root file system or machine.

        Raises:
            TransactionError: Not everything could be restored.
        """
        words = set()
        for folder in folders:
            # The script on the board may be missing, or be of another release.
            self._install(guard.SCRIPT)
            rc, out, err = self.run([self.place(guard.SCRIPT), "restore", folder])
            if rc != 0:
                raise TransactionError("not everything could be restored: %s" % clean(err or out, 500))
            words.update(out.split())
            if folder == "pending":
                self.stopped = read_lines(os.path.join(self.home, "undone/services"))
        return "reboot" in words, "foreign" in words

    def close(self, state, why, purge=False):
        """Record how a rollback ended, start the services and release the lock.

        A rollback to `origin` that failed stays pending, so that the board returns to the state before it.

        Args:
            state: `rolled_back` or `rollback_failed`.
            why: One sentence on why the upgrade was rolled back.
            purge: Whether everything in the state folder except for the state is removed.

        Raises:
            TransactionError: The board has already returned to the state before the rollback.
            Locked: Another run works on the board.
        """
        self._prepare_home()
        with exclusive(self.home):
            self._refuse_other()
        guarded = os.path.exists(os.path.join(self.pending, "outcome"))
        reasons = [why, self.start_services("pending" if guarded else "undone")]
        if guarded:
            # Services of the first upgrade: try-restart, because the owner may have disabled one since.
            reasons.append(self.start_services("origin", "try-restart"))
        with exclusive(self.home):
            returned = not self.is_pending() or self._is_half_restored()
            if state == "rolled_back" and purge and self.is_pending("origin") and returned:
                raise TransactionError("the rollback was not confirmed in time: the board has returned to the state "
                                       "before the rollback")
            record = dict(_EMPTY_RECORD, **(load_json(os.path.join(self.home, "state.json")) or {}))
            record.update(run=self.owner["run"], state=state, why=" ".join(filter(None, reasons)), since=timestamp())
            save_state(self.home, record)
            if state == "rolled_back":
                if guarded:
                    self._end_pending()
                    shutil.rmtree(os.path.join(self.home, "undone"), ignore_errors=True)
                    os.rename(os.path.join(self.home, "origin"), os.path.join(self.home, "undone"))
                for name in os.listdir(self.home) if purge else ():
                    path = os.path.join(self.home, name)
                    if name not in ("state.json", "lock.json"):
                        shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
        if state == "rolled_back":
            self.disarm()
        self.unlock()

    def disarm(self):
        """Remove the guard, so that a board without a pending upgrade runs nothing of this collection."""
        self._systemctl("stop", guard.WATCH_UNIT)
        if os.path.exists(self.place(guard.SCRIPT)):
            self.run([self.place(guard.SCRIPT), "disarm"])
        # Remove the links first: a unit without its script would fail at boot.
        for path in [*guard.links(), *reversed(list(guard.FILES))]:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.place(path))
        with contextlib.suppress(OSError):  # it may have the signing tool
            os.rmdir(self.place(guard.FOLDER))
