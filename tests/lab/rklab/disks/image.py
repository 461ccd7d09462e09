# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A board's disk: Debian arm64 with the kernel of the board's kind, in stages that are cached apart.

1. `rootfs`: Debian's packages, by mmdebstrap from the host's own package sources.
2. `kernel` (../kernel) or `packages`, which are fetched and not installed: what the board's own repository offers.
3. `board`: the kernel packages (installed with apt from a repository on the board), the stand-in runtime and the lab's
   files laid on it; a GPT disk with one bootable ext4 partition, and before it one with FAT for UEFI firmware or U-Boot's script.

1 and 3 need root: packages are installed in a chroot. Foreign programs run by qemu-user; what can be the host's own is.
"""

from __future__ import annotations

import functools
import platform
import re
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from .. import Progress, cache, process
from ..fleets.kinds import KINDS, LAB, LOADERS, STOCK, Kernel, Kind
from . import board_files
from .disk import (
    DISK_MIB,
    FAT_MIB,
    PARTITION_START,
    _disk,
    _fetching,
    _repository,
    installed,
    kernel_release,
    lay_files,
    write_scripts,
)

ARCHIVED = {"bullseye"}
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
# As Debian's installer makes it; from bookworm on Debian's packages see to it themselves.
MERGED_USR = {"bullseye": ['--setup-hook=for part in bin sbin lib; do mkdir -p "$1/usr/$part"; ln -s "usr/$part" "$1/$part"; done']}
PACKAGES = (
    "systemd-sysv udev dbus openssh-server python3 python3-apt sudo kmod u-boot-menu dkms gcc make libc6-dev"
    " iproute2 procps libatomic1 e2fsprogs"
).split()


#: Taken from the host while packages are installed: the same programs, twenty times faster than emulated. Left out is
#: what knows its architecture (dpkg, uname, perl modules).
NATIVE_TOOLS = (
    "dpkg-deb tar gzip dash bash sed grep cat cp mv rm ln ls mkdir rmdir chmod chown touch readlink dirname basename stat"
    " find xargs sort cmp sha256sum md5sum head tail tr cut wc mktemp install date id kmod"
).split()

# Both run in a mount namespace of their own: whatever happens, the mounts go with it.
TOOLS_ON = """\
#!/bin/sh
set -eu
root=$1
[ "$(uname -m)" = x86_64 ] || exit 0
mkdir -p "$root/usr/lib/x86_64-linux-gnu" "$root/lib64"
mount --bind /usr/lib/x86_64-linux-gnu "$root/usr/lib/x86_64-linux-gnu"
mount --bind /lib64/. "$root/lib64"
for tool in %s; do
    if [ -f "/usr/bin/$tool" ] && [ -f "$root/usr/bin/$tool" ]; then
        mount --bind "/usr/bin/$tool" "$root/usr/bin/$tool"
    fi
done
""" % " ".join(NATIVE_TOOLS)
TOOLS_OFF = """\
#!/bin/sh
set -eu
root=$1
[ "$(uname -m)" = x86_64 ] || exit 0
for tool in %s; do
    if mountpoint -q "$root/usr/bin/$tool"; then umount "$root/usr/bin/$tool"; fi
