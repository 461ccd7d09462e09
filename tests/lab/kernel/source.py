# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The kernel's source: Debian's package of it, unpacked once, with the stand-in driver laid into it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rklab import LabError, cache, host
from rklab.disks import image

# Series of kernels to the release of Debian that has its source.
SUITES = {"6.1": "bookworm", "5.10": "bullseye"}
# Half of the source's bytes, and nothing that this kernel or its headers package needs.
_UNUSED = ("Documentation/*/*", "arch/*/boot/dts/*", "drivers/gpu/drm/amd/include/*", "tools/perf/*", "tools/testing/*")
# Written into the unpacked tree: what was laid over it, to notice when a later overlay no longer has a file.
_LAID = ".rkfleet-laid"


def package(series: str) -> str:
    """The Debian package that holds the source of a series."""
    return f"linux-source-{series}"


def override(series: str) -> str:
    """The environment variable that names a source of a series: RKFLEET_LAB_KERNEL_SOURCE, …_5_10."""
    return "RKFLEET_LAB_KERNEL_SOURCE" + ("" if series == "6.1" else "_" + series.replace(".", "_"))


def _remedy(series: str) -> str:
    name, suite = package(series), SUITES[series]
    return (
        f"Debian {suite} has the package {name}, and where mmdebstrap is installed it is fetched from there too; else name its .deb "
        f"(from 'apt-get download {name}' there), or a linux-{series}.*.tar.xz, in {override(series)} or with --source."
    )


@dataclass(frozen=True)
class Source:
    """Where the source comes from; ``identity`` is plain data that changes when the source does."""

    series: str
    identity: dict[str, str]
    file: Path | None = None

    @property
    def work(self) -> Path:
        """The folder in the cache where this source is unpacked and built."""
        return cache.root() / f"kernel-tree-{cache.key(self.identity)}"


def find(series: str, named: str | None = None) -> Source:
    """The source of a *series* that was *named* (a .deb or .tar.xz), else what the host's apt offers, else what an earlier
    run kept, else Debian's through mmdebstrap (for a host of another release).

    Nothing is fetched yet. LabError when there is none.
    """
    if named:
        file = Path(named).expanduser().absolute()
        if not file.is_file() or not file.name.endswith((".deb", ".tar.xz")):
            raise LabError(f"{file} is no .deb or .tar.xz with the kernel's source.", _remedy(series))
        return Source(series, {"file": file.name, "sha256": cache.file_digest(file)}, file)
    name = package(series)
    offered = _offered(name)
    if offered:
        return Source(series, offered)
    kept = sorted(cache.root().glob(f"kernel-tree-*/{name}_*.deb"), key=lambda deb: deb.stat().st_mtime)
    if kept:
        return Source(series, {"package": name, "version": _version_in(kept[-1]), "sha256": cache.file_digest(kept[-1])}, kept[-1])
    if shutil.which("mmdebstrap"):
        return Source(series, {"package": name, "suite": SUITES[series]})
    raise LabError(f"This machine's apt offers no package {name} (a Debian {SUITES[series]} with fresh package lists has it).", _remedy(series))


def _offered(name: str) -> dict[str, str] | None:
    """What tells the version of the package *name* that the host's apt offers; None: it offers none."""
    try:
        shown = subprocess.run(
            ["apt-cache", "show", "--no-all-versions", name],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )
    except FileNotFoundError:
        return None
    fields = dict(re.findall(r"^(Version|SHA256): *(\S+)$", shown.stdout, re.M))
    if shown.returncode or len(fields) != 2:
        return None
    return {"package": name, "version": fields["Version"], "sha256": fields["SHA256"]}


def _version_in(deb: Path) -> str:
    return subprocess.run(["dpkg-deb", "-f", str(deb), "Version"], capture_output=True, text=True, check=True).stdout.strip()


def unpack(source: Source, progress: Callable[[str], None]) -> Path:
    """The unpacked tree of *source*; kept between builds, so that the next one compiles only what changed."""
    tree = source.work / "linux"
    if tree.is_dir():
        return tree
    source.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unpack.", dir=source.work) as folder:
        if "suite" in source.identity:
            archive = _bootstrap(source, Path(folder), progress)
        else:
            archive = source.file or _download(source, progress)
        progress(f"unpacking {archive.name}")
        if archive.suffix == ".deb":
            subprocess.run(["dpkg-deb", "-x", str(archive), f"{folder}/deb"], check=True)
            archive = _archive_in(Path(folder, "deb"), archive.name, _remedy(source.series))
        plain = Path(folder, "tree")
        plain.mkdir()
        skip = [f"--exclude=*/{part}" for part in _UNUSED]
        subprocess.run(["tar", "-xf", str(archive), "-C", str(plain), "--strip-components=1", "--wildcards", *skip], check=True)
        if not (plain / "arch" / "arm64").is_dir():
            raise LabError(f"{archive.name} is not the source of a Linux kernel.", _remedy(source.series))
        plain.rename(tree)
    return tree


def _archive_in(root: Path, name: str, remedy: str) -> Path:
    inside = list((root / "usr" / "src").glob("linux-source-*.tar.*"))
    if len(inside) != 1:
        raise LabError(f"{name} holds no usr/src/linux-source-*.tar.*.", remedy)
    return inside[0]


