# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Put a DKMS package on the board, build and install it for a kernel, and take it away again."""

from __future__ import annotations

import glob
import hashlib
import json
import os
import re
import shutil
import tarfile
import tempfile

from ._files import ensure_dir, read_file

MARKER = "rkfleet.json"
LOG_BYTES = 1 << 20

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
    """

    def __init__(self, run, name, version, kernel, module, root="/"):
        self.run, self.name, self.version, self.kernel, self.module = run, name, version, kernel, module
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
        try:
            return str(json.loads(content)["digest"])
        except (TypeError, ValueError, KeyError) as error:
            raise DkmsError(
                "%s is there and was not made by rkfleet.npu: remove it with 'dkms remove %s/%s --all' and delete the folder"
                % (self.tree, self.name, self.version)
            ) from error

    def module_file(self):
        """Return the installed module's file, whatever its compression, or None."""
        for suffix in ("", ".xz", ".zst", ".gz"):
            path = os.path.join(self.modules, "updates/dkms", self.module + ".ko" + suffix)
            if os.path.isfile(path):
                return path
        return None

    def module_problem(self):
        """Return one sentence on what is wrong with the installed module, or None.

        DKMS can end with 0 without having built anything (dkms issue 545), so only the file counts.
        """
        path = self.module_file()
        if path is None:
            return "no module %s is installed for kernel %s" % (self.module, self.kernel)
        return module_problem(self.run, path, self.kernel, self.module)

    def steps(self, digest):
        """Return what has to be done, of C(tree) and C(install), in order. Changes nothing."""
        if self.tree_digest() != digest:
            return ["tree", "install"]
        return ["install"] if self.module_problem() else []

    def place_tree(self, archive, digest):
        """Unpack our own archive as the package's tree, at once.

        A tree of ours that was there is replaced, together with its module, once a trial has shown that the new one builds.
        """
        if os.path.isdir(self.tree):
            self._try(archive, digest)
        source_root = os.path.dirname(self.tree)
        ensure_dir(source_root)
        fresh = tempfile.mkdtemp(prefix=".rkfleet-", dir=source_root)
        try:
            unpack_tree(archive, digest, fresh)
            if os.path.isdir(self.tree):
                self.remove()
            os.chmod(fresh, 0o755)
            os.rename(fresh, self.tree)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
        os.sync()

    def _try(self, archive, digest):
        """Build I(archive) in a DKMS tree of its own, so that what is installed stays until it can be replaced.

        :raises DkmsError: where it does not build; nothing has changed then.
        """
        with tempfile.TemporaryDirectory(prefix="rkfleet-", dir=os.path.dirname(os.path.dirname(self.database))) as folder:
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
                    % (self.version, self.kernel, explain(log) or "dkms ended with %d" % rc), log
                )

    def install(self):
        """Build the module and install it for the kernel; return the build log.

        :raises DkmsError: with what the log says; the package is taken away again before.
        """
        # --force: the kernel's own rknpu.ko may state the same version, and DKMS would keep it.
        rc, out, err = self.run(["dkms", "install", "-m", self.name, "-v", self.version, "-k", self.kernel, "--force"])
        log = self.log() + out + err
        problem = "dkms ended with %d" % rc if rc != 0 else self.module_problem()
        if problem:
            self.remove()
            raise DkmsError(
                "driver %s was not built for kernel %s: %s" % (self.version, self.kernel, explain(log) or problem), log
            )
        os.sync()
        return log

    def log(self):
        """Return the make log of the last build, at most I(LOG_BYTES) of its end."""
        paths = [os.path.join(self.database, "build/make.log")]
        paths += sorted(glob.glob(os.path.join(self.database, glob.escape(self.kernel), "*/log/make.log")))
        return next(filter(None, map(_read_log, paths)), "")

    def remove(self):
        """Take the package away for all kernels, with its tree. DKMS brings the kernel's own module back."""
        if os.path.isdir(self.database):
            self.run(["dkms", "remove", "-m", self.name, "-v", self.version, "--all"])
        # A package that DKMS can no longer read is taken away by hand: the folder is ours.
        shutil.rmtree(self.database, ignore_errors=True)
        shutil.rmtree(self.tree, ignore_errors=True)
        os.sync()


def unpack_tree(archive, digest, folder):
    """Write the members of I(archive), whose sha256 is I(digest), below I(folder)."""
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


def probe_lines(log):
    """Return what the feature probes found, one line each, without their prefix."""
    return re.findall(r"^rkfleet: (.{1,200})$", log, re.MULTILINE)
