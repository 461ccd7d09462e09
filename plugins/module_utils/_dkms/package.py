# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Put a DKMS package on the board, build and install it for a kernel, and take it away again."""

from __future__ import annotations

import contextlib
import glob
import hashlib
import json
import os
import re
import shutil
import tarfile
import tempfile

from . import prebuilt
from .._board.files import CHUNK, disk_full, ensure_dir, LEFTOVER, read_file, sha256_of, sync_file, told
from .signing import PATHS as SIGNING_PATHS
from .signing import Signing

MARKER = "rkfleet.json"
LOG_BYTES = 1 << 20
SUFFIXES = ("", ".xz", ".zst", ".gz")
# Unfinished trees and trials, without a dot those of release 1.1.
_LEFT = re.compile(r"\.?rkfleet-[a-z0-9_]{8}\Z")
_NO_SPACE = "No space left on device"
_SCANT = 1 << 20

# What compiler, make and modpost say, what it means and what to do; the first of this order that matches is told.
# gcc and clang write quotes as the locale has them.
_Q = "['`\"\u2018\u2019]?"
_AGAIN = "(?:redefinition of |conflicting types for |static declaration of )" + _Q


def _missing(name):
    """What is said of a function the kernel has not got: by the compiler before or after its name, by modpost after it."""
    return "(?:implicit declaration of|call to undeclared) function %s(%s)|(%s)%s.{0,300} (?:undeclared|undefined)" % (_Q, name, name, _Q)


KNOWN_ERRORS = (
    (r"No space left on device", "the disk is full: make room below /var and /lib/modules"),
    (r"Exec format error", "the headers package holds programs of another architecture: install the one made for this board"),
    (
        r"(?m)^(?:\S*sh: (?:\d+: |line \d+: )?|make(?:\[\d+\])?: )([\w./+-]*(?:gcc|clang|cc)(?:-[\d.]+)?): "
        r"(?:(?:[Cc]ommand )?not found|No such file or directory)",
        "the compiler {0}, with which the kernel was built, is missing: install it",
    ),
    (
        r"(?:unrecognized command[ -]line option |unknown argument: |unsupported option )" + _Q + r"(-[\w=.,+-]+)",
        "the compiler does not know the option {0}, which the kernel's headers ask for: it is too old or too new for this kernel; "
        "install the compiler the kernel was built with (CONFIG_CC_VERSION_TEXT in its configuration)",
    ),
    (r"\*\*\* rkfleet: (.+?)\.?\s+Stop\.", "{0}"),
    (
        _AGAIN + r"(vm_flags_\w+)",
        "the kernel's headers have {0} already, and it was supplied a second time: update rkfleet.npu, run the upgrade again and report the log",
    ),
    (
        _missing(r"vm_flags_\w+"),
        "the kernel's headers have no {0} (it came with Linux 6.3), and the compat layer did not supply it: "
        "update rkfleet.npu, run the upgrade again and report the log",
    ),
    (
        r"assignment of read-only member " + _Q + r"(vm_flags)",
        "this kernel (6.3 or newer) lets nobody write to {0}, and this release of the driver does: choose driver 0.9.6 or newer",
    ),
    (_missing(r"rockchip_uninit_opp_table"), "this BSP kernel is older than 5.10.198 and has no {0}: update the board's kernel"),
    (
        _missing(r"rockchip_opp_set_low_length"),
        "this BSP kernel has no {0}, which driver 0.9.8 wants: use driver 0.9.6 or update the board's kernel",
    ),
    (
        _missing(r"iommu_get_dma_cookie"),
        "the kernel does not offer {0} to modules, so SRAM support has to be left out: update rkfleet.npu, whose build leaves it out there",
    ),
    (
        r"fatal error: " + _Q + r"([\w./+-]+\.h)" + _Q + r"(?:: No such file or directory| file not found)",
        "the kernel's headers lack {0}: install the complete headers package of this very kernel",
    ),
    (
        r"ERROR: (?:modpost: )?\"(\w+)\" \[[^]]*\] undefined!",
        "the kernel does not offer {0} to modules, and the driver needs it: choose another release of the driver, or boot a kernel of the board's vendor",
    ),
)
# Only a warning, but where nothing better is known it may be why.
_COMPILER_DIFFERS = re.compile(
    r"the compiler differs from the one used to build the kernel\s+The kernel was built by: *(\S.{0,100})\s+You are using: *(\S.{0,100})"
)


