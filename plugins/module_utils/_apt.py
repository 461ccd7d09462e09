# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Install packages from the board's own repositories, also after a power failure, and remove only those packages."""

from __future__ import annotations

import os
import re
import time

from ._apt_causes import known_cause, reason, short
from ._board import checkpoint
from ._facts.installed.packages import UNFINISHED

ENVIRONMENT = {
    # The kernel's makefile does not pass LC_ALL on to compilers.
    "LC_ALL": "C",
    "LC_MESSAGES": "C",
    "LANG": "C",
    "DEBIAN_FRONTEND": "noninteractive",
    "APT_LISTCHANGES_FRONTEND": "none",
    "NEEDRESTART_SUSPEND": "1",
}
"""Environment of every command below."""
LISTS_VALID = 3600
"""Age in seconds up to which apt's lists are not updated."""
LOCK_TIMEOUT = 1200
"""Seconds to wait for apt's locks: unattended-upgrades on a slow board holds them for that long."""

_NAME = re.compile(r"[a-z0-9][a-z0-9.+-]+\Z")
_OPTIONS = ["--yes", "--quiet", "-o", "Dpkg::Options::=--force-confold", "-o", "DPkg::Lock::Timeout=%d" % LOCK_TIMEOUT]
_CONFIGURE = ["dpkg", "--force-confold", "--configure", "--pending"]
# "Inst name [old] (new ...)" is an update of an installed package.
_PLANNED = re.compile(r"^(Inst|Remv|Purg) ([a-z0-9][a-z0-9.+-]+)(?::[a-z0-9-]+)? ([(\[]?)", re.M)
# apt-get update ends with 0 if a repository cannot be read and there are older lists of it.
_NOT_UPDATED = re.compile(r"^(?:[EW]|Error|Warning): "
                          r"(?:[^\n]*(?:GPG error|signature verif)|Failed to fetch|The repository|Release file)", re.M)
_UNAVAILABLE = re.compile(r"Unable to locate|installation candidate|Couldn.t find|not available|^\s*\Z")
# Releases of Armbian before 23.02 state it as the source or in the description alone.
_FOR_KERNEL = re.compile(r"^(?:Armbian-Kernel-Version-Family: *|Source: linux-|Description(?:-\w+)?: [^\n]{0,80}? )"
                         r"(\d+\.\d+\.\d+-[\w.+~-]{1,100})", re.M)
_OTHER_KERNELS = (" If they only have the headers of newer kernels (apt-cache search linux-headers), upgrade the "
                  "kernel, reboot, and rerun the playbook.")
_UNPACKED = re.compile(r"^Unpacking ([a-z0-9][a-z0-9.+-]+)", re.M)
_LOCKED = re.compile(r"Could not get lock|is another process using it|frontend lock was locked|lock is held by")


class PackagesError(Exception):
    """Packages that were not installed or removed, with one sentence why.

    Args:
        unexplained: the parts of the sentence that the controller explains: see _apt_causes.reason().
    """

    def __init__(self, message, unexplained=()):
        super().__init__(message)
        self.unexplained = list(unexplained)