done
umount "$root/usr/lib/x86_64-linux-gnu" "$root/lib64"
rmdir "$root/usr/lib/x86_64-linux-gnu" "$root/lib64"
""" % " ".join(NATIVE_TOOLS)

# arguments: folder of the two scripts above, root, script to run there, its arguments
CONFIGURE_IN_TREE = """\
set -eu
scripts=$1 root=$2 script=$3
shift 3
"$scripts/tools-on" "$root"
mount -t proc proc "$root/proc"
chroot "$root" sh -c "$script" configure "$@"
umount "$root/proc"
"$scripts/tools-off" "$root"
"""

# Run by mmdebstrap when it has set apt up; arguments: root, and as the environment says. Only fetches.
FETCH = """\
#!/bin/sh
set -eu
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
xargs apt-get --yes --no-install-recommends --download-only install <"$RKFLEET_LAB_WANTED"
mv "$1"/var/cache/apt/archives/*.deb "$RKFLEET_LAB_FETCHED"
"""

PRIVATE_MOUNTS = ["unshare", "--mount", "--propagation", "private"]


def debian_sources(index_targets: str, suite: str) -> list[str]:
    """One-line package sources of Debian *suite*, from the host's own.

    *index_targets*: lines `URI|release|component|origin` as apt-get indextargets prints them. The archive's place comes
    from the host; its suite is put to the one asked for, so that a host of another Debian release does too. Empty: the
    host is no Debian, mmdebstrap then uses the place it has built in.
    """
    sources = []
    for line in index_targets.splitlines():
        uri, dummy, rest = line.partition("|")
        release, component, origin = rest.split("|")
        match = re.fullmatch(r"[a-z]+(-updates|-security)?", release)
        # An archived release has its packages in the main archive only: the others may list what they no longer have.
        if origin != "Debian" or not match or (match[1] and suite in ARCHIVED):
            continue
        source = f"deb [signed-by={KEYRING}] {uri} {suite}{match[1] or ''} {component}"
        if source not in sources:
            sources.append(source)
    return sources


def base_inputs(suite: str) -> dict:
    """What decides the content of stage 1."""
    return {"suite": suite, "packages": sorted(PACKAGES), "format": 1}


def base(suite: str, progress: Progress, log: Path) -> Path:
    """Stage 1: the folder with rootfs.tar."""

    def build(folder: Path) -> None:
        scripts = write_scripts(folder / "scripts", {"tools-on": TOOLS_ON, "tools-off": TOOLS_OFF})
        mmdebstrap(
            suite,
            folder,
            folder / "rootfs.tar",
            [
                "--mode=root",
                "--skip=check/qemu",  # the lab's doctor has looked at the handler itself
                "--variant=minbase",
                "--dpkgopt=force-unsafe-io",
                *(f"--dpkgopt=path-exclude=/usr/share/{part}/*" for part in ("man", "doc", "locale", "info")),
                *MERGED_USR.get(suite, ()),
                f"--include={','.join(PACKAGES)}",
                f"--essential-hook={scripts / 'tools-on'}",
                f"--customize-hook={scripts / 'tools-off'}",
            ],
            log,
            what="Making the Debian tree of the board",
        )
        shutil.rmtree(scripts)

    return cache.provide("rootfs", base_inputs(suite), build, progress, f"Debian {suite}'s packages, about 3 minutes, 6 on a busy machine")


def packages_inputs(suite: str, wanted: tuple[str, ...]) -> dict:
    """What decides which packages are fetched."""
    return {"suite": suite, "packages": sorted(wanted), "format": 1}


def fetched(suite: str, wanted: tuple[str, ...], progress: Progress, log: Path) -> Path:
    """The folder with the arm64 packages *wanted* of Debian *suite* and all that they depend on, as .deb files."""

    def build(folder: Path) -> None:
        scripts = write_scripts(folder / "scripts", {"fetch": FETCH})
        (scripts / "wanted").write_text("\n".join(wanted) + "\n")
        mmdebstrap(
            suite,
            folder,
            folder / "scripts/root",
            ["--mode=root", "--skip=check/qemu", "--variant=custom", f"--extract-hook={scripts / 'fetch'}"],
            log,
            what="Fetching Debian's packages for the board's repository",
            environment=[f"RKFLEET_LAB_WANTED={scripts / 'wanted'}", f"RKFLEET_LAB_FETCHED={folder}"],
        )
        shutil.rmtree(scripts)

    return cache.provide("packages", packages_inputs(suite, wanted), build, progress, "about 1 minute")


def mmdebstrap(
    suite: str, folder: Path, target: Path, options: list[str], log: Path, *, what: str, environment: tuple[str, ...] = (), architecture: str = "arm64"
) -> None:
    """Run mmdebstrap with Debian's packages from where this machine gets its own; *folder* is for its own files."""
    targets = process.output(["apt-get", "indextargets", "--format", "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)", "Created-By: Packages"])
    sources = debian_sources(targets, suite)
    listed = folder / "sources.list"
    listed.write_text("".join(f"{line}\n" for line in sources))
    process.run(
        [
            *PRIVATE_MOUNTS,
            *("env", f"TMPDIR={folder}"),  # /tmp may be small, or without device nodes
            *environment,
            *("mmdebstrap", f"--architectures={architecture}"),
            *(f"--aptopt={line}" for line in process.output(["apt-config", "dump"]).splitlines() if _fetching(line)),
            *options,
            suite,
            str(target),
            *([str(listed)] if sources else []),
        ],
        log,
        what=what,
        remedy="If packages could not be fetched: apt-get update, and try again.",
    )
    listed.unlink()


def _kernel_builder(wanted: Kernel) -> list[str]:
    return [
        *(sys.executable, "-B", str(LAB / "kernel" / "build.py"), "--series", wanted.series, "--revision", str(wanted.revision)),
        *("--suffix", wanted.suffix, "--driver-version", wanted.driver),
        *(["--module"] if wanted.module else []),
    ]


@functools.cache
def kernel_inputs(wanted: Kernel) -> dict:
    """What decides the kernel, as its builder knows it."""
    return {"key": process.output([*_kernel_builder(wanted), "--print-key"]).strip()}


def kernel_ready(wanted: Kernel) -> Path | None:
    """The kernel's folder if it is in the cache."""
    folder = cache.folder("kernel", kernel_inputs(wanted))
    return folder if folder.is_dir() else None


def kernel(wanted: Kernel, progress: Progress, log: Path) -> Path:
    """The folder with a vendor-style kernel's packages and manifest.json."""

    def build(folder: Path) -> None:
        process.run(
            [*_kernel_builder(wanted), "--output", str(folder)],
            log,
            what="Building the vendor-style kernel",
            show=lambda line: progress(f"kernel: {line}"),
        )

    estimate = "the first of its series about 7 minutes on two free cores, 15 on a busy machine; another one a minute or two"
    return cache.provide("kernel", kernel_inputs(wanted), build, progress, estimate)


def kernels(kind: str, progress: Progress, logs: Path) -> list[Path]:
    """The folders of a kind's kernels of the lab's own, in the order in which they are built."""
    return [kernel(wanted, progress, logs / "kernel-build.log") for wanted in (KINDS[kind].kernel, KINDS[kind].later) if wanted]


def runtime(version: str, progress: Progress, log: Path, *, light: bool = False) -> Path:
    """The folder with the stand-in librknnrt.so of *version*; *light*: for this machine, with a pretended device in it."""
    builder = LAB / "runtime" / "build.py"
    inputs = {"version": version, "sources": cache.sources_digest([LAB / "runtime"]), **({"light": platform.machine()} if light else {})}

    def build(folder: Path) -> None:
        process.run(
            [sys.executable, "-B", str(builder), "--version", version, "--output", str(folder), *(("--native", "--fake-device") if light else ())],
            log,
            what=f"Building the stand-in runtime {version}",
        )

    return cache.provide("runtime", inputs, build, progress, "seconds")


@dataclass
class Parts:
    """What a board's disk is made of, each in its folder of the cache. None: the kind has no such thing."""

    kernel: Path | None
    later: Path | None
    offered: Path | None
    runtime: Path | None

    def packages(self) -> list[Path]:
        """What lies in the board's repository."""
        return [*_packages(self.kernel), *_packages(self.offered)]


def _parts_ready(kind: Kind, progress: Progress, logs: Path) -> Parts | None:
    """The parts if all are in the cache, but for the runtime, which is made in seconds."""
    kernels = [wanted and kernel_ready(wanted) for wanted in (kind.kernel, kind.later)]
    offered = cache.folder("packages", packages_inputs(kind.suite, kind.offered)) if kind.offered else None
    if (kind.kernel and not kernels[0]) or (kind.later and not kernels[1]) or (offered and not offered.is_dir()):
        return None
    return Parts(*kernels, offered, kind.runtime and runtime(kind.runtime, progress, logs / "runtime-build.log"))


def _parts(kind: Kind, progress: Progress, logs: Path) -> Parts:
    # One after the other, each under the cache's lock.
    kernels = [wanted and kernel(wanted, progress, logs / "kernel-build.log") for wanted in (kind.kernel, kind.later)]
    offered = fetched(kind.suite, kind.offered, progress, logs / "image-build.log") if kind.offered else None
    return Parts(*kernels, offered, kind.runtime and runtime(kind.runtime, progress, logs / "runtime-build.log"))


def board_ready(kind: str, progress: Progress, logs: Path) -> Path | None:
    """The folder of a kind's whole disk if it is in the cache; None if it must be built. Nothing is built."""
    parts = _parts_ready(KINDS[kind], progress, logs)
    if parts is None:
        return None
    folder = cache.folder("board", board_inputs(kind, parts))
    return folder if folder.is_dir() else None


def board_inputs(kind: str, parts: Parts) -> dict:
    """What decides the content of the whole disk."""
    return {
        "kind": asdict(KINDS[kind]),
        "rootfs": base_inputs(KINDS[kind].suite),
        "packages": _digests(parts.packages()),
        "later": _digests(_packages(parts.later)),
        "runtime": parts.runtime and cache.file_digest(parts.runtime / "librknnrt.so"),
        "files": board_files.files(kind),
        "masked": board_files.MASKED,
        "enabled": [board_files.ENABLED, board_files.ON_DEMAND],
        "configure": [board_files.REMOVE, board_files.CONFIGURE],
        "disk": [DISK_MIB, PARTITION_START, FAT_MIB],
    }


def _packages(folder: Path | None) -> list[Path]:
    return sorted(folder.glob("*.deb")) if folder else []


def _digests(packages: list[Path]) -> dict[str, str]:
    return {package.name: cache.file_digest(package) for package in packages}


def board(kind: str, progress: Progress, logs: Path) -> Path:
    """Stage 3, the whole disk of a board of that kind: the folder with disk.raw and release (the kernel's)."""
    log, made_of = logs / "image-build.log", KINDS[kind]
    # Stage 1 first, as it is the first to fail.
    rootfs = base(made_of.suite, progress, log) / "rootfs.tar"
    parts = _parts(made_of, progress, logs)
    release = kernel_release([package.name for package in parts.packages()])
    install = [f"linux-image-{release}"] + ([] if "dkms" in made_of.removed else [f"linux-headers-{release}"])
    install += [*(STOCK if made_of.kernel is None else ()), *LOADERS[made_of.loader][0]]

    def build(folder: Path) -> None:
        tree = folder / "tree"
        scripts = write_scripts(folder / "scripts", {"tools-on": TOOLS_ON, "tools-off": TOOLS_OFF})
        inside = [*PRIVATE_MOUNTS, "sh", "-c", CONFIGURE_IN_TREE, "configure", str(scripts), str(tree)]
        try:
            tree.mkdir()
            progress(f"board {kind}: unpacking the Debian tree")
            process.run(["tar", "-C", str(tree), "--numeric-owner", "--xattrs", "-xpf", str(rootfs)], log, what="Unpacking the Debian tree")
            lay_files(tree, board_files.files(kind))
            if parts.runtime:
                shutil.copyfile(parts.runtime / "librknnrt.so", tree / "usr/lib/librknnrt.so")
                (tree / "usr/lib/librknnrt.so").chmod(0o644)
            if made_of.removed:
                process.run([*inside, board_files.REMOVE, *made_of.removed], log, what="Removing packages from the board's disk")
            there = installed((tree / "var/lib/dpkg/status").read_text())
            _repository(tree / "srv/apt", [package for package in parts.packages() if package.name not in there], log)
            if parts.later:
                _repository(tree / "srv/apt-next", _packages(parts.later), log)
            progress(f"board {kind}: installing the kernel {release}")
            process.run([*inside, board_files.CONFIGURE, *install], log, what="Installing the kernel on the board's disk")
            for rest in ("var/cache/apt/pkgcache.bin", "var/cache/apt/srcpkgcache.bin"):
                (tree / rest).unlink(missing_ok=True)
            progress(f"board {kind}: writing the disk")
            _disk(folder / "disk.raw", tree, log, first=LOADERS[made_of.loader][1])
            (folder / "release").write_text(release + "\n")
        finally:
            shutil.rmtree(tree, ignore_errors=True)
            shutil.rmtree(scripts, ignore_errors=True)

    return cache.provide("board", board_inputs(kind, parts), build, progress, f"kind {kind}, about 1 minute")
