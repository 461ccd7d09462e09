# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The files and the disk of a board, written from its parts."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from .. import LabError, process
from . import board_files

DISK_MIB = 3072
FAT_MIB = 64


PARTITION_START = 1024 * 1024


def installed(status: str) -> set[str]:
    """The names of the .deb files of what is installed, by dpkg's *status* file."""
    names = set()
    for paragraph in status.split("\n\n"):
        fields = dict(re.findall(r"^(Package|Status|Version|Architecture): (.*)$", paragraph, re.M))
        if fields.get("Status") == "install ok installed":
            # As apt names what it fetches: the epoch's colon is escaped.
            version = fields["Version"].replace(":", "%3a")
            names.add(f"{fields['Package']}_{version}_{fields['Architecture']}.deb")
    return names


def kernel_release(names: list[str]) -> str:
    """The kernel release that the package files *names* are for."""
    found = {name.split("_")[0].removeprefix("linux-image-") for name in names if re.match(r"linux-image-[0-9]", name)}
    found = {release for release in found if not release.endswith(("-dbg", "-unsigned"))}
    if len(found) != 1:
        raise LabError(f"One linux-image package was expected of the kernel build, found: {', '.join(sorted(found)) or 'none'}.")
    return found.pop()


def lay_files(tree: Path, files: dict[str, tuple[int, str]]) -> None:
    """Write the lab's *files* (path: mode, text) into *tree* and take out what must be a board's own."""
    for name, (mode, text) in files.items():
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


def write_scripts(folder: Path, texts: dict[str, str]) -> Path:
    folder.mkdir()
    for name, text in texts.items():
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


def _fat(folder: Path, disk: Path, log: Path) -> None:
    """The first partition, with FAT, as UEFI firmware wants it: what lies in *folder*, which is empty afterwards."""
    what, image = "Writing the board's partition with FAT", disk.with_suffix(".fat")
    size = str(FAT_MIB * 2048)  # sectors
    process.run(["mformat", "-i", str(image), "-C", "-T", size, "-h", "64", "-s", "32", "::"], log, what=what)
    process.run(["mcopy", "-i", str(image), "-s", *map(str, sorted(folder.iterdir())), "::"], log, what=what)
    for part in folder.iterdir():
        shutil.rmtree(part) if part.is_dir() else part.unlink()
    with disk.open("r+b") as stream, image.open("rb") as content:
        stream.seek(PARTITION_START)
        shutil.copyfileobj(content, stream)
    image.unlink()


def _disk(disk: Path, tree: Path, log: Path, *, first: str = "") -> None:
    """A GPT disk of *tree*; *first*: the folder in it that becomes a partition before that of the tree."""
    with disk.open("wb") as stream:
        stream.truncate(DISK_MIB * 1024 * 1024)
    start = PARTITION_START + (FAT_MIB * 1024 * 1024 if first else 0)
    script = disk.with_suffix(".sfdisk")
    # U-Boot takes the partitions that are marked so, UEFI firmware the one of that type.
    fat = f"start={PARTITION_START // 512}, size={FAT_MIB * 2048}, type=uefi, name=fat, attrs=LegacyBIOSBootable\n" if first else ""
    script.write_text(f"label: gpt\n{fat}start={start // 512}, type=linux, name=rootfs, attrs=LegacyBIOSBootable\n")
    what = "Writing the board's disk"
    process.run(["sh", "-c", 'exec sfdisk --quiet "$1" <"$2"', "sfdisk", str(disk), str(script)], log, what=what)
    script.unlink()
    if first:
        _fat(tree / first, disk, log)
    # The features are named because what this host's mke2fs adds of itself need not be known to the board's U-Boot.
    features = (
        "none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg,sparse_super,"
        "large_file,huge_file,dir_nlink,extra_isize"
    )
    size = DISK_MIB * 1024 - (start + PARTITION_START) // 1024  # the last MiB holds the GPT's copy
    process.run(
        ["mke2fs", "-q", "-F", "-t", "ext4", "-O", features, "-L", "rootfs", "-m", "1", "-E", f"offset={start},lazy_itable_init=0"]
        + ["-d", str(tree), str(disk), f"{size}k"],
        log,
        what=what,
    )
