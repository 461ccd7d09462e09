# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What light boards are: the kinds of ../fleet, and the file trees made of them.

A light board is no board and no emulator. It has an sshd, Python and sudo of its own in namespaces of its own; what Linux would
answer below /proc, /sys, /dev, /boot and /lib of a board is text in RECORDED, which the collection reads by npu_tree.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import shutil
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

from .. import LabError
from . import recorded

FOLDER = Path(__file__).resolve().parent.parent.parent / "fleet"
RECORDED = "/srv/board"
#: What cannot be laid over the machine's own, and is read below RECORDED.
APART = {area: f"{RECORDED.lstrip('/')}/{area}" for area in ("proc", "sys", "dev", "boot", "lib")}
NPU_TREE = {area: f"/{place}" for area, place in APART.items()}
TOP5 = [[283, 0.46875], [282, 0.2421875], [286, 0.10546875], [464, 0.08984375], [264, 0.01953125]]
FAULT = "failed to submit!, op id: 1, op name: Conv:MobilenetV1/MobilenetV1/Conv2d_0/Relu6_prequant, flags: 0x5"
KEYS = {
    "title", "weight", "healthy", "started", "model", "compatible", "serial", "release", "config", "cmdline", "codename", "version_id", "loader",
    "tools", "cores", "memory_mib", "npu", "driver", "runtime", "proof", "submit", "state", "files", "links", "remove", "variables",
}  # fmt: skip


def kinds() -> dict[str, dict]:
    """Every kind of light board, by name, in the order of their weight."""
    return read_kinds(FOLDER, KEYS, "light board")


def read_kinds(folder: Path, keys: set[str], what: str) -> dict[str, dict]:
    """The kinds in a folder, by name, in the order of their weight; LabError for a key that none has."""
    found = {}
    for path in folder.glob("*.toml"):
        kind = tomllib.loads(path.read_text())
        if unknown := sorted(set(kind) - keys):
            raise LabError(f"{path.name} has {', '.join(unknown)}, which no {what} has.")
        found[path.stem] = kind
    return dict(sorted(found.items(), key=lambda item: (-item[1]["weight"], item[0])))


def chosen(mix: str) -> dict[str, dict]:
    """The kinds of a mix: `mixed`, `healthy`, or names with commas between."""
    known = kinds()
    if mix == "mixed":
        return known
    names = [name for name in known if known[name].get("healthy")] if mix == "healthy" else mix.split(",")
    if unknown := [name for name in names if name not in known]:
        raise LabError(f"There is no light board of kind {', '.join(unknown)}.", f"There are mixed, healthy, and {', '.join(known)}.")
    return {name: known[name] for name in names}


def deal(mix: dict[str, dict]) -> Iterator[str]:
    """Kinds without end: one of each first, then by their weight, spread evenly. The same each time."""
    yield from mix
    total = sum(kind["weight"] for kind in mix.values())
    credit = {name: kind["weight"] * len(mix) - total for name, kind in mix.items()}
    while True:
        for name, kind in mix.items():
            credit[name] += kind["weight"]
        name = max(mix, key=lambda name: credit[name])
        credit[name] -= total
        yield name


def take(mix: str, count: int) -> list[str]:
    """The kinds of *count* boards."""
    return list(itertools.islice(deal(chosen(mix)), count))


def lay(root: Path, kind: dict, libraries: dict[str, Path]) -> None:
    """Write what boards of a kind have beside Debian's packages to *root*, a layer over the shared tree."""
    board = recorded.Board(root, APART)
    release, driver = kind["release"], kind.get("driver", {})
    known = {name: kind[name] for name in ("model", "compatible", "config", "cmdline") if name in kind}
    if not driver.get("builtin"):
        known.setdefault("config", recorded.BUILTIN_CONFIG.replace("CONFIG_ROCKCHIP_RKNPU=y\n", ""))
    board.base(release=release, codename=kind.get("codename", "bookworm"), **known)
    _system(board, kind)
    npu = kind.get("npu", {})
    if npu.get("address") != "":
        board.npu(**{"driver": "RKNPU", **npu, "node": False})
    _driver(board, release, driver)
    board.write(f"/boot/vmlinuz-{release}")
    if kind.get("tools", True):
        board.headers(release).tools()
    {"u-boot-menu": lambda: board.u_boot_menu(append=kind.get("cmdline", "root=LABEL=root ro quiet")),
     "orangepi": lambda: board.write("/boot/orangepiEnv.txt", "verbosity=1\nextraargs=cma=128M\nrootdev=LABEL=root\n"),
     None: lambda: None}[kind.get("loader")]()  # fmt: skip
    _runtime(board, kind, driver, libraries)
    if "state" in kind:
        _state(board, kind)
    for path, content in kind.get("files", {}).items():
        board.write(path, content)
    for path, target in kind.get("links", {}).items():
        board.link(path, target)
    for path, mode in (("/var/lib/rkfleet-npu", 0o700), ("/sys/kernel/debug", 0o700), ("/etc/sudoers.d/radxa", 0o440)):
        if board.place(path).exists():
            board.place(path).chmod(mode)


