# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Build the driver in a temporary folder, for a kernel that need not run or be installed."""

from __future__ import annotations

import glob
import os
import re
import shutil

from .._board.files import read_file
from .._board.tree import Tree
from .._facts.installed import headers
from . import headers_problem
from .module import prebuilt
from .module.module_checks import alias_problem, module_problem
from .module.module_layout import layout_problem
from .probes import losses, probe_lines

NEEDS_MIB = 400
"""Disk space for headers: Debian's unpack to 83 MiB, a vendor's complete ones to three times as much."""

# Ubuntu's headers need a second package, such as linux-rockchip-headers-6.1.0-1025.
_NAME = r"linux-(?:[a-z0-9.+-]+-)?(?:headers|kbuild)[a-z0-9.+-]*"
_PACKAGE = re.compile(_NAME + r"\Z")
_NO_CACHE = ["-o", "Dir::Cache::pkgcache=", "-o", "Dir::Cache::srcpkgcache="]
"""Options that keep apt from writing its cache."""
_MOST_PACKAGES = 8
# Files that contain absolute paths of other folders of the headers. Those in include/ only have relative paths.
_MAKE_FILES = ("Makefile", ".kernelvariables")
_ABSOLUTE = re.compile(rb"(?<![\w./-])/usr/(?:src|lib)/linux-[\w.+~-]+")


class NoHeaders(Exception):
    """Headers of a kernel are not available, with one sentence why and what the owner can do."""


class NoTools(Exception):
    """A board without the programs that a build requires, with one sentence on what to install."""


class CannotBuild(Exception):
    """A build for a kernel that was not started or failed, with one sentence why."""


def check(run, release, package, module, tree, folder, root="/", signing=False, collect=False, sign_with=None):
    """Return the result of a trial build for one kernel.

    Args:
        run: Callable that runs a list of arguments in a folder and returns `(rc, stdout, stderr)`.
        release: Release of the kernel.
        package: Name of the package with this kernel's headers, which is downloaded if they are not installed.
        module: Name of the module, `rknpu` or `rknpu_dkms`.
        tree: The unpacked DKMS source tree, which is copied.
        folder: An empty folder for all new files, which the caller removes.
        root: Root folder of the board's files.
        signing: Whether DKMS is going to sign the module.
        collect: Whether to return the module as `built`, in the form of prebuilt.collect().
        sign_with: Paths of `(key, certificate)` on this machine to sign that module.

    Returns:
        `{release, verdict, reason, headers, probes, losses, layout, log}`, with the verdict builds, fails, unsupported,
        no_headers or no_tools, and with the kernel's modules that the module's layout was compared with as `layout`.
    """
    result = {"release": release, "verdict": "fails", "reason": "", "headers": None, "probes": [], "losses": [],
              "layout": "", "log": ""}
    try:
        headers, result["headers"] = _headers(run, release, package, folder, root)
        unsupported = None if signing else _unsupported(headers, release)
        if unsupported:
            return dict(result, verdict="unsupported", reason=unsupported)
        result["log"] = "preflight for kernel %s with %s\n" % (release, result["headers"])
        rc, out, err = _build(run, release, module, headers, tree, os.path.join(folder, "build"))
        result["log"] += out + err
        result["probes"], result["losses"] = probe_lines(result["log"]), losses(result["log"])
        problem = "make ended with %d" % rc if rc else _module_problem(run, release, module,
                                                                       os.path.join(folder, "build"))
        if problem:
            # What the log means is explained on the controller.
            raise CannotBuild("module %s does not build: %s" % (module, problem))
        problem, result["layout"] = layout_problem(
            lambda command: run(command, folder), os.path.join(folder, "build", module + ".ko"), release, root)
        if problem:
            raise CannotBuild(problem)
        if module == "rknpu" and _option(headers, "ROCKCHIP_RKNPU") == "y":
            raise CannotBuild(
                "it builds, but this kernel has a built-in driver and refuses a module named rknpu, so the board would "
                "stay on its current kernel; boot that kernel by hand, then run rkfleet.npu.upgrade_npu")
        if collect:
            result["built"] = _finished(run, module, headers, os.path.join(folder, "build"), sign_with)
    except NoHeaders as error:
        return dict(result, verdict="no_headers", reason=str(error))
    except NoTools as error:
        return dict(result, verdict="no_tools", reason=str(error))
    except CannotBuild as error:
        return dict(result, reason=str(error))
    return dict(result, verdict="builds", reason="module %s builds with %s" % (module, result["headers"]))


