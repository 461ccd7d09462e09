# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Build a vendor-style kernel of the lab: Debian's source, the stand-in NPU driver laid in, packaged for the board.

    python3 tests/lab/kernel/build.py --series 6.1 --suffix rk2312 --driver-version 0.9.3 --revision 1 --output DIR

leaves linux-image-<release> and linux-headers-<release> packages for arm64 and a manifest.json in DIR. The driver is a
stand-in, not the vendor's. The first build takes minutes; source and objects stay in the cache for the next one.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(_HERE.parent))

import kconfig  # noqa: E402
import packages  # noqa: E402
import source as kernel_source  # noqa: E402
from rklab import LabError, Progress, cache  # noqa: E402

_DRIVER = _HERE.parent / "driver"
# What makes a vendor's tree of a series out of mainline's: folders below ../driver.
_OVERLAYS = {"6.1": "bsp", "5.10": "bsp-5.10"}
_CODE = [_HERE / name for name in ("build.py", "kconfig.py", "packages.py", "source.py")]
# Program to the Debian package that brings it.
_PROGRAMS = {
    "make": "make", "gcc": "gcc", "flex": "flex", "bison": "bison", "bc": "bc", "perl": "perl", "xz": "xz-utils", "depmod": "kmod",
    "dpkg-deb": "dpkg", "aarch64-linux-gnu-gcc": "gcc-aarch64-linux-gnu", "aarch64-linux-gnu-ld": "binutils-aarch64-linux-gnu",
}
_SPACE_MIB = 4096
# For the progress line of a first build only.
_TYPICAL_OBJECTS = 1100


