# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A model of the NPU beside the emulator: it completes the jobs that a driver on the board submits.

It computes nothing. It is the other side of the vendor's driver: it takes a job from a core's registers, lets it end
and raises the core's interrupt. Over plain memory all jobs of that driver would time out.

The registers are memory that Linux does not own (devicetree.py). The model reads and writes them, and sets the
interrupt lines, through the emulator's test port (QEMU's qtest protocol, a socket in the board's folder). It ends with
the emulator. It does not share the memory with it: saving a snapshot would then fill all of a board's 3 GiB.
"""

from __future__ import annotations

import argparse
import json
import re
import socket
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from . import LabError, process
from .disks.devicetree import CORES, SPIS

if TYPE_CHECKING:
    from .boards import Lab

SOCKET = "qtest"
# A core's registers, as offsets from its base (source: the vendor's driver, rknpu_job.c of 0.9.6 and 0.9.8).
INT_MASK, INT_CLEAR, INT_STATUS, INT_RAW_STATUS, PC_TASK_CONTROL, PC_TASK_STATUS = 0x20, 0x24, 0x28, 0x2C, 0x30, 0x3C
TASK_NUMBER = 0xFFF  # the bits of PC_TASK_CONTROL with the number of tasks
#: Seconds. The driver notes what it waits for only after it has written the registers, so no job may end at once.
SETTLE = 0.003
#: Seconds for which an interrupt stays raised when no driver clears it.
PATIENCE = 5.0
#: Seconds between two looks at the registers: while jobs come, and when none came for BUSY seconds.
QUICK, SLOW, BUSY = 0.001, 0.05, 2.0
#: Seconds after an interrupt in which it looks without a pause whether the driver has cleared it.
AT_ONCE = 0.02


@dataclass(frozen=True)
class Faults:
    """What is wrong with the NPU: *dead*: cores that end no job; *seconds*: how long a job takes."""

    dead: tuple[int, ...] = ()
    no_interrupt: bool = False
    wrong_status: bool = False
    seconds: float = 0.0

    def text(self) -> str:
        """As JSON, for the command line of the model and for boards.json."""
        return json.dumps(asdict(self))

    @classmethod
    def parse(cls, text: str) -> Faults:
        """The faults in what text() gave; an empty text: none."""
        given = json.loads(text or "{}")
        return cls(**{**given, "dead": tuple(given.get("dead", ()))})

    def __str__(self) -> str:
        named = [f"core {number} is dead" for number in self.dead]
        named += ["no interrupts"] * self.no_interrupt + ["wrong interrupt status"] * self.wrong_status
        named += [f"a job takes {self.seconds:g} s"] * bool(self.seconds)
        return ", ".join(named) or "it completes every job"


class Port:
    """The emulator's test port: a board's memory and interrupt lines. EOFError once the emulator has ended."""

    def __init__(self, connection: socket.socket, controller: str) -> None:
        self.connection, self.controller, self._rest = connection, controller, b""

    def ask(self, commands: Iterable[str]) -> list[str]:
        """Give it commands and return their answers, without OK; LabError for one that it refuses."""
        lines = [command.encode() + b"\n" for command in commands]
        try:
            self.connection.sendall(b"".join(lines))
            while self._rest.count(b"\n") < len(lines):
                more = self.connection.recv(4096)
                if not more:
                    raise EOFError
                self._rest += more
        except (BrokenPipeError, ConnectionResetError) as problem:
            raise EOFError from problem
        *answers, self._rest = self._rest.split(b"\n", len(lines))
        for line, answer in zip(lines, answers, strict=True):
            if not answer.startswith(b"OK"):
                raise LabError(f"The emulator refused {line.decode().strip()!r}: {answer.decode(errors='replace')}")
        return [answer[2:].strip().decode() for answer in answers]

    def read(self, addresses: Iterable[int]) -> list[int]:
        """The 32-bit words at these addresses, all in one request."""
        return [int(answer, 16) for answer in self.ask(f"readl {address:#x}" for address in addresses)]

    def write(self, words: dict[int, int]) -> None:
        """Write 32-bit words, by address, in that order."""
        self.ask(f"writel {address:#x} {word:#x}" for address, word in words.items())

    def interrupt(self, spi: int, level: int) -> None:
        """Raise (1) or lower (0) a shared peripheral interrupt."""
        self.ask([f"set_irq_in {self.controller} unnamed-gpio-in {spi} {level}"])


class Core:
    """One core: no job, a job that ends at a time, or an interrupt that waits to be cleared."""

    def __init__(self, port: Port, number: int, faults: Faults) -> None:
        self.port, self.number, self.faults = port, number, faults
        self.tasks, self.ends, self.raised = 0, 0.0, 0.0

    def address(self, offset: int) -> int:
        """The address of a register of this core."""
        return CORES[self.number] + offset

    def _write(self, words: dict[int, int]) -> None:
        self.port.write({self.address(offset): word for offset, word in words.items()})

    @property
    def idle(self) -> bool:
        """Whether nothing happens here until the driver submits a job."""
        return not self.tasks and not self.raised

    def step(self, control: int, now: float) -> None:
        """Go on, as its PC_TASK_CONTROL is *control* at the time *now* (seconds, of any clock that counts up)."""
        if self.raised:
            if self.port.read([self.address(INT_CLEAR)])[0] or now > self.raised + PATIENCE:
                self._write({INT_STATUS: 0, INT_RAW_STATUS: 0})
                self.port.interrupt(SPIS[self.number], 0)
                self.raised = 0.0
        elif control:
            # Also while an earlier job runs: the driver has given that up, and its reset has ended it.
            self._write({PC_TASK_CONTROL: 0, PC_TASK_STATUS: 0, INT_STATUS: 0, INT_RAW_STATUS: 0})
            self.tasks, self.ends = control & TASK_NUMBER, now + SETTLE + self.faults.seconds
        elif self.tasks and now >= self.ends and self.number not in self.faults.dead:
            self._end(now)

    def _end(self, now: float) -> None:
        mask = self.port.read([self.address(INT_MASK)])[0]
        # The bits come in pairs, one pair for a unit of the core: the next unit's is an answer nobody waits for.
        status = (mask << 2 & 0xFFF or 0xC) if self.faults.wrong_status else mask
        self._write({INT_CLEAR: 0, PC_TASK_STATUS: self.tasks, INT_RAW_STATUS: status, INT_STATUS: status})
        self.tasks = 0
        if not self.faults.no_interrupt:
            self.port.interrupt(SPIS[self.number], 1)
            self.raised = now


def serve(
    port: Port, faults: Faults, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
) -> None:
    """Complete the jobs of all cores until the emulator ends."""
    cores = [Core(port, number, faults) for number in range(len(CORES))]
    controls = [core.address(PC_TASK_CONTROL) for core in cores]
    busy = clock()
    try:
        while True:
            submitted, now = port.read(controls), clock()
            for core, control in zip(cores, submitted, strict=True):
                core.step(control, now)
            if any(submitted) or any(not core.idle and core.number not in faults.dead for core in cores):
                busy = now
            # A raised line calls the driver's handler again and again until it is lowered.
            if not any(core.raised and now < core.raised + AT_ONCE for core in cores):
                sleep(QUICK if now - busy < BUSY else SLOW)
    except EOFError:
        pass


def interrupt_controller(tree: str) -> str:
    """The path of the interrupt controller in the monitor's answer to `info qom-tree`; LabError if there is none."""
    found = re.search(r"^\s*/(device\[\d+\]) \(arm-gicv3\)\s*$", tree, re.MULTILINE)
    if not found:
        raise LabError("The emulator has no interrupt controller that the NPU's model knows.")
    return f"/machine/unattached/{found[1]}"


