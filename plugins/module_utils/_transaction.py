# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An upgrade as a transaction of the board: what was there is written down before the first change, and comes back unless it is committed.

Below the state folder: C(state.json), the board's state; C(lock.json), who works on it; C(pending/), what an upgrade that is not
committed would go back to; C(origin/), what was there before the first change ever; C(undone/), what was last taken back.
The way back itself is a script: see _guard.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import stat
import time

from . import _bootloader, _driver, _guard, _kernel_hold
from ._boot_setup import DRACUT, MODULES_LOAD
from ._dkms_install import SUFFIXES
from ._files import STATE_DIR, copy_file, ensure_dir, read_file, sha256_of, sync_dir, told, write_file
from ._record import FACT_FILE
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

def advance(state_dir, state):
    """Note that an upgrade has come to I(state), which is a sign of life, too. Does nothing where none is pending."""
    pending = os.path.join(state_dir, "pending")
    if not os.path.isdir(pending):
        return
    alive(state_dir)
    template = _load(os.path.join(pending, "state.in"))
    if template:
        _save_state(state_dir, dict(template, state=state, why="", since=_now()))


def alive(state_dir, never=False):
    """Tell the board's guard that the controller is there; with I(never) that it need not be, until the next boot."""
    boot_id = (read_file("/proc/sys/kernel/random/boot_id", 64) or b"").decode().strip()
    uptime = _NEVER if never else int(float((read_file("/proc/uptime", 64) or b"0").split()[0]))
    write_file(os.path.join(state_dir, "pending/heartbeat"), ("%s %d\n" % (boot_id, uptime)).encode(), 0o600)