def _bootstrap(source: Source, folder: Path, progress: Callable[[str], None]) -> Path:
    """Have mmdebstrap fetch and unpack the package, without installing anything, from where the board's Debian comes from."""
    name, suite = package(source.series), SUITES[source.series]
    progress(f"downloading {name} of Debian {suite} (about 170 MB)")
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)", "Created-By: Packages"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )
    settings = subprocess.run(["apt-config", "dump"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    sources = image.debian_sources(listed.stdout, suite)
    (folder / "sources.list").write_text("".join(f"{line}\n" for line in sources))
    mode = "root" if os.geteuid() == 0 else "chrootless"  # either does: in this variant nothing of the tree is run
    done = subprocess.run(
        [
            "mmdebstrap", f"--mode={mode}", "--variant=extract", f"--include={name}",
            *(f"--aptopt={line}" for line in settings.stdout.splitlines() if re.match(r"Acquire::https?::.* \"[^\"]+\";$", line)),
            suite, str(folder / "suite"), *([str(folder / "sources.list")] if sources else []),
        ],
        env={**os.environ, "TMPDIR": str(folder)}, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )
    if done.returncode:
        raise LabError(f"{name} could not be fetched from Debian {suite}: {done.stderr.strip()[-500:]}", _remedy(source.series))
    return _archive_in(folder / "suite", f"Debian's {name}", _remedy(source.series))


def _download(source: Source, progress: Callable[[str], None]) -> Path:
    name = package(source.series)
    kept = list(source.work.glob(f"{name}_*.deb"))
    if not kept:
        progress(f"downloading {name} {source.identity['version']} (about 140 MB)")
        try:
            kept = [host.download(name, source.work, source.identity["version"])]
        except LabError as problem:
            raise LabError(str(problem), f"{problem.remedy} {_remedy(source.series)}") from problem
    if cache.file_digest(kept[0]) != source.identity["sha256"]:
        kept[0].unlink()
        raise LabError(f"The downloaded {kept[0].name} is not the file that the package list names.", "Try again; it was removed.")
    return kept[0]


def lay(tree: Path, driver: Path, overlays: list[Path]) -> None:
    """Put the folder *driver* into drivers/rknpu and the files of *overlays* over the tree, and hook both into the build.

    Only what differs is written: the kernel's make goes by time stamps. Raises StaleTree when the tree holds a file of
    earlier overlays that these no longer have.
    """
    files = {Path("drivers/rknpu") / name: file for name, file in _files(driver)}
    for overlay in overlays:
        files.update(_files(overlay))
    record = tree / _LAID
    earlier = {Path(line) for line in record.read_text().splitlines()} if record.is_file() else set()
    for gone in earlier - set(files):
        if gone.parts[:2] != ("drivers", "rknpu"):
            raise StaleTree(f"{gone} is in no overlay any more")
        (tree / gone).unlink(missing_ok=True)
    record.write_text("".join(f"{name}\n" for name in sorted(files)))
    for name, file in files.items():
        _write(tree / name, file.read_bytes())
    _hook(tree / "drivers" / "Makefile", "obj-$(CONFIG_ROCKCHIP_RKNPU) += rknpu/\n")
    _hook(tree / "drivers" / "Kconfig", 'source "drivers/rknpu/Kconfig"\n', before="endmenu")
    for folder in sorted({name.parent for name in files if name.suffix == ".c" and name.parts[:2] != ("drivers", "rknpu")}):
        if folder / "Makefile" not in files:
            for name in sorted(name for name in files if name.parent == folder and name.suffix == ".c"):
                _hook(tree / folder / "Makefile", f"obj-y += {name.stem}.o\n")
        _reach(tree, folder)


def _reach(tree: Path, folder: Path) -> None:
    """Have the kernel's make come to *folder*, by way of the folders above it that upstream does not visit yet."""
    while len(folder.parts) > 1:
        makefile = tree / folder.parent / "Makefile"
        if makefile.is_file() and re.search(rf"\s{re.escape(folder.name)}/", makefile.read_text()):
            return
        _hook(makefile, f"obj-y += {folder.name}/\n")
        folder = folder.parent


class StaleTree(Exception):
    """The unpacked tree cannot be brought to what is wanted by adding files; it must be unpacked again."""


def _files(folder: Path) -> list[tuple[Path, Path]]:
    return [
        (file.relative_to(folder), file)
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.suffix not in {".md", ".pyc", ".license"}
    ]


def _hook(file: Path, line: str, before: str | None = None) -> None:
    text = file.read_text() if file.is_file() else ""
    if line in text:
        return
    head, found, end = text.rpartition(before) if before else (text, "", "")
    _write(file, f"{head}{line}{found}{end}".encode())


def _write(file: Path, content: bytes) -> None:
    if file.is_file() and file.read_bytes() == content:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".{file.name}.part")
    partial.write_bytes(content)
    os.replace(partial, file)


def discard(tree: Path) -> None:
    """Remove an unpacked tree."""
    shutil.rmtree(tree)
