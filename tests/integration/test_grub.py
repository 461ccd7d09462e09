# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A board that starts with UEFI firmware (EDK2) and GRUB: the whole upgrade, a second run, and a rollback by request.

The tests go on from one another. Power cuts and a trial boot that fails are scenarios of tests/faults on the same kind
of board.
"""

from __future__ import annotations

import re

import pytest

pytestmark = [pytest.mark.board, pytest.mark.faults_only]

UPGRADE, ROLLBACK = "playbooks/upgrade-npu.yml", "playbooks/rollback-npu.yml"
TOP1 = "283: 0.468750"
ARGUMENT = "initcall_blacklist=rknpu_init"
#: What GRUB reads, and what update-grub makes it from.
BOOT_FILES = (
    "sudo sh -c 'cd / && find etc/default/grub etc/default/grub.d etc/grub.d boot/grub -type f -print0"
    " | sort -z | xargs -0 sha256sum'"
)


@pytest.fixture(scope="module")
def grub(boards):
    return boards("grub")


@pytest.fixture(scope="module")
def boot_files(grub):
    """Return the digests of the untouched board's boot files."""
    return grub.ssh(BOOT_FILES)


def line_of(run, board):
    """Return the board's line of the table at the end."""
    return next(line for line in run.output.splitlines() if line.startswith(board.name + " ") and "." in line)


def kernel_lines(board):
    """Return the lines of grub.cfg that start a kernel."""
    return re.findall(r"^\s*linux\s.*$", board.ssh("sudo cat /boot/grub/grub.cfg"), re.MULTILINE)


def test_the_board_was_started_by_grub_with_the_device_tree_of_the_lab(grub, boot_files):
    assert "EDK II" in grub.ssh("sudo dmesg | grep -m1 efi:")
    assert grub.ssh("cat /proc/cmdline").startswith("BOOT_IMAGE=/boot/vmlinuz-")
    assert grub.ssh("tr -d '\\000' </proc/device-tree/model") == "Radxa ROCK 5B"
    assert grub.ssh("sudo cat /sys/kernel/debug/rknpu/version").strip() == "RKNPU driver: v0.9.3"
    # The real update-grub makes the same file again.
    grub.ssh("sudo update-grub")
    assert grub.ssh(BOOT_FILES) == boot_files


@pytest.mark.case(
    case="UEFI firmware (EDK2) and GRUB; bookworm, vendor kernel, driver 0.9.3 built in, MobileNet fails",
    plan="dkms_over_builtin",
    result="the argument is added by a drop-in in /etc/default/grub.d, from which GRUB's grub.cfg is made; "
           "the board boots through GRUB with driver 0.9.6, MobileNet works")
def test_the_upgrade(grub, boot_files, play):
    before = kernel_lines(grub)
    untouched = grub.ssh("sudo cat /etc/default/grub")
    run = play(UPGRADE, board=grub)
    assert run.rc == 0
    line = line_of(run, grub)
    assert "0.9.3 → 0.9.6" in line and "1.6.0 → 2.3.2" in line and TOP1 in line and line.endswith("ok")
    words = grub.ssh("cat /proc/cmdline").split()
    assert words[0].startswith("BOOT_IMAGE=") and words.count(ARGUMENT) == 1
    assert grub.ssh("lsmod").count("rknpu_dkms ") == 1
    # The owner's file is as it was; every kernel that had arguments has this one more, and nothing else.
    assert grub.ssh("sudo cat /etc/default/grub") == untouched
    assert ARGUMENT in grub.ssh("sudo sh -c 'cat /etc/default/grub.d/*'")
    assert [line.split() for line in before] == [line.replace(ARGUMENT, "").split() for line in kernel_lines(grub)]
    assert all(line.split().count(ARGUMENT) == 1 for line in kernel_lines(grub) if "quiet" in line)


@pytest.mark.case(
    case="UEFI firmware (EDK2) and GRUB: a second run, and update-grub run by the owner", plan="none",
    result="nothing changes, without a reboot")
def test_a_second_run_changes_nothing(grub, play):
    grub.ssh("sudo update-grub")
    boot_id, before = grub.boot_id(), grub.state()
    run = play(UPGRADE, board=grub)
    assert (run.rc, run.boards[grub.name]["changed"]) == (0, 0)
    assert grub.boot_id() == boot_id and grub.state() == before


@pytest.mark.case(
    case="UEFI firmware (EDK2) and GRUB: rollback by request", plan="-",
    result="no drop-in is left, grub.cfg is as before, byte for byte; the built-in driver answers again")
def test_a_rollback_by_request_leaves_the_boot_files_as_they_were(grub, boot_files, play):
    run = play(ROLLBACK, board=grub)
    assert run.rc == 0 and line_of(run, grub).endswith("rolled back")
    assert grub.ssh(BOOT_FILES) == boot_files
    assert ARGUMENT not in grub.ssh("cat /proc/cmdline")
    assert grub.ssh("sudo cat /sys/kernel/debug/rknpu/version").strip() == "RKNPU driver: v0.9.3"
