# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Other boards than the mission's: a kernel without the driver, one with it as a module, a healthy one.

The kind whose kernel takes longest to build comes last.
"""

from __future__ import annotations

import environment
import pytest
from compiled import Results

pytestmark = pytest.mark.board

UPGRADE, ROLLBACK = "playbooks/upgrade-npu.yml", "playbooks/rollback-npu.yml"
TOP1 = "283: 0.468750"


def line_of(run, board):
    """Return the board's line of the table at the end."""
    return next(line for line in run.output.splitlines() if line.startswith(board.name + " ") and "." in line)


def driver_of(board):
    return board.ssh("sudo cat /sys/kernel/debug/rknpu/version").strip().removeprefix("RKNPU driver: v")


def changed(run, board):
    return run.boards[board.name]["changed"]


# -- Debian's own kernel: no driver, no vendor headers. The build for it is in tests/builds, too ------------------------------

@pytest.mark.faults_only
@pytest.mark.case(
    case="bookworm, Debian's stock 6.1 kernel: no driver, no Rockchip headers", plan="dkms",
    result="the compat layer supplies what is missing (no devfreq, which plan and report say); the module loads, MobileNet works")
def test_a_stock_kernel_gets_the_driver(boards, play):
    board = boards("stock")
    run = play(UPGRADE, board=board)
    assert run.rc == 0
    line = line_of(run, board)
    assert "none → 0.9.6" in line and "none → 2.3.2" in line and TOP1 in line and line.endswith("ok")
    assert "has none of the vendor's headers: the driver is built without frequency scaling (devfreq)" in run.output
    assert driver_of(board) == "0.9.6" and "rknpu " in board.ssh("lsmod")
    run = play(UPGRADE, board=board)
    assert (run.rc, changed(run, board)) == (0, 0)


# -- the driver as a module of the kernel; headers, dkms and compiler missing; from the installed artefact, with the oldest core

@pytest.fixture(scope="module")
def module_board(boards):
    return boards("module")


@pytest.mark.case(case="headers, dkms and compiler not installed but in the board's repository", plan="dkms", result="they are installed first")
@pytest.mark.case(case="bookworm, vendor kernel, driver 0.9.3 as a module (=m); 0.9.8 selected", plan="dkms",
                  result="DKMS module rknpu 0.9.8 overrides the kernel's own, which stays on the disk")
def test_dkms_takes_the_place_of_a_kernels_own_module(module_board, play, artefact, another_core):
    assert driver_of(module_board) == "0.9.3"
    assert not module_board.ssh("ls -d /usr/src/linux-headers-* /usr/bin/gcc 2>/dev/null || true").strip()
    results = Results("module", "the kernel's own module")
    results.put(module_board)
    run = play(
        "rkfleet.npu.upgrade_npu", "-e", "npu_driver_version=0.9.8", cwd=artefact, venv=another_core(next(iter(environment.CORES))),
        env={"ANSIBLE_COLLECTIONS_PATH": str(artefact)}, board=module_board)
    assert run.rc == 0
    line = line_of(run, module_board)
    assert "0.9.3 → 0.9.8" in line and TOP1 in line and line.endswith("ok")
    assert driver_of(module_board) == "0.9.8"
    assert "updates/dkms/rknpu.ko" in module_board.ssh("/sbin/modinfo -n rknpu")
    results.take(module_board)


@pytest.mark.case(case="bookworm, vendor kernel, driver as a module (=m): rollback by request", plan="-",
                  result="the kernel's own module comes back, and all that was installed goes, packages too")
def test_a_rollback_on_request_removes_everything(module_board, play):
    run = play(ROLLBACK, board=module_board)
    assert run.rc == 0 and line_of(run, module_board).endswith("rolled back")
    assert driver_of(module_board) == "0.9.3"
    assert "kernel/drivers/rknpu/rknpu.ko" in module_board.ssh("/sbin/modinfo -n rknpu")
    assert not module_board.ssh("ls -d /usr/src/* /var/lib/dkms/rknpu /usr/lib/rkfleet-npu /usr/sbin/dkms 2>/dev/null || true").split()
    assert module_board.ssh("sudo ls /var/lib/rkfleet-npu").split() == ["state.json"]
    assert "librknnrt version: 1.6.0" in module_board.ssh("grep -ao 'librknnrt version: [0-9.]*' /usr/lib/librknnrt.so")
    boot_id = module_board.boot_id()
    run = play(ROLLBACK, board=module_board)
    assert (run.rc, changed(run, module_board)) == (0, 0) and line_of(run, module_board).endswith("nothing to undo")
    assert module_board.boot_id() == boot_id


# -- Debian bullseye, 5.10, 0.8.2 built in: healthy. The same on a light board is in test_light_boards.py --------------------

@pytest.fixture(scope="module")
def bullseye(boards):
    return boards("bullseye")


@pytest.mark.faults_only
@pytest.mark.case(
    case="bullseye, vendor kernel 5.10, driver 0.8.2 built in, MobileNet works", plan="none",
    result="verified and left unchanged, with the reason; the second run changes nothing")
def test_a_healthy_board_stays_unchanged(bullseye, play):
    boot_id = bullseye.boot_id()
    run = play(UPGRADE, board=bullseye)
    assert run.rc == 0
    assert "0.8.2" in line_of(run, bullseye) and "→" not in line_of(run, bullseye) and line_of(run, bullseye).endswith("ok")
    assert "Driver 0.8.2 answers (built into the kernel) and MobileNet works with it: it stays unchanged, although 0.9.6" in run.output
    assert bullseye.boot_id() == boot_id and driver_of(bullseye) == "0.8.2"
    before = bullseye.state()
    run = play(UPGRADE, board=bullseye)
    assert (run.rc, changed(run, bullseye)) == (0, 0)
    assert bullseye.state() == before


@pytest.mark.faults_only
@pytest.mark.case(
    case="bullseye, vendor kernel 5.10, driver 0.8.2 built in, npu_driver_policy: floor", plan="dkms_over_builtin",
    result="0.9.6 is planned, as 0.8.2 is below the floor")
def test_a_floor_changes_a_healthy_board_too(bullseye, play):
    run = play(UPGRADE, "--check", "-e", "npu_driver_policy=floor", board=bullseye)
    assert run.rc == 0
    assert "Driver 0.8.2 is built into the kernel; 0.9.6 or newer is wanted." in run.output
    assert line_of(run, bullseye).endswith("planned: dkms_over_builtin")