class DkmsError(Exception):
    """A DKMS step that did not do what it should: one sentence, and the log as it stands."""

    def __init__(self, message, log=""):
        super().__init__(message)
        self.log = log


class DkmsPackage:
    """One version of a DKMS package on this board, for one kernel.

    :arg run: callable taking a list of arguments, giving C((rc, stdout, stderr)).
    :arg root: where C(/usr/src), C(/var/lib/dkms) and C(/lib/modules) are looked for.
    :arg signing: what modules are signed with; without it, they need not be.
    """

    def __init__(self, run, name, version, kernel, module, root="/", signing=None):
        self.run, self.name, self.version, self.kernel, self.module, self.root = run, name, version, kernel, module, root
        self.signing = signing or Signing(root=root)
        self.tree = os.path.join(root, "usr/src", "%s-%s" % (name, version))
        self.database = os.path.join(root, "var/lib/dkms", name, version)
        self.modules = os.path.join(root, "lib/modules", kernel)

    def tree_digest(self):
        """Return the digest of the tree that is there, C("") where there is none.

        :raises DkmsError: where a tree is there that we did not put there.
        """
        if not os.path.isdir(self.tree):
            return ""
        content = read_file(os.path.join(self.tree, MARKER))
        if content is None:
            raise DkmsError(
                "%s is there and was not made by rkfleet.npu: remove it with 'dkms remove %s/%s --all' and delete the folder"
                % (self.tree, self.name, self.version)
            )
        try:
            return str(json.loads(content)["digest"])
        except (TypeError, ValueError, KeyError):
            return "damaged"

    def module_file(self):
        """Return the installed module's file, whatever its compression, or None."""
        return next(iter(self._module_files(self.modules)), None)

    def _module_files(self, modules):
        paths = [os.path.join(modules, "updates/dkms", self.module + ".ko" + suffix) for suffix in SUFFIXES]
        return [path for path in paths if os.path.isfile(path)]

    def module_problem(self, log=""):
        """Return one sentence on what is wrong with the installed module, or None.

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
            return "%s is not the one that DKMS made of version %s" % (path, self.version)
        return alias_problem(self.run, path) or self.signing.module_problem(self.run, path, log, strict=False)

    def _version_problem(self, path):
        found = self.run(["modinfo", "-F", "version", path])[1].strip().lstrip("v")
        return "%s is version %s, wanted is %s" % (path, found, self.version) if found and found != self.version else None

    def binary_problem(self, binary):
        """C((sentence or None, note)) on a module that was built elsewhere: whether it is one for this board. Changes nothing.

        :arg binary: a C(_prebuilt.Binary).
        """
        if not re.fullmatch(re.escape(self.module) + r"\.ko(?:\.(?:xz|gz|zst))?", binary.name):
            return "it is called %r" % binary.name, ""
        path = binary.path
        problem = (prebuilt.damaged(binary) or module_problem(self.run, path, self.kernel, self.module) or self._version_problem(path)
                   or alias_problem(self.run, path) or self.signing.module_problem(self.run, path))
        if problem:
            return problem, ""
        try:
            return prebuilt.symbols_problem(prebuilt.wanted_versions(self.run, path), self.modules)
        except ValueError as error:
            return str(error), ""

    def steps(self, digest, stored=False):
        """Return what has to be done, of C(clean), C(signing), C(tree), C(repair) and C(install), in order. Changes nothing.

        :arg stored: whether the module is there already, built elsewhere: then it is C(load) instead of C(install).
        """
        install = "load" if stored else "install"
        steps = ["clean"] if self.leftovers() else []
        if self.signing.changes():
            steps.append("signing")
        if self.tree_digest() != digest:
            return steps + ["tree", install]
        if self.module_problem():
            return steps + (["repair"] if self._half_there() else []) + [install]
        return steps

    def steps_back(self):
        """Return what has to be done to take the package away, of C(clean), C(signing) and C(remove)."""
        there = self.tree_digest() or os.path.isdir(self.database)
        return (["clean"] if self.leftovers() else []) + (["signing"] if self.signing.changes() else []) + (["remove"] if there else [])

    def deploy(self, archive, digest, steps, binary=None):
        """Do what steps() said, and return the build log.

        :arg binary: the module as a C(_prebuilt.Binary), where steps() was told that there is one.
        :raises DkmsError: with what the log says; the package, its module and all that is in DKMS's database of it are as they were then.
        """
        with readable_by_all():
            return self._deploy(archive, digest, steps, binary)

    def _deploy(self, archive, digest, steps, binary):
        fresh = not os.path.isdir(self.database)
        log = ""
        # First of all: it gives room to the copies of what is there, which have such names, too.
        if "clean" in steps:
            self.clean()
        try:
            before = _Snapshot(self._touched, os.path.dirname(self.database), self.tree)
        except OSError as error:
            raise DkmsError(told(error, *self._places())) from error  # nothing has changed yet
        try:
            if "signing" in steps:
                self.signing.apply()
            if "tree" in steps:
                self.place_tree(archive, digest, trial=binary is None)
            if "repair" in steps:
                self._repair()
            if "load" in steps:
                self.load(binary)
            if "install" in steps or "load" in steps:
                log = self.install("built" if "install" in steps else "installed")
            os.sync()
        except (OSError, DkmsError) as error:
            reason = told(error, *self._places()) if isinstance(error, OSError) else str(error)
            log = getattr(error, "log", log)
            left = self._go_back(before, fresh)
            raise DkmsError(reason + left, log) from error
        finally:
            before.forget()
        return log

    def _places(self):
        """Folders of everything that is written, to tell what is free there."""
        return os.path.dirname(self.tree), os.path.dirname(os.path.dirname(self.database)), os.path.dirname(self.modules)

    def _touched(self):
        """The files and folders that deploy() may change."""
        modules = glob.glob(os.path.join(glob.escape(os.path.dirname(self.modules)), "*"))
        return [self.tree, os.path.dirname(self.database), *(path for folder in modules for path in self._module_files(folder)),
                *(os.path.join(self.root, path.lstrip("/")) for path in SIGNING_PATHS)]

    def _go_back(self, before, fresh):
        """Put everything back; returns what is to be added to the message."""
        if fresh and os.path.isdir(self.database):
            self.run(["dkms", "remove", "-m", self.name, "-v", self.version, "--all"])
        try:
            changed = before.restore()
        except OSError as error:
            return "; and what was there could not be put back: %s" % told(error, *self._places())
        finally:
            os.sync()
        self._depmod(path for path in changed if path.startswith(os.path.dirname(self.modules) + os.sep))
        return ""

    def _depmod(self, paths):
        for kernel in sorted({path.split(os.sep)[-4] for path in paths}):
            self.run(["depmod", kernel])

    def leftovers(self):
        """Return what a run that was cut off has left: unfinished trees and trials."""
        folders = self._places()[:2]
        return [os.path.join(folder, name) for folder in folders if os.path.isdir(folder) for name in sorted(os.listdir(folder)) if _LEFT.match(name)]

    def clean(self):
        """Remove what leftovers() names."""
        for path in self.leftovers():
            shutil.rmtree(path, ignore_errors=True)

    def _half_there(self):
        """Whether DKMS believes in a build of ours for the kernel, or cannot find the source: see _repair."""
        return os.path.isdir(self.database) and (
            os.path.isdir(os.path.join(self.database, self.kernel)) or bool(self._links()) or not os.path.exists(os.path.join(self.database, "source")))

    def _links(self, kernel=None, any_version=False):
        """DKMS's links that say that this version, or any, is installed, for a kernel or all of them."""
        links = glob.glob(os.path.join(glob.escape(os.path.dirname(self.database)), "kernel-%s-*" % (glob.escape(kernel) if kernel else "*")))
        return [link for link in links if os.path.islink(link) and (any_version or os.readlink(link).startswith(self.version + "/"))]

    def _strays(self, kernel):
        """Modules where DKMS installs ours that none of its links tells of: the power failed between the file and the link."""
        # Another package may make a module of that name.
        packages = glob.escape(os.path.dirname(os.path.dirname(self.database)))
        others = glob.glob(os.path.join(packages, "*", "kernel-%s-*" % glob.escape(kernel), "module", self.module + ".ko*"))
        return [] if others or self._links(kernel, any_version=True) else self._module_files(os.path.join(os.path.dirname(self.modules), kernel))

    def _repair(self):
        """Have DKMS build anew what it believes to have: where the power failed there may be an empty module, or no source.

        DKMS itself goes by folders and links, and installs again what it finds there.
        """
        shutil.rmtree(os.path.join(self.database, self.kernel), ignore_errors=True)
        shutil.rmtree(os.path.join(self.database, "build"), ignore_errors=True)
        for link in self._links(self.kernel):
            os.unlink(link)
        # A module without a link is one of the kernel's own to DKMS: it would be put aside, and come back when ours is removed.
        for path in self._strays(self.kernel):
            os.unlink(path)
        source = os.path.join(self.database, "source")
        if not os.path.exists(source):
            if os.path.islink(source):
                os.unlink(source)
            os.symlink(self.tree, source)

    def place_tree(self, archive, digest, trial=True):
        """Unpack our own archive as the package's tree, at once.

        A tree of ours that was there is replaced, together with its module, once a I(trial) has shown that the new one builds.
        """
        if trial and (os.path.isdir(self.tree) or os.path.isdir(self.database)):
            self._try(archive, digest)
        source_root = os.path.dirname(self.tree)
        ensure_dir(source_root)
        fresh = tempfile.mkdtemp(prefix=LEFTOVER, dir=source_root)
        try:
            unpack_tree(archive, digest, fresh)
            if os.path.isdir(self.tree) or os.path.isdir(self.database):
                self.remove()
            os.chmod(fresh, 0o755)
            # The name must not be durable before what it names.
            os.sync()
            os.rename(fresh, self.tree)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
        os.sync()

    def _try(self, archive, digest):
        """Build I(archive) in a DKMS tree of its own, so that what is installed stays until it can be replaced.

        :raises DkmsError: where it does not build; nothing has changed then.
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
                log = _read_log(os.path.join(where[-1], self.name, self.version, "build/make.log")) + out + err
                raise DkmsError(
                    "driver %s was not built for kernel %s, and what is installed was left alone: %s"
                    % (self.version, self.kernel, self._reason(log, "dkms ended with %d" % rc)), log
                )

    def _reason(self, log, problem):
        """One sentence on why there is no module. Where the disk is full DKMS does not always say so."""
        free = [os.statvfs(place) for place in self._places() if os.path.isdir(place)]
        if _NO_SPACE in log or any(figures.f_bavail * figures.f_frsize < _SCANT for figures in free):
            return disk_full(*self._places())
        return explain(log) or problem

    def load(self, binary):
        """Have DKMS take a module that was built elsewhere for its own build of the tree that is in place.

        :raises DkmsError: where it did not.
        """
        place = os.path.dirname(os.path.dirname(self.database))
        ensure_dir(place)
        with tempfile.TemporaryDirectory(prefix=LEFTOVER, dir=place) as folder:
            archive = os.path.join(folder, "rkfleet.dkms.tar.gz")
            arch = os.uname().machine
            prebuilt.tarball(binary, archive, self.name, self.version, self.kernel, arch, read_file(os.path.join(self.tree, "dkms.conf")))
            # --force, or it refuses a version that it has for another kernel. Then it ends with 3 for having it already: the file counts.
            rc, out, err = self.run(["dkms", "ldtarball", "--archive", archive, "--force"])
        path = os.path.join(self.database, self.kernel, arch, "module", binary.name)
        if not os.path.isfile(path) or sha256_of(path) != binary.sha256:
            raise DkmsError("DKMS did not take the module that was built elsewhere (dkms ended with %d)" % rc, out + err)

    def install(self, what="built"):
        """Build the module, where DKMS has none, and install it for the kernel; return the build log.

        :arg what: what is said not to have been done.
        :raises DkmsError: with what the log says.
        """
        # --force: the kernel's own rknpu.ko may state the same version, and DKMS would keep it.
        rc, out, err = self.run(["dkms", "install", "-m", self.name, "-v", self.version, "-k", self.kernel, "--force"])
        log = self.log() + out + err
        problem = "dkms ended with %d" % rc if rc != 0 else self.module_problem(log)
        if problem:
            raise DkmsError("driver %s was not %s for kernel %s: %s" % (self.version, what, self.kernel, self._reason(log, problem)), log)
        # sync(2) writes everything, but does not say when it could not.
        for path in [self.module_file(), *glob.glob(os.path.join(glob.escape(self.modules), "modules.*.bin")), os.path.join(self.modules, "modules.dep")]:
            if os.path.isfile(path):
                sync_file(path)
        return log

    def log(self):
        """Return the make log of the last build, at most I(LOG_BYTES) of its end."""
        paths = [os.path.join(self.database, "build/make.log")]
        paths += sorted(glob.glob(os.path.join(self.database, glob.escape(self.kernel), "*/log/make.log")))
        return next(filter(None, map(_read_log, paths)), "")

    def remove(self):
        """Take the package away for all kernels, with its tree. DKMS brings the kernel's own module back."""
        active = {os.path.basename(os.path.dirname(os.readlink(link))) for link in self._links()}
        strays = []
        if os.path.isdir(self.database):
            strays = [path for kernel in os.listdir(self.database) for path in self._strays(kernel)]
            self.run(["dkms", "remove", "-m", self.name, "-v", self.version, "--all"])
        # A package that DKMS can no longer read is taken away by hand: the folder is ours, and so is what its links name.
        left = [path for kernel in active for path in self._module_files(os.path.join(os.path.dirname(self.modules), kernel)) if self._links(kernel)]
        for path in left + strays + self._links():
            os.unlink(path)
        self._depmod(left + strays)
        shutil.rmtree(self.database, ignore_errors=True)
        shutil.rmtree(self.tree, ignore_errors=True)
        os.sync()


