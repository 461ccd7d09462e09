# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A full disk, writes that fail, tools that fail, a lost ssh connection, a wrong clock."""

from __future__ import annotations

from faults.bench import HASTY, MOST, Bench, Broken
from faults.board import FILLER
from faults.points import Plan, Point, spread
from faults.scenarios.power import writes


def disk_full(bench: Bench) -> None:
    """The disk is filled to the last block at writes that matter; a rollback must not need space."""
    found = [point for point in writes(bench) if point.call in ("open", "mkdir", "rename", "*", "symlink")]
    bench.fresh()
    for point in spread(found, max(4, MOST // 3)):
        bench.board.arm(Plan("fill", call=point.call, glob=point.glob, count=point.count), later=point.boot > 0)
        playing = bench.ran()
        filled = "filler" in bench.board.ssh(f"sudo ls {FILLER}", check=False)
        if filled:
            try:
                bench.judge(f"disk full at {point.text}", playing)
            finally:
                bench.board.disarm()
        if bench.board.probe()["state"].get("state") == "committed":
            bench.fresh()
        bench.board.disarm()
    bench.again()


def failing_writes(bench: Bench) -> None:
    """One write fails: no space, or an error of the disk."""
    bench.fresh()
    for action, point in (
        ("enospc", Point(0, "open", "/var/lib/rkfleet-npu/pending.new/*", 1)), ("eio", Point(0, "rename", "/etc/default/u-boot", 1)),
        ("enospc", Point(0, "open", "/boot/extlinux/*", 1)), ("eio", Point(1, "rename", "/usr/lib/librknnrt.so", 1)),
        ("kill", Point(0, "open", "*/lib/modules/*/updates/dkms/*", 1)),
    ):
        bench.board.arm(Plan(action, call=point.call, glob=point.glob, count=point.count), later=point.boot > 0)
        playing = bench.ran()
        if bench.board.armed():
            raise Broken(f"no run comes to {point.text}")
        bench.judge(f"{action} at {point.text}", playing)
        bench.board.disarm()
        if bench.board.probe()["state"].get("state") == "committed":
            bench.fresh()
    bench.again()


DIVERT = "mv {0} {0}.true; cat > {0} <<'X'\n#!/bin/sh\n{1}\nX\nchmod 755 {0}"
MEND = "mv {0}.true {0}"
U_BOOT_UPDATE, DKMS = "/usr/sbin/u-boot-update", "/usr/sbin/dkms"
OBSTACLES = (
    ("/boot read-only", "mount --bind /boot /boot; mount -o remount,bind,ro /boot", "umount /boot"),
    ("DKMS exits 0 without a module", DIVERT.format(DKMS, 'case "$1" in build | install) exit 0 ;; esac; exec /usr/sbin/dkms.true "$@"'), MEND.format(DKMS)),
    ("u-boot-update fails", DIVERT.format(U_BOOT_UPDATE, "exit 1"), MEND.format(U_BOOT_UPDATE)),
)


def obstacles(bench: Bench) -> None:
    """Something on the board is not as it should be; then it is mended."""
    bench.fresh()
    for where, make, mend in OBSTACLES:
        bench.board.sudo(make)
        playing = bench.ran()
        bench.board.sudo(mend)
        if playing.code == 0:
            raise Broken(f"{where}: the run ended well")
        bench.judge(where, playing)
    bench.again()


def ssh_lost(bench: Bench) -> None:
    """The new driver is there, and ssh no longer comes up: only the board itself can help."""
    bench.fresh()
    dropin = "[Service]\nExecStartPre=/bin/sh -c '! grep -q ^rknpu_dkms /proc/modules'\nRestart=no\n"
    bench.board.ssh("sudo sh -c 'mkdir -p /etc/systemd/system/ssh.service.d && cat > /etc/systemd/system/ssh.service.d/lost.conf && sync'",
                    stdin=dropin.encode())
    bench.note()
    playing = bench.ran(HASTY)
    bench.judge("ssh lost after the reboot", playing, alone=True, back=True)
    bench.board.sudo("rm -r /etc/systemd/system/ssh.service.d; systemctl daemon-reload")
    bench.again()


def clock_wrong(bench: Bench) -> None:
    """The board's clock is wrong by years, before the run and from the reboot on."""
    bench.fresh()
    bench.board.sudo("date -s '2019-01-01 00:00:00'")
    playing = bench.ran()
    bench.judge("clock years behind", playing)
    if playing.code:
        raise Broken(f"a wrong clock stopped the run: {playing.sentence()}")
    bench.fresh()
    # The hardware clock goes wrong when the board goes down, so that the new boot has another year.
    bench.board.sudo("date -s '2041-06-01 00:00:00'")
    playing = bench.play()
    playing.says(r"^TASK \[.*Configure the boot loader")
    bench.board.sudo("date -s '2024-01-01 00:00:00'; hwclock -w 2>/dev/null || true")
    playing.code = playing.wait()
    bench.judge("clock changes by years during the run", playing)
    if playing.code:
        raise Broken(f"a wrong clock stopped the run: {playing.sentence()}")
