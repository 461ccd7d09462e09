# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The model of the NPU, without an emulator: registers are a dictionary, and the driver is what writes to it."""

from __future__ import annotations

import argparse
import shutil
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(CHECKOUT / "tests" / "lab"))

from rklab import LabError, Progress, boards, npu, process  # noqa: E402

MASK = 0x300  # what MobileNet's jobs wait for
CONTROL = 0x7026  # ping-pong, 38 tasks


class Board:
    """Memory and interrupt lines, as Port gives them, and a driver that submits jobs and clears interrupts."""

    def __init__(self):
        self.memory, self.raised, self.interrupts = {}, {}, []

    def read(self, addresses):
        return [self.memory.get(address, 0) for address in addresses]

    def write(self, words):
        self.memory.update(words)

    def interrupt(self, spi, level):
        self.raised[spi] = level
        if level:
            self.interrupts.append(spi)

    def submit(self, core, mask=MASK):
        base = npu.CORES[core]
        self.memory.update({base + npu.INT_MASK: mask, base + npu.INT_CLEAR: mask, base + npu.PC_TASK_CONTROL: CONTROL})

    def clear(self, core):
        self.memory[npu.CORES[core] + npu.INT_CLEAR] = 0x1FFFF

    def register(self, core, offset):
        return self.memory.get(npu.CORES[core] + offset, 0)


def run(board, faults, seconds, core=0, start=0.0):
    """Let a core work for so many seconds, in steps of a millisecond; return the core."""
    model = npu.Core(board, core, faults)
    step(board, model, start, seconds)
    return model


def step(board, model, start, seconds):
    for number in range(round(seconds * 1000) + 1):
        model.step(board.register(model.number, npu.PC_TASK_CONTROL), start + number / 1000)


@pytest.mark.parametrize("core", [0, 1, 2])
def test_a_job_ends_with_the_interrupt_of_its_core(core):
    board = Board()
    board.submit(core)
    model = run(board, npu.Faults(), 0.01, core)
    assert board.interrupts == [110 + core] and board.raised == {110 + core: 1}
    assert board.register(core, npu.INT_STATUS) == board.register(core, npu.INT_RAW_STATUS) == MASK
    assert board.register(core, npu.PC_TASK_STATUS) == 38
    board.clear(core)
    step(board, model, 0.01, 0.005)
    assert board.raised == {110 + core: 0} and board.register(core, npu.INT_STATUS) == 0 and model.idle
    assert board.interrupts == [110 + core]


def test_no_job_ends_before_the_driver_knows_what_it_waits_for():
    board = Board()
    board.submit(0)
    assert run(board, npu.Faults(), 0.002).tasks == 38
    assert not board.interrupts


def test_a_job_that_the_handler_submits_while_it_clears_the_interrupt_ends_too():
    board = Board()
    board.submit(0)
    model = run(board, npu.Faults(), 0.01)
    board.clear(0)
    board.submit(0)  # more tasks than a core takes at once: the handler submits the rest, which writes INT_CLEAR again
    step(board, model, 0.01, 0.01)
    assert board.interrupts == [110, 110]


def test_an_interrupt_that_nobody_clears_is_lowered_after_a_while():
    board = Board()
    board.submit(0)
    assert run(board, npu.Faults(), npu.PATIENCE + 0.1).idle
    assert board.raised == {110: 0}


def test_a_dead_core_ends_no_job_and_the_others_do():
    board = Board()
    board.submit(0)
    board.submit(1)
    run(board, npu.Faults(dead=(1,)), 20, 1)
    run(board, npu.Faults(dead=(1,)), 0.01, 0)
    assert board.interrupts == [110]
    # The driver's own line says: status 0, task counter 0.
    assert board.register(1, npu.INT_STATUS) == 0 and board.register(1, npu.PC_TASK_STATUS) == 0