class _Snapshot:
    """Files, links and folders as they are, to be put back byte for byte, also where the disk is full then.

    What is in a folder is copied beside it, and moved back from there: a DKMS database can be larger than the memory of a small board.
    No hard links, since DKMS writes over files that are there. Single files, the modules, are held in memory.

    :arg paths: called for what is there, now and when it is put back; what was not there before goes.
    :arg folders: those of them that are folders.
    :raises OSError: where there is no room for the copies; nothing is left of them then.
    """

    def __init__(self, paths, *folders):
        self.paths, self.folders, self.places, self.copies = paths, folders, {}, {}
        try:
            for folder in filter(os.path.isdir, folders):
                self.places[folder] = tempfile.mkdtemp(prefix=LEFTOVER, dir=os.path.dirname(folder))
            self.entries = self._now()
            for path, kind, dummy, content in self.entries:
                if kind == "file" and not isinstance(content, bytes):
                    self._copy(path)
        except BaseException:
            self.forget()
            raise

    def _copy(self, path):
        folder = self._folder_of(path)
        self.copies[path] = os.path.join(self.places[folder], "%d" % len(self.copies))
        with open(path, "rb") as source, open(self.copies[path], "wb") as target:
            shutil.copyfileobj(source, target, CHUNK)

    def _folder_of(self, path):
        return next((folder for folder in self.folders if path.startswith(folder + os.sep)), None)

    def forget(self):
        """Remove the copies."""
        for place in self.places.values():
            shutil.rmtree(place, ignore_errors=True)

    def _now(self):
        return [entry for path in self.paths() for entry in _entries(path, bool(self._folder_of(path + os.sep)))]

    def restore(self):
        """Put everything back that is not as it was; return the paths that changed.

        :raises OSError: where that cannot be.
        """
        now = self._now()
        changed = sorted({entry[0] for entry in self.entries + now if entry not in self.entries or entry not in now})
        for path in reversed(changed):
            if os.path.isdir(path) and not os.path.islink(path):
                if not os.listdir(path):
                    os.rmdir(path)
            elif os.path.lexists(path):
                os.unlink(path)
        for path, kind, mode, content in self.entries:
            if path not in changed:
                continue
            if kind == "folder":
                os.makedirs(path, exist_ok=True)
                os.chmod(path, mode)
            elif kind == "link":
                os.symlink(content, path)
            elif path in self.copies:
                os.chmod(self.copies[path], mode)
                os.rename(self.copies[path], path)
            else:
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "wb") as stream:
                    os.fchmod(stream.fileno(), mode)
                    stream.write(content)
        return changed


