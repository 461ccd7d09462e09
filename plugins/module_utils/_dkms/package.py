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
from .._board.paths import MARKER, SIGNING_PATHS, kernel_module
from . import headers_problem
from .foreign_packages import ForeignPackages
from .module import prebuilt
from .module.module_checks import alias_problem, module_problem
from .module.module_layout import layout_problem
from .module.signing import Signing
from .record import Record
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
        self.tree = os.path.join(root, "usr/src", f"{name}-{version}")
        self.database = os.path.join(root, "var/lib/dkms", name, version)
        self.modules = os.path.join(root, "lib/modules", kernel)
        self.record = Record(self.database, os.path.dirname(self.modules), module)
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
                f"{self.tree} was not created by rkfleet.npu: run 'dkms remove {self.name}/{self.version} --all', and "
                "delete the folder"
            )
        try:
            return str(json.loads(content)["digest"])
        except (TypeError, ValueError, KeyError):
            return "damaged"

    def module_file(self):
        """Return the path of the installed module, whatever its compression, or None."""
        return next(iter(self.record.installed(self.kernel)), None)

    def module_problem(self, log=""):
        """Return one sentence on a problem with the installed module, or None.

        DKMS can end with 0 without having built anything (dkms issue 545), so only the file counts.
        """
        path = self.module_file()
        if path is None:
            return f"no module {self.module} is installed for kernel {self.kernel}"
        if not os.path.getsize(path):
            return f"{path} is empty"
        problem = module_problem(self.run, path, self.kernel, self.module)
        if problem:
            return problem
        problem = self._version_problem(path)
        if problem:
            return problem
        if not self.record.links(self.kernel):
            return f"{path} is not the module that DKMS built from version {self.version}"
        problem, self.layout = layout_problem(self.run, path, self.kernel, self.root)
        return (problem or alias_problem(self.run, path)
                or self.signing.module_problem(self.run, path, log, strict=False))

    def _version_problem(self, path):
        found = self.run(["modinfo", "-F", "version", path])[1].strip().lstrip("v")
        if not found or found == self.version:
            return None
        return f"{path} is version {found}, expected {self.version}"

    def binary_problem(self, binary):
        """Return `(sentence on a problem or None, note)` for a prebuilt module. Changes nothing.

        Args:
            binary: The module as a `prebuilt.Binary`.
        """
        if kernel_module(binary.name) != self.module:
            return f"it is called {binary.name!r}", ""
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
            return [*steps, "tree", *displace, install, *replace]
        if displace or self.module_problem():
            repair = ["repair"] if self.record.needs_repair(self.kernel) else []
            return [*steps, *repair, *displace, install, *replace]
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
            raise DkmsError(f"driver {self.version} was not built for kernel {self.kernel}: {problem}")
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
                    raise DkmsError(
                        f"driver {self.version} is damaged since DKMS removed the package it replaces: {problem}")
            if wanted and not wanted():
                raise DkmsError(f"the upgrade was rolled back while driver {self.version} was installed")
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
            self.record.repair(self.kernel, self.tree)
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
        modules = os.path.dirname(self.modules)
        kernels = os.listdir(modules) if os.path.isdir(modules) else ()
        return [self.tree, *databases, *(path for kernel in kernels for path in self.record.installed(kernel)),
                *(os.path.join(self.root, path.lstrip("/")) for path in SIGNING_PATHS)]

    def _restore(self, before, fresh):
        """Restore the snapshot; return what to add to the message, an empty text on success."""
        if fresh and os.path.isdir(self.database):
            self.run(["dkms", "remove", "-m", self.name, "-v", self.version, "--all"])
        try:
            changed = before.restore()
        except OSError as error:
            return f"; and the previous state could not be restored: {describe_error(error, *self._places())}"
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
                raise DkmsError(f"driver {self.version} was not built for kernel {self.kernel}, and the installed "
                                f"driver is unchanged: {reason}", log, unexplained)

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
        log = self.record.log(self.kernel) + out + err
        problem = "dkms ended with %d" % rc if rc != 0 else self.module_problem(log)
        if problem:
            reason, unexplained = self._reason(log, problem, what == "built")
            raise DkmsError(
                f"driver {self.version} was not {what} for kernel {self.kernel}: {reason}", log, unexplained)
        # sync(2) writes everything, but does not report errors.
        for path in [self.module_file(), *glob.glob(os.path.join(glob.escape(self.modules), "modules.*.bin")),
                     os.path.join(self.modules, "modules.dep")]:
            if os.path.isfile(path):
                sync_file(path)
        return log

    def has_built(self):
        """Return whether the installed module was built on this board, and not loaded from the store."""
        log = self.record.log(self.kernel)
        return bool(log) and self.module_file() is not None and not log.startswith(prebuilt.FROM_STORE)

    def remove(self):
        """Remove the package with its source tree for all kernels. DKMS restores the kernel's own module."""
        active = {os.path.basename(os.path.dirname(os.readlink(link))) for link in self.record.links()}
        strays = []
        if os.path.isdir(self.database):
            strays = [path for kernel in os.listdir(self.database) for path in self.record.strays(kernel)]
            self.run(["dkms", "remove", "-m", self.name, "-v", self.version, "--all"])
        # If DKMS can no longer read the package, remove its modules here: the folder and the links' targets are ours.
        remaining = [path for kernel in active for path in self.record.installed(kernel) if self.record.links(kernel)]
        for path in remaining + strays + self.record.links():
            os.unlink(path)
        self._depmod(remaining + strays)
        shutil.rmtree(self.database, ignore_errors=True)
        shutil.rmtree(self.tree, ignore_errors=True)
        os.sync()
