# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Upgradable light boards: the whole upgrade runs on them, with the collection's own modules on real files.

A light board of these kinds has its own root with all that a board has in /proc, /sys, /dev, /boot and /lib, packages
such as DKMS, u-boot-menu and GRUB's tools, and a disk that outlives a reboot. Its kernel, its driver and its compiler
are stand-ins, in ../board.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

from .. import LabError, Progress, cache, process
from . import light, recorded, rollout_run

LAB = Path(__file__).resolve().parent.parent.parent
FOLDER = light.FOLDER / "rollout"
SOURCES = LAB / "board"
sys.path.insert(0, str(SOURCES))
import boot_model  # noqa: E402

PACKAGES = ("openssh-server", "python3", "sudo", "kmod", "dkms", "u-boot-menu", "grub2-common", "initramfs-tools")
KEYS = {
    "title",
    "weight",
    "model",
    "compatible",
    "release",
    "loader",
    "builtin",
    "runtime",
    "builtin_submit",
    "module_submit",
    "cores",
    "memory_mib",
    "npu",
    "fault",
    "variables",
    "files",
    "healthy",
}
NPU = {"address": "fdab0000", "compatible": "rockchip,rk3588-rknpu"}
OWN = "/usr/lib/rkfleet-lab"
#: What replaces a program of Debian's packages: each says in its text that it is a stand-in.
PROGRAMS = {
    "make": "/usr/bin/make",
    "strip": "/usr/bin/strip",
    "systemctl": "/usr/bin/systemctl",
    "grub-probe": "/usr/sbin/grub-probe",
}
LIBRARY = (SOURCES / "kernel.c", SOURCES / "journal.c")
PARTS = ("init", "unit", "conditions", "boot_model.py", "kernel.py", "npu_driver.py", "surfaces.py")
#: The tools of boot loaders that a board does not have.
TOOLS = {"u-boot-menu": ["/usr/sbin/u-boot-update"], "grub": ["/usr/sbin/grub-mkconfig", "/usr/sbin/update-grub"]}
MENUS = {
    "u-boot-menu": ("u-boot-update", "/boot/extlinux/extlinux.conf"),
    "grub": ("update-grub", "/boot/grub/grub.cfg"),
}


# Makes a kind's boot menu by the tool itself; $1 an empty folder, $2 the layers, $3 release, $4 UUID, $5 tool, $6 menu,
# $7 where to put it.
MENU = """\
set -eu
mount -t tmpfs menu "$1"
cd "$1"
mkdir upper work board
mount -t overlay -o "lowerdir=$2,upperdir=upper,workdir=work" menu board
cd board
mount -t proc proc proc
mount -t tmpfs -o mode=755 dev dev
mknod -m 666 dev/null c 1 3
mknod dev/mmcblk0p2 c 1 3
mkdir -p dev/disk/by-uuid run/rkfleet-kernel "${7%/*}"
ln -s ../../mmcblk0p2 "dev/disk/by-uuid/$4"
printf '%s\\n#1 SMP\\naarch64\\n' "$3" >run/rkfleet-kernel/uname
mkdir -p ".$(dirname "$6")"
chroot . "$5" >/dev/null
cp ".$6" "$7"
"""


def kinds() -> dict[str, dict]:
    """Every kind of upgradable light board, by name, in the order of their weight."""
    found = light.read_kinds(FOLDER, KEYS, "upgradable light board")
    for name, kind in found.items():
        if kind["loader"] not in boot_model.LOADERS or kind.get("fault", "none") not in boot_model.FAULTS:
            raise LabError(
                f"{name}.toml: the loader is one of {', '.join(boot_model.LOADERS)},"
                f" the fault one of {', '.join(boot_model.FAULTS)}."
            )
    return {name: dict(kind, upgradable=True) for name, kind in found.items()}


def kernel(progress: Progress, log: Path) -> Path:
    """The library that stands in for boards' kernels, compiled for this machine."""
    sources = [cache.file_digest(path) for path in (*LIBRARY, SOURCES / "kernel.h", LAB / "open_calls.h")]
    inputs = {"source": sources, "machine": os.uname().machine}

    def build(folder: Path) -> None:
        process.run(
            [
                "gcc",
                "-std=gnu11",
                "-O2",
                "-Wall",
                "-Wextra",
                "-Werror",
                "-fPIC",
                "-shared",
                "-Wl,--build-id=none",
                "-s",
                "-o",
                str(folder / "kernel.so"),
                *map(str, LIBRARY),
            ],
            log,
            what="Building the stand-in kernel of light boards",
        )

    return cache.provide("light-kernel", inputs, build, progress, "seconds") / "kernel.so"


def uuid_of(name: str) -> str:
    """The UUID of the root file system: boards of a kind were written from one image."""
    return light.uuid(hashlib.sha256(name.encode()).hexdigest())