class Packages:
    """The packages of this board, as apt and dpkg manage them.

    Args:
        run: Callable that runs a list of arguments in ENVIRONMENT and returns `(rc, stdout, stderr)`.
        root: Root folder of the board's files.
    """

    def __init__(self, run, root="/", sleep=time.sleep, now=time.time, clock=time.monotonic):
        self.run, self.root, self.sleep, self.now, self.clock = run, root, sleep, now, clock

    def _place(self, path):
        return os.path.join(self.root, path.lstrip("/"))

    def _listed(self):
        """Return `[name, wanted, flag, state]` of each package in dpkg's list."""
        rc, out, err = self.run(["dpkg-query", "--show", "--showformat", "${Package} ${Status}\\n"])
        if rc != 0:
            raise PackagesError("dpkg-query cannot list the installed packages: %s" % short(err or out))
        return [words for words in map(str.split, out.splitlines()) if len(words) == 4]

    def states(self):
        """Return `{name: state}` of all packages that dpkg has files of, with states such as `half-configured`."""
        states = {}
        for name, dummy, flag, last in self._listed():
            state = "half-installed" if flag == "reinstreq" else last
            # A package may be installed for one architecture and half-configured for another: installed counts.
            states[name] = "installed" if "installed" in (state, states.get(name)) else state
        return {name: state for name, state in states.items() if state not in ("not-installed", "config-files")}

    def missing(self, names):
        """Return those of the packages that are not installed completely."""
        _check_names(names)
        states = self.states()
        return [name for name in names if states.get(name) != "installed"]

    def broken(self):
        """Return whether dpkg was interrupted."""
        folder = self._place("/var/lib/dpkg/updates")
        journal = any(name.isdigit() for name in (os.listdir(folder) if os.path.isdir(folder) else ()))
        return journal or any(state in UNFINISHED for state in self.states().values())

    def _check_headers(self, names, kernel):
        """Raise PackagesError if a package of the repositories says that its headers are for another kernel.

        Armbian replaces kernel and headers in place, under a name without version, and states the kernel's release.
        """
        for name in names:
            if not name.startswith("linux-headers-") or kernel in name:
                continue
            rc, out, dummy = self.run(["apt-cache", "show", "--no-all-versions", "--", name])
            stated = _FOR_KERNEL.search(out.split("\n\n")[0])
            if rc == 0 and stated and stated.group(1) != kernel:
                raise PackagesError(
                    "package %s of the board's repositories has the headers of kernel %s, and this kernel is %s. "
                    "Update both (apt-get update, then apt-get install %s %s), reboot, and rerun the playbook" % (
                        name, stated.group(1), kernel, name.replace("-headers-", "-image-", 1), name))

    def simulate_install(self, names, kernel=None):
        """Return the packages that an installation would add; raise PackagesError if apt cannot resolve it.

        Args:
            names: Names of the packages.
            kernel: Release of the kernel that header packages have to be for.
        """
        # With --yes and --no-remove the simulation refuses what the installation would refuse.
        options = ["--simulate", "--yes", "--quiet", "--no-install-recommends", "--no-remove"]
        rc, out, err = self.run(["apt-get", "install", *options, "--", *names])
        if rc != 0:
            cause = known_cause(self._place, out + "\n" + err, names) or _ended(rc)
            if not cause and not _UNAVAILABLE.search(out + err):
                cause = short(err or out)
            if cause:
                raise PackagesError("%s cannot be installed: %s" % (" ".join(names), cause))
            raise PackagesError(
                "required packages are not available from the board's repositories: %s (%s). Install them by hand, or "
                "add the repository that has them, run apt-get update, then rerun the playbook.%s"
                % (" ".join(names), short(err or out), _OTHER_KERNELS if kernel and kernel.lower() in err else "")
            )
        if kernel:
            self._check_headers(names, kernel)
        new = {name for kind, name, mark in _PLANNED.findall(out) if kind == "Inst" and mark != "["}
        return sorted(new | set(names))

    def outdated(self):
        """Return whether apt's lists have to be updated."""
        age = self.now() - max(
            map(self._changed_at, ("/var/lib/apt/periodic/update-success-stamp", "/var/lib/apt/lists"))
        )
        # Lists with a time in the future were written while the board's clock was wrong.
        return not 0 <= age < LISTS_VALID

    def refresh(self):
        """Update apt's lists; return why that failed, also of one repository only, or None."""
        rc, out, err = self._run_unlocked(["apt-get", "update", "--quiet"])
        output = out + "\n" + err
        if rc == 0 and not _NOT_UPDATED.search(output):
            return None
        return known_cause(self._place, output) or _ended(rc) or short(err or out)

    def _changed_at(self, path):
        try:
            return os.stat(self._place(path)).st_mtime
        except OSError:
            return 0

    def _run_unlocked(self, command):
        """Return the result of a command that is repeated while another process holds a lock of apt or dpkg."""
        waited = 0
        while True:
            started = self.clock()
            rc, out, err = self.run(command)
            # apt itself waits for some of its locks: that time counts, too.
            waited += self.clock() - started
            if rc == 0 or waited >= LOCK_TIMEOUT or not _LOCKED.search(out + err):
                return rc, out, err
            self.sleep(5)
            waited += 5

    def repair(self):
        """Finish the interrupted work of dpkg; return whether it was finished.

        A failure is not reported here: the next command of apt fails with the reason.
        """
        if not self.broken():
            return False
        self._run_unlocked(_CONFIGURE)
        if self.broken():
            # A package that was unpacked only in part must be downloaded again.
            self._run_unlocked(["apt-get", "install", *_OPTIONS, "--fix-broken", "--no-remove"])
        os.sync()
        return not self.broken()

    def install(self, names, note, kernel=None):
        """Install packages without those they only recommend; return all packages that were installed.

        Args:
            names: Names of the packages.
            note: Called with the names of all packages to be installed, before anything is changed.
            kernel: Release of the kernel that header packages have to be for.

        Raises:
            PackagesError: The installation failed. Its packages were removed again.
        """
        fresh = self.outdated()
        update_error = self.refresh() if fresh else None
        before, archives, boot = self.states(), self._archives(), self._boot_files()
        planned = None
        while planned is None:
            try:
                planned = self.simulate_install(names, kernel)
            except PackagesError as error:
                if fresh and update_error:
                    raise PackagesError("%s. apt-get update failed: %s" % (
                        str(error).rstrip("."), update_error)) from error
                if fresh:
                    raise
                # Lists that are not outdated may be those of an update that failed. Of one that fails for a single
                # repository, the others are new.
                fresh, update_error = True, self.refresh()
        note(planned)
        options = [*_OPTIONS, "--no-install-recommends", "--no-remove"]
        rc, out, err = self._run_unlocked(["apt-get", "install", *options, "--", *names])
        # Others may have installed packages meanwhile, too, while this waited for the lock.
        ours = {*planned, *_UNPACKED.findall(out)}
        missing = self.missing(names)
        if rc != 0 or missing:
            why, unexplained = None if err.strip() else _ended(rc), ()
            if rc == 0:
                why = "apt-get succeeded, but %s is not installed" % " ".join(missing)
            elif not why:
                why, unexplained = reason(self._place, out, err, names)
            if update_error:
                why += ". apt-get update failed: %s" % update_error
            # Whoever has held the lock all the time installs packages of its own.
            was_locked = _LOCKED.search(out + err) and not _UNPACKED.search(out)
            remaining = [] if was_locked else self._undo_install(before, ours, archives)
            if remaining:
                why += "; %s could not be removed again" % " ".join(remaining)
            raise PackagesError("%s cannot be installed: %s" % (" ".join(names), why), unexplained)
        self._remove_downloads(archives, ours)
        self._sync(boot)
        return sorted((set(self.states()) - set(before)) & ours)

    def _undo_install(self, before, ours, archives):
        """Remove those packages of a failed installation that it has added; return those that could not be removed."""
        self._remove_downloads(archives, ours)
        new = sorted((set(self.states()) - set(before)) & ours)
        if new:
            # dpkg refuses if another package depends on them, so no other package is removed.
            self._run_unlocked(["dpkg", "--purge", "--force-remove-reinstreq", "--", *new])
            self._run_unlocked(_CONFIGURE)
        os.sync()
        return sorted((set(self.states()) - set(before)) & ours)

    def on_hold(self, names):
        """Return those of the packages that are installed and on hold."""
        found = {name for name, *status in self._listed() if status == ["hold", "ok", "installed"]}
        return [name for name in names if name in found]

    def mark(self, word, names):
        """Run apt-mark with `hold` or `unhold` for these packages.

        Raises:
            PackagesError: apt-mark fails, or the packages are not marked afterwards.
        """
        rc, out, err = self._run_unlocked(["apt-mark", word, "--", *names])
        wrong = set(names) ^ set(self.on_hold(names)) if word == "hold" else self.on_hold(names)
        if rc != 0 or wrong:
            raise PackagesError("apt-mark cannot %s %s: %s" % (word, " ".join(names), short(err or out)))

    def removable(self, names):
        """Return `(packages, kept)`: the packages that nothing else needs, and `{name: why}` of the others."""
        _check_names(names)
        installed, kept = self.states(), {}
        candidates = [name for name in dict.fromkeys(names) if name in installed]
        running = "linux-image-" + os.uname().release
        if running in candidates:
            kept[running] = "it is the running kernel"
        while True:
            candidates = [name for name in candidates if name not in kept]
            extra = self._simulate_removal(candidates) - set(candidates) if candidates else ()
            if not extra:
                return candidates, kept
            needed = {}
            for name in candidates:
                others = self._simulate_removal([name]) - set(candidates)
                if others:
                    needed[name] = _side_effect(others)
            # If only the candidates together would remove other packages, all of them are kept.
            kept.update(needed or dict.fromkeys(candidates, _side_effect(extra)))

    def _simulate_removal(self, names):
        """Return the packages that apt would remove or, marked, install instead, or its refusal in parentheses."""
        options = ["--simulate", "--quiet", "-o", "APT::Get::AutomaticRemove=false"]
        rc, out, err = self.run(["apt-get", "purge", *options, "--", *names])
        if rc != 0:
            return set(names) | {"(%s)" % short(err or out)}
        planned = _PLANNED.findall(out)
        essential = {"an essential package"} if "essential packages will be removed" in out + err else set()
        return {"%s (new)" % name if kind == "Inst" else name for kind, name, dummy in planned} | essential

    def remove(self, names):
        """Remove packages, as returned by removable(), with their configuration."""
        boot = self._boot_files()
        options = [*_OPTIONS, "-o", "APT::Get::AutomaticRemove=false"]
        rc, out, err = self._run_unlocked(["apt-get", "purge", *options, "--", *names])
        remaining = [name for name in names if name in self.states()]
        if rc != 0 or remaining:
            why, unexplained = reason(self._place, out, err, names)
            raise PackagesError("%s cannot be removed: %s" % (" ".join(remaining or names), why), unexplained)
        self._sync(boot)

    def _sync(self, boot):
        """Write the changes to the disk; changes of /boot also to where U-Boot reads them."""
        os.sync()
        if self._boot_files() != boot:
            checkpoint.checkpoint(self._place("/boot"))

    def _boot_files(self):
        """Return the files in /boot, each with what shows that it was replaced."""
        entries = []
        for folder, dummy, names in os.walk(self._place("/boot")):
            for name in names:
                st = os.lstat(os.path.join(folder, name))
                entries.append((folder, name, st.st_ino, st.st_size, st.st_mtime_ns))
        return sorted(entries)

    def _archives(self):
        """Return the paths of the files in apt's package cache."""
        cache = self._place("/var/cache/apt/archives")
        folders = [folder for folder in (cache, cache + "/partial") if os.path.isdir(folder)]
        return {os.path.join(folder, name) for folder in folders for name in os.listdir(folder)}

    def _remove_downloads(self, before, ours):
        """Remove those packages that apt has downloaded since, because disk space on a board is scarce."""
        for path in self._archives() - before:
            is_download = path.endswith((".deb", ".FAILED")) or os.path.dirname(path).endswith("/partial")
            if is_download and os.path.basename(path).partition("_")[0] in ours:
                os.unlink(path)


def _check_names(names):
    for name in names:
        if not _NAME.match(name):
            raise PackagesError("%r is not the name of a package" % name)


def _ended(rc):
    """Return one sentence if a signal ended apt-get itself, which then prints nothing, or None."""
    number = -rc if rc < 0 else rc - 128
    if number in (4, 6, 7, 8, 11):
        return ("apt-get itself crashed (signal %d): remove its cache (rm /var/cache/apt/*.bin), check the storage "
                "(dmesg) and the memory, and reinstall apt if it happens again" % number)
    return "apt-get was ended from outside (signal %d), or for want of memory: see dmesg" % number if number in (
        1, 2, 9, 15) else None


def _side_effect(others):
    """Return why packages whose removal would affect these others are kept."""
    refused = [other for other in others if other.startswith("(")]
    return "apt refuses it %s" % refused[0] if refused else "it would also remove %s" % " ".join(sorted(others))
