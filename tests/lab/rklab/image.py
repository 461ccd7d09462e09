# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The board's disk: Debian bookworm arm64 with the vendor-style kernel, in two stages that are cached apart.

1. `rootfs`: Debian's packages, by mmdebstrap from the host's own package sources.
2. `board`: the kernel packages (installed with apt from a repository on the board), the stand-in runtime and the lab's
   files laid on it; a GPT disk with one bootable ext4 partition.

Both need root: packages are installed in a chroot. Foreign programs run by qemu-user; what can be the host's own is.
"""

from __future__ import annotations

import functools
import re
import shutil
import sys
from pathlib import Path

from . import LabError, Progress, board_files, cache, process

LAB = Path(__file__).resolve().parent.parent

SUITE = "bookworm"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
PACKAGES = (
    "systemd-sysv udev dbus openssh-server python3 python3-apt sudo kmod u-boot-menu dkms gcc make libc6-dev"
    " iproute2 procps libatomic1 e2fsprogs"
).split()

KERNEL_DRIVER = "0.9.3"  # the mission's broken state
BOARD_RUNTIME = "1.6.0"
DISK_MIB = 3072
PARTITION_START = 1024 * 1024

#: Taken from the host while packages are installed: the same programs, twenty times faster than emulated. Left out is
#: what knows its architecture (dpkg, uname, perl modules).
NATIVE_TOOLS = (
    "dpkg-deb tar gzip dash bash sed grep cat cp mv rm ln ls mkdir rmdir chmod chown touch readlink dirname basename stat"
    " find xargs sort cmp sha256sum md5sum head tail tr cut wc mktemp install date id"
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

# arguments: folder of the two scripts above, root, kernel release
CONFIGURE_IN_TREE = """\
set -eu
"$1/tools-on" "$2"
mount -t proc proc "$2/proc"
chroot "$2" sh -c "$4" configure "$3"
umount "$2/proc"
"$1/tools-off" "$2"
"""

PRIVATE_MOUNTS = ["unshare", "--mount", "--propagation", "private"]


def debian_sources(index_targets: str) -> list[str]:
    """One-line package sources of Debian bookworm, from the host's own.

    *index_targets*: lines `URI|release|component|origin` as apt-get indextargets prints them. The archive's place comes
    from the host; its suite is put to bookworm, so that a host of another Debian release does too. Empty: the host is
    no Debian, mmdebstrap then uses the place it has built in.
    """
    sources = []
    for line in index_targets.splitlines():
        uri, dummy, rest = line.partition("|")
        release, component, origin = rest.split("|")
        match = re.fullmatch(r"[a-z]+(-updates|-security)?", release)
        if origin != "Debian" or not match:
            continue
        source = f"deb [signed-by={KEYRING}] {uri} {SUITE}{match[1] or ''} {component}"
        if source not in sources:
            sources.append(source)
    return sources


def base_inputs() -> dict:
    """What decides the content of stage 1."""
    return {"suite": SUITE, "packages": sorted(PACKAGES), "format": 1}


def base(progress: Progress, log: Path) -> Path:
    """Stage 1: the folder with rootfs.tar."""

    def build(folder: Path) -> None:
        scripts = _scripts(folder / "scripts")
        listed = process.output(
            ["apt-get", "indextargets", "--format", "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)", "Created-By: Packages"]
        )
        sources = debian_sources(listed)
        options = [f"--aptopt={line}" for line in process.output(["apt-config", "dump"]).splitlines() if _fetching(line)]
        target = []
        if sources:
            (folder / "sources.list").write_text("\n".join(sources) + "\n")
            target = [str(folder / "sources.list")]
        process.run(
            [
                *PRIVATE_MOUNTS,
                *("env", f"TMPDIR={folder}"),  # /tmp may be small, or without device nodes
                "mmdebstrap",
                "--mode=root",
                "--skip=check/qemu",  # the lab's doctor has looked at the handler itself
                "--architectures=arm64",
                "--variant=minbase",
                "--dpkgopt=force-unsafe-io",
                *(f"--dpkgopt=path-exclude=/usr/share/{part}/*" for part in ("man", "doc", "locale", "info")),
                *options,
                f"--include={','.join(PACKAGES)}",
                f"--essential-hook={scripts / 'tools-on'}",
                f"--customize-hook={scripts / 'tools-off'}",
                SUITE,
                str(folder / "rootfs.tar"),
                *target,
            ],
            log,
            what="Making the Debian tree of the board",
            remedy="If packages could not be fetched: apt-get update, and try again.",
        )
        shutil.rmtree(scripts)
        (folder / "sources.list").unlink(missing_ok=True)

    return cache.provide("rootfs", base_inputs(), build, progress, "Debian's packages, about 3 minutes, 6 on a busy machine")


_KERNEL_BUILDER = [sys.executable, "-B", str(LAB / "kernel" / "build.py"), "--driver-version", KERNEL_DRIVER, "--revision", "1"]


@functools.cache
def kernel_inputs() -> dict:
    """What decides the kernel, as its builder knows it."""
    return {"key": process.output([*_KERNEL_BUILDER, "--print-key"]).strip()}


def kernel_ready() -> Path | None:
    """The kernel's folder if it is in the cache."""
    folder = cache.folder("kernel", kernel_inputs())
    return folder if folder.is_dir() else None