def lay(root: Path, name: str, kind: dict, library: Path, preload: Path, tree_root: Path) -> None:
    """Write what boards of a kind have beside Debian's packages to *root*, a layer over the shared tree."""
    board = recorded.Board(root, {"lib": "usr/lib"})
    release, uuid = kind["release"], uuid_of(name)
    for part in PARTS:
        _program(board, f"{OWN}/{part}", SOURCES / part)
    board.link(OWN + "/kernel", "kernel.py")
    for part, path in PROGRAMS.items():
        _program(board, path, SOURCES / part)
    board.write(OWN + "/preload.so", preload.read_bytes()).write(OWN + "/uuid", uuid + "\n")
    board.write("/etc/ld.so.preload", OWN + "/preload.so\n").write("/etc/fstab", f"UUID={uuid} / ext4 defaults 0 1\n")
    board.write("/usr/lib/librknnrt.so", library.read_bytes())
    board.write("/etc/modules-load.d/modules.conf", "# modules to load at boot time\n")
    _kernel(board, release, kind["builtin"])
    for loader, tools in TOOLS.items():
        for tool in tools if loader != kind["loader"] else ():
            _hide(board.place(tool))
    if kind["loader"] == "orangepi":
        board.write(
            "/boot/orangepiEnv.txt",
            f"verbosity=1\nbootlogo=false\nextraargs=cma=128M\nrootdev=UUID={uuid}\nrootfstype=ext4\n",
        )
        board.link("/boot/Image", "vmlinuz-" + release)
    elif kind["loader"] == "grub":
        board.write(
            "/etc/default/grub",
            "GRUB_DEFAULT=0\nGRUB_TIMEOUT=2\nGRUB_DISTRIBUTOR=Debian\n"
            'GRUB_CMDLINE_LINUX_DEFAULT="quiet"\nGRUB_CMDLINE_LINUX="console=ttyS2,1500000"\n',
        )
    else:
        board.write("/etc/default/u-boot", 'U_BOOT_PARAMETERS="quiet console=ttyS2,1500000"\n')
    for path, content in kind.get("files", {}).items():
        board.write(path, content)
    if kind["loader"] in MENUS:
        _menu(root, name, kind, tree_root)


def _program(board: recorded.Board, path: str, source: Path) -> None:
    board.write(path, source.read_bytes()).place(path).chmod(0o755)


def _hide(place: Path) -> None:
    """Let a file of the layers below not be there: a whiteout of the overlay."""
    place.parent.mkdir(parents=True, exist_ok=True)
    os.mknod(place, 0o020000, os.makedev(0, 0))


def _kernel(board: recorded.Board, release: str, version: str) -> None:
    """A kernel's files, its headers, and a module that came with it; the image has no code."""
    modules = f"/lib/modules/{release}"
    board.write(f"/boot/vmlinuz-{release}", f"a stand-in for kernel {release}\n").write(
        f"/boot/initrd.img-{release}", "a stand-in\n"
    )
    board.write(f"/boot/config-{release}", recorded.BUILTIN_CONFIG)
    board.write(modules + "/modules.builtin", "kernel/drivers/rknpu/rknpu.ko\n").write(modules + "/modules.order")
    board.write(modules + "/modules.builtin.modinfo", f"rknpu.version={version}\0rknpu.license=GPL v2\0")
    board.write(modules + "/modules.dep", "kernel/drivers/gpu/drm/panthor/panthor.ko:\n")
    board.write(
        modules + "/kernel/drivers/gpu/drm/panthor/panthor.ko",
        boot_model.module_file("panthor", release, intree=True),
    )
    board.headers(release)
    board.write(
        f"/usr/src/linux-headers-{release}/Module.symvers",
        "".join(
            f"0x{checksum:08x}\t{name}\tvmlinux\tEXPORT_SYMBOL_GPL\t\n"
            for name, checksum in boot_model.exported(release).items()
        ),
    )


def _menu(root: Path, name: str, kind: dict, tree_root: Path) -> None:
    """Have the boot loader's own tool write the menu of a kind."""
    tool, menu = MENUS[kind["loader"]]
    empty = root.parent / f".menu-{name}"
    empty.mkdir()
    done = subprocess.run(
        [
            "unshare",
            "--mount",
            "--propagation",
            "private",
            "sh",
            "-c",
            MENU,
            "menu",
            str(empty),
            f"{root}:{tree_root}",
            kind["release"],
            uuid_of(name),
            tool,
            menu,
            str(root / menu.lstrip("/")),
        ],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"},
    )
    empty.rmdir()
    if done.returncode:
        raise LabError(f"{tool} made no boot menu for {name}: {done.stderr.strip()[-500:]}")


def own(
    root: Path,
    lab: Path,
    name: str,
    kind: dict,
    kind_name: str,
    serial: str,
    host_key: Path,
    settings: dict[str, str],
) -> None:
    """Write what one board alone has to *root*, a layer over that of its kind, and its folder of the lab."""
    board = recorded.Board(root)
    about = {
        "loader": kind["loader"],
        "model": kind["model"],
        "compatible": kind["compatible"],
        "serial": serial,
        "npu": {**NPU, **kind.get("npu", {})},
        "cores": kind.get("cores", 8),
        "memory_mib": kind.get("memory_mib", 7936),
        "uuid": uuid_of(kind_name),
        "disk": uuid_of(kind_name)[:8],
        "builtin_submit": kind.get("builtin_submit", "fail"),
        "module_submit": kind.get("module_submit", "ok"),
    }
    board.write(OWN + "/board.json", json.dumps(about, indent=1) + "\n")
    light.identity(board, name, serial, host_key)
    lab.mkdir(parents=True)
    for file, text in {"journal": "", "fault": kind.get("fault", "none") + "\n", "boots": "0\n", **settings}.items():
        (lab / file).write_text(text)
    # A trial build runs without root.
    (lab / "journal").chmod(0o666)
    rollout_run.set_fault(lab, kind.get("fault", "none"))