def _entries(path, digests=False):
    """C((path, kind, mode, content)) of what is at I(path) and below, folders before what is in them.

    :arg digests: whether a file's content is told by its sha256, as text, instead of the bytes.
    """
    if os.path.islink(path):
        yield path, "link", None, os.readlink(path)
    elif os.path.isdir(path):
        yield path, "folder", os.stat(path).st_mode & 0o7777, None
        for name in sorted(os.listdir(path)):
            yield from _entries(os.path.join(path, name), digests)
    elif os.path.isfile(path):
        yield path, "file", os.stat(path).st_mode & 0o7777, sha256_of(path) if digests else read_file(path, os.path.getsize(path) + 1)


@contextlib.contextmanager
def readable_by_all():
    """Have what is made meanwhile, by DKMS and compilers too, be of mode 0755 and 0644, whatever umask root has: DKMS builds it as root later."""
    before = os.umask(0o022)
    try:
        yield
    finally:
        os.umask(before)


def unpack_tree(archive, digest, folder):
    """Write the members of I(archive), whose sha256 is I(digest), below I(folder), nothing of it writable for others."""
    with readable_by_all():
        _unpack_tree(archive, digest, folder)


def _unpack_tree(archive, digest, folder):
    with open(archive, "rb") as stream:
        found = hashlib.sha256(stream.read()).hexdigest()
    if found != digest:
        raise DkmsError("the source tree arrived damaged: sha256 %s, expected %s" % (found, digest))
    with tarfile.open(archive) as tar:
        for member in tar:
            # The controller made this archive from checked names; one that leaves the folder is an attack.
            if not member.isreg() or member.name.startswith("/") or ".." in member.name.split("/"):
                raise DkmsError("the source tree holds %r, which is not a plain file" % member.name)
            path = os.path.join(folder, member.name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as target:
                shutil.copyfileobj(tar.extractfile(member), target)
    with open(os.path.join(folder, MARKER), "w", encoding="utf-8") as target:
        json.dump({"digest": digest}, target)


def _read_log(path):
    content = read_file(path)
    return content[-LOG_BYTES:].decode("utf-8", "replace") + "\n" if content else ""


def explain(log):
    """Return one sentence for the first known error in a build log, or the first error line, or None."""
    for pattern, sentence in KNOWN_ERRORS:
        found = re.search(pattern, log)
        if found:
            return sentence.format(*filter(None, found.groups()))
    found = re.search(r"^.*\b(?:fatal )?error\b:? .{1,200}$|^ERROR: .{1,200}$", log, re.MULTILINE)
    told = found.group(0).strip() if found else None
    differs = _COMPILER_DIFFERS.search(log)
    if told and differs:
        told += " (the kernel was built by %s, and this is %s: install the former)" % tuple(text.strip() for text in differs.groups())
    return told


def module_problem(run, path, kernel, module):
    """Return one sentence on what is wrong with a module's file: for which kernel and by what name it was made, or None."""
    for field, wanted in (("vermagic", kernel), ("name", module)):
        rc, out, dummy = run(["modinfo", "-F", field, path])
        found = (out.split() or [""])[0]
        if rc != 0 or found != wanted:
            return "%s of %s is %r, wanted is %r" % (field, path, found, wanted)
    return None


def alias_problem(run, path):
    """Return one sentence on a module that udev would load by itself, or None: the guard counts a boot before a module is loaded by name."""
    rc, out, dummy = run(["modinfo", "-F", "alias", path])
    aliases = [alias for alias in out.split() if alias.startswith("of:")] if rc == 0 else []
    if not aliases:
        return None
    return ("%s has the device-tree alias %s, so udev would load it before a failed boot can be noticed: "
            "choose a driver whose source has no MODULE_DEVICE_TABLE" % (os.path.basename(path), aliases[0][:80]))


def probe_lines(log):
    """Return what the feature probes found, one line each, without their prefix."""
    return re.findall(r"^rkfleet: (.{1,200})$", log, re.MULTILINE)
