# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The .deb packages of a kernel, with the contents and hooks that the kernel's own packaging (and so a board vendor's) gives them.

Made here and not with ``make bindeb-pkg`` because that puts the build machine's programs into the headers package:
cross-built, they cannot run on the board, and DKMS fails there.
"""

from __future__ import annotations

import os
import re
import shutil
import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from rklab import LabError

EM_AARCH64 = 183
# What an external module's build runs: the source files of each program, and where it looks for its own headers.
_TOOLS = {
    "scripts/basic/fixdep": ["fixdep.c"],
    "scripts/genksyms/genksyms": ["genksyms.c", "parse.tab.c", "lex.lex.c"],
    "scripts/mod/modpost": ["modpost.c", "file2alias.c", "sumversion.c"],
}
_NOTE = """\
This package is part of the test lab of the Ansible collection rkfleet.npu. It imitates a board vendor's package:
Debian's kernel source with a stand-in for the NPU driver, which is not the vendor's. Do not install it on a real board.
The kernel is licensed under the GNU General Public License, version 2, with the Linux-syscall-note.
"""
_HOOKS = """\
#!/bin/sh
set -e
# The hooks of dkms, u-boot-menu and others; no initramfs is wanted, the root file system's drivers are built in.
export DEB_MAINT_PARAMS="$*"
export INITRD=No
if [ -d /etc/kernel/{stage}.d ]; then
    run-parts --arg="{release}" --arg="/boot/vmlinuz-{release}" /etc/kernel/{stage}.d
fi
exit 0
"""
_HEADER_HOOKS = """\
#!/bin/sh
set -e
export DEB_MAINT_PARAMS="$*"
if [ "$1" = configure ] && [ -d /etc/kernel/header_postinst.d ]; then
    run-parts --arg="{release}" /etc/kernel/header_postinst.d
fi
exit 0
"""


def control(fields: dict[str, str]) -> str:
    """The text of a control file; a value's further lines are indented as dpkg wants them."""
    return "".join(f"{name}: " + value.replace("\n", "\n ") + "\n" for name, value in fields.items())


def image(tree: Path, stage: Path, release: str, version: str, make: Callable[..., None]) -> dict[str, str]:
    """Stage ``linux-image-<release>`` below *stage*; returns its control fields.

    *make* runs the kernel's make with the targets and variables given.
    """
    boot = stage / "boot"
    boot.mkdir(parents=True)
    shutil.copy(tree / "arch/arm64/boot/Image", boot / f"vmlinuz-{release}")
    shutil.copy(tree / "System.map", boot / f"System.map-{release}")
    shutil.copy(tree / ".config", boot / f"config-{release}")
    make("modules_install", f"INSTALL_MOD_PATH={stage}", "INSTALL_MOD_STRIP=1")
    modules = stage / "lib" / "modules" / release
    for link in ("build", "source"):
        (modules / link).unlink(missing_ok=True)
    for name in ("postinst", "postrm", "preinst", "prerm"):
        _script(stage, name, _HOOKS.format(stage=name, release=release))
    return {
        "Package": f"linux-image-{release}",
        "Version": version,
        "Provides": "linux-image",
        "Description": f"Linux kernel, version {release} (vendor-style, with a stand-in NPU driver)\n"
        "This package contains the Linux kernel, modules and corresponding other files\n"
        "for the emulated boards of the rkfleet.npu lab.",
    }


def headers(tree: Path, stage: Path, release: str, version: str, compiler: str) -> dict[str, str]:
    """Stage ``linux-headers-<release>`` below *stage*, with programs for arm64; returns its control fields.

    As with the vendor's packages, no header below drivers/ is in it.
    """
    top = stage / "usr" / "src" / f"linux-headers-{release}"
    for name in sorted(set(_header_files(tree))):
        file, copy = tree / name, top / name
        if file.is_symlink() or machine(file) is None:
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, copy, follow_symlinks=False)
    for name, sources in _TOOLS.items():
        folder = tree / Path(name).parent
        # Static: the C library here may be newer than the board's.
        subprocess.run(
            [compiler, "-O2", "-std=gnu11", "-static", "-s", "-w", "-I", str(folder), "-I", str(tree / "scripts/include"),
             "-o", str(top / name), *[str(folder / source) for source in sources]],
            check=True,
        )
    for name, file in ((str(file.relative_to(top)), file) for file in top.rglob("*") if file.is_file() and not file.is_symlink()):
        if machine(file) not in (None, EM_AARCH64):
            raise LabError(f"{name} in the headers package would not run on the board.", "This is an error of the lab itself.")
    link = stage / "lib" / "modules" / release / "build"
    link.parent.mkdir(parents=True)
    link.symlink_to(f"/usr/src/linux-headers-{release}")
    _script(stage, "postinst", _HEADER_HOOKS.format(release=release))
    return {
        "Package": f"linux-headers-{release}",
        "Version": version,
        "Provides": "linux-headers",
        "Description": f"Linux kernel headers for {release} on arm64\n"
        "This package provides kernel header files for the emulated boards of the\nrkfleet.npu lab, to build external modules with.",
    }


def _header_files(tree: Path) -> Iterator[Path]:
    """Names of what the kernel's builddeb takes: makefiles, include, scripts, and the same of the architecture."""
    arch = Path("arch/arm64")
    for folder in (Path(), arch):
        yield from (folder / file.name for file in (tree / folder).glob("Makefile*"))
    yield from (Path("Module.symvers"), Path(".config"))
    for folder in (Path("include"), Path("scripts"), arch):
        for where, folders, files in os.walk(tree / folder):
            folders.sort()
            place = Path(where).relative_to(tree)
            taken = folder != arch or not {"include", "scripts"}.isdisjoint(place.parts[2:])
            for name in files:
                if taken and not name.endswith((".o", ".a", ".cmd", ".d")) or name in {"Kbuild.platforms", "Platform"}:
                    yield place / name


def machine(file: Path) -> int | None:
    """The machine number of an ELF file, None if it is no ELF file."""
    with file.open("rb") as stream:
        start = stream.read(20)
    return struct.unpack_from("<H", start, 18)[0] if start.startswith(b"\x7fELF") and len(start) == 20 else None


def _script(stage: Path, name: str, text: str) -> None:
    file = stage / "DEBIAN" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o755)


def pack(stage: Path, fields: dict[str, str], folder: Path) -> Path:
    """Make the package out of *stage* in *folder*; returns the file."""
    name = fields["Package"]
    document = stage / "usr" / "share" / "doc" / name / "copyright"
    document.parent.mkdir(parents=True)
    document.write_text(_NOTE)
    size = sum(file.lstat().st_size for file in stage.rglob("*")) // 1024
    (stage / "DEBIAN").mkdir(exist_ok=True)
    (stage / "DEBIAN" / "control").write_text(
        control({
            "Package": name, "Version": fields["Version"], "Architecture": "arm64", "Maintainer": "rkfleet.npu contributors <lab@localhost>",
            "Section": "kernel", "Priority": "optional", "Installed-Size": str(size), **fields,
        })
    )
    for place in (stage, *stage.rglob("*")):
        if not place.is_symlink():
            place.chmod((place.stat().st_mode | 0o644 | (0o111 if place.is_dir() else 0)) & 0o755)
    file = folder / f"{name}_{re.sub(r'^[0-9]+:', '', fields['Version'])}_arm64.deb"
    # gzip and not xz: the board unpacks it under emulation.
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Zgzip", "-z6", "--build", str(stage), str(file)], check=True, stdout=subprocess.DEVNULL)
    return file