def test_without_interrupts_the_registers_say_that_the_job_is_done():
    board = Board()
    board.submit(0)
    model = run(board, npu.Faults(no_interrupt=True), 0.01)
    assert not board.interrupts and model.idle
    assert board.register(0, npu.INT_STATUS) == MASK and board.register(0, npu.PC_TASK_STATUS) == 38


@pytest.mark.parametrize("mask", [0x3, 0xC, 0x30, 0xC0, 0x300, 0xC00])
def test_a_wrong_status_has_no_bit_of_those_the_driver_waits_for(mask):
    board = Board()
    board.submit(0, mask)
    run(board, npu.Faults(wrong_status=True), 0.01)
    status = board.register(0, npu.INT_STATUS)
    assert board.interrupts == [110] and 0 < status <= 0xFFF and not status & mask


def test_a_slow_job_takes_its_time():
    board = Board()
    board.submit(0)
    model = run(board, npu.Faults(seconds=2), 1.9)
    assert not board.interrupts
    step(board, model, 1.9, 0.2)
    assert board.interrupts == [110]


def test_a_job_that_the_driver_gave_up_ends_late_unless_another_took_its_place():
    board = Board()
    board.submit(0)
    model = run(board, npu.Faults(seconds=8), 6.2)
    board.submit(0)
    step(board, model, 6.2, 7.9)
    assert not board.interrupts
    step(board, model, 14.1, 0.2)
    assert board.interrupts == [110]


def test_without_jobs_it_looks_seldom():
    slept, port = [], Board()

    def sleep(seconds):
        slept.append(seconds)
        if len(slept) == 4000:
            raise EOFError

    npu.serve(port, npu.Faults(), lambda: sum(slept), sleep)
    assert slept[0] == npu.QUICK and set(slept[-1000:]) == {npu.SLOW}


def test_a_dead_core_with_a_job_costs_no_more_than_an_idle_one():
    slept, port = [], Board()
    port.submit(1)

    def sleep(seconds):
        slept.append(seconds)
        if len(slept) == 4000:
            raise EOFError

    npu.serve(port, npu.Faults(dead=(1,)), lambda: sum(slept), sleep)
    assert set(slept[-1000:]) == {npu.SLOW}


# -- the emulator's test port ---------------------------------------------------------------------------------------


def answered(answers):
    """Return a port whose other end gives these answers, one for each line it is sent, and the lines."""
    ours, theirs = socket.socketpair()
    lines = []

    def work():
        with theirs, theirs.makefile() as stream:
            for answer in answers:
                lines.append(stream.readline().strip())
                theirs.sendall(answer.encode() + b"\n")

    threading.Thread(target=work, daemon=True).start()
    return npu.Port(ours, "/machine/unattached/device[2]"), lines


def test_words_are_read_and_written_through_it():
    port, lines = answered(["OK 0x0000000046495245", "OK 0x7026", "OK", "OK"])
    assert port.read([0xFDAB0000, 0xFDAB0030]) == [0x46495245, CONTROL]
    port.write({0xFDAB0028: MASK})
    port.interrupt(110, 1)
    assert lines == ["readl 0xfdab0000", "readl 0xfdab0030", "writel 0xfdab0028 0x300",
                     "set_irq_in /machine/unattached/device[2] unnamed-gpio-in 110 1"]


def test_a_refusal_names_the_request():
    port, _lines = answered(["FAIL Unknown device"])
    with pytest.raises(LabError, match="refused 'set_irq_in .*: FAIL Unknown device"):
        port.interrupt(110, 1)


def test_it_ends_with_the_emulator():
    port, _lines = answered(["OK 0x0"] * 9)
    npu.serve(port, npu.Faults(), sleep=lambda seconds: None)


def test_the_interrupt_controller_is_found_in_the_emulators_tree():
    tree = """\
/machine (virt-7.2-machine)
  /unattached (container)
    /device[0] (cortex-a76-arm-cpu)
    /device[2] (arm-gicv3)
      /unnamed-gpio-in[0] (irq)
"""
    assert npu.interrupt_controller(tree) == "/machine/unattached/device[2]"
    with pytest.raises(LabError, match="no interrupt controller"):
        npu.interrupt_controller("Connection refused")


