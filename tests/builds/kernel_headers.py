# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Header packages of Debian's kernels, unpacked into the lab's cache, and header trees made from them for building modules.

Nothing is installed. The packages come from where the host's own apt gets Debian's; the first use of a suite takes the
newest kernel it has, which is kept from then on.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lab"))

from rklab import LabError, Progress, cache  # noqa: E402
from rklab.disks import image  # noqa: E402

FORMAT = 1
# Release series of the kernels of these suites; None: whatever is newest.
SUITES = {"bullseye": "5.10", "bookworm": "6.1", "trixie": "6.12", "trixie-backports": None}
# What of a header tree is a test's own; all else is linked.
OWN = ("Makefile", "Module.symvers", "include/config/auto.conf", "include/generated/autoconf.h")
COMPILER = "aarch64-linux-gnu-gcc"
# Where Debian's ccache has links with the compilers' names.
CCACHE = Path("/usr/lib/ccache")
_PROGRAMS = {"apt-get": "apt", "dpkg-deb": "dpkg", "make": "make", "modinfo": "kmod", COMPILER: "gcc-aarch64-linux-gnu"}


def environment(folder, cached=True):
    """Return the environment of a build in *folder*: by ccache, so that what was compiled once is not compiled again.

    :arg cached: False where a test is about the compiling itself. Without ccache on this machine, everything is compiled.
    """
    environ = {**os.environ, "LC_ALL": "C"}
    if cached and (CCACHE / COMPILER).exists():
        # Its folder is another one in each run, and so stays out of the key.
        environ |= {
            "PATH": os.pathsep.join([str(CCACHE), os.environ["PATH"]]), "CCACHE_DIR": str(cache.root() / "ccache"),
            "CCACHE_BASEDIR": str(folder), "CCACHE_NOHASHDIR": "1", "CCACHE_MAXSIZE": "1G",
        }
    return environ


class NoHeaders(Exception):
    """The headers cannot be had here, with a reason to skip."""


def fetch(suite):
    """Return the folder with the unpacked header packages of the newest arm64 kernel of *suite*, from the cache or the archive."""
    missing = sorted(package for program, package in _PROGRAMS.items() if not shutil.which(program))
    if missing:
        raise NoHeaders("not installed: " + " ".join(missing))
    try:
        return cache.provide("headers", {"suite": suite, "format": FORMAT}, lambda folder: _download(suite, folder), Progress(quiet=True))
    except LabError as problem:
        raise NoHeaders(str(problem).splitlines()[0]) from problem


def dkms(suite):
    """Return the DKMS program of *suite*, unpacked from its package and not installed."""
    try:
        folder = cache.provide("dkms", {"suite": suite, "format": FORMAT}, lambda folder: _download_dkms(suite, folder), Progress(quiet=True))
    except LabError as problem:
        raise NoHeaders(str(problem).splitlines()[0]) from problem
    return folder / "usr/sbin/dkms"


def _download_dkms(suite, folder):
    listed = _run(["apt-get", "indextargets", "--format", "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)", "Created-By: Packages"])
    sources = [line for line in image.debian_sources(listed, suite) if line.endswith(" %s main" % suite)]
    if not sources:
        raise LabError("This machine's apt has no package source of Debian's.")
    with tempfile.TemporaryDirectory(prefix="rkfleet-dkms-") as work:
        apt = _Apt(Path(work), sources)
        apt("apt-get", "update", "--error-on=any")
        apt("apt-get", "download", "dkms")
        _run(["dpkg-deb", "-x", *map(str, Path(work).glob("dkms_*.deb")), str(folder)])


def _host():
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


def _download(suite, folder):
    listed = _run(["apt-get", "indextargets", "--format", "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)", "Created-By: Packages"])
    # What backports has not got, such as the C library, comes from the release they are for.
    wanted = {suite, suite.partition("-")[0]}
    sources = [line for name in sorted(wanted) for line in image.debian_sources(listed, name) if line.endswith(" %s main" % name)]
    if not sources:
        raise LabError("This machine's apt has no package source of Debian's.")
    with tempfile.TemporaryDirectory(prefix="rkfleet-headers-") as work:
        apt = _Apt(Path(work), sources)
        apt("apt-get", "update", "--error-on=any")
        kernel = newest(apt("apt-cache", "pkgnames", "linux-headers-").split(), SUITES[suite])
        if not kernel:
            raise LabError("Debian %s has no headers of a kernel %s for arm64." % (suite, SUITES[suite] or ""))
        abi = kernel[len("linux-headers-"):-len("-arm64")]
        shown = apt("apt-cache", "show", kernel)
        kbuild = re.search(r"^Depends:.*\b(linux-kbuild-[\w.+-]+)", shown, re.M)[1]
        # Its programs run on the host, where the C library may be older than the suite's.
        apt("apt-get", "download", kernel, "linux-headers-%s-common" % abi, "%s:%s" % (kbuild, _host()), "libc6:" + _host())
        for file in sorted(Path(work).glob("*.deb")):
            libc = file.name.startswith("libc6_")
            _run(["dpkg-deb", "-x", str(file), str(folder / ("libc" if libc else "root"))])
    _make_programs_run(folder)