def _headers(run, release, package, folder, root):
    """Return `(folder, description)` of the headers for the build."""
    tree = Tree(root)
    if headers.has_headers(tree, release, os.uname().machine):
        return tree.real("/lib/modules/%s/build" % release), "the headers that are installed"
    if shutil.disk_usage(folder).free >> 20 < NEEDS_MIB:
        raise CannotBuild("there are less than %d MiB free at %s, but unpacking the headers requires them"
                          % (NEEDS_MIB, os.path.dirname(folder)))
    place = os.path.join(folder, "headers")
    os.mkdir(place)
    if not package:
        raise NoHeaders("no package has the headers of this kernel. %s" % headers_problem.of_board(root, release))
    names = _closure(run, package, folder)
    if names is None:
        raise NoHeaders(
            "the headers are not installed, and the board's repositories do not offer %s: run apt-get update, or add "
            "the repository that has it" % package)
    os.mkdir(os.path.join(folder, "packages"))
    for name in names:
        rc, out, err = run(["apt-get", *_NO_CACHE, "--quiet", "download", name], os.path.join(folder, "packages"))
        if rc and name == package:
            raise NoHeaders("%s cannot be downloaded: %s" % (package, _short(err or out)))
    for file in sorted(glob.glob(os.path.join(glob.escape(folder), "packages", "*.deb"))):
        rc, out, err = run(["dpkg-deb", "--extract", file, place], folder)
        if rc:
            raise NoHeaders("%s cannot be unpacked: %s" % (os.path.basename(file), _short(err or out)))
    reroot(place)
    headers_folder = _of_release(place, release)
    if headers_folder is None:
        raise NoHeaders(
            "package %s does not hold the headers of kernel %s: the repositories have another version of this kernel, "
            "so update kernel and headers together" % (package, release))
    found = headers.read(Tree("/"), release, os.uname().machine, os.path.realpath(headers_folder))
    if not headers.usable(found):
        if not os.path.exists(os.path.join(headers_folder, "scripts/basic/fixdep")):
            raise NoHeaders(
                "package %s compiles its own programs when it is installed: install it (kernel headers alone change "
                "nothing) and try again" % package)
        raise NoHeaders("package %s cannot be used: %s" % (
            package, headers_problem.describe(release, found, package=package)[0]))
    return headers_folder, "those of package %s, which is not installed" % package


def _closure(run, package, folder):
    """Return the package with its dependencies in linux-headers-* and linux-kbuild-*, or None if it is not offered."""
    names, waiting = [], [package]
    while waiting and len(names) < _MOST_PACKAGES:
        name = waiting.pop(0)
        if name in names or not _PACKAGE.match(name):
            continue
        rc, out, dummy = run(["apt-cache", *_NO_CACHE, "show", "--no-all-versions", "--", name], folder)
        stanza = out.split("\n\n")[0]
        if rc or "\nFilename: " not in "\n" + stanza:
            if name == package:
                return None
            continue  # from another repository, or a wrong name: if it matters, the build fails
        names.append(name)
        depends = re.findall(r"^(?:Pre-)?Depends: (.*)$", stanza, re.M)
        waiting += re.findall(r"(?<![\w.+-])" + _NAME, " ".join(depends))
    return names or None


