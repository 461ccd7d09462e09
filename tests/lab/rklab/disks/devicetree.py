# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The board's device tree: QEMU's own for the same machine, edited into that of a Radxa ROCK 5B as far as the NPU goes.

QEMU's tree is kept because the emulated CPU, interrupt controller, disk and network are QEMU's. Names, addresses and
interrupt numbers of the NPU are those of public RK3588 device trees; its clock is a fixed one and no IOMMU is there.
"""

from __future__ import annotations

from pathlib import Path

from .. import process

CORES = (0xFDAB0000, 0xFDAC0000, 0xFDAD0000)
CORE_SIZE = 0x10000
HARDWARE = 0x46495245  # the hardware version in the first register of an RK3588's NPU
NPU = "/npu@fdab0000"
CLOCK = "/clock-npu"
CLOCK_PHANDLE = 0xF001  # above QEMU's own, which count up from 0x8000
SPIS = (110, 111, 112)
IDENTITY = "/rkfleet-lab"


def edits(serial: str, identity: dict[str, str], reserve: bool) -> list[tuple[str, str, str, list[str]]]:
    """(node, property, fdtput type, values) in the order to be set.

    *identity* goes to a node of the lab's own, read once by the board's first boot (host name, ssh host key).
    *reserve*: RAM lies where the NPU's registers would be, so it must be kept from Linux.
    """
    registers = [cell for core in CORES for cell in ("0x0", hex(core), "0x0", hex(CORE_SIZE))]
    interrupts = [cell for spi in SPIS for cell in ("0", str(spi), "4")]  # SPI, number, level high
    listed = [
        ("/", "model", "s", ["Radxa ROCK 5B"]),
        ("/", "compatible", "s", ["radxa,rock-5b", "rockchip,rk3588"]),
        ("/", "serial-number", "s", [serial]),
        (CLOCK, "compatible", "s", ["fixed-clock"]),
        (CLOCK, "#clock-cells", "u", ["0"]),
        (CLOCK, "clock-frequency", "u", ["1000000000"]),
        (CLOCK, "clock-output-names", "s", ["clk_npu"]),
        (CLOCK, "phandle", "x", [hex(CLOCK_PHANDLE)]),
        (NPU, "compatible", "s", ["rockchip,rk3588-rknpu"]),
        (NPU, "reg", "x", registers),
        (NPU, "interrupts", "u", interrupts),
        (NPU, "interrupt-names", "s", ["npu0_irq", "npu1_irq", "npu2_irq"]),
        (NPU, "clocks", "x", [hex(CLOCK_PHANDLE)]),
        (NPU, "clock-names", "s", ["clk_npu"]),
        (NPU, "status", "s", ["okay"]),
    ]
    if reserve:
        area = f"/reserved-memory/npu@{CORES[0]:x}"
        listed += [
            ("/reserved-memory", "#address-cells", "u", ["2"]),
            ("/reserved-memory", "#size-cells", "u", ["2"]),
            ("/reserved-memory", "ranges", "x", []),
            (area, "reg", "x", ["0x0", hex(CORES[0]), "0x0", hex(CORES[-1] + CORE_SIZE - CORES[0])]),
            (area, "no-map", "x", []),
        ]
    return listed + [(IDENTITY, name, "s", [value]) for name, value in identity.items()]


def write(target: Path, machine: list[str], serial: str, identity: dict[str, str], reserve: bool) -> None:
    """Write the device tree for a board started with the QEMU options *machine* to *target*."""
    partial = target.with_suffix(".part")
    dump = [f"{option},dumpdtb={partial}" if option.startswith("virt,") else option for option in machine]
    process.output(["qemu-system-aarch64", *dump, "-nodefaults", "-display", "none"])
    # A seed that never changes is none; the loader supplies fresh ones.
    for seed in ("kaslr-seed", "rng-seed"):
        process.output(["fdtput", "-d", str(partial), "/chosen", seed])
    for node, name, kind, values in edits(serial, identity, reserve):
        process.output(["fdtput", "-p", "-t", kind, "--", str(partial), node, name, *values])
    partial.chmod(0o600)
    partial.rename(target)
