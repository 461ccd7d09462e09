# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What the lab needs of this machine, checked before anything starts, and how to get it."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from . import LabError, Progress, boards, cache, process

#: program (or file) → Debian package
NEEDED = {
    "qemu-system-aarch64": "qemu-system-arm",
    "qemu-img": "qemu-utils",
    "qemu-aarch64-static": "qemu-user-static",
    "update-binfmts": "binfmt-support",
    "mmdebstrap": "mmdebstrap",
    "dtc": "device-tree-compiler",
    "fdtput": "device-tree-compiler",
    str(boards.U_BOOT): "u-boot-qemu",
    str(boards.UEFI): "qemu-efi-aarch64",
    "mformat": "mtools",
    "sfdisk": "fdisk",
    "mke2fs": "e2fsprogs",
    "aarch64-linux-gnu-gcc": "gcc-aarch64-linux-gnu",
    "aarch64-linux-gnu-ld": "binutils-aarch64-linux-gnu",
    "/usr/aarch64-linux-gnu/lib/libc.a": "libc6-dev-arm64-cross",
    "dkms": "dkms",
    "ccache": "ccache",
    "busybox": "busybox",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "dpkg-scanpackages": "dpkg-dev",
    "dpkg-deb": "dpkg",
    "/usr/share/keyrings/debian-archive-keyring.gpg": "debian-archive-keyring",
    "gcc": "gcc",
    "make": "make",
    "perl": "perl",
    "bc": "bc",
    "flex": "flex",
    "bison": "bison",
    "xz": "xz-utils",
    "zstd": "zstd",
    "cpio": "cpio",
    "depmod": "kmod",
    "unshare": "util-linux",
    "/usr/include/libelf.h": "libelf-dev",
    "/usr/include/openssl/ssl.h": "libssl-dev",
    "/usr/lib/python3/dist-packages/PIL/Image.py": "python3-pil",
}
# For the tests of the report. Ubuntu has it as a snap only: there the owner sees to it.
if "ID=ubuntu" not in Path("/etc/os-release").read_text().splitlines():
    NEEDED["chromium"] = "chromium"

#: Where promtool comes from if it is not installed; any version will do.
PROMTOOL = {"package": "prometheus", "machine": platform.machine()}

BINFMT = Path("/proc/sys/fs/binfmt_misc")
RUN_MIB = 2048
BOARD_MEMORY_MIB = 1200


@dataclass
class Finding:
    """One check: what was looked at, whether it will do, and what to do if not."""

    name: str
    ok: bool
    message: str
    remedy: str = ""


#: Of these, what light boards need.
NEEDED_LIGHT = (
    *("mmdebstrap", "ssh", "ssh-keygen", "gcc", "aarch64-linux-gnu-gcc", "unshare"),
    *("/usr/share/keyrings/debian-archive-keyring.gpg", "/usr/lib/python3/dist-packages/PIL/Image.py"),
)
LIGHT_BUILD_MIB = 1500
#: What 100 light boards take with their connections was measured to be a quarter of this.
LIGHT_MEMORY_MIB = 10


def missing_packages(items: Iterable[str] = tuple(NEEDED)) -> list[str]:
    """Debian packages that are not there yet."""
    return sorted({NEEDED[item] for item in items if not _present(item)})


def _present(item: str) -> bool:
    return Path(item).exists() if item.startswith("/") else shutil.which(item, path=_path()) is not None


def _path() -> str:
    return os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


def privileged(command: list[str]) -> list[str]:
    """*command*, by sudo unless this is root already; LabError where neither can be had."""
    if os.geteuid() == 0:
        return command
    if not _can_sudo():
        raise LabError("This needs root, and sudo does not let you.", "Run it as root, or get the right to use sudo.")
    return ["sudo", *command]


