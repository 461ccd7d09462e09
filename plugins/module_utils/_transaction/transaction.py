# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An upgrade as a transaction of the board: what was there is written down before the first change, and comes back unless it is committed.

Below the state folder: `state.json`, the board's state; `lock.json`, who works on it; `pending/`, what an upgrade that
is not committed would go back to; `origin/`, what was there before the first change ever; `undone/`, what was last
taken back. The way back itself is a script: see _guard. Whoever changes one of these folders has the lock of
exclusive(), the script, too. A rollback to `origin` is a transaction of its own: `pending` holds the board as it was
before the rollback until that is confirmed.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil

from .._facts import storage_check
from . import guard
from .._board.files import clean_leftovers, ensure_dir, read_file, sync_dir, told, write_file
from .._board.paths import STATE_DIR
from .._board.tree import clean
from .restore_point import RestorePoint, release_room
from .state import Locked, TransactionError, add_lines, _advance, as_lines, content_digest, read_lines, load_json, timestamp, save_state, exclusive
from .._facts.upgrade import SCHEMA, describe
from .watched import BOOT_KINDS

_UNIT = re.compile(r"[A-Za-z0-9@._:-]{1,200}\Z")
_NOTHING = {"schema": SCHEMA, "driver": {"from": None, "to": None}, "baseline": None,
            "controller": {"host": None, "user": None}}
_PLACEHOLDERS = {"state": "@STATE@", "why": "@WHY@", "since": "@SINCE@"}


# -- what every module of the collection may call ---------------------------------------------------------------------------


# -- the transaction --------------------------------------------------------------------------------------------------------

