# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Install a DKMS package on the board, build its module for a kernel, and remove it again."""

from __future__ import annotations

import glob
import json
import os
import re
import shutil
import tempfile

from .._board.files import LEFTOVER, describe_error, disk_full, ensure_dir, read_file, sha256_of, sync_file
from .._board.paths import MARKER, SIGNING_PATHS, SUFFIXES, kernel_module
from . import headers_problem, prebuilt
from .foreign_packages import ForeignPackages
from .module_checks import alias_problem, module_problem
from .module_layout import layout_problem
from .signing import Signing
from .snapshot import Snapshot
from .source_tree import DkmsError, read_log, readable_by_all, unpack_tree

# Unfinished trees and trial builds; those of 1.1 have no dot.
_LEFT = re.compile(r"\.?rkfleet-[a-z0-9_]{8}\Z")
_NO_SPACE = "No space left on device"
_SCANT = 1 << 20


class DkmsPackage:
    """One version of a DKMS package on this board, for one kernel.

    Args:
        run: Callable that runs a list of arguments and returns `(rc, stdout, stderr)`.
        root: Folder with the board's `/usr/src`, `/var/lib/dkms` and `/lib/modules`.
        signing: The key for the modules, as a Signing; without it, modules are not signed.
        replaces: Versions of a package of that name from elsewhere that may be replaced, and `NAME/VERSION` of packages
            of other names: a restore point has them.
    """

    def __init__(self, run, name, version, kernel, module, root="/", signing=None, replaces=()):
        self.replaces = replaces
        self.run, self.name, self.version, self.kernel, self.module = run, name, version, kernel, module
        self.root = root
        self.signing = signing or Signing(root=root)
        self.layout = ""  # what module_problem() has compared the installed module with
        self.tree = os.path.join(root, "usr/src", "%s-%s" % (name, version))
        self.database = os.path.join(root, "var/lib/dkms", name, version)
        self.modules = os.path.join(root, "lib/modules", kernel)
        self.foreign = ForeignPackages(run, os.path.dirname(os.path.dirname(self.database)), name, version, replaces)

    def tree_digest(self):
        """Return the digest of the installed source tree, `""` if there is none, `foreign` if it is replaced.

        Raises:
            DkmsError: The tree was not created by this collection.
        """
        if not os.path.isdir(self.tree):
            return ""
        content = read_file(os.path.join(self.tree, MARKER))
        if content is None and self.version in self.replaces:
            return "foreign"
        if content is None:
            raise DkmsError(
                "%s was not created by rkfleet.npu: run 'dkms remove %s/%s --all', and delete the folder"
                % (self.tree, self.name, self.version)
            )
        try:
            return str(json.loads(content)["digest"])
        except (TypeError, ValueError, KeyError):
            return "damaged"

    def module_file(self):
        """Return the path of the installed module, whatever its compression, or None."""
        return next(iter(self._module_files(self.modules)), None)

    def _module_files(self, modules):
        paths = [os.path.join(modules, "updates/dkms", self.module + ".ko" + suffix) for suffix in SUFFIXES]
        return [path for path in paths if os.path.isfile(path)]

    def module_problem(self, log=""):
        """Return one sentence on a problem with the installed module, or None.

        DKMS can end with 0 without having built anything (dkms issue 545), so only the file counts.
        """
        path = self.module_file()
        if path is None:
            return "no module %s is installed for kernel %s" % (self.module, self.kernel)
        if not os.path.getsize(path):
            return "%s is empty" % path
        problem = module_problem(self.run, path, self.kernel, self.module)
        if problem:
            return problem
        problem = self._version_problem(path)
        if problem:
            return problem
        if not self._links(self.kernel):
            return "%s is not the module that DKMS built from version %s" % (path, self.version)
        problem, self.layout = layout_problem(self.run, path, self.kernel, self.root)
        return (problem or alias_problem(self.run, path)
                or self.signing.module_problem(self.run, path, log, strict=False))

    def _version_problem(self, path):
        found = self.run(["modinfo", "-F", "version", path])[1].strip().lstrip("v")
        if not found or found == self.version:
            return None
        return "%s is version %s, expected %s" % (path, found, self.version)

    def binary_problem(self, binary):
        """Return `(sentence on a problem or None, note)` for a prebuilt module. Changes nothing.

        Args:
            binary: The module as a `prebuilt.Binary`.
        """
        if kernel_module(binary.name) != self.module:
            return "it is called %r" % binary.name, ""
        path = binary.path
        problem = (prebuilt.damaged(binary) or module_problem(self.run, path, self.kernel, self.module)
                   or self._version_problem(path) or layout_problem(self.run, path, self.kernel, self.root)[0]
                   or alias_problem(self.run, path) or self.signing.module_problem(self.run, path))
        if problem:
            return problem, ""
        try:
            return prebuilt.symbols_problem(prebuilt.wanted_versions(self.run, path), self.modules)
        except ValueError as error:
            return str(error), ""

    def steps(self, digest, stored=False):
        """Return the required steps, in order. Changes nothing.

        They are of `clean`, `signing`, `tree`, `repair`, `displace`, `install`, `replace`.

        Args:
            digest: Digest of the source tree that is to be installed.
            stored: Whether a prebuilt module is used: then the last step is `load` instead of `install`.
        """
        install = "load" if stored else "install"
        steps = ["clean"] if self.leftovers() else []
        if self.signing.changes():
            steps.append("signing")
        replace = ["replace"] if self.foreign.same_name() else []
        displace = ["displace"] if self.foreign.other_names() else []
        if self.tree_digest() != digest:
            return steps + ["tree", *displace, install, *replace]
        if displace or self.module_problem():
            return steps + (["repair"] if self._needs_repair() else []) + [*displace, install, *replace]
        return steps + replace

    def steps_back(self):
        """Return the steps that are required to remove the package, of `clean`, `signing` and `remove`."""
        installed = self.tree_digest() or os.path.isdir(self.database)
        required = {"clean": self.leftovers(), "signing": self.signing.changes(), "remove": installed}
        return [step for step, needed in required.items() if needed]

    def deploy(self, archive, digest, steps, binary=None, wanted=None):
        """Do the steps that steps() returned, and return the build log.

        Args:
            archive: Path of the archive with the source tree.
            digest: The archive's sha256.
            steps: The steps, as returned by steps().
            binary: The prebuilt module as a `prebuilt.Binary`, for the step `load`.
            wanted: Callable that returns whether the upgrade is still pending at the end of a long build.

        Raises:
            DkmsError: A step failed, with the reason from the log. The package, its module and DKMS's database of it
                are unchanged.
        """
        with readable_by_all():
            return self._deploy(archive, digest, steps, binary, wanted)

    def _deploy(self, archive, digest, steps, binary, wanted=None):
        fresh = not os.path.isdir(self.database)
        log = ""
        # The plan saw the headers that were there; packages may have been installed since.
        problem = self.headers_problem() if "install" in steps else None
        if problem:
            raise DkmsError("driver %s was not built for kernel %s: %s" % (self.version, self.kernel, problem))
        # Before anything else: it frees disk space for the snapshot, whose copies have names that clean() removes.
        if "clean" in steps:
            self.clean()
        try:
            databases = [os.path.dirname(self.database), *self.foreign.databases()]
            before = Snapshot(lambda: self._touched(databases), *databases, self.tree)
        except OSError as error:
            raise DkmsError(describe_error(error, *self._places())) from error  # nothing is changed yet
        try:
            self._prepare(archive, digest, steps, binary)
            if "install" in steps or "load" in steps:
                log = self.install("built" if "install" in steps else "installed")
            if "replace" in steps:
                self.foreign.remove(self.foreign.same_name)
                problem = self.module_problem()
                if problem:
                    raise DkmsError("driver %s is damaged since DKMS removed the package it replaces: %s" % (
                        self.version, problem))
            if wanted and not wanted():
                raise DkmsError("the upgrade was rolled back while driver %s was installed" % self.version)
            os.sync()
        except (OSError, DkmsError) as error:
            reason = describe_error(error, *self._places()) if isinstance(error, OSError) else str(error)
            log = getattr(error, "log", log)
            restore_error = self._restore(before, fresh)
            raise DkmsError(reason + restore_error, log, getattr(error, "unexplained", "")) from error
        finally:
            before.forget()
        return log

    def _prepare(self, archive, digest, steps, binary):
        """Do the steps before DKMS installs the module."""
        if "signing" in steps:
            self.signing.apply()
        if "tree" in steps:
            self.place_tree(archive, digest, trial=binary is None)
        if "repair" in steps:
            self._repair()
        if "displace" in steps:
            self.foreign.remove(self.foreign.other_names)
        if "load" in steps:
            self.load(binary)

    def headers_problem(self):
        """Return why the driver cannot be built with the headers on this board, with the remedy, or None."""
        return headers_problem.of_board(self.root, self.kernel)

    def _places(self):
        """Return the folders into which anything is written, to report their free space."""
        databases = os.path.dirname(os.path.dirname(self.database))
        return os.path.dirname(self.tree), databases, os.path.dirname(self.modules)

    def _touched(self, databases):
        """Return the files and folders that deploy() may change."""
        modules = glob.glob(os.path.join(glob.escape(os.path.dirname(self.modules)), "*"))
        return [self.tree, *databases,
                *(path for folder in modules for path in self._module_files(folder)),
                *(os.path.join(self.root, path.lstrip("/")) for path in SIGNING_PATHS)]

    def _restore(self, before, fresh):
        """Restore the snapshot; return what to add to the message, an empty text on success."""
        if fresh and os.path.isdir(self.database):
            self.run(["dkms", "remove", "-m", self.name, "-v", self.version, "--all"])
        try:
            changed = before.restore()
        except OSError as error:
            return "; and the previous state could not be restored: %s" % describe_error(error, *self._places())
        finally:
            os.sync()
        self._depmod(path for path in changed if path.startswith(os.path.dirname(self.modules) + os.sep))
        return ""

    def _depmod(self, paths):
        for kernel in sorted({path.split(os.sep)[-4] for path in paths}):
            self.run(["depmod", kernel])

    def leftovers(self):
        """Return the unfinished trees and trial builds of an interrupted run."""
        folders = self._places()[:2]
        return [os.path.join(folder, name) for folder in folders if os.path.isdir(folder)
                for name in sorted(os.listdir(folder)) if _LEFT.match(name)]

    def clean(self):
        """Remove the leftovers."""
        for path in self.leftovers():
            shutil.rmtree(path, ignore_errors=True)

    def _needs_repair(self):
        """Return whether DKMS has a build of ours for the kernel, or does not find the source: see _repair."""
        return os.path.isdir(self.database) and (
            os.path.isdir(os.path.join(self.database, self.kernel)) or bool(self._links())
            or not os.path.exists(os.path.join(self.database, "source")))

    def _links(self, kernel=None, any_version=False):
        """Return DKMS's links that mark this version, or any, as installed for a kernel or all kernels."""
        links = glob.glob(os.path.join(glob.escape(os.path.dirname(self.database)),
                                       "kernel-%s-*" % (glob.escape(kernel) if kernel else "*")))
        return [link for link in links if os.path.islink(link)
                and (any_version or os.readlink(link).startswith(self.version + "/"))]

    def _strays(self, kernel):
        """Return modules in the place of ours that have no link: the power failed between the file and the link."""
        # Another package may build a module of this name.
        packages = glob.escape(os.path.dirname(os.path.dirname(self.database)))
        others = glob.glob(os.path.join(packages, "*", "kernel-%s-*" % glob.escape(kernel), "module",
                                        self.module + ".ko*"))
        if others or self._links(kernel, any_version=True):
            return []
        return self._module_files(os.path.join(os.path.dirname(self.modules), kernel))

    def _repair(self):
        """Make DKMS build the module again: after a power failure there may be an empty module, or no source.

        DKMS itself only checks folders and links, and would install that module again.
        """
        shutil.rmtree(os.path.join(self.database, self.kernel), ignore_errors=True)
        shutil.rmtree(os.path.join(self.database, "build"), ignore_errors=True)
        for link in self._links(self.kernel):
            os.unlink(link)
        # DKMS takes a module without a link for the kernel's own, and would restore it when ours is removed.
        for path in self._strays(self.kernel):
            os.unlink(path)
        source = os.path.join(self.database, "source")
        if not os.path.exists(source):
            if os.path.islink(source):
                os.unlink(source)
            os.symlink(self.tree, source)

    def place_tree(self, archive, digest, trial=True):
        """Unpack the archive as the package's source tree, atomically.

        An existing tree of ours is replaced with its module, with `trial` only after the new one was built.
        """
        if trial and (os.path.isdir(self.tree) or os.path.isdir(self.database)):
            self._trial_build(archive, digest)
        source_root = os.path.dirname(self.tree)
        ensure_dir(source_root)
        fresh = tempfile.mkdtemp(prefix=LEFTOVER, dir=source_root)
        try:
            unpack_tree(archive, digest, fresh)
            if os.path.isdir(self.tree) or os.path.isdir(self.database):
                self.remove()
            os.chmod(fresh, 0o755)
            # The name must not be on the disk before the content.
            os.sync()
            os.rename(fresh, self.tree)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
        os.sync()

    def _trial_build(self, archive, digest):
        """Build the archive in a DKMS tree of its own, so that the installed module stays until it can be replaced.

        Raises:
            DkmsError: The build failed. Nothing is changed.
        """
        place = os.path.dirname(os.path.dirname(self.database))
        ensure_dir(place)
        with tempfile.TemporaryDirectory(prefix=LEFTOVER, dir=place) as folder:
            trial = os.path.join(folder, os.path.basename(self.tree))
            unpack_tree(archive, digest, trial)
            where = ["--sourcetree", folder, "--dkmstree", os.path.join(folder, "dkms")]
            os.mkdir(where[-1])
            package = ["-m", self.name, "-v", self.version]
            rc, out, err = self.run(["dkms", "add", *package, *where])
            if rc == 0:
                rc, out, err = self.run(["dkms", "build", *package, "-k", self.kernel, *where])
            if rc != 0:
                log = read_log(os.path.join(where[-1], self.name, self.version, "build/make.log")) + out + err
                reason, unexplained = self._reason(log, "dkms ended with %d" % rc)
                raise DkmsError("driver %s was not built for kernel %s, and the installed driver is unchanged: %s"
                                % (self.version, self.kernel, reason), log, unexplained)

    def _reason(self, log, problem, built=True):
        """Return a DkmsError's `(reason, unexplained)`. DKMS does not always report a full disk."""
        free = [os.statvfs(place) for place in self._places() if os.path.isdir(place)]
        if _NO_SPACE in log or any(figures.f_bavail * figures.f_frsize < _SCANT for figures in free):
            return disk_full(*self._places()), ""
        # Headers that are no good are the cause of whatever else make and DKMS print.
        headers_fail = self.headers_problem() if built else None
        return (headers_fail, "") if headers_fail else (problem, problem)

    def load(self, binary):
        """Add a prebuilt module to DKMS as the build of the installed source tree.

        Raises:
            DkmsError: DKMS did not accept it.
        """
        place = os.path.dirname(os.path.dirname(self.database))
        ensure_dir(place)
        with tempfile.TemporaryDirectory(prefix=LEFTOVER, dir=place) as folder:
            archive = os.path.join(folder, "rkfleet.dkms.tar.gz")
            arch = os.uname().machine
            prebuilt.tarball(binary, archive, self.name, self.version, self.kernel, arch,
                             read_file(os.path.join(self.tree, "dkms.conf")))
            # Without --force DKMS refuses a version that it has for another kernel. With it, it may exit with 3
            # because it already has the version, so only the file counts.
            rc, out, err = self.run(["dkms", "ldtarball", "--archive", archive, "--force"])
        path = os.path.join(self.database, self.kernel, arch, "module", binary.name)
        if not os.path.isfile(path) or sha256_of(path) != binary.sha256:
            raise DkmsError("DKMS did not accept the prebuilt module (dkms ended with %d)" % rc,
                            out + err)

    def install(self, what="built"):
        """Build the module if DKMS has none, and install it for the kernel; return the build log.

        Args:
            what: The verb of the error message.

        Raises:
            DkmsError: The module is not installed, with the reason from the log.
        """
        # --force: the kernel's own rknpu.ko may state the same version, and DKMS would keep it.
        rc, out, err = self.run(["dkms", "install", "-m", self.name, "-v", self.version, "-k", self.kernel, "--force"])
        log = self.log() + out + err
        problem = "dkms ended with %d" % rc if rc != 0 else self.module_problem(log)
        if problem:
            reason, unexplained = self._reason(log, problem, what == "built")
            raise DkmsError("driver %s was not %s for kernel %s: %s"
                            % (self.version, what, self.kernel, reason), log, unexplained)
        # sync(2) writes everything, but does not report errors.
        for path in [self.module_file(), *glob.glob(os.path.join(glob.escape(self.modules), "modules.*.bin")),
                     os.path.join(self.modules, "modules.dep")]:
            if os.path.isfile(path):
                sync_file(path)
        return log

    def has_built(self):
        """Return whether the installed module was built on this board, and not loaded from the store."""
        log = self.log()
        return bool(log) and self.module_file() is not None and not log.startswith(prebuilt.FROM_STORE)

    def log(self):
        """Return the make log of the last build, at most 1 MiB of its end."""
        paths = [os.path.join(self.database, "build/make.log")]
        paths += sorted(glob.glob(os.path.join(self.database, glob.escape(self.kernel), "*/log/make.log")))
        return next(filter(None, map(read_log, paths)), "")

    def remove(self):
        """Remove the package with its source tree for all kernels. DKMS restores the kernel's own module."""
        active = {os.path.basename(os.path.dirname(os.readlink(link))) for link in self._links()}
        strays = []
        if os.path.isdir(self.database):
            strays = [path for kernel in os.listdir(self.database) for path in self._strays(kernel)]
            self.run(["dkms", "remove", "-m", self.name, "-v", self.version, "--all"])
        # If DKMS can no longer read the package, remove its modules here: the folder and the links' targets are ours.
        remaining = [path for kernel in active
                     for path in self._module_files(os.path.join(os.path.dirname(self.modules), kernel))
                     if self._links(kernel)]
        for path in remaining + strays + self._links():
            os.unlink(path)
        self._depmod(remaining + strays)
        shutil.rmtree(self.database, ignore_errors=True)
        shutil.rmtree(self.tree, ignore_errors=True)
        os.sync()