def connect(path: str, limit: float = 60) -> socket.socket:
    """A connection to the emulator's socket, which an emulator that has just been started may not have yet."""
    deadline = time.monotonic() + limit
    while True:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(path)
            return connection
        except OSError as problem:
            connection.close()
            if time.monotonic() > deadline:
                raise LabError(f"The emulator's test port cannot be reached: {problem}.") from problem
            time.sleep(0.05)


def start(lab: Path, folder: Path, log: Path, faults: Faults) -> dict[str, int]:
    """Start the model for the board in *folder*, whose emulator runs or has just been started; the process."""
    return process.start([sys.executable, "-B", str(lab), "_npu", faults.text()], log, folder)


def main(faults: str, monitor: Callable[[Path, str], str]) -> None:
    """What start() starts: the model of the board in the current folder. *monitor* gives the emulator a command."""
    with connect(SOCKET) as connection:
        serve(Port(connection, interrupt_controller(monitor(Path.cwd(), "info qom-tree"))), Faults.parse(faults))


def add_arguments(command: argparse.ArgumentParser) -> None:
    """The options of `lab npu`."""
    command.add_argument("name", metavar="NAME")
    command.add_argument("--dead", type=int, action="append", default=[], choices=range(len(CORES)),
                         help="a core that ends no job; may be repeated")
    command.add_argument("--no-interrupt", action="store_true", help="jobs end, but raise no interrupt")
    command.add_argument("--wrong-status", action="store_true", help="an interrupt status the driver does not wait for")
    command.add_argument("--slow", type=float, default=0.0, metavar="SECONDS",
                         help="how long each job takes; the runtime's limit is 6")


def change(lab: Lab, options: argparse.Namespace) -> None:
    """Have a board's NPU behave as the options of `lab npu` say, from now on until the board is reset."""
    if not lab.running(options.name):
        lab.board(options.name)
        raise LabError(f"{options.name} is not running.", f"Start it: tests/lab/lab up {options.name}")
    faults = Faults(tuple(sorted(set(options.dead))), options.no_interrupt, options.wrong_status, options.slow)
    lab.start_npu(options.name, faults)
    lab.progress(f"{options.name}: its NPU: {faults}")