class Transaction:
    """The transaction of a board.

    Args:
        run: Callable taking a list of arguments, giving `(rc, stdout, stderr)`.
        owner: `{run, host, user, ...}` of who works on the board.
        root: Where the board's files are. Paths are given as the board sees them.
        guard: `{base name: text}` of the guard's files. Only begin(), commit() and restore() need them.
    """

    def __init__(self, run, owner, root="/", state_dir=STATE_DIR, guard=None):
        self.run, self.owner, self.root, self.guard = run, owner, root, guard or {}
        self.home = self.place(state_dir)
        self.pending = os.path.join(self.home, "pending")
        self.stopped = []  # services that an upgrade had stopped which this run has taken back
        self.fresh = False  # whether this run has begun it, and nothing was changed yet

    def place(self, path):
        """Where a file of the board lies."""
        return os.path.join(self.root, path.lstrip("/"))

    def point(self, folder="pending"):
        """The restore point in a folder of the state folder."""
        return RestorePoint(self.root, self.home, os.path.join(self.home, folder))

    # -- lock

    def lock(self, broken=()):
        """Have the board for this run alone.

        Args:
            broken: Runs whose lock no longer counts; `*` for any.

        Raises:
            Locked: Where another run has it.
        """
        self._prepare_home()
        path = os.path.join(self.home, "lock.json")
        with exclusive(self.home):
            there = load_json(path)
            if there is not None and there.get("run") != self.owner["run"] and "*" not in broken and there.get("run") not in broken:
                raise Locked(
                    "it is being worked on by %s. If that run is gone, take its place with -e npu_break_lock=true"
                    % describe(there), there
                )
            write_file(path, json.dumps(dict(self.owner, schema=SCHEMA, since=timestamp()), indent=1).encode() + b"\n",
                       0o600)

    def unlock(self):
        """Give the board free, where this run has it."""
        path = os.path.join(self.home, "lock.json")
        if (load_json(path) or {}).get("run") == self.owner["run"]:
            os.unlink(path)

    def is_pending(self, folder="pending"):
        """Whether there is something to go back to."""
        return os.path.isfile(os.path.join(self.home, folder, "manifest"))

    def baseline(self, folder="pending"):
        """What a verification said before anything was changed, an empty dictionary where none was possible."""
        return (load_json(os.path.join(self.home, folder, "state.in")) or {}).get("baseline") or {}

    # -- begin

    def begin(self, paths, state, confirm_minutes, outcome=None):
        """Write down what `paths` holds, and have the guard watch over it. What an earlier run has written down stays.

        Args:
            paths: As watched() returns them.
            state: `{driver: {from, to}, baseline, controller}` for state.json.
            outcome: The state after a restore, where it is not `rolled_back`.

        Returns:
            Whether an earlier run's upgrade is gone on with.

        Raises:
            TransactionError: Where not everything could be written down; nothing has changed then.
        """
        trouble = storage_check.check(self.root)
        if trouble:
            raise TransactionError(trouble)
        self._prepare_home()
        with exclusive(self.home):
            resumed = self._begin(paths, state, confirm_minutes, outcome)
        # From here on the board goes back by itself if nobody says otherwise. A watcher that runs already may be about
        # to end, after the upgrade before, or be of an earlier release, which does not know the lock. The reboot after
        # a restore is not interrupted.
        if resumed:
            self._systemctl("daemon-reload")
        verb = "start" if os.path.exists(self.place("/run/rkfleet-npu/restoring")) else "restart"
        self._systemctl(verb, "--no-block", guard.WATCH_UNIT)
        return resumed

    def require_no_rollback(self):
        """Refuse to go on with a rollback as if it were an upgrade: what it would go back to is not what was there before the upgrade.

        Raises:
            TransactionError: Where a rollback to before the first change is not confirmed.
        """
        if self.is_pending() and os.path.exists(os.path.join(self.pending, "outcome")):
            raise TransactionError(
                "a rollback to before the first change is not confirmed on it: run rollback_npu again, or wait until the board has returned "
                "to the state before the rollback, and rerun the playbook")

    def _begin(self, paths, state, confirm_minutes, outcome):
        if not outcome:
            self.require_no_rollback()
        resumed = self.is_pending()
        self.fresh = not resumed
        folder = self.pending if resumed else self.pending + ".new"
        try:
            # What a power cut left; a pending one without a manifest never began.
            for rest in (self.pending + ".old", *(() if resumed else (self.pending, folder))):
                shutil.rmtree(rest, ignore_errors=True)
            for rest in (self.home, os.path.join(self.home, "origin")):
                clean_leftovers(rest)
            if not resumed:
                ensure_dir(os.path.join(folder, "copies"), 0o700)
                os.chmod(folder, 0o700)
            RestorePoint(self.root, self.home, folder).write(paths, self._ask)
            if outcome and not resumed:
                write_file(os.path.join(folder, "outcome"), outcome.encode() + b"\n", 0o600)
                write_file(os.path.join(folder, "services"), as_lines(self.stopped), 0o600)
            self._arm(folder, state, confirm_minutes)
        except (OSError, TransactionError) as error:
            if not resumed:
                release_room(self.root, [path for path, dummy in paths])
                shutil.rmtree(folder, ignore_errors=True)
                self.disarm()
            if isinstance(error, TransactionError):
                raise
            raise TransactionError("what is there cannot be kept for the way back: %s"
                                   % told(error, self.home)) from error
        os.sync()
        if not resumed:
            os.rename(folder, self.pending)
            sync_dir(self.home)
        shutil.rmtree(os.path.join(self.home, "undone"), ignore_errors=True)
        _advance(self.home, "planned")
        return resumed

    def begin_rollback(self, paths, confirm_minutes):
        """Begin the transaction of a rollback to `origin`: a board that does not come back confirmed is restored to what it is now."""
        record = load_json(os.path.join(self.home, "state.json")) or {}
        first = load_json(os.path.join(self.home, "origin/state.in")) or {}
        kept = [line.split(" ") for line in read_lines(os.path.join(self.home, "origin/manifest"))]
        every = {path: kind.replace("no", "") if kind.startswith("no") else kind for kind, dummy, dummy,
                 path in kept if kind != "link"}
        every.update(paths)
        state = {
            # What has to answer after the rollback, and what worked then.
            "driver": {"from": (first.get("driver") or {}).get("from"), "to": (record.get("driver") or {}).get("to")},
            "baseline": first.get("baseline"), "controller": {name: self.owner.get(name) for name in ("host", "user")},
        }
        # What decides on the boot first, folders after all that is in them.
        folders = sorted((path for path, kind in every.items() if kind == "folder"), reverse=True)
        others = sorted((item for item in every.items() if item[1] != "folder"),
                        key=lambda item: item[1] not in BOOT_KINDS)
        return self.begin([*others, *((path, "folder") for path in folders)], state, confirm_minutes,
                          outcome="committed")

    def _arm(self, folder, state, confirm_minutes):
        """All the guard needs: its script and units, and what it says when the board goes back."""
        kept = load_json(os.path.join(folder, "state.in")) or {}
        if kept:
            # What the board could do is what it could before anything was changed.
            state = dict(state, baseline=kept.get("baseline"),
                         driver=dict(state.get("driver") or {}, **{"from": (kept.get("driver") or {}).get("from")}))
        template = dict(state, schema=SCHEMA, run=self.owner["run"], **_PLACEHOLDERS)
        write_file(os.path.join(folder, "state.in"), json.dumps(template, sort_keys=True).encode() + b"\n", 0o600)
        write_file(os.path.join(folder, "confirm"), b"%d\n" % confirm_minutes, 0o600)
        tried, untried = os.path.join(folder, "tried"), os.path.join(folder, "untried")
        if os.path.exists(tried):
            os.rename(tried, untried)  # this run looks after the board now
        write_file(untried, b"", 0o600)
        # One that was half restored is changed anew by this run.
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
        """Write these of the guard's files."""
        for path in paths:
            ensure_dir(os.path.dirname(self.place(path)))
            clean_leftovers(os.path.dirname(self.place(path)))
            write_file(self.place(path), self.guard[os.path.basename(path)].encode(), guard.FILES[path])

    def _ask(self, command):
        # The script is not there yet when it is asked first: it says the same wherever it lies.
        rc, out, dummy = self.run(["/bin/sh", "-c", self.guard["guard"], "guard", command])
        return out.encode() if rc == 0 else b""

    def abandon(self):
        """Give up what was begun before anything was changed; an upgrade of an earlier run stays pending."""
        if self.fresh:
            self.start_services("pending")
            with exclusive(self.home):
                self._end_pending()
            self.disarm()
        self.unlock()

    def _end_pending(self):
        """Have nothing pending any more: at once, by a rename."""
        release_room(self.root, self.point().paths())
        old = self.pending + ".old"
        shutil.rmtree(old, ignore_errors=True)
        with contextlib.suppress(FileNotFoundError):
            os.rename(self.pending, old)
        sync_dir(self.home)
        shutil.rmtree(old, ignore_errors=True)

    # -- services

    def stop_services(self, names):
        """Stop those of the units that run, and remember them; returns them.

        Raises:
            TransactionError: Where one does not stop; those that did are started again.
        """
        path = os.path.join(self.pending, "services")
        running = [name for name in names if self.run(["systemctl", "is-active", "--quiet", "--", name])[0] == 0]
        write_file(path, as_lines(sorted(set(read_lines(path)) | set(running))), 0o600)
        for name in running:
            rc, dummy, err = self.run(["systemctl", "stop", "--", name])
            if rc != 0:
                self.start_services("pending")
                raise TransactionError("service %s cannot be stopped: %s" % (name, clean(err)))
        return running

    def start_services(self, folder, verb="restart"):
        """Start again what ran before; what runs already has another library now and is started anew. Returns one sentence on those that fail."""
        failed = []
        for name in read_lines(os.path.join(self.home, folder, "services")):
            if _UNIT.match(name) and self.run(["systemctl", verb, "--", name])[0] != 0:
                failed.append(name)
        return "services that do not start again: %s" % ", ".join(failed) if failed else ""

    # -- the ends

    def commit(self, driver):
        """Keep the board as it is now. What was there before the first change ever is kept for a rollback by request.

        Args:
            driver: Version of the driver that was proven.

        Raises:
            TransactionError: Where nothing is pending.
        """
        self._require_pending()
        trouble = self.start_services("pending")
        with exclusive(self.home):
            self._commit(driver, trouble)
        self.disarm()
        self.unlock()
        return trouble

    def _require_pending(self):
        if not self.is_pending():
            raise TransactionError("there is nothing to commit: the board went back by itself, or another run ended this upgrade")
        if self._is_half_restored():
            raise TransactionError("it cannot be committed: the board has begun to go back by itself")

    def _is_half_restored(self):
        return os.path.exists(os.path.join(self.pending, "restoring"))

    def _commit(self, driver, trouble):
        self._require_pending()
        # A menu is made anew by the packages of a kernel that came with the upgrade, too.
        menus = [line.split(" ")[3] for line in self.point().manifest() if line.startswith("menu ")]
        add_lines(os.path.join(self.pending, "left"),
                  ["%s %s" % (content_digest(read_file(self.place(path))), path) for path in menus])
        origin = os.path.join(self.home, "origin")
        first = not self.is_pending("origin")
        if not first:
            self.point("origin").add_new(self.point())
        # For whoever rolls back without Ansible.
        write_file(os.path.join(self.pending if first else origin, "guard"), self.guard["guard"].encode(), 0o700)
        template = load_json(os.path.join(self.pending, "state.in")) or {}
        record = dict(_NOTHING, **template)
        record.update(driver=dict(record["driver"], to=driver), run=self.owner["run"], state="committed", why=trouble,
                      since=timestamp())
        # First of all: a board that loses power now finds it pending, goes back, and says so.
        save_state(self.home, record)
        if not first:
            self._end_pending()
            return
        release_room(self.root, self.point().paths())
        # Of a restore that failed before this run went on: a rollback months later has its own.
        for name in ("tries", "overwritten"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(self.pending, name))
        shutil.rmtree(origin, ignore_errors=True)
        os.rename(self.pending, origin)
        sync_dir(self.home)

    def restore(self, folders):
        """Put back what `folders`, of `pending` and `origin`, hold.

        Returns:
            `(reboot, foreign)`: whether the running system is not that one yet, and whether files were not restored, as
            they are of another root file system or machine.

        Raises:
            TransactionError: Where not everything could be put back.
        """
        words = set()
        for folder in folders:
            # The script on the board may have been lost, or be of another release.
            self._install(guard.SCRIPT)
            rc, out, err = self.run([self.place(guard.SCRIPT), "restore", folder])
            if rc != 0:
                raise TransactionError("not everything could be put back: %s" % clean(err or out, 500))
            words.update(out.split())
            if folder == "pending":
                self.stopped = read_lines(os.path.join(self.home, "undone/services"))
        return "reboot" in words, "foreign" in words

    def close(self, state, why, purge=False):
        """End a way back: `state` is `rolled_back` or `rollback_failed`. With `purge` nothing of ours stays but the state.

        A rollback to `origin` that failed stays pending, so that the board returns to the state before it.

        Raises:
            TransactionError: Where the board has returned from the rollback already.
        """
        self._prepare_home()
        guarded = os.path.exists(os.path.join(self.pending, "outcome"))
        trouble = self.start_services("pending" if guarded else "undone")
        if guarded:
            # Those of the first upgrade: the owner may have given up one since.
            trouble = " ".join(filter(None, (trouble, self.start_services("origin", "try-restart"))))
        with exclusive(self.home):
            if state == "rolled_back" and purge and self.is_pending("origin") and (not self.is_pending()
                                                                                   or self._is_half_restored()):
                raise TransactionError("the rollback was not confirmed in time: the board is in the state before it again")
            record = dict(_NOTHING, **(load_json(os.path.join(self.home, "state.json")) or {}))
            save_state(self.home,
                       dict(record, run=self.owner["run"], state=state, why=" ".join(filter(None, (why, trouble))),
                            since=timestamp()))
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
        """Take the guard away: it costs nothing where nothing is pending."""
        self._systemctl("stop", guard.WATCH_UNIT)
        if os.path.exists(self.place(guard.SCRIPT)):
            self.run([self.place(guard.SCRIPT), "calm"])
        # The links first: a unit without its script would fail at boot.
        for path in [*guard.links(), *reversed(list(guard.FILES))]:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.place(path))
        with contextlib.suppress(OSError):  # others of ours may be in it
            os.rmdir(self.place(guard.FOLDER))

    def _systemctl(self, *words):
        self.run(["systemctl", *words])

    def _prepare_home(self):
        try:
            ensure_dir(self.home, 0o700)
            os.chmod(self.home, 0o700)
        except OSError as error:
            raise TransactionError("%s cannot be used: %s" % (self.home, told(error, self.home))) from error


# -- what an upgrade may touch ----------------------------------------------------------------------------------------------