def reroot(place):
    """Make absolute paths in links and makefiles below a folder point to their place in that folder."""
    for folder, folders, names in os.walk(place):
        for name in folders + names:
            path = os.path.join(folder, name)
            if os.path.islink(path):
                target = os.readlink(path)
                if target.startswith("/"):
                    os.unlink(path)
                    os.symlink(place + os.path.normpath(target), path)
        for name in names:
            path = os.path.join(folder, name)
            if name in _MAKE_FILES and not os.path.islink(path):
                _reroot_file(path, place)


def _reroot_file(path, place):
    with open(path, "rb") as stream:
        text = stream.read()
    changed = _ABSOLUTE.sub(lambda match: _moved(match.group(), place), text)
    if changed != text:
        with open(path, "wb") as stream:
            stream.write(changed)


def _moved(path, place):
    moved = os.fsencode(place) + path
    return moved if os.path.exists(moved) else path


def _of_release(place, release):
    """Return the folder below `place` whose headers are of this kernel release, or None."""
    found = glob.glob(os.path.join(glob.escape(place), "usr/src/*/include/generated/utsrelease.h"))
    for file in sorted(found):
        with open(file, encoding="utf-8", errors="replace") as stream:
            if re.search(r'^#define UTS_RELEASE "%s"' % re.escape(release), stream.read(65536), re.M):
                return os.path.dirname(os.path.dirname(os.path.dirname(file)))
    return None


def _option(headers, name):
    """Return a kernel option from its headers, `""` if it is not set."""
    found = re.search(r"^CONFIG_%s=([ym])$" % name, _text(os.path.join(headers, "include/config/auto.conf")), re.M)
    return found.group(1) if found else ""


def _unsupported(headers, release):
    """Return one sentence if the kernel cannot load the module, however it is built, or None."""
    if _option(headers, "MODULE_SIG_FORCE"):
        return ("kernel %s only loads signed modules, and the key of its vendor is not ours: set npu_signing_key and "
                "npu_signing_cert to a key whose certificate it trusts, or use a kernel without CONFIG_MODULE_SIG_FORCE"
                % release)
    return None


def _build(run, release, module, headers, tree, build):
    """Build the module like DKMS."""
    shutil.copytree(tree, build)
    if not shutil.which("make"):
        raise NoTools("a trial needs make and a compiler on the board: install make and gcc")
    return run(["make", "-j%d" % (os.cpu_count() or 1), "-C", headers, "M=" + build, "KERNELRELEASE=" + release,
                "RKFLEET_MODULE=" + module,
                "CONFIG_DEBUG_INFO_BTF_MODULES=", "LDFLAGS_MODULE=--build-id=none", "modules"], build)


def _module_problem(run, release, module, build):
    """Return one sentence on a problem with the built module, or None."""
    path = os.path.join(build, module + ".ko")
    if not os.path.isfile(path):
        return "make created no %s.ko" % module

    def run_in_build(command):
        return run(command, build)

    return module_problem(run_in_build, path, release, module) or alias_problem(run_in_build, path)


def _finished(run, module, headers, build, sign_with):
    """Return the module as DKMS would install it: without debug information, and signed."""
    path = os.path.join(build, module + ".ko")
    steps = [["strip", "-g", path]] if shutil.which("strip") else []
    if sign_with:
        # Without quotes since Linux 5.17.
        found = re.search(r'^CONFIG_MODULE_SIG_HASH="?([a-z0-9-]+)"?$',
                          _text(os.path.join(headers, "include/config/auto.conf")), re.M)
        steps.append([os.path.join(headers, "scripts/sign-file"), found.group(1) if found else "sha512", *sign_with,
                      path])
    for command in steps:
        rc, out, err = run(command, build)
        if rc:
            raise CannotBuild("%s failed on the module: %s" % (os.path.basename(command[0]), _short(err or out)))
    return prebuilt.collect(lambda command: run(command, build), path, headers)


def _text(path):
    return (read_file(path, 4 << 20) or b"").decode("utf-8", "replace")


def _short(text):
    return " ".join(text.split())[-300:]