def note_packages(state_dir, names):
    """Remember packages that were installed for an upgrade, so that its undoing can name them. Does nothing where none is pending."""
    pending = os.path.join(state_dir, "pending")
    if not os.path.isdir(pending):
        return
    path = os.path.join(pending, "packages")
    known = _lines(path)
    write_file(path, _as_lines(known + [name for name in names if name not in known and _PACKAGE.match(name)]), 0o600)


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
    """

    def __init__(self, run, owner, root="/", state_dir=STATE_DIR):
        self.run, self.owner, self.root = run, owner, root
        self.home = self.place(state_dir)
        self.pending = os.path.join(self.home, "pending")
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
        there = _load(path)
        if there is not None and there.get("run") != self.owner["run"] and "*" not in broken and there.get("run") not in broken:
            raise Locked(
                "it is being worked on by %s. If that run is gone, take its place with -e npu_break_lock=true" % describe(there), there
            )
        content = json.dumps(dict(self.owner, schema=SCHEMA, since=_now()), indent=1).encode() + b"\n"
        if there is not None:
            write_file(path, content, 0o600)
            return
        fresh = "%s.%d" % (path, os.getpid())
        write_file(fresh, content, 0o600)
        try:
            os.link(fresh, path)  # fails where another run was quicker
        except FileExistsError:
            there = _load(path) or {}
            raise Locked("it is being worked on by %s" % describe(there), there) from None
        finally:
            os.unlink(fresh)

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

    def begin(self, paths, state, confirm_minutes):
        """Write down what I(paths) holds, and have the guard watch over it. What an earlier run has written down stays.

        :arg paths: as watched() returns them.
        :arg state: C({driver: {from, to}, baseline, controller}) for state.json.
        :returns: whether an earlier run's upgrade is gone on with.
        :raises TransactionError: where not everything could be written down; nothing has changed then.
        """
        resumed = self.is_pending()
        self.fresh = not resumed
        folder = self.pending if resumed else self.pending + ".new"
        try:
            if not resumed:
                for rest in (self.pending, folder):  # a pending one without a manifest never began
                    shutil.rmtree(rest, ignore_errors=True)
                ensure_dir(os.path.join(folder, "copies"), 0o700)
                os.chmod(folder, 0o700)
            self._write_down(folder, paths)
            self._arm(folder, state, confirm_minutes)
        except OSError as error:
            if not resumed:
                shutil.rmtree(folder, ignore_errors=True)
                self.disarm()
            raise TransactionError("what is there cannot be kept for the way back: %s" % told(error, self.home)) from error
        os.sync()
        if not resumed:
            os.rename(folder, self.pending)
            sync_dir(self.home)
        shutil.rmtree(os.path.join(self.home, "undone"), ignore_errors=True)
        advance(self.home, "planned")
        # From here on the board goes back by itself if nobody says otherwise.
        self._systemctl("start", "--no-block", _guard.WATCH_UNIT)
        return resumed

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
            write_file(os.path.join(folder, "signature"), self._signature().encode(), 0o600)

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
        if os.path.islink(place):
            return "link - - " + path  # of the owner's: nothing here replaces one
        if not os.path.isfile(place):
            return "nofile - - " + path
        there = os.stat(place)
        copy_file(place, target, stat.S_IMODE(there.st_mode))
        os.chown(target, there.st_uid, there.st_gid)
        return "file %s %s %s" % (copy, sha256_of(target), path)

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
        self._lay_down(*_guard.files())
        for path, target in _guard.links().items():
            place = self.place(path)
            ensure_dir(os.path.dirname(place))
            if not os.path.islink(place):
                os.symlink(target, place)

    def _lay_down(self, *paths):
        """Write these of the guard's files."""
        for path in paths:
            content, mode = _guard.files()[path]
            ensure_dir(os.path.dirname(self.place(path)))
            write_file(self.place(path), content, mode)

    def _signature(self):
        # The script is not there yet when it is asked first: it says the same wherever it lies.
        rc, out, dummy = self.run(["/bin/sh", "-c", _guard.script(), "guard", "signature"])
        return out if rc == 0 else ""

    def abandon(self):
        """Give up what was begun before anything was changed; an upgrade of an earlier run stays pending."""
        if self.fresh:
            self.start_services("pending")
            shutil.rmtree(self.pending, ignore_errors=True)
            self.disarm()
        self.unlock()

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

    def start_services(self, folder):
        """Start again what ran before; what runs already has another library now and is started anew. Returns one sentence on those that fail."""
        failed = []
        for name in _lines(os.path.join(self.home, folder, "services")):
            if _UNIT.match(name) and self.run(["systemctl", "restart", "--", name])[0] != 0:
                failed.append(name)
        return "services that do not start again: %s" % ", ".join(failed) if failed else ""

    # -- the ends

    def commit(self, driver):
        """Keep the board as it is now. What was there before the first change ever is kept for a rollback by request.

        :arg driver: version of the driver that was proven.
        :raises TransactionError: where nothing is pending.
        """
        if not self.is_pending():
            raise TransactionError("there is nothing to commit: the board went back by itself, or another run ended this upgrade")
        origin = os.path.join(self.home, "origin")
        if self.is_pending("origin"):
            self._add_to_origin(origin)
        trouble = self.start_services("pending")
        template = _load(os.path.join(self.pending, "state.in")) or {}
        record = dict(_NOTHING, **template)
        record.update(driver=dict(record["driver"], to=driver), run=self.owner["run"], state="committed", why=trouble, since=_now())
        # First of all: a board that loses power now finds it pending, goes back, and says so.
        _save_state(self.home, record)
        if self.is_pending("origin"):
            os.rename(self.pending, self.pending + ".old")
        else:
            shutil.rmtree(origin, ignore_errors=True)
            os.rename(self.pending, origin)
        sync_dir(self.home)
        shutil.rmtree(self.pending + ".old", ignore_errors=True)
        self.disarm()
        self.unlock()
        return trouble

    def _add_to_origin(self, origin):
        """What this upgrade was the first to touch belongs to what was there before the first change, too."""
        manifest = _lines(os.path.join(origin, "manifest"))
        known = set(line.split(" ")[3] for line in manifest)
        for line in _lines(os.path.join(self.pending, "manifest")):
            kind, copy, digest, path = line.split(" ")
            # A tree of DKMS' own is covered by the tree above it, or was made by an upgrade of ours.
            if path in known:
                continue
            if copy != "-":
                fresh = "%04d" % len(manifest)
                target = os.path.join(origin, "copies", fresh)
                shutil.rmtree(target, ignore_errors=True)
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(target)
                shutil.move(os.path.join(self.pending, "copies", copy), target)
                copy = fresh
            manifest.append(" ".join((kind, copy, digest, path)))
        os.sync()
        write_file(os.path.join(origin, "manifest"), _as_lines(manifest), 0o600)
        names = packages(self.home, "origin")
        names += [name for name in packages(self.home, "pending") if name not in names]
        write_file(os.path.join(origin, "packages"), _as_lines(names), 0o600)

    def restore(self, folders):
        """Put back what I(folders), of C(pending) and C(origin), hold. Returns whether the running system is not that one yet.

        :raises TransactionError: where not everything could be put back.
        """
        reboot = False
        for folder in folders:
            # The script on the board may have been lost, or be of another release.
            self._lay_down(_guard.SCRIPT)
            rc, out, err = self.run([self.place(_guard.SCRIPT), "restore", folder])
            if rc != 0:
                raise TransactionError("not everything could be put back: %s" % clean(err or out, 500))
            reboot = reboot or "reboot" in out.split()
        return reboot

    def close(self, state, why, purge=False):
        """End a way back: I(state) is C(rolled_back) or C(rollback_failed). With I(purge) nothing of ours stays but the state."""
        trouble = self.start_services("undone")
        record = dict(_NOTHING, **(_load(os.path.join(self.home, "state.json")) or {}))
        _save_state(self.home, dict(record, run=self.owner["run"], state=state, why=" ".join(filter(None, (why, trouble))), since=_now()))
        if state == "rolled_back":
            self.disarm()
            for name in os.listdir(self.home) if purge else ():
                path = os.path.join(self.home, name)
                if name not in ("state.json", "lock.json"):
                    shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
        self.unlock()

    def disarm(self):
        """Take the guard away: it costs nothing where nothing is pending."""
        self._systemctl("stop", _guard.WATCH_UNIT)
        if os.path.exists(self.place(_guard.SCRIPT)):
            self.run([self.place(_guard.SCRIPT), "calm"])
        # The links first: a unit without its script would fail at boot.
        for path in [*_guard.links(), *reversed(list(_guard.files()))]:
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
    """C([(path, kind)]) of all that an upgrade may change, C(kind) being C(file), C(tree) or C(folder) (with what else is in it not ours).

    What decides on the boot comes first, a folder after all that is in it.

    :arg versions: releases of the driver that it may install.
    :arg runtime: where the runtime library lies, or is to lie.
    """
    tree = Tree(root)
    cmdline = (read_file(os.path.join(root, "proc/cmdline")) or b"").decode("utf-8", "replace")
    loader = _bootloader.read(tree, cmdline)
    paths = [_bootloader.EXTLINUX, _bootloader.U_BOOT_DEFAULT, MODULES_LOAD, DRACUT]
    paths += [loader["config"]] if loader["config"] else []
    paths += [path for path in _kernel_hold.files(True, True) if path not in paths]
    for release in tree.names("/lib/modules"):
        folder = "/lib/modules/%s" % release
        paths += ["%s/updates/dkms/%s.ko%s" % (folder, name, suffix) for name in ("rknpu", "rknpu_dkms") for suffix in SUFFIXES]
        paths += _own_modules(root, folder)
    # What is replaced is what a link leads to.
    paths.append(tree.follow(runtime))
    paths += [FACT_FILE, *SERVER_FILES, *SIGNING_PATHS]
    trees = ["%s/%s" % (SOURCE_TREES, name) for name in tree.names(SOURCE_TREES) if name.startswith(package + "-")]
    trees += ["%s/%s-%s" % (SOURCE_TREES, package, version) for version in versions]
    trees.append(DKMS_TREE)
    folders = set(_kernel_hold.OWN_FOLDERS)
    for path in paths:
        if path.startswith(("/lib/modules/", "/etc/ansible/", "/etc/modules-load.d/", "/etc/dracut.conf.d/")):
            folders.update((os.path.dirname(path), os.path.dirname(os.path.dirname(path))))
    kinds = (("file", paths), ("tree", trees), ("folder", sorted(folders, reverse=True)))
    return [(path, kind) for kind, found in kinds for path in dict.fromkeys(found)]


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
