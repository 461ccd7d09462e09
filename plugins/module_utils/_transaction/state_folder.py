# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The state folder of a board as a run uses it: its lock, its restore points, and the services that were stopped."""

from __future__ import annotations

import json
import os
import re

from .._board.files import describe_error, ensure_dir, read_file, write_file
from .._board.lock import SCHEMA, describe_lock
from .._board.paths import HOLD_FILE, STATE_DIR, timestamp
from .._board.tree import clean
from . import held_services
from .lists import as_lines, read_lines
from .restore_point import RestorePoint
from .state import Locked, TransactionError, exclusive, load_json

_UNIT = re.compile(r"[A-Za-z0-9@._:-]{1,200}\Z")


class Skipped(TransactionError):
    """A board that is not upgraded now, which is no failure: `skip` is the verdict on it and the reason."""

    def __init__(self, verdict, reason):
        super().__init__("%s: rerun the playbook" % reason if verdict == "skipped" else reason,
                         skip={"verdict": verdict, "reason": reason})


class StateFolder:
    """The state folder of a board.

    Args:
        run: Callable that runs a list of arguments and returns `(rc, stdout, stderr)`.
        owner: `{run, host, user, ...}` of the run that works on the board.
        root: Root folder of the board's files. All paths are as on the board.
        guard: `{base name: text}` of the guard's files. Only begin(), commit() and restore() need them.
    """

    def __init__(self, run, owner, root="/", state_dir=STATE_DIR, guard=None):
        self.run, self.owner, self.root, self.guard = run, owner, root, guard or {}
        self.home = self.place(state_dir)
        self.pending = os.path.join(self.home, "pending")
        self.stopped = []  # services that were stopped by an upgrade which this run has rolled back
        self.broken = False  # whether this run has ignored the lock of another one
        self.fresh = False  # whether this run has begun the transaction, so that nothing is changed yet

    def place(self, path):
        """Return the path below root of a path on the board."""
        return os.path.join(self.root, path.lstrip("/"))

    def point(self, folder="pending"):
        """Return the restore point in a folder of the state folder."""
        return RestorePoint(self.root, self.home, os.path.join(self.home, folder))

    def lock(self, broken=()):
        """Acquire the board lock for this run.

        Args:
            broken: Runs whose lock is ignored; `*` for all.

        Raises:
            Locked: Another run holds the lock.
        """
        self._prepare_home()
        path = os.path.join(self.home, "lock.json")
        with exclusive(self.home):
            self.broken = self._refuse_other(broken)
            write_file(path, json.dumps(dict(self.owner, schema=SCHEMA, since=timestamp()), indent=1).encode() + b"\n",
                       0o600)

    def _refuse_other(self, broken=()):
        """Raise Locked if another run holds the lock; return whether one does that is in `broken`."""
        holder = load_json(os.path.join(self.home, "lock.json"))
        if holder is None:
            return False
        if holder.get("run") == self.owner["run"]:
            if holder.get("board") == self.owner.get("board"):
                return False
            raise Locked("this run works on this machine already, under the name %s: remove one of the two names from "
                         "the inventory" % clean(str(holder.get("board"))), locked=holder)
        if "*" not in broken and holder.get("run") not in broken:
            raise Locked("the board is locked by %s. If that run has ended, rerun with -e npu_break_lock=true"
                         % describe_lock(holder), locked=holder)
        return True

    def require_unchanged(self, seen):
        """Fail if the board is not as it was when it was inspected. The lock is held.

        Args:
            seen: `{since, run, pending}` of the state then, and `release` and `build` of the kernel; may be empty.

        Raises:
            Skipped: The owner holds it, another run or the guard has changed it, or it runs another kernel.
        """
        hold = read_file(self.place(HOLD_FILE), 4096)
        if hold is not None and seen:
            raise Skipped("held", "%s: %s" % (HOLD_FILE, clean(hold.decode(errors="replace").partition("\n")[0])))
        record = load_json(os.path.join(self.home, "state.json")) or {}
        # What a killed run has left on the board may have ended since then: its upgrade is resumed all the same.
        resumed = seen.get("pending") and self.is_pending() and record.get("run") == seen.get("run")
        if (record.get("schema") == SCHEMA and "since" in seen and not resumed
                and record.get("since") != seen["since"] and record.get("run") != self.owner["run"]):
            now = tuple(clean(str(record.get(name))) for name in ("state", "since", "run"))
            raise Skipped("skipped", "the board was changed after it was inspected (%s since %s, run %s)" % now)
        release = (read_file("/proc/sys/kernel/osrelease", 128) or b"").decode().strip() or os.uname().release
        kernel = (clean(release), clean(os.uname().version))
        if "release" in seen and kernel != (seen["release"], seen.get("build")):
            raise Skipped("skipped", "the board was inspected with kernel %s and runs %s now (%s)"
                          % (seen["release"], *kernel))

    def unlock(self):
        """Release the lock if this run holds it."""
        if self.holds_lock():
            with exclusive(self.home):
                if self.holds_lock():
                    os.unlink(os.path.join(self.home, "lock.json"))

    def holds_lock(self):
        """Return whether this run holds the lock."""
        return (load_json(os.path.join(self.home, "lock.json")) or {}).get("run") == self.owner["run"]

    def is_ours(self):
        """Return whether this run has begun or resumed the pending upgrade."""
        return (load_json(os.path.join(self.pending, "state.in")) or {}).get("run") == self.owner["run"]

    def is_pending(self, folder="pending"):
        """Return whether the folder has a complete restore point."""
        return os.path.isfile(os.path.join(self.home, folder, "manifest"))

    def baseline(self, folder="pending"):
        """Return the result of the verification before the first change, empty if none was possible."""
        return (load_json(os.path.join(self.home, folder, "state.in")) or {}).get("baseline") or {}

    def stop_services(self, names):
        """Stop the units that run or fail, record their names, keep all down, and return those that ran.

        Raises:
            TransactionError: A unit cannot be stopped. The stopped units are started again.
        """
        path = os.path.join(self.pending, "services")
        # Also those that fail or are restarted because of the present driver.
        running = [name for name in names
                   if self.run(["systemctl", "is-active", "--", name])[1].strip() not in ("", "inactive", "unknown")]
        write_file(path, as_lines(sorted(set(read_lines(path)) | set(running))), 0o600)
        if names:
            # Before they are stopped: a socket or a timer may start them again at once.
            held_services.hold(self.root, names)
            self._systemctl("daemon-reload")
        for name in running:
            rc, dummy, err = self.run(["systemctl", "stop", "--", name])
            if rc != 0:
                self.start_services("pending")
                raise TransactionError("service %s cannot be stopped: %s" % (name, clean(err)))
        return running

    def start_services(self, folder, verb="restart"):
        """Restart the services that were stopped; return one sentence on those that fail, or an empty text.

        A service that already runs is restarted, too: its runtime library was replaced.
        """
        # After a rollback the guard has removed them.
        if held_services.release(self.root) or folder == "undone":
            self._systemctl("daemon-reload")
        failed = []
        for name in read_lines(os.path.join(self.home, folder, "services")):
            if _UNIT.match(name) and self.run(["systemctl", verb, "--", name])[0] != 0:
                failed.append(name)
        return "services that cannot be started again: %s" % ", ".join(failed) if failed else ""

    def _systemctl(self, *words):
        self.run(["systemctl", *words])

    def _prepare_home(self):
        try:
            ensure_dir(self.home, 0o700)
            os.chmod(self.home, 0o700)
        except OSError as error:
            raise TransactionError("%s cannot be used: %s" % (self.home, describe_error(error, self.home))) from error
