# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An upgrade as a transaction of the board: what was there is written down before the first change, and comes back unless it is committed.

Below the state folder: C(state.json), the board's state; C(lock.json), who works on it; C(pending/), what an upgrade that is not
committed would go back to; C(origin/), what was there before the first change ever; C(undone/), what was last taken back.
The way back itself is a script: see _guard. Whoever changes one of these folders has the lock of exclusive(), the script, too.
A rollback to C(origin) is a transaction of its own: C(pending) holds the board as it was before the rollback until that is confirmed.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import stat
import time

from . import _bootloader, _driver, _guard, _kernel_hold, _storage
from ._boot_setup import DRACUT, MODULES_LOAD
from ._dkms_install import SUFFIXES
from ._files import STATE_DIR, clean_leftovers, copy_file, ensure_dir, read_file, sha256_of, sync_dir, told, write_file
from ._record import FACT_FILE
from ._signing import CONFIG as SIGNING_CONFIG
from ._signing import PATHS as SIGNING_PATHS
from ._tree import Tree, clean, clean_tree

SCHEMA = 1
STATES = (
    "unknown", "planned", "staged", "deployed", "activating", "verifying", "committed", "rolled_back", "rollback_failed", "held",
)
HOLD_FILE = "/etc/rkfleet-npu/hold"
DKMS_TREE = "/var/lib/dkms/rknpu"
SOURCE_TREES = "/usr/src"
SERVER_FILES = ("/usr/bin/rknn_server", "/etc/systemd/system/rknn_server.service", "/etc/systemd/system/multi-user.target.wants/rknn_server.service")
BOOT_KINDS = ("menu", "shell", "environment", "words")
"""Files of the boot loader, by how they are written: see _guard."""
_KIND_OF_LOADER = {"u-boot-menu": "shell", "radxa": "words", "extlinux": "menu", "armbian": "environment", "dietpi": "environment",
                   "orangepi": "environment"}
SPARE_MIB = 16
"""Room that has to be left after the copies, for what the guard writes."""
# An uptime no board reaches: nobody is expected to give a sign of life in this boot.
_NEVER = 10**9
_MODULE = re.compile(r"rknpu(?:_dkms)?\.ko(?:\.(?:gz|xz|zst))?\Z")
_UNIT = re.compile(r"[A-Za-z0-9@._:-]{1,200}\Z")
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9.+~-]{1,200}(?::[a-z0-9]+)?\Z")
_NOTHING = {"schema": SCHEMA, "driver": {"from": None, "to": None}, "baseline": None, "controller": {"host": None, "user": None}}
_PLACEHOLDERS = {"state": "@STATE@", "why": "@WHY@", "since": "@SINCE@"}


class TransactionError(Exception):
    """What cannot be begun, committed or taken back, with one sentence why."""


class Locked(TransactionError):
    """Somebody else works on the board: I(holder) says who."""

    def __init__(self, message, holder):
        super().__init__(message)
        self.holder = holder


# -- what every module of the collection may call ---------------------------------------------------------------------------