# -- with a board ---------------------------------------------------------------------------------------------------


def test_a_boards_emulator_has_a_test_port_that_writes_no_log(tmp_path):
    line = " ".join(boards.command(2200, tmp_path))
    assert "-qtest unix:qtest,server=on,wait=off -qtest-log none" in line


@pytest.mark.parametrize("faults", [npu.Faults(), npu.Faults((0, 2), True, True, 2.5)])
def test_faults_are_kept_as_text(faults):
    assert npu.Faults.parse(faults.text()) == faults
    assert npu.Faults.parse("") == npu.Faults()


def test_options_name_the_faults(tmp_path):
    parser = argparse.ArgumentParser()
    npu.add_arguments(parser)
    lab = boards.Lab(tmp_path, Progress(quiet=True))
    lab.data["boards"]["m-1"] = {"port": 1, "host_key": "k"}
    taken = []
    lab.running, lab.start_npu = lambda name: True, lambda name, faults: taken.append((name, faults))
    words = ["m-1", "--dead", "2", "--dead", "1", "--dead", "2", "--no-interrupt", "--slow", "8"]
    npu.change(lab, parser.parse_args(words))
    npu.change(lab, parser.parse_args(["m-1", "--wrong-status"]))
    npu.change(lab, parser.parse_args(["m-1"]))
    assert {name for name, _faults in taken} == {"m-1"}
    wanted = {
        "core 1 is dead, core 2 is dead, no interrupts, a job takes 8 s": npu.Faults((1, 2), True, False, 8.0),
        "wrong interrupt status": npu.Faults(wrong_status=True),
        "it completes every job": npu.Faults(),
    }
    assert [faults for _name, faults in taken] == list(wanted.values())
    assert [str(faults) for _name, faults in taken] == list(wanted)
    with pytest.raises(SystemExit):
        parser.parse_args(["m-1", "--dead", "3"])
    lab.running = lambda name: False
    with pytest.raises(LabError, match="m-1 is not running"):
        npu.change(lab, parser.parse_args(["m-1"]))


@pytest.mark.skipif(not shutil.which("qemu-system-aarch64"), reason="there is no QEMU")
def test_it_completes_a_job_beside_the_emulator_and_dies_with_it(monkeypatch):
    """The real emulator with the lab's machine, stopped before its first instruction: no board is needed."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        monkeypatch.chdir(folder)
        line = ["qemu-system-aarch64", *boards.machine(), "-S", "-nodefaults", "-display", "none", "-accel", "tcg",
                "-qtest", f"unix:{npu.SOCKET},server=on,wait=off", "-qtest-log", "none",
                "-device", f"loader,addr={npu.CORES[1] + npu.PC_TASK_CONTROL:#x},data={CONTROL:#x},data-len=4",
                "-device", f"loader,addr={npu.CORES[1] + npu.INT_MASK:#x},data={MASK:#x},data-len=4",
                "-chardev", "socket,id=monitor0,path=monitor,server=on,wait=off",
                "-mon", "chardev=monitor0,mode=readline"]
        emulator, model = process.start(line, folder / "log", folder), None
        try:
            npu.connect("monitor").close()  # it is up
            model = npu.start(boards.LAB / "lab", folder, folder / "npu.log", npu.Faults())
            status, deadline = "", time.monotonic() + 60
            while "0x00000300" not in status and time.monotonic() < deadline:
                status = boards.monitor(folder, f"xp /1xw {npu.CORES[1] + npu.INT_STATUS:#x}")
            assert "0x00000300" in status, (folder / "npu.log").read_text()
            process.end(emulator, hard=True)
            while process.alive(model) and time.monotonic() < deadline:
                time.sleep(0.05)
            assert not process.alive(model) and not (folder / "npu.log").read_text()
        finally:
            process.end(emulator, hard=True)
            process.end(model, hard=True)