class Build:
    """One kernel to build: its inputs, and the steps from the source to the packages."""

    def __init__(self, arguments: argparse.Namespace, scratch: Path) -> None:
        self.driver_version = arguments.driver_version
        self.revision = arguments.revision
        self.suffix = arguments.suffix
        self.module = arguments.module
        self.jobs = arguments.jobs
        self.progress = Progress(quiet=arguments.print_key)
        self.source = kernel_source.find(arguments.series, arguments.source or os.environ.get(kernel_source.override(arguments.series)))
        self.driver = generate_driver(self.driver_version, scratch / "driver")
        self.fragments = fragments(arguments.series)
        self.overlays = overlays(arguments.series, arguments.suffix)
        self.compiler = compiler()
        self.tree = Path()
        self.log = Path()

    def inputs(self) -> dict[str, object]:
        """All that decides what the packages hold, as plain data."""
        return {
            "source": self.source.identity,
            "driver_version": self.driver_version,
            "revision": self.revision,
            "suffix": self.suffix,
            "module": self.module,
            "driver": cache.sources_digest([self.driver]),
            "overlay": cache.sources_digest(self.overlays),
            "configuration": cache.sources_digest(self.fragments),
            "code": cache.sources_digest(_CODE),
            "compiler": _first_line([self.compiler, "--version"]),
        }

    def run(self, output: Path) -> dict[str, object]:
        """Build everything into *output*; returns what manifest.json holds."""
        self.source.work.mkdir(parents=True, exist_ok=True)
        need_space(self.source.work, 0 if (self.source.work / "linux" / "vmlinux").is_file() else _SPACE_MIB)
        output.mkdir(parents=True, exist_ok=True)
        self.log = output / "build.log"
        self.log.write_bytes(b"")
        with cache.lock(self.source.work, self.progress):
            self.prepare()
            release = self.configure()
            self.compile()
            files = self.package(release, output)
        manifest = {
            "stand_in": "vendor-style kernel with a stand-in NPU driver, not the vendor's",
            "key": cache.key(self.inputs()),
            "release": release,
            "driver_version": self.driver_version,
            "revision": self.revision,
            "packages": {
                name: {"file": file.name, "sha256": cache.file_digest(file), "size": file.stat().st_size} for name, file in files.items()
            },
            "inputs": self.inputs(),
        }
        partial = output / ".manifest.json.part"
        partial.write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n")
        partial.rename(output / "manifest.json")
        return manifest

    def prepare(self) -> None:
        """Unpack the source and lay the driver and the vendor's headers into it."""
        self.tree = kernel_source.unpack(self.source, self.progress)
        self.progress(f"laying the stand-in driver {self.driver_version} into drivers/rknpu")
        try:
            kernel_source.lay(self.tree, self.driver, self.overlays)
        except kernel_source.StaleTree as reason:
            self.progress(f"starting from a fresh tree: {reason}")
            kernel_source.discard(self.tree)
            self.tree = kernel_source.unpack(self.source, self.progress)
            kernel_source.lay(self.tree, self.driver, self.overlays)

    def configure(self) -> str:
        """Configure the tree; returns the kernel's release. LabError when an option could not be had."""
        self.progress("configuring")
        text = kconfig.fragment([file.read_text() for file in self.fragments], self.revision, self.suffix, module=self.module)
        wanted = self.source.work / "wanted.config"
        wanted.write_text(text)
        self.make("allnoconfig", f"KCONFIG_ALLCONFIG={wanted}")
        unmet = kconfig.unmet(kconfig.options(text), (self.tree / ".config").read_text())
        if unmet:
            raise LabError(
                f"{len(unmet)} options of the kernel could not be had:\n  " + "\n  ".join(unmet),
                f"See {', '.join(file.name for file in self.fragments)} in tests/lab/kernel: something they depend on is missing.",
            )
        self.make("include/config/kernel.release")
        return (self.tree / "include/config/kernel.release").read_text().strip()

    def compile(self) -> None:
        """Compile the kernel and its modules, with a line about it every few seconds."""
        first = not (self.tree / "vmlinux").is_file()
        self.progress(
            f"compiling about {_TYPICAL_OBJECTS} objects (8 minutes on two free cores, 20 on a busy machine)" if first
            else "compiling what changed (a minute or two)"
        )
        objects, told = 0, time.monotonic()
        for line in self.making("Image", "modules"):
            step = re.match(r" {2}([A-Z]+)\b.* (\S+)$", line)
            objects += bool(step and step[1] in {"CC", "AS"})
            if step and time.monotonic() - told > 10:
                told = time.monotonic()
                self.progress(f"compiling: {objects}{f' of about {_TYPICAL_OBJECTS}' if first else ''} objects, {step[1]} {step[2]}")
        self.progress(f"compiled {objects} objects")

    def package(self, release: str, output: Path) -> dict[str, Path]:
        """Package the compiled tree; returns package name to file."""
        version = f"{release.partition('-')[0]}-{self.revision}"
        files = {}
        with tempfile.TemporaryDirectory(prefix=".stage.", dir=self.source.work) as folder:
            image, headers = Path(folder, "image"), Path(folder, "headers")
            self.progress(f"packaging linux-image-{release}")
            for stage, fields in (
                (image, lambda: packages.image(self.tree, image, release, version, self.make)),
                (headers, lambda: packages.headers(self.tree, headers, release, version, self.compiler)),
            ):
                stage.mkdir()
                control = fields()
                os.environ["SOURCE_DATE_EPOCH"] = str(self.epoch())
                files[control["Package"]] = packages.pack(stage, control, output)
                self.progress(f"{files[control['Package']].name} ({files[control['Package']].stat().st_size >> 20} MiB)")
        return files

    def epoch(self) -> int:
        """The date of the source, so that the same inputs give the same kernel."""
        return int((self.tree / "Makefile").stat().st_mtime)

    def make(self, *targets: str) -> None:
        """Run the kernel's make for *targets* (and variables) to its end."""
        for _line in self.making(*targets):
            pass

    def making(self, *targets: str) -> Iterator[str]:
        """Run the kernel's make, yielding its lines as they come; they go to the log too. LabError if it fails."""
        built = datetime.datetime.fromtimestamp(self.epoch(), datetime.timezone.utc)
        command = [
            "make", f"-j{self.jobs}", "ARCH=arm64", "CROSS_COMPILE=aarch64-linux-gnu-", f"CC={self.compiler}", "LOCALVERSION=",
            "KBUILD_BUILD_USER=lab", "KBUILD_BUILD_HOST=rkfleet.npu", f"KBUILD_BUILD_VERSION={self.revision}-stand-in",
            f"KBUILD_BUILD_TIMESTAMP={built:%a %b %d %H:%M:%S UTC %Y}", *targets,
        ]
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("KBUILD_", "MAKE", "KCONFIG_"))}
        with self.log.open("a") as log:
            log.write("$ " + " ".join(command) + "\n")
            with subprocess.Popen(
                command, cwd=self.tree, env={**environment, "LC_ALL": "C"}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, text=True, errors="replace",
            ) as process:
                for line in process.stdout:
                    log.write(line)
                    yield line.rstrip("\n")
        if process.returncode:
            raise LabError(
                f"make {targets[0]} failed; from {self.log}:\n{_errors(self.log)}",
                f"Should the kept tree be damaged (a full disk, a power cut): remove {self.source.work} and build again.",
            )


def fragments(series: str) -> list[Path]:
    """The parts of the kernel's configuration: for every series, and for this one."""
    return [_HERE / "board.config", _HERE / "vendor.config", *(file for file in [_HERE / f"board-{series}.config"] if file.is_file())]


def overlays(series: str, suffix: str) -> list[Path]:
    """The folders laid over the source in turn: what the vendor's trees of a series have, and what those of a release have."""
    return [_DRIVER / _OVERLAYS[series], *(folder for folder in [_DRIVER / f"bsp-{suffix}"] if folder.is_dir())]