@contextlib.contextmanager
def exclusive(state_dir):
    """Hold the lock that the guard's script takes as well: on the state folder itself, so it leaves no file and ends with its process."""
    handle = os.open(state_dir, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def _while_pending(state_dir):
    """Yield the folder of the upgrade that is not committed, with the lock, or None where there is none."""
    pending = os.path.join(state_dir, "pending")
    if not os.path.isdir(pending):
        yield None
        return
    with exclusive(state_dir):
        yield pending if os.path.isdir(pending) else None


def advance(state_dir, state):
    """Note that an upgrade has come to I(state), which is a sign of life, too. Does nothing where none is pending."""
    with _while_pending(state_dir) as pending:
        if pending:
            _advance(state_dir, state)


def _advance(state_dir, state):
    _alive(state_dir)
    template = _load(os.path.join(state_dir, "pending/state.in"))
    if template:
        _save_state(state_dir, dict(template, state=state, why="", since=_now()))


def alive(state_dir, never=False):
    """Tell the board's guard that the controller is there; with I(never) that it need not be, until the next boot."""
    with _while_pending(state_dir) as pending:
        if pending:
            _alive(state_dir, never)


def _alive(state_dir, never=False):
    boot_id = (read_file("/proc/sys/kernel/random/boot_id", 64) or b"").decode().strip()
    uptime = _NEVER if never else int(float((read_file("/proc/uptime", 64) or b"0").split()[0]))
    write_file(os.path.join(state_dir, "pending/heartbeat"), ("%s %d\n" % (boot_id, uptime)).encode(), 0o600)


def note_packages(state_dir, names):
    """Remember packages that were installed for an upgrade, so that its undoing can name them. Does nothing where none is pending."""
    with _while_pending(state_dir) as pending:
        if pending:
            _add_lines(os.path.join(pending, "packages"), [name for name in names if _PACKAGE.match(name)])


def note_boot_files(state_dir, contents, root="/"):
    """Remember the content that this collection gives to boot files: only a file that still has it is restored as a whole.

    Does nothing where no upgrade is pending.

    :arg contents: C({path: bytes, or None for no file}).
    """
    tree = Tree(root)
    with _while_pending(state_dir) as pending:
        if pending:
            _add_lines(os.path.join(pending, "left"), ["%s %s" % (_digest(content), _target(tree, path)) for path, content in contents.items()])


def _digest(content):
    return "-" if content is None else hashlib.sha256(content).hexdigest()


def packages(state_dir, folder):
    """Names of the packages that were installed since what I(folder) (C(pending), C(origin), C(undone)) holds."""
    return [name for name in _lines(os.path.join(state_dir, folder, "packages")) if _PACKAGE.match(name)]


def read(tree):
    """C({state, since, why, run, pending, baseline, driver, locked_by, hold}) of a board, for its facts: nothing there is trusted.

    C(state) is C(unknown) where nothing is recorded, C(held) where the owner holds the board; C(hold) is the first line of the hold file,
    None where there is none.
    """
    record = _strict(tree.text(STATE_DIR + "/state.json", 1 << 16))
    hold = tree.text(HOLD_FILE, 4096)
    lock = _strict(tree.text(STATE_DIR + "/lock.json", 1 << 16))
    state = record.get("state")
    return {
        "state": "held" if hold is not None else state if state in STATES else "unknown",
        "since": _text(record, "since"), "why": _text(record, "why"), "run": _text(record, "run"),
        "pending": tree.exists(STATE_DIR + "/pending/manifest"),
        "origin": tree.exists(STATE_DIR + "/origin/manifest"),
        "baseline": record.get("baseline") if isinstance(record.get("baseline"), dict) else None,
        "driver": record.get("driver") if isinstance(record.get("driver"), dict) else None,
        "locked_by": describe(lock) if lock else None,
        "hold": None if hold is None else clean(hold.splitlines()[0] if hold.strip() else ""),
    }


def _strict(text):
    try:
        record = clean_tree(json.loads(text or "{}"))
    except (ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) and record.get("schema") == SCHEMA else {}


def _text(record, name):
    return record[name] if isinstance(record.get(name), str) else None


def describe(lock):
    """Who holds a lock, since when, in words."""
    words = {name: clean(str(lock.get(name) or "?"), 100) for name in ("user", "host", "since", "run")}
    return "{user}@{host} since {since} (run {run})".format(**words)


# -- the transaction --------------------------------------------------------------------------------------------------------

class Transaction:
    """The transaction of a board.

    :arg run: callable taking a list of arguments, giving C((rc, stdout, stderr)).
    :arg owner: C({run, host, user, ...}) of who works on the board.
    :arg root: where the board's files are. Paths are given as the board sees them.
    :arg guard: C({base name: text}) of the guard's files. Only begin(), commit() and restore() need them.
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

    # -- lock

    def lock(self, broken=()):
        """Have the board for this run alone.

        :arg broken: runs whose lock no longer counts; C(*) for any.
        :raises Locked: where another run has it.
        """
        self._prepare_home()
        path = os.path.join(self.home, "lock.json")
        with exclusive(self.home):
            there = _load(path)
            if there is not None and there.get("run") != self.owner["run"] and "*" not in broken and there.get("run") not in broken:
                raise Locked(
                    "it is being worked on by %s. If that run is gone, take its place with -e npu_break_lock=true" % describe(there), there
                )
            write_file(path, json.dumps(dict(self.owner, schema=SCHEMA, since=_now()), indent=1).encode() + b"\n", 0o600)

    def unlock(self):
        """Give the board free, where this run has it."""
        path = os.path.join(self.home, "lock.json")
        if (_load(path) or {}).get("run") == self.owner["run"]:
            os.unlink(path)

    def is_pending(self, folder="pending"):
        """Whether there is something to go back to."""
        return os.path.isfile(os.path.join(self.home, folder, "manifest"))

    def baseline(self, folder="pending"):
        """What a verification said before anything was changed, an empty dictionary where none was possible."""
        return (_load(os.path.join(self.home, folder, "state.in")) or {}).get("baseline") or {}

    # -- begin

    def begin(self, paths, state, confirm_minutes, outcome=None):
        """Write down what I(paths) holds, and have the guard watch over it. What an earlier run has written down stays.

        :arg paths: as watched() returns them.
        :arg state: C({driver: {from, to}, baseline, controller}) for state.json.
        :arg outcome: the state after a restore, where it is not C(rolled_back).
        :returns: whether an earlier run's upgrade is gone on with.
        :raises TransactionError: where not everything could be written down; nothing has changed then.
        """
        trouble = _storage.check(self.root)
        if trouble:
            raise TransactionError(trouble)
        self._prepare_home()
        with exclusive(self.home):
            resumed = self._begin(paths, state, confirm_minutes, outcome)
        # From here on the board goes back by itself if nobody says otherwise. A watcher that runs already may be about to end, after the
        # upgrade before, or be of an earlier release, which does not know the lock. The reboot after a restore is not interrupted.
        if resumed:
            self._systemctl("daemon-reload")
        verb = "start" if os.path.exists(self.place("/run/rkfleet-npu/restoring")) else "restart"
        self._systemctl(verb, "--no-block", _guard.WATCH_UNIT)
        return resumed

    def require_no_rollback(self):
        """Refuse to go on with a rollback as if it were an upgrade: what it would go back to is not what was there before the upgrade.

        :raises TransactionError: where a rollback to before the first change is not confirmed.
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
            self._write_down(folder, paths)
            if outcome and not resumed:
                write_file(os.path.join(folder, "outcome"), outcome.encode() + b"\n", 0o600)
                write_file(os.path.join(folder, "services"), _as_lines(self.stopped), 0o600)
            self._arm(folder, state, confirm_minutes)
        except (OSError, TransactionError) as error:
            if not resumed:
                self._give_up_room(path for path, dummy in paths)
                shutil.rmtree(folder, ignore_errors=True)
                self.disarm()
            if isinstance(error, TransactionError):
                raise
            raise TransactionError("what is there cannot be kept for the way back: %s" % told(error, self.home)) from error
        os.sync()
        if not resumed:
            os.rename(folder, self.pending)
            sync_dir(self.home)
        shutil.rmtree(os.path.join(self.home, "undone"), ignore_errors=True)
        _advance(self.home, "planned")
        return resumed

    def begin_rollback(self, paths, confirm_minutes):
        """Begin the transaction of a rollback to C(origin): a board that does not come back confirmed is restored to what it is now."""
        record = _load(os.path.join(self.home, "state.json")) or {}
        first = _load(os.path.join(self.home, "origin/state.in")) or {}
        kept = [line.split(" ") for line in _lines(os.path.join(self.home, "origin/manifest"))]
        every = {path: kind.replace("no", "") if kind.startswith("no") else kind for kind, dummy, dummy, path in kept if kind != "link"}
        every.update(paths)
        state = {
            # What has to answer after the rollback, and what worked then.
            "driver": {"from": (first.get("driver") or {}).get("from"), "to": (record.get("driver") or {}).get("to")},
            "baseline": first.get("baseline"), "controller": {name: self.owner.get(name) for name in ("host", "user")},
        }
        # What decides on the boot first, folders after all that is in them.
        folders = sorted((path for path, kind in every.items() if kind == "folder"), reverse=True)
        others = sorted((item for item in every.items() if item[1] != "folder"), key=lambda item: item[1] not in BOOT_KINDS)
        return self.begin([*others, *((path, "folder") for path in folders)], state, confirm_minutes, outcome="committed")

    def _write_down(self, folder, paths):
        """Copy what is there into I(folder), and write its manifest; what an older manifest of it names is left as it is."""
        manifest = _lines(os.path.join(folder, "manifest"))
        known = set(line.split(" ")[3] for line in manifest)
        size = sum(_size(self.place(path)) for path, dummy in paths if path not in known)
        there = os.statvfs(self.home)
        if there.f_bavail * there.f_frsize < size + (SPARE_MIB << 20):
            raise TransactionError(
                "there are %d MiB free at %s, and %d MiB are needed to keep what is there: free some (apt clean, old kernels) and run this again"
                % (there.f_bavail * there.f_frsize >> 20, self.home, (size >> 20) + SPARE_MIB + 1)
            )
        for path, kind in paths:
            if path in known:
                continue
            if re.search(r"\s", path):
                raise TransactionError("%r has a blank in its name, which the way back does not know" % path)
            manifest.append(self._entry(folder, path, kind, len(manifest)))
        write_file(os.path.join(folder, "manifest"), _as_lines(manifest), 0o600)
        if not os.path.exists(os.path.join(folder, "signature")):
            write_file(os.path.join(folder, "signature"), self._ask("signature"), 0o600)
            write_file(os.path.join(folder, "identity"), self._ask("identity"), 0o600)
            write_file(os.path.join(folder, "kernels"), _as_lines(self._kernels()), 0o600)

    def _entry(self, folder, path, kind, number):
        """Copy one path; its line of the manifest."""
        place, copy = self.place(path), "%04d" % number
        target = os.path.join(folder, "copies", copy)
        if kind == "tree":
            if not os.path.isdir(place):
                return "notree - - " + path
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(place, target, symlinks=True)
            return "tree %s - %s" % (copy, path)
        if kind == "folder":
            return "%s - - %s" % ("folder" if os.path.isdir(place) else "nofolder", path)
        parent = os.path.dirname(place)
        if os.path.isdir(parent) and not os.access(parent, os.W_OK):
            raise TransactionError("%s cannot be written: is its file system mounted read-only?" % os.path.dirname(path))
        boot = kind in BOOT_KINDS
        if not os.path.isfile(place):
            return "%s - - %s" % (kind if boot else "nofile", path)
        there = os.stat(place)
        copy_file(place, target, stat.S_IMODE(there.st_mode))
        os.chown(target, there.st_uid, there.st_gid)
        if boot and os.stat(parent).st_dev != os.stat(self.home).st_dev:
            # A /boot that is full when it is needed must not stand in the way.
            copy_file(place, room(place), stat.S_IMODE(there.st_mode))
            with contextlib.suppress(OSError):  # FAT keeps no owner
                os.chown(room(place), there.st_uid, there.st_gid)
        return "%s %s %s %s" % (kind, copy, sha256_of(target), path)

    def _give_up_room(self, paths=None):
        """Remove what _entry() has kept room with, by default for all that is pending."""
        if paths is None:
            paths = [line.split(" ")[3] for line in _lines(os.path.join(self.pending, "manifest"))]
        for path in paths:
            with contextlib.suppress(OSError):
                os.unlink(room(self.place(path)))

    def _kernels(self):
        """Digest and release of each kernel: a module of its own is not restored where a package has replaced the kernel."""
        tree = Tree(self.root)
        found = []
        for release in tree.names("/lib/modules"):
            image = tree.real("/boot/vmlinuz-" + release)
            if os.path.isfile(image):
                found.append("%s %s" % (sha256_of(image), release))
        return found

    def _arm(self, folder, state, confirm_minutes):
        """All the guard needs: its script and units, and what it says when the board goes back."""
        kept = _load(os.path.join(folder, "state.in")) or {}
        if kept:
            # What the board could do is what it could before anything was changed.
            state = dict(state, baseline=kept.get("baseline"), driver=dict(state.get("driver") or {}, **{"from": (kept.get("driver") or {}).get("from")}))
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
        self._install(*_guard.FILES)
        for path, target in _guard.links().items():
            place = self.place(path)
            ensure_dir(os.path.dirname(place))
            if not os.path.islink(place):
                os.symlink(target, place)

    def _install(self, *paths):
        """Write these of the guard's files."""
        for path in paths:
            ensure_dir(os.path.dirname(self.place(path)))
            clean_leftovers(os.path.dirname(self.place(path)))
            write_file(self.place(path), self.guard[os.path.basename(path)].encode(), _guard.FILES[path])

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
        self._give_up_room()
        old = self.pending + ".old"
        shutil.rmtree(old, ignore_errors=True)
        with contextlib.suppress(FileNotFoundError):
            os.rename(self.pending, old)
        sync_dir(self.home)
        shutil.rmtree(old, ignore_errors=True)

    # -- services

    def stop_services(self, names):
        """Stop those of the units that run, and remember them; returns them.

        :raises TransactionError: where one does not stop; those that did are started again.
        """
        path = os.path.join(self.pending, "services")
        running = [name for name in names if self.run(["systemctl", "is-active", "--quiet", "--", name])[0] == 0]
        write_file(path, _as_lines(sorted(set(_lines(path)) | set(running))), 0o600)
        for name in running:
            rc, dummy, err = self.run(["systemctl", "stop", "--", name])
            if rc != 0:
                self.start_services("pending")
                raise TransactionError("service %s cannot be stopped: %s" % (name, clean(err)))
        return running

    def start_services(self, folder, verb="restart"):
        """Start again what ran before; what runs already has another library now and is started anew. Returns one sentence on those that fail."""
        failed = []
        for name in _lines(os.path.join(self.home, folder, "services")):
            if _UNIT.match(name) and self.run(["systemctl", verb, "--", name])[0] != 0:
                failed.append(name)
        return "services that do not start again: %s" % ", ".join(failed) if failed else ""

    # -- the ends

    def commit(self, driver):
        """Keep the board as it is now. What was there before the first change ever is kept for a rollback by request.

        :arg driver: version of the driver that was proven.
        :raises TransactionError: where nothing is pending.
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
        menus = [line.split(" ")[3] for line in _lines(os.path.join(self.pending, "manifest")) if line.startswith("menu ")]
        _add_lines(os.path.join(self.pending, "left"), ["%s %s" % (_digest(read_file(self.place(path))), path) for path in menus])
        origin = os.path.join(self.home, "origin")
        first = not self.is_pending("origin")
        if not first:
            self._add_to_origin(origin)
        # For whoever rolls back without Ansible.
        write_file(os.path.join(self.pending if first else origin, "guard"), self.guard["guard"].encode(), 0o700)
        template = _load(os.path.join(self.pending, "state.in")) or {}
        record = dict(_NOTHING, **template)
        record.update(driver=dict(record["driver"], to=driver), run=self.owner["run"], state="committed", why=trouble, since=_now())
        # First of all: a board that loses power now finds it pending, goes back, and says so.
        _save_state(self.home, record)
        if not first:
            self._end_pending()
            return
        self._give_up_room()
        # Of a restore that failed before this run went on: a rollback months later has its own.
        for name in ("tries", "overwritten"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(self.pending, name))
        shutil.rmtree(origin, ignore_errors=True)
        os.rename(self.pending, origin)
        sync_dir(self.home)

    def _add_to_origin(self, origin):
        """What this upgrade was the first to touch belongs to what was there before the first change, too.

        Nothing leaves C(pending): a board that loses power before the commit is complete still restores from there.
        """
        manifest = _lines(os.path.join(origin, "manifest"))
        kept = dict((line.split(" ")[3], line.split(" ")[2]) for line in manifest)
        left = _lines(os.path.join(origin, "left"))
        mine = set(left)
        fresh = []
        for line in _lines(os.path.join(self.pending, "manifest")):
            kind, copy, digest, path = line.split(" ")
            # The owner has changed that boot file between two upgrades: what he wrote is not to be lost by a rollback.
            if path not in kept or digest == kept[path] or "%s %s" % (digest, path) in mine:
                fresh.append(path)
            # A tree of DKMS' own is covered by the tree above it, or was made by an upgrade of ours.
            if path in kept:
                continue
            if copy != "-":
                number = "%04d" % len(manifest)
                target = os.path.join(origin, "copies", number)
                shutil.rmtree(target, ignore_errors=True)
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(target)
                source = os.path.join(self.pending, "copies", copy)
                if os.path.isdir(source):
                    shutil.copytree(source, target, symlinks=True)
                else:
                    there = os.stat(source)
                    copy_file(source, target, stat.S_IMODE(there.st_mode))
                    os.chown(target, there.st_uid, there.st_gid)
                copy = number
            manifest.append(" ".join((kind, copy, digest, path)))
        os.sync()
        write_file(os.path.join(origin, "manifest"), _as_lines(manifest), 0o600)
        _add_lines(os.path.join(origin, "left"), [line for line in _lines(os.path.join(self.pending, "left")) if line.split(" ")[1] in fresh])
        _add_lines(os.path.join(origin, "packages"), packages(self.home, "pending"))

    def restore(self, folders):
        """Put back what I(folders), of C(pending) and C(origin), hold.

        :returns: C((reboot, foreign)): whether the running system is not that one yet, and whether files were not restored, as they
            are of another root file system or machine.
        :raises TransactionError: where not everything could be put back.
        """
        words = set()
        for folder in folders:
            # The script on the board may have been lost, or be of another release.
            self._install(_guard.SCRIPT)
            rc, out, err = self.run([self.place(_guard.SCRIPT), "restore", folder])
            if rc != 0:
                raise TransactionError("not everything could be put back: %s" % clean(err or out, 500))
            words.update(out.split())
            if folder == "pending":
                self.stopped = _lines(os.path.join(self.home, "undone/services"))
        return "reboot" in words, "foreign" in words

    def close(self, state, why, purge=False):
        """End a way back: I(state) is C(rolled_back) or C(rollback_failed). With I(purge) nothing of ours stays but the state.

        A rollback to C(origin) that failed stays pending, so that the board returns to the state before it.

        :raises TransactionError: where the board has returned from the rollback already.
        """
        self._prepare_home()
        guarded = os.path.exists(os.path.join(self.pending, "outcome"))
        trouble = self.start_services("pending" if guarded else "undone")
        if guarded:
            # Those of the first upgrade: the owner may have given up one since.
            trouble = " ".join(filter(None, (trouble, self.start_services("origin", "try-restart"))))
        with exclusive(self.home):
            if state == "rolled_back" and purge and self.is_pending("origin") and (not self.is_pending() or self._is_half_restored()):
                raise TransactionError("the rollback was not confirmed in time: the board is in the state before it again")
            record = dict(_NOTHING, **(_load(os.path.join(self.home, "state.json")) or {}))
            _save_state(self.home, dict(record, run=self.owner["run"], state=state, why=" ".join(filter(None, (why, trouble))), since=_now()))
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
        self._systemctl("stop", _guard.WATCH_UNIT)
        if os.path.exists(self.place(_guard.SCRIPT)):
            self.run([self.place(_guard.SCRIPT), "calm"])
        # The links first: a unit without its script would fail at boot.
        for path in [*_guard.links(), *reversed(list(_guard.FILES))]:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.place(path))
        with contextlib.suppress(OSError):  # others of ours may be in it
            os.rmdir(self.place(_guard.FOLDER))

    def _systemctl(self, *words):
        self.run(["systemctl", *words])

    def _prepare_home(self):
        try:
            ensure_dir(self.home, 0o700)
            os.chmod(self.home, 0o700)
        except OSError as error:
            raise TransactionError("%s cannot be used: %s" % (self.home, told(error, self.home))) from error


# -- what an upgrade may touch ----------------------------------------------------------------------------------------------

def watched(root, versions, runtime, package="rknpu"):
    """C([(path, kind)]) of all that an upgrade may change, C(kind) being one of BOOT_KINDS, C(file), C(tree) or C(folder) (with what else
    is in it not ours).

    What decides on the boot comes first, a folder after all that is in it.

    :arg versions: releases of the driver that it may install.
    :arg runtime: where the runtime library lies, or is to lie.
    """
    tree = Tree(root)
    cmdline = (read_file(os.path.join(root, "proc/cmdline")) or b"").decode("utf-8", "replace")
    loader = _bootloader.read(tree, cmdline)
    paths = [_bootloader.EXTLINUX, _bootloader.U_BOOT_DEFAULT, MODULES_LOAD, DRACUT]
    boot = {_bootloader.EXTLINUX: "menu", _bootloader.U_BOOT_DEFAULT: "shell", SIGNING_CONFIG: "shell"}
    if loader["config"]:
        paths.append(loader["config"])
        boot[loader["config"]] = _KIND_OF_LOADER[loader["loader"]]
    paths += [path for path in _kernel_hold.FILES if path not in paths]
    for release in tree.names("/lib/modules"):
        folder = "/lib/modules/%s" % release
        paths += ["%s/updates/dkms/%s.ko%s" % (folder, name, suffix) for name in ("rknpu", "rknpu_dkms") for suffix in SUFFIXES]
        paths += _own_modules(root, folder)
    paths += [runtime, FACT_FILE, *SERVER_FILES, *SIGNING_PATHS]
    trees = ["%s/%s" % (SOURCE_TREES, name) for name in tree.names(SOURCE_TREES) if name.startswith(package + "-")]
    trees += ["%s/%s-%s" % (SOURCE_TREES, package, version) for version in versions]
    trees.append(DKMS_TREE)
    folders = set(_kernel_hold.OWN_FOLDERS)
    for path in paths:
        if path.startswith(("/lib/modules/", "/etc/ansible/", "/etc/modules-load.d/", "/etc/dracut.conf.d/")):
            folders.update((os.path.dirname(path), os.path.dirname(os.path.dirname(path))))
    kinds = (("file", paths), ("tree", trees), ("folder", sorted(folders, reverse=True)))
    # What is replaced is what a link leads to; links stay.
    return list(dict(
        (_target(tree, path) if kind == "file" else path, boot.get(path, kind)) for kind, found in kinds for path in found).items())


def _target(tree, path):
    """What a symbolic link leads to; other paths as they are, whatever folders above them are."""
    return path if tree.link(path) is None else tree.follow(path)


def _own_modules(root, folder):
    """The kernel's own modules of the NPU, which DKMS takes away while its own is installed."""
    found = []
    for base in ("kernel", "extra"):
        for place, dummy, names in os.walk(os.path.join(root, folder.lstrip("/"), base)):
            found += ["/" + os.path.relpath(os.path.join(place, name), root) for name in names if _MODULE.match(name)]
    return sorted(found)


def blocking(tree, node, services, own):
    """C([{pid, name}]) of the processes that have the NPU open and belong to none of I(services)."""
    found = []
    for process in _driver.holders(tree, node, own) if node else ():
        groups = tree.text("/proc/%d/cgroup" % process["pid"], 4096) or ""
        units = set(part for line in groups.splitlines() for part in line.split("/"))
        if not any(name in units or name + ".service" in units for name in services):
            found.append(process)
    return found


# -- small files ------------------------------------------------------------------------------------------------------------

def room(place):
    """Where room for a boot file is kept, beside it: the guard puts it in its place."""
    return os.path.join(os.path.dirname(place), ".npu-restore." + os.path.basename(place))


def _add_lines(path, lines):
    known = _lines(path)
    write_file(path, _as_lines(known + [line for line in dict.fromkeys(lines) if line not in known]), 0o600)


def _size(place):
    if os.path.isfile(place):
        return os.path.getsize(place)
    return sum(os.lstat(os.path.join(folder, name)).st_size for folder, dummy, names in os.walk(place) for name in names)


def _lines(path):
    return (read_file(path) or b"").decode("utf-8", "replace").splitlines()


def _as_lines(names):
    return "".join(name + "\n" for name in names).encode()


def _load(path):
    """The dictionary in a file of ours; None where there is none, and an empty one where it cannot be read as such."""
    content = read_file(path, 1 << 20)
    if content is None:
        return None
    try:
        record = json.loads(content)
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}


def _save_state(home, record):
    write_file(os.path.join(home, "state.json"), json.dumps(record, indent=1, sort_keys=True).encode() + b"\n", 0o600)


def _now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