def kernel(progress: Progress, log: Path) -> Path:
    """The folder with the vendor-style kernel's packages and manifest.json."""

    def build(folder: Path) -> None:
        process.run(
            [*_KERNEL_BUILDER, "--output", str(folder)],
            log,
            what="Building the vendor-style kernel",
            show=lambda line: progress(f"kernel: {line}"),
        )

    return cache.provide("kernel", kernel_inputs(), build, progress, "about 7 minutes on two free cores, 15 on a busy machine")


def runtime(version: str, progress: Progress, log: Path) -> Path:
    """The folder with the stand-in librknnrt.so of *version*."""
    builder = LAB / "runtime" / "build.py"
    inputs = {"version": version, "sources": cache.sources_digest([LAB / "runtime"])}

    def build(folder: Path) -> None:
        process.run(
            [sys.executable, "-B", str(builder), "--version", version, "--output", str(folder)],
            log,
            what=f"Building the stand-in runtime {version}",
        )

    return cache.provide("runtime", inputs, build, progress, "seconds")


def board_ready(progress: Progress, logs: Path) -> Path | None:
    """The folder of the whole disk if it is in the cache; None if it must be built. Nothing is built."""
    kernel_folder, runtime_folder = kernel_ready(), runtime(BOARD_RUNTIME, progress, logs / "runtime-build.log")
    if kernel_folder is None:
        return None
    folder = cache.folder("board", board_inputs(kernel_folder, runtime_folder))
    return folder if folder.is_dir() else None


def board_inputs(kernel_folder: Path, runtime_folder: Path) -> dict:
    """What decides the content of the whole disk."""
    return {
        "rootfs": base_inputs(),
        "kernel": {package.name: cache.file_digest(package) for package in _packages(kernel_folder)},
        "runtime": cache.file_digest(runtime_folder / "librknnrt.so"),
        "files": board_files.FILES,
        "masked": board_files.MASKED,
        "enabled": [board_files.ENABLED, board_files.ON_DEMAND],
        "configure": board_files.CONFIGURE,
        "disk": [DISK_MIB, PARTITION_START],
    }


def _packages(kernel_folder: Path) -> list[Path]:
    return sorted(kernel_folder.glob("linux-image-*.deb")) + sorted(kernel_folder.glob("linux-headers-*.deb"))


def board(progress: Progress, logs: Path) -> Path:
    """Stage 2, the whole disk: the folder with disk.raw and release (the kernel's)."""
    log = logs / "image-build.log"
    # One after the other, each under the cache's lock: stage 1 first, as it is the first to fail.
    rootfs = base(progress, log) / "rootfs.tar"
    kernel_folder = kernel(progress, logs / "kernel-build.log")
    runtime_folder = runtime(BOARD_RUNTIME, progress, logs / "runtime-build.log")
    packages = _packages(kernel_folder)
    release = kernel_release([package.name for package in packages])

    def build(folder: Path) -> None:
        tree, scripts = folder / "tree", _scripts(folder / "scripts")
        try:
            tree.mkdir()
            progress("board: unpacking the Debian tree")
            process.run(["tar", "-C", str(tree), "--numeric-owner", "--xattrs", "-xpf", str(rootfs)], log, what="Unpacking the Debian tree")
            lay_files(tree)
            shutil.copyfile(runtime_folder / "librknnrt.so", tree / "usr/lib/librknnrt.so")
            (tree / "usr/lib/librknnrt.so").chmod(0o644)
            _repository(tree / "srv/apt", packages, log)
            progress(f"board: installing the kernel {release}")
            process.run(
                [*PRIVATE_MOUNTS, "sh", "-c", CONFIGURE_IN_TREE, "configure", str(scripts), str(tree), release, board_files.CONFIGURE],
                log,
                what="Installing the kernel on the board's disk",
            )
            for rest in ("var/cache/apt/pkgcache.bin", "var/cache/apt/srcpkgcache.bin"):
                (tree / rest).unlink(missing_ok=True)
            progress("board: writing the disk")
            _disk(folder / "disk.raw", tree, log)
            (folder / "release").write_text(release + "\n")
        finally:
            shutil.rmtree(tree, ignore_errors=True)
            shutil.rmtree(scripts, ignore_errors=True)

    return cache.provide("board", board_inputs(kernel_folder, runtime_folder), build, progress, "about 1 minute")


