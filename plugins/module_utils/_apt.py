# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Packages of the board's own distribution: installed after a power cut too, and taken away without taking anything else."""

from __future__ import annotations

import os
import re
import time

from ._board import files as _files
from ._board import checkpoint
from ._facts.packages import UNFINISHED

ENVIRONMENT = {"LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive", "APT_LISTCHANGES_FRONTEND": "none", "NEEDRESTART_SUSPEND": "1"}
"""What every command below has to be run with."""
LISTS_VALID = 3600
"""Seconds for which apt's lists are taken as they are."""
LOCK_TIMEOUT = 1200
"""Seconds: unattended-upgrades on a slow board holds apt's locks for that long."""

_NAME = re.compile(r"[a-z0-9][a-z0-9.+-]+\Z")
_OPTIONS = ["--yes", "--quiet", "-o", "Dpkg::Options::=--force-confold", "-o", "DPkg::Lock::Timeout=%d" % LOCK_TIMEOUT]
_CONFIGURE = ["dpkg", "--force-confold", "--configure", "--pending"]
# "Inst name [old] (new ...)" is an update of what is there.
_PLANNED = re.compile(r"^(Inst|Remv|Purg) ([a-z0-9][a-z0-9.+-]+)(?::[a-z0-9-]+)? ([(\[]?)", re.M)
_LOCKED = re.compile(r"Could not get lock|is another process using it|frontend lock was locked|lock is held by")


class PackagesError(Exception):
    """Packages that were not installed or taken away, with one sentence why."""