def _can_sudo() -> bool:
    if not shutil.which("sudo"):
        return False
    # With a terminal sudo can ask for the password itself.
    asked = subprocess.run(["sudo", "-n", "true"], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return asked.returncode == 0 or sys.stdin.isatty()


def _silent(command: list[str]) -> subprocess.CompletedProcess:
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


def doctor(state: Path, boards_wanted: int = 1, build_mib: int = 0) -> list[Finding]:
    """Every check, none of which changes anything. *build_mib*: the space to build a disk image in that is not in the cache yet."""
    findings = [_system(), _python(), _packages()]
    if build_mib:
        findings.append(_root())
        if findings[-1].ok:
            findings += [_mounts(), _handler()]
        findings.append(_space(cache.root(), build_mib, "cache"))
    findings.append(_space(state, RUN_MIB, "boards"))
    findings.append(_memory(boards_wanted))
    findings.append(_light_boards() if os.geteuid() == 0 else Finding("light boards", True, f"as root only: {'sudo' if _can_sudo() else 'not here'}"))
    return findings


def doctor_light(state: Path, count: int, build: bool) -> list[Finding]:
    """Every check for light boards. *build*: whether their shared tree is still to be made."""
    findings = [_system(), _python(), _packages(NEEDED_LIGHT)]
    remedy = "Light boards live in namespaces and mounts of their own: run as root, or with sudo."
    findings.append(Finding("root", os.geteuid() == 0, "this is root" if os.geteuid() == 0 else "this is not root", remedy))
    if findings[-1].ok:
        findings.append(_light_boards())
    if build:
        findings.append(_space(cache.root(), LIGHT_BUILD_MIB, "cache"))
    findings.append(_space(state, 64, "boards"))
    findings.append(_memory(count, LIGHT_MEMORY_MIB, "light board(s)"))
    return findings


def report(findings: list[Finding], failures_only: bool = False) -> str:
    """The findings as lines; the remedy stands under what fails."""
    lines = []
    for finding in findings:
        if finding.ok and failures_only:
            continue
        lines.append(f"{'ok     ' if finding.ok else 'MISSING'} {finding.name}: {finding.message}")
        if not finding.ok and finding.remedy:
            lines.append(f"        -> {finding.remedy}")
    return "\n".join(lines)


def as_data(findings: list[Finding]) -> list[dict]:
    """The findings as plain data."""
    return [asdict(finding) for finding in findings]


def require(findings: list[Finding]) -> None:
    """LabError that names everything that is missing."""
    failed = [finding for finding in findings if not finding.ok]
    if failed:
        raise LabError(f"This machine cannot run the lab yet, {len(failed)} thing(s) are missing:\n{report(failed)}", "Then check again: tests/lab/lab doctor")


def _system() -> Finding:
    kind = f"{platform.system()} {platform.machine()}"
    debian = shutil.which("apt-get") is not None
    ok = platform.system() == "Linux" and platform.machine() in {"x86_64", "aarch64"} and debian
    return Finding("system", ok, kind + (" with apt" if debian else " without apt"), "The lab runs on Debian or Ubuntu, on x86-64 or arm64.")


def _python() -> Finding:
    return Finding("python", sys.version_info >= (3, 11), platform.python_version(), "Run the lab with Python 3.11 or newer.")


def _packages(items: Iterable[str] = tuple(NEEDED)) -> Finding:
    missing = missing_packages(items)
    if not missing:
        return Finding("packages", True, "all there")
    return Finding("packages", False, " ".join(missing), "Run: tests/lab/lab install-host-packages")


def _root() -> Finding:
    if os.geteuid() == 0:
        return Finding("root", True, "this is root")
    return Finding(
        "root", _can_sudo(), "sudo" if _can_sudo() else "neither root nor sudo", "The disk image is made in a chroot: run once as root, or with sudo."
    )


def _mounts() -> Finding:
    """Whether a mount namespace, a mount in it and a device node can be made, as the image build needs."""
    if os.geteuid():
        return Finding("mounts", True, "not tried without root")
    script = 'mount -t tmpfs none /mnt && mount --bind /usr/bin /mnt && umount /mnt && mknod -m 600 /mnt/null c 1 3'
    done = _silent(["unshare", "--mount", "--propagation", "private", "sh", "-c", script])
    said = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
    return Finding(
        "mounts",
        done.returncode == 0,
        "mount namespaces, bind mounts and device nodes work" if done.returncode == 0 else said[0],
        "A container without CAP_SYS_ADMIN cannot build the image: use a privileged one, a virtual machine or a real machine.",
    )


def _light_boards() -> Finding:
    """Whether what a light board is made of is to be had: namespaces, and an overlay on tmpfs in them."""
    overlay = "mkdir l u w m && mount -t overlay -o lowerdir=l,upperdir=u,workdir=w none m"
    script = f"mount -t tmpfs none /mnt && cd /mnt && {overlay} && mount -t proc proc m && mknod u/null c 1 3"
    done = _silent(["unshare", "--mount", "--propagation", "private", "--pid", "--uts", "--ipc", "--fork", "sh", "-c", script])
    said = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
    return Finding(
        "light boards",
        done.returncode == 0,
        "namespaces and an overlay on tmpfs work" if done.returncode == 0 else said[0],
        "A container without CAP_SYS_ADMIN carries no light boards: use a privileged one, a virtual machine or a real machine.",
    )


def _handler() -> Finding:
    """Whether arm64 programs run here, or can be made to by prepare()."""
    if platform.machine() == "aarch64":
        return Finding("arm64 programs", True, "native")
    if handler_enabled():
        return Finding("arm64 programs", True, "binfmt_misc hands them to qemu-aarch64")
    if "binfmt_misc" in Path("/proc/filesystems").read_text() or Path("/lib/modules", platform.release()).is_dir():
        return Finding("arm64 programs", True, "binfmt_misc is to be had, the lab will switch qemu-aarch64 on")
    return Finding(
        "arm64 programs", False, "this kernel has no binfmt_misc", "Load it on the host (modprobe binfmt_misc), or use a machine whose kernel has it."
    )


def handler_enabled() -> bool:
    """Whether binfmt_misc runs arm64 programs, in a chroot too (flag F)."""
    try:
        text = (BINFMT / "qemu-aarch64").read_text()
    except OSError:
        return False
    flags = next((line.partition(":")[2] for line in text.splitlines() if line.startswith("flags")), "")
    return text.startswith("enabled") and "F" in flags


def prepare() -> None:
    """Make arm64 programs run on this machine (root); LabError if they then do not."""
    if platform.machine() == "aarch64" or handler_enabled():
        return
    if not (BINFMT / "register").exists():
        _silent(["modprobe", "binfmt_misc"])
        done = _silent(["mount", "-t", "binfmt_misc", "binfmt_misc", str(BINFMT)])
        if done.returncode:
            raise LabError(f"binfmt_misc could not be mounted: {done.stderr.strip()}.", f"Mount it on the host: mount -t binfmt_misc binfmt_misc {BINFMT}")
    done = _silent(["update-binfmts", "--enable", "qemu-aarch64"])
    if not handler_enabled():
        raise LabError(
            f"The handler for arm64 programs could not be switched on: {done.stderr.strip() or 'no reason given'}.",
            "Run as root: apt-get install --reinstall qemu-user-static binfmt-support",
        )


def _space(folder: Path, wanted: int, name: str) -> Finding:
    place = folder
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free >> 20
    return Finding(
        f"space for {name}",
        free >= wanted,
        f"{free} MiB free at {place}, {wanted} MiB wanted",
        "Make room" + (", or name another folder in RKFLEET_LAB_CACHE." if name == "cache" else "."),
    )


def _memory(boards_wanted: int, each: int = BOARD_MEMORY_MIB, what: str = "board(s)") -> Finding:
    wanted = each * boards_wanted
    available = 0
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            available = int(line.split()[1]) >> 10
    return Finding("memory", available >= wanted, f"{available} MiB available, {wanted} MiB wanted for {boards_wanted} {what}", "Start fewer boards.")


def install(log: Path, progress: Progress) -> list[str]:
    """Install what is missing, and fetch promtool; returns the packages that were installed."""
    missing = missing_packages()
    if missing:
        what, remedy = "Installing packages", "Install them yourself: apt-get install " + " ".join(missing)
        _apt_as_root(["update"], log, what, remedy)
        _apt_as_root(["install", "--yes", "--no-install-recommends", *missing], log, what, remedy)
    if not promtool():
        try:
            cache.provide("promtool", PROMTOOL, lambda folder: _fetch_promtool(folder, log), progress, "seconds, apt downloads 20 MB")
        except LabError as problem:
            progress(f"no promtool, so tests of the alerts are skipped: {problem}")
    return missing


def _apt_as_root(words: list[str], log: Path, what: str, remedy: str) -> None:
    process.run(privileged(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", *words]), log, what=what, remedy=remedy)


def download(package: str, folder: Path, version: str = "") -> Path:
    """The .deb of a package, which apt fetches into *folder* and compares with its signed package list; nothing is installed."""
    if not shutil.which("apt-get"):
        raise LabError("The program apt-get is missing.")
    command = ["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", f"{package}={version}" if version else package]
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    found = list(folder.glob(f"{package}_*.deb"))
    if done.returncode or not found:
        raise LabError(f"apt could not download {package}: {done.stderr.strip()[-500:]}", "Refresh the package lists with 'apt-get update'.")
    return found[0]


def promtool() -> str | None:
    """The program with which Prometheus tests its rules: this machine's, else the one that install() has fetched, else None."""
    fetched = cache.folder("promtool", PROMTOOL) / "promtool"
    return shutil.which("promtool") or (str(fetched) if fetched.exists() else None)


def _fetch_promtool(folder: Path, log: Path) -> None:
    """Put promtool alone into *folder*: its package would bring 330 MB and a server that runs from then on."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        try:
            package = download("prometheus", Path(place))
        except LabError:  # the package lists may be old, or not there
            _apt_as_root(["update"], log, "Refreshing the package lists", "")
            package = download("prometheus", Path(place))
        process.run(["dpkg-deb", "--extract", str(package), place], log, what=f"Unpacking {package.name}")
        Path(place, "usr/bin/promtool").rename(folder / "promtool")