def kernel_release(names: list[str]) -> str:
    """The kernel release that the package files *names* are for."""
    found = {name.split("_")[0].removeprefix("linux-image-") for name in names if name.startswith("linux-image-")}
    found = {release for release in found if not release.endswith("-dbg")}
    if len(found) != 1:
        raise LabError(f"One linux-image package was expected of the kernel build, found: {', '.join(sorted(found)) or 'none'}.")
    return found.pop()


def lay_files(tree: Path) -> None:
    """Write the lab's files into *tree* and take out what must be a board's own."""
    for name, (mode, text) in board_files.FILES.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_text(text)
        path.chmod(mode)
    units = tree / "etc/systemd/system"
    for name in board_files.MASKED:
        _link(units / name, "/dev/null")
    for name in board_files.ON_DEMAND:
        _link(units / "multi-user.target.wants" / name, "/dev/null")
    for name in board_files.ENABLED:
        _link(units / "multi-user.target.wants" / name, f"/etc/systemd/system/{name}")
    # The interface keeps the kernel's name, eth0.
    _link(tree / "etc/systemd/network/99-default.link", "/dev/null")
    for key in (tree / "etc/ssh").glob("ssh_host_*"):
        key.unlink()
    for settings in ("etc/apt/apt.conf.d/99mmdebstrap", "etc/dpkg/dpkg.cfg.d/99mmdebstrap"):
        (tree / settings).unlink(missing_ok=True)
    for listed in [*(tree / "etc/apt/sources.list.d").glob("*"), *(tree / "var/lib/apt/lists").glob("*_*")]:
        listed.unlink()


def _link(path: Path, target: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def _scripts(folder: Path) -> Path:
    folder.mkdir()
    for name, text in (("tools-on", TOOLS_ON), ("tools-off", TOOLS_OFF)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return folder


def _fetching(line: str) -> bool:
    """Whether a line of apt-config dump says how packages are fetched here (proxies, certificates, retries)."""
    return bool(re.match(r"Acquire::(https?|ftp|Retries|Check-Valid-Until|Check-Date)\b.* \"[^\"]+\";$", line))


def _repository(folder: Path, packages: list[Path], log: Path) -> None:
    """A flat apt repository like a vendor's, on the board itself: the emulated board is on no network."""
    folder.mkdir(parents=True)
    for package in packages:
        shutil.copyfile(package, folder / package.name)
        (folder / package.name).chmod(0o644)
    index = process.output(["sh", "-c", 'cd "$1" && exec dpkg-scanpackages --multiversion . 2>>"$2"', "scan", str(folder), str(log)])
    (folder / "Packages").write_text(index)


def _disk(disk: Path, tree: Path, log: Path) -> None:
    with disk.open("wb") as stream:
        stream.truncate(DISK_MIB * 1024 * 1024)
    script = disk.with_suffix(".sfdisk")
    script.write_text(f"label: gpt\nstart={PARTITION_START // 512}, type=linux, name=rootfs, attrs=LegacyBIOSBootable\n")
    what = "Writing the board's disk"
    process.run(["sh", "-c", 'exec sfdisk --quiet "$1" <"$2"', "sfdisk", str(disk), str(script)], log, what=what)
    script.unlink()
    # The features are named because what this host's mke2fs adds of itself need not be known to the board's U-Boot.
    features = (
        "none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg,sparse_super,"
        "large_file,huge_file,dir_nlink,extra_isize"
    )
    size = DISK_MIB * 1024 - 2 * PARTITION_START // 1024  # the last MiB holds the GPT's copy
    process.run(
        ["mke2fs", "-q", "-F", "-t", "ext4", "-O", features, "-L", "rootfs", "-m", "1", "-E", f"offset={PARTITION_START},lazy_itable_init=0"]
        + ["-d", str(tree), str(disk), f"{size}k"],
        log,
        what=what,
    )
