# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""How boards from public reports are described: reports_boot.py and reports_npu.py have them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from rklab.fleets.recorded import Board

BSP = "CONFIG_MODULES=y\nCONFIG_KALLSYMS=y\nCONFIG_DRM=y\nCONFIG_SYNC_FILE=y\nCONFIG_PM_DEVFREQ=y\n"
BUILTIN = BSP + "CONFIG_ROCKCHIP_RKNPU=y\nCONFIG_ROCKCHIP_RKNPU_DRM_GEM=y\n"
MODULE = BSP + "CONFIG_ROCKCHIP_RKNPU=m\nCONFIG_ROCKCHIP_RKNPU_DRM_GEM=y\n"
RELEASE_RADXA = "6.1.43-15-rk2312"
ROOT = "root=UUID=2f6a1c9e-51d3-4c47-9a3e-8b0d7e6f5a41"
V093, V098 = ("0.9.3", "20231121", "drm_ioctl"), ("0.9.8", "20240828", "drm_ioctl")
ROCK_5B, RK3566 = ("Radxa ROCK 5B", ("radxa,rock-5b", "rockchip,rk3588")), "rockchip,rk3568-rknpu"
APT = ("/usr/bin/apt-get", "/usr/bin/apt-cache", "/usr/bin/dpkg", "/usr/bin/dpkg-query", "/lib/ld-linux-aarch64.so.1")

PROGRAM = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\0\xb7\0"
HEADERS = {
    "include/config/auto.conf": b"",
    "scripts/basic/fixdep": PROGRAM,
    "scripts/mod/modpost": PROGRAM,
    "scripts/module.lds": b"",
}
"""What prepared headers have beside what Board.headers() writes; programs for aarch64."""
DPKG = "Package: apt\nStatus: install ok installed\nArchitecture: arm64\nVersion: 2.6.1\n\n"


@dataclasses.dataclass
class Report:
    """A board of a public report."""

    name: str
    source: str
    about: str
    release: str
    build: Callable[[Board], object]
    expected: dict
    answer: tuple | Exception = V093
    wanted: dict = dataclasses.field(default_factory=dict)
    repository: list[str] | None = None
    log: tuple = ()
    xfail: str = ""


REPORTS: list[Report] = []


WAITING: dict[str, str] = {}
"""The reason for xfail, by the report's name. Take a row out, and write the files again, when it is fixed."""


def report(name, source, about, release, expected, **more):
    """Add the board that the decorated function builds."""

    def add(build):
        REPORTS.append(Report(name, source, about, release, build, expected, xfail=WAITING.get(name, ""), **more))
        return build

    return add


def base(
    board,
    release,
    which=ROCK_5B,
    cmdline=ROOT + " ro quiet",
    config=BUILTIN,
    version="0.9.3",
    npu=None,
    debian=True,
    armbian=False,
):
    """Write what nearly every board has: a kernel, an NPU with a driver, headers and tools."""
    model, compatible = which
    if armbian:
        board.write("/boot/armbianEnv.txt", "verbosity=1\nextraargs=cma=256M\n")
        cmdline += " cma=256M"
    board.base(model=model, compatible=compatible, release=release, config=config, cmdline=cmdline)
    board.npu(**(npu or {}))
    if config and "RKNPU=y" in config:
        board.builtin(release, version)
    board.write("/proc/1/comm", "systemd\n").write("/run/systemd/system/.keep")
    if debian:
        board.headers(release).tools().write("/var/lib/dpkg/status", DPKG)
        for name, content in HEADERS.items():
            board.write(f"/usr/src/linux-headers-{release}/{name}", content)
        for path in APT:
            board.write(path, b"\x7fELF" if ".so" in path else b"")
    return board


EXACT = {"driver_policy": "exact"}