def generate_driver(version: str, folder: Path) -> Path:
    """The stand-in driver's source of that version below *folder*, as the folder that becomes drivers/rknpu."""
    done = subprocess.run(
        [sys.executable, str(_DRIVER / "generate.py"), "--version", version, "--output", str(folder)],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )
    source = folder / "drivers" / "rknpu"
    if done.returncode or not (source / "Kconfig").is_file():
        raise LabError(f"The stand-in driver {version} could not be generated: {done.stderr.strip() or 'no drivers/rknpu/Kconfig came out'}")
    return source


def compiler() -> str:
    """The cross compiler: gcc 12, which compiles modules on the board too, else the default one."""
    default = "aarch64-linux-gnu-gcc"
    if shutil.which(default) and _first_line([default, "-dumpversion"]).startswith("12"):
        return default
    for name in (f"{default}-12", default):
        if shutil.which(name):
            return name
    raise LabError("There is no cross compiler for arm64.", "Run: apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross")


def need_programs() -> None:
    """LabError naming every package that is missing for a build."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    missing = sorted({package for program, package in _PROGRAMS.items() if not shutil.which(program, path=path)})
    if not any(Path(folder, "libc.a").is_file() for folder in ("/usr/aarch64-linux-gnu/lib", "/usr/lib/aarch64-linux-gnu")):
        missing.append("libc6-dev-arm64-cross")
    if missing:
        raise LabError("The kernel cannot be built: programs are missing.", "Run: apt-get install " + " ".join(missing))


def need_space(folder: Path, mebibytes: int) -> None:
    """LabError when the file system of *folder* has less than that free."""
    free = shutil.disk_usage(folder).free >> 20
    if free < mebibytes:
        raise LabError(
            f"{folder} has {free} MiB free; the kernel's source and objects need {mebibytes} MiB.",
            "Make room, or name another cache folder in RKFLEET_LAB_CACHE.",
        )


def finished(output: Path, key: str) -> bool:
    """Whether *output* holds the packages of that *key*, unharmed."""
    try:
        manifest = json.loads((output / "manifest.json").read_text())
        return manifest["key"] == key and all(
            cache.file_digest(output / package["file"]) == package["sha256"] for package in manifest["packages"].values()
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _errors(log: Path, lines: int = 15) -> str:
    """The lines of a make log that say what went wrong: from the first error on, else the end."""
    text = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    first = next((number for number, line in enumerate(text) if re.search(r"\berror\b|\*\*\*", line, re.I) and "/error" not in line), len(text) - lines)
    return "\n".join("  " + line for line in text[max(first - 2, 0):][:lines])


def _first_line(command: list[str]) -> str:
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True).stdout.partition("\n")[0]


@contextmanager
def _build(arguments: argparse.Namespace) -> Iterator[Build]:
    with tempfile.TemporaryDirectory(prefix="rkfleet-kernel-") as scratch:
        yield Build(arguments, Path(scratch))


def main(words: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Build the lab's vendor-style kernel packages (with a stand-in NPU driver).")
    parser.add_argument("--series", choices=sorted(_OVERLAYS), default="6.1", help="which of Debian's kernel sources (%(default)s)")
    parser.add_argument("--driver-version", default="0.9.3", help="version of the stand-in driver (%(default)s)")
    parser.add_argument("--module", action="store_true", help="the driver is a module instead of built in")
    parser.add_argument("--revision", type=int, default=1, help="number in the kernel's release, as in 6.1.x-1-rk2312 (%(default)s)")
    parser.add_argument("--suffix", default="rk2312", help="the last part of the kernel's release (%(default)s)")
    parser.add_argument("--output", type=Path, help="folder for the packages, manifest.json and build.log")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="compilers at once (%(default)s)")
    parser.add_argument("--source", help="Debian's linux-source-SERIES .deb or a linux-SERIES .tar.xz")
    parser.add_argument("--print-key", action="store_true", help="print the key over all inputs and stop")
    arguments = parser.parse_args(words)
    if not arguments.print_key and not arguments.output:
        parser.error("--output is needed")
    if arguments.revision < 1 or arguments.jobs < 1:
        parser.error("--revision and --jobs start at 1")
    if not re.fullmatch(r"[a-z][a-z0-9]*", arguments.suffix):
        parser.error("--suffix is small letters and digits: it becomes part of package names")
    try:
        with _build(arguments) as build:
            key = cache.key(build.inputs())
            if arguments.print_key:
                print(key)
            elif finished(arguments.output, key):
                build.progress(f"{arguments.output} is up to date ({key})")
            else:
                need_programs()
                manifest = build.run(arguments.output.absolute())
                build.progress(f"ready: {manifest['release']} in {arguments.output}")
    except LabError as problem:
        print(f"kernel: {problem}\n{problem.remedy}".rstrip(), file=sys.stderr)
        return 1
    except (OSError, subprocess.CalledProcessError) as problem:
        print(f"kernel: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