def _system(board: recorded.Board, kind: dict) -> None:
    codename, number = kind.get("codename", "bookworm"), kind.get("version_id", "12")
    board.write("/etc/os-release", f'ID=debian\nVERSION_CODENAME={codename}\nVERSION_ID="{number}"\nVERSION="{number} ({codename})"\n')
    release = kind["release"]
    board.write("/proc/version", f"Linux version {release} (vendor@builder) (aarch64-linux-gnu-gcc 12.2.0, GNU ld 2.40) #1 SMP Fri Jan 5 09:00:00 UTC 2024\n")
    for core in range(kind.get("cores", 8)):
        board.write(f"/sys/devices/system/cpu/cpu{core}/cpufreq/cpuinfo_max_freq", "1800000\n" if core < 4 else "2352000\n")
    board.write("/proc/meminfo", f"MemTotal:       {kind.get('memory_mib', 7936) << 10} kB\n")
    # What the pretended device inside the stand-in runtime answers: read by PAM at login, and sudo keeps it.
    answers = {"RKFLEET_FAKE_DRIVER": kind.get("driver", {}).get("answers", "none"), "RKFLEET_FAKE_SUBMIT": kind.get("submit", "ok")}
    board.write("/etc/environment", "".join(f"{name}={value}\n" for name, value in answers.items()))


def _driver(board: recorded.Board, release: str, driver: dict) -> None:
    if "builtin" in driver:
        board.builtin(release, driver["builtin"])
    if "dkms" in driver:
        board.dkms(driver["module"], driver["dkms"], release, ours=True).bound_module(driver["module"])
        board.write(f"/sys/module/{driver['module']}/version", driver["dkms"] + "\n")
        board.write("/etc/modules-load.d/rknpu.conf", driver["module"] + "\n")
    if "answers" in driver:
        board.write("/sys/kernel/debug/rknpu/version", f"RKNPU driver: v{driver['answers']}\n")
        board.write("/sys/kernel/debug/rknpu/load", "NPU load:  Core0:  0%, Core1:  0%, Core2:  0%,\n")


def _runtime(board: recorded.Board, kind: dict, driver: dict, libraries: dict[str, Path]) -> None:
    if "runtime" not in kind:
        return
    content = libraries[kind["runtime"]].read_bytes()
    board.write("/usr/lib/librknnrt.so", content)
    if "proof" not in kind:
        return
    well = kind["proof"] == "ok"
    board.write("/etc/ansible/facts.d/npu.fact", json.dumps({
        "schema": 1,
        "board": {"model": kind.get("model", "Radxa ROCK 5B"), "soc": None, "serial": None},
        "kernel": {"release": kind["release"]},
        "driver": {"presence": "builtin", "module": driver.get("module"), "version": driver["answers"], "date": None},
        "runtime": {"path": "/usr/lib/librknnrt.so", "version": kind["runtime"], "build": None, "sha256": hashlib.sha256(content).hexdigest()},
        "verification": {
            "diagnosis": kind["proof"],
            "evidence": "the five best classes are the expected ones" if well else FAULT,
            "top5": [{"index": index, "score": score} for index, score in TOP5] if well else [],
            "expected_top5": [{"index": index, "score": score} for index, score in TOP5],
            "tolerance": 0.00390625,
            "latency_ms": {"runs": 10, "min": 4.7, "median": 4.8, "max": 5.2} if well else {"runs": 0, "min": None, "median": None, "max": None},
            "sdk_version": kind["runtime"],
            "driver_version": driver["answers"],
            "verified_at": _now(),
        },
    }, indent=1) + "\n")  # fmt: skip


def _state(board: recorded.Board, kind: dict) -> None:
    board.write("/var/lib/rkfleet-npu/state.json", json.dumps({
        "schema": 1, "state": kind["state"], "since": _now(), "why": "", "run": "20260101T120000Z-1",
        "driver": {"from": "0.9.3", "to": "0.9.6"}, "baseline": None, "controller": {"host": "controller", "user": "operator"},
    }) + "\n").write("/var/lib/rkfleet-npu/origin/manifest")  # fmt: skip


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def own(root: Path, kind: dict, name: str, serial: str, host_key: Path) -> None:
    """Write what one board alone has to *root*: a layer over that of its kind."""
    board = recorded.Board(root, APART)
    digest = hashlib.sha256(serial.encode()).hexdigest()
    if "release" in kind:
        board.strings("serial-number", kind.get("serial", serial))
        board.write("/proc/sys/kernel/random/boot_id", uuid(digest) + "\n")
    identity(board, name, serial, host_key)


def uuid(digest: str) -> str:
    """A UUID made of the beginning of a SHA-256."""
    return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-8{digest[17:20]}-{digest[20:32]}"


def identity(board: recorded.Board, name: str, serial: str, host_key: Path) -> None:
    """Write what Debian tells one board from another by."""
    digest = hashlib.sha256(serial.encode()).hexdigest()
    board.write("/etc/hostname", name + "\n").write("/etc/machine-id", digest[32:] + "\n")
    board.write("/etc/hosts", f"127.0.0.1\tlocalhost\n127.0.1.1\t{name}\n")
    board.write("/etc/ssh/ssh_host_ed25519_key", host_key.read_bytes()).place("/etc/ssh/ssh_host_ed25519_key").chmod(0o600)


def fresh(folder: Path) -> Path:
    """*folder*, which is not there."""
    shutil.rmtree(folder, ignore_errors=True)
    return folder
