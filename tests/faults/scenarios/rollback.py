# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A rollback by request, long after the commit."""

from __future__ import annotations

from faults.bench import HASTY, TOP1, Bench, Broken
from faults.points import Plan
from faults.scenarios.controller import until_down

ROLLBACK = "rollback-npu.yml"
#: What an owner and a kernel package do in the meantime: one more argument, and a kernel under another name than the one in the old menu.
MEANWHILE = """
sed -i 's/^U_BOOT_PARAMETERS="/&rkfleet.owner=1 /' /etc/default/u-boot
mv /boot/vmlinuz-$(uname -r) /boot/vmlinuz-$(uname -r)-next
u-boot-update
grep -q 'rkfleet.owner=1' /boot/extlinux/extlinux.conf
sync
"""
COMMITTED = "faults-committed"


def rollback_later(bench: Bench) -> None:
    """Long after an upgrade it is rolled back by request: the power fails in it, the controller goes, and boot files have changed since."""
    bench.fresh()
    bench.again()
    bench.board.keep(COMMITTED)
    bench.board.arm(Plan("cut", call="rename", glob="/etc/default/u-boot", count=1))
    with bench.board.fuse() as blown:
        playing = bench.play(HASTY, ROLLBACK)
        while playing.alive and not blown.is_set():
            blown.wait(0.5)
        playing.kill()
        playing.wait()
    if not blown.is_set():
        raise Broken("the rollback never restores the boot arguments")
    bench.board.power_on()
    bench.judge("rollback by request: power cut when the boot arguments are restored, controller gone", playing, alone=True, files=False,
                happened=f"cut at {blown.where}")
    _is_upgraded(bench)
    bench.board.restore(COMMITTED)
    boot = bench.board.boot_id()
    playing = bench.play(HASTY, ROLLBACK)
    if not playing.says(r"^TASK \[.*: Reboot into the previous driver"):
        playing.wait()
        raise Broken(f"the rollback never came to the reboot: {playing.sentence()}")
    until_down(bench, boot)
    playing.kill()
    playing.wait()
    bench.judge("rollback by request: controller gone after the reboot was ordered", playing, alone=True, files=False,
                happened="no commit and no heartbeat for 2 minutes")
    _is_upgraded(bench)
    bench.board.restore(COMMITTED)
    bench.board.sudo(MEANWHILE)
    playing = bench.ran(playbook=ROLLBACK)
    if playing.code:
        raise Broken(f"the rollback ended with {playing.code}: {playing.sentence()}")
    row = bench.judge("rollback by request: boot arguments and kernel have changed since the upgrade", playing, files=False)
    words = bench.board.ssh("cat /proc/cmdline").split()
    if "rkfleet.owner=1" not in words or any(word.startswith("initcall_blacklist") for word in words) or row["driver"] != bench.before.seen["driver"]:
        raise Broken(f"the owner's argument is to stay and ours to go: {words}, driver {row['driver']}", worse=True)


def _is_upgraded(bench: Bench) -> None:
    """Fail unless a rollback that was not confirmed has left the board as the upgrade made it."""
    seen = bench.board.probe()
    if seen["state"].get("state") != "committed" or not seen["answer"].startswith(TOP1):
        raise Broken(f"a rollback that was not confirmed ends in state {seen['state'].get('state')} ({seen['answer']})", worse=True)