class Packages:
    """What apt and dpkg do on this board.

    Args:
        run: Callable taking a list of arguments, giving `(rc, stdout, stderr)`; it has to add ENVIRONMENT.
        root: Where the board's files are.
    """

    def __init__(self, run, root="/", sleep=time.sleep, now=time.time, clock=time.monotonic):
        self.run, self.root, self.sleep, self.now, self.clock = run, root, sleep, now, clock

    def _place(self, path):
        return os.path.join(self.root, path.lstrip("/"))

    def known(self):
        """`{name: state}` of all packages that dpkg has anything of, state as in `installed` or `half-configured`."""
        rc, out, err = self.run(["dpkg-query", "--show", "--showformat", "${Package} ${Status}\\n"])
        if rc != 0:
            raise PackagesError("dpkg does not say what is installed: %s" % _short(err or out))
        states = {}
        for line in out.splitlines():
            words = line.split()
            if len(words) == 4:
                state = "half-installed" if words[2] == "reinstreq" else words[3]
                # Of two architectures the better one counts.
                states[words[0]] = "installed" if "installed" in (state, states.get(words[0])) else state
        return {name: state for name, state in states.items() if state not in ("not-installed", "config-files")}

    def missing(self, names):
        """Return those of the packages that are not (wholly) installed."""
        for name in names:
            if not _NAME.match(name):
                raise PackagesError("%r is not the name of a package" % name)
        known = self.known()
        return [name for name in names if known.get(name) != "installed"]

    def broken(self):
        """Whether dpkg was cut off at its work."""
        folder = self._place("/var/lib/dpkg/updates")
        journal = any(name.isdigit() for name in (os.listdir(folder) if os.path.isdir(folder) else ()))
        return journal or any(state in UNFINISHED for state in self.known().values())

    def can_be_had(self, names):
        """Have apt try, and stop with one sentence where it cannot install the packages; return all that would be new. Changes nothing."""
        rc, out, err = self.run(["apt-get", "install", "--simulate", "--quiet", "--no-install-recommends", "--", *names])
        if rc != 0:
            raise PackagesError(
                "it takes %s, and the board's repositories do not offer it (%s). Install it by hand, or add the repository that has it, "
                "run apt-get update and try again." % (" ".join(names), _short(err or out)))
        return sorted({name for kind, name, mark in _PLANNED.findall(out) if kind == "Inst" and mark != "["} | set(names))

    def refresh(self):
        """Have apt fetch its lists where they are old; return why that did not work, or None."""
        age = self.now() - max(map(self._changed_at, ("/var/lib/apt/periodic/update-success-stamp", "/var/lib/apt/lists")))
        # A board whose clock was wrong has lists of the future.
        if 0 <= age < LISTS_VALID:
            return None
        rc, out, err = self._patiently(["apt-get", "update", "--quiet"])
        return None if rc == 0 else _short(err or out)

    def _changed_at(self, path):
        try:
            return os.stat(self._place(path)).st_mtime
        except OSError:
            return 0

    def _patiently(self, command):
        """Run a command again while somebody else holds a lock that it does not wait for itself."""
        waited = 0
        while True:
            started = self.clock()
            rc, out, err = self.run(command)
            # What apt has waited for itself counts, too.
            waited += self.clock() - started
            if rc == 0 or waited >= LOCK_TIMEOUT or not _LOCKED.search(out + err):
                return rc, out, err
            self.sleep(5)
            waited += 5

    def repair(self):
        """Have dpkg finish what it was cut off at; return whether it did. What it cannot finish is told by what is done next."""
        if not self.broken():
            return False
        self._patiently(_CONFIGURE)
        if self.broken():
            # Half unpacked: that takes the package itself.
            self._patiently(["apt-get", "install", *_OPTIONS, "--fix-broken", "--no-remove"])
        os.sync()
        return not self.broken()

    def install(self, names, note):
        """Install packages without those they only recommend; return the names of all that came with them.

        Args:
            note: Called with the names of all that is to come, before anything is done.

        Raises:
            PackagesError: After what had come was taken away again.
        """
        stale = self.refresh()
        before, archives, boot = self.known(), self._archives(), self._boot()
        note(self.can_be_had(names))
        rc, out, err = self._patiently(["apt-get", "install", *_OPTIONS, "--no-install-recommends", "--no-remove", "--", *names])
        missing = self.missing(names)
        if rc != 0 or missing:
            why = self._why(out, err) if rc != 0 else "apt-get ended well, but %s is not installed" % " ".join(missing)
            left = self._take_back(before, archives)
            raise PackagesError("%s cannot be installed: %s%s%s" % (
                " ".join(names), why, "; apt-get update had failed: %s" % stale if stale else "", "; %s" % left if left else ""))
        self._forget(archives)
        self._settle(boot)
        return sorted(set(self.known()) - set(before))

    def _take_back(self, before, archives):
        """Remove what a failed installation has left; return what that did not remove, or `""`."""
        self._forget(archives)
        new = sorted(set(self.known()) - set(before))
        if new:
            # dpkg refuses where anything else depends on them, so nothing else can go.
            self._patiently(["dpkg", "--purge", "--force-remove-reinstreq", "--", *new])
            self._patiently(_CONFIGURE)
        os.sync()
        left = sorted(set(self.known()) - set(before))
        return "%s could not be taken away again" % " ".join(left) if left else ""

    def removable(self, names):
        """`(packages, kept)`: those of the packages that can go without any other going with them, and `{name: why}` of the others."""
        for name in names:
            if not _NAME.match(name):
                raise PackagesError("%r is not the name of a package" % name)
        known, kept = self.known(), {}
        candidates = [name for name in dict.fromkeys(names) if name in known]
        running = "linux-image-" + os.uname().release
        if running in candidates:
            kept[running] = "it is the kernel that runs"
        while True:
            candidates = [name for name in candidates if name not in kept]
            extra = self._goes_with(candidates) - set(candidates) if candidates else ()
            if not extra:
                return candidates, kept
            guilty = {}
            for name in candidates:
                others = self._goes_with([name]) - set(candidates)
                if others:
                    guilty[name] = _goes_too(others)
            # What takes others along only together with the rest stays as a whole.
            kept.update(guilty or dict.fromkeys(candidates, _goes_too(extra)))

    def _goes_with(self, names):
        """Names of all packages that apt would remove, and any mark for what it would install instead."""
        rc, out, err = self.run(["apt-get", "purge", "--simulate", "--quiet", "-o", "APT::Get::AutomaticRemove=false", "--", *names])
        if rc != 0:
            return set(names) | {"(%s)" % _short(err or out)}
        planned = _PLANNED.findall(out)
        essential = {"an essential package"} if "essential packages will be removed" in out + err else set()
        return {"%s (new)" % name if kind == "Inst" else name for kind, name, dummy in planned} | essential

    def remove(self, names):
        """Remove packages with their configuration: those of which removable() says that nothing else goes with them."""
        boot = self._boot()
        # Told not to touch anything else, it stops where somebody has installed something since.
        rc, out, err = self._patiently(["apt-get", "purge", *_OPTIONS, "-o", "APT::Get::AutomaticRemove=false", "--", *names])
        left = [name for name in names if name in self.known()]
        if rc != 0 or left:
            raise PackagesError("%s cannot be taken away: %s" % (" ".join(left or names), self._why(out, err)))
        self._settle(boot)

    def _settle(self, boot):
        """Make durable what was done; a kernel for U-Boot's eyes too."""
        os.sync()
        if self._boot() != boot:
            checkpoint.checkpoint(self._place("/boot"))

    def _boot(self):
        """What there is in /boot, and as of when."""
        entries = []
        for folder, dummy, names in os.walk(self._place("/boot")):
            for name in names:
                there = os.lstat(os.path.join(folder, name))
                entries.append((folder, name, there.st_ino, there.st_size, there.st_mtime_ns))
        return sorted(entries)

    def _archives(self):
        folder = self._place("/var/cache/apt/archives")
        return {os.path.join(place, name) for place in (folder, folder + "/partial") if os.path.isdir(place) for name in os.listdir(place)}

    def _forget(self, before):
        """Remove the packages' files that apt has fetched since: a board has little room."""
        for path in self._archives() - before:
            if path.endswith((".deb", ".FAILED")) or os.path.dirname(path).endswith("/partial"):
                os.unlink(path)

    def _why(self, out, err):
        """One line on a command that failed; of a full disk with what is free where."""
        said = err + "\n" + out
        if "No space left on device" in said or "enough free space" in said:
            return _files.disk_full(*map(self._place, ("/var/cache/apt/archives", "/var/lib/dpkg", "/usr", "/boot")))
        errors = re.findall(r"^(?:E:|dpkg: error|dpkg: unrecoverable)[^\n]*(?:\n [^\n]+)*", said, re.M)
        return _short(" ".join(errors) or said)


def _goes_too(others):
    refused = [other for other in others if other.startswith("(")]
    return "apt refuses it %s" % refused[0] if refused else "%s would go with it" % " ".join(sorted(others))


def _short(text):
    return " ".join(text.split())[:300] or "no message"
