# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A restore while the file system that U-Boot reads is not mounted: what is in its folder then is no file of U-Boot."""

from __future__ import annotations

import shutil

import pytest
from stand_ins.boards.restore_board import OURS, Board

ENV = "/boot/firmware/ubuntuEnv.txt"
OLD, NEW = "bootargs=quiet\n", f"bootargs=quiet {OURS}\n"


@pytest.fixture(params=["dash", "busybox"])
def board(request, tmp_path):
    if not shutil.which(request.param):
        pytest.skip(f"{request.param} is not installed")
    made = Board(tmp_path / "board", (request.param,))
    made.write(ENV, OLD)
    made.keep("environment " + ENV, folder="pending")
    return made


@pytest.mark.parametrize("fstab, mounts", [
    # Joshua-Riek/ubuntu-rockchip
    ("# <file system> <mount point>\n\nUUID=A / ext4 defaults 0 1\nUUID=B\t/boot/firmware\tvfat\tdefaults\t0\t2\n",
     "/dev/a / ext4 rw 0 0\n"),
    ("LABEL=B /boot/ ext4 nofail 0 2\n", "/dev/a / ext4 rw 0 0\n/dev/c /boot/efi vfat rw 0 0\n"),
])
def test_nothing_is_written_below_a_mount_point(board, fstab, mounts):
    """ubuntuEnv.txt is missing then, as if it was lost; the one that U-Boot reads has the argument still."""
    board.place(ENV).unlink()
    board.write("/etc/fstab", fstab)
    board.write("/proc/self/mounts", mounts)
    rc, out = board.guard("restore", "pending")
    assert rc == 1 and board.read(ENV) is None and f"{ENV} cannot be restored: its file system is not mounted" in out
    # It is tried again.
    board.write(ENV, NEW)
    board.write("/proc/self/mounts", mounts + "/dev/b /boot/firmware vfat rw 0 0\n/dev/b /boot ext4 rw 0 0\n")
    assert board.guard("restore", "pending")[0] == 0 and board.read(ENV) == OLD


@pytest.mark.parametrize("fstab", [
    "UUID=B /boot vfat noauto,rw 0 0\n", "#UUID=B /boot/firmware vfat defaults 0 2\n",
    "UUID=A / ext4 defaults 0 1\nUUID=S none swap sw 0 0\n", "UUID=B /boot/fir vfat defaults 0 2\n", "broken\n",
])
def test_other_lines_of_fstab_do_not_matter(board, fstab):
    board.write(ENV, NEW)
    board.write("/etc/fstab", fstab)
    board.write("/proc/self/mounts", "/dev/a / ext4 rw 0 0\n")
    assert board.guard("restore", "pending")[0] == 0 and board.read(ENV) == OLD


def test_the_board_does_not_reboot_without_end_if_the_last_rename_fails(board):
    board.write(ENV, NEW)
    board.tool("mv", 'case $* in *undone*) exit 1 ;; esac\nexec /bin/mv "$@"')
    rc, out = board.guard("restore", "pending")
    assert rc == 1 and "cannot be renamed" in out and board.read(ENV) == OLD
    (board.tools / "mv").unlink()
    assert board.guard("restore", "pending")[0] == 0