class _Apt:
    """apt-get and apt-cache with package lists of their own in *work*, and nothing of the machine's changed."""

    def __init__(self, work, sources):
        self.work = work
        for name in ("lists/partial", "archives/partial"):
            (work / name).mkdir(parents=True)
        (work / "sources.list").write_text("".join(line + "\n" for line in sources))

    def __call__(self, program, *words):
        settings = {
            "Dir::Etc::SourceList": self.work / "sources.list", "Dir::Etc::SourceParts": "/dev/null", "Dir::State::Lists": self.work / "lists",
            "Dir::State::Status": "/dev/null", "Dir::Cache": self.work, "APT::Architecture": "arm64", "APT::Sandbox::User": "root",
            "Acquire::Languages": "none", "APT::Architectures": "arm64," + _host(),
        }
        options = [word for name, value in settings.items() for word in ("-o", "%s=%s" % (name, value))]
        return _run([program, "-q", *options, *words], self.work)


def _run(command, folder=None):
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabError("%s failed: %s" % (command[0], (done.stderr.strip().splitlines() or ["code %d" % done.returncode])[-1]))
    return done.stdout


def newest(packages, series):
    """Return the linux-headers-*-arm64 package of the newest plain kernel of *series*, or None."""
    found = {}
    for name in packages:
        match = re.fullmatch(r"linux-headers-(\d[\w.]*(?:\+deb\d+)?(?:-\d+)?)-arm64", name)
        if match and (series is None or re.match(re.escape(series) + r"\.", match[1])):
            found[tuple(int(number) for number in re.findall(r"\d+", match[1]))] = name
    return found[max(found)] if found else None


def _make_programs_run(folder):
    """Where the host's C library is too old for the suite's programs, have them run with the suite's."""
    loader = next(iter(sorted((folder / "libc").rglob("ld-linux-*.so.[0-9]"))), None)
    for program in sorted(folder.glob("root/usr/lib/linux-kbuild-*/scripts/**/*")):
        if not program.is_file() or program.is_symlink() or not os.access(program, os.X_OK) or program.read_bytes()[:4] != b"\x7fELF":
            continue
        said = subprocess.run([str(program)], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False).stderr
        if "GLIBC_" not in said or loader is None:
            continue
        binary = program.rename(program.with_name(program.name + ".bin"))
        # Found from the script's own place: the folder is still to get its name in the cache.
        up = os.path.relpath(folder / "libc", program.parent)
        library = os.path.relpath(loader.resolve().parent, folder / "libc")
        program.write_text(
            '#!/bin/sh\nhere=$(dirname "$0")\nlibc=$(dirname "$(readlink -f "$0")")/%s/%s\n'
            'exec "$libc/%s" --library-path "$libc" --argv0 "$0" "$here/%s" "$@"\n' % (up, library, loader.resolve().name, binary.name)
        )
        program.chmod(0o755)


class Headers:
    """A header tree to build modules with.

    ``tree``: what make -C takes; ``release``; ``symvers``: the exported symbols; ``flags``: make variables this host needs.
    """

    def __init__(self, suite, target):
        root = fetch(suite) / "root" / "usr"
        own = next((root / "src").glob("linux-headers-*-arm64"))
        self.tree = target / own.name
        # Copied is only what a test may change; six thousand files would take longer than a build.
        for name in OWN:
            (self.tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(own / name, self.tree / name)
        for folder in ("", "include", "include/generated"):
            for entry in (own / folder).iterdir():
                place = self.tree / folder / entry.name
                if not place.exists():
                    place.symlink_to(entry.resolve())
        makefile = self.tree / "Makefile"
        text = makefile.read_text().replace("/usr/src/" + own.name, str(self.tree))
        makefile.write_text(re.sub(r"(?<=[= ])/usr/src(?=/)", str(root / "src"), text))
        self.release = re.search(r"KERNELRELEASE = (\S+)", (self.tree / ".kernelvariables").read_text())[1]
        # Debian's compiler of bookworm does not know the option that this switch of later kernels brings.
        self.flags = ["CONFIG_CC_HAS_MIN_FUNCTION_ALIGNMENT="]

    @property
    def symvers(self):
        return {line.split("\t")[1] for line in (self.tree / "Module.symvers").read_text().splitlines()}

    def exports(self, *symbols):
        """Have the kernel export further symbols."""
        with (self.tree / "Module.symvers").open("a") as file:
            file.writelines("0x00000000\t%s\tvmlinux\tEXPORT_SYMBOL\t\n" % symbol for symbol in symbols)

    def sets(self, symbol):
        """Have the kernel configured with *symbol*, such as CONFIG_NO_GKI."""
        with (self.tree / "include/config/auto.conf").open("a") as file:
            file.write("%s=y\n" % symbol)
        with (self.tree / "include/generated/autoconf.h").open("a") as file:
            file.write("#define %s 1\n" % symbol)

    def holds(self, name, text):
        """Put a header into the tree."""
        path = self.tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
