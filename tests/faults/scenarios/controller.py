# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The controller is killed or gone, or there are two."""

from __future__ import annotations

import subprocess
import time

from faults.bench import HASTY, Bench, Broken
from faults.runs import Playing


def killed_at(bench: Bench, pattern: str, variables: dict | None = None, limit: float = 600) -> Playing | None:
    """Kill a run when its output has the pattern; None if it ended before."""
    playing = bench.play(variables)
    said = playing.says(pattern, limit)
    if not said or not playing.alive:
        playing.code = playing.wait()
        return None
    playing.kill()
    playing.wait()
    return playing


PHASES = (
    ("the restore point is written", r"^TASK \[.*Begin the transaction"),
    ("the build", r"^TASK \[.*Build and install the driver"),
    ("the boot configuration", r"^TASK \[.*Configure the boot loader"),
    ("the reboot", r"^TASK \[.*: Reboot"),
    ("the facts after the reboot", r"^TASK \[.*Gather facts again"),
    ("the runtime", r"^TASK \[.*Install the runtime"),
    ("the verification", r"^TASK \[.*: Run MobileNet\]"),
    ("the commit", r"^TASK \[.*Commit the upgrade, or pause"),
)


def controller_killed(bench: Bench) -> None:
    """The controller dies between any two phases, and is simply run again."""
    bench.fresh()
    for text, pattern in PHASES:
        playing = killed_at(bench, pattern)
        if playing is None:
            # What an earlier run has done is not done again: from the start.
            bench.fresh()
            playing = killed_at(bench, pattern)
        if playing is None:
            raise Broken(f"the run never came to: {text}")
        time.sleep(3)
        bench.judge(f"controller killed at {text}", playing)
    bench.again()


def controller_gone(bench: Bench) -> None:
    """The controller dies when it has ordered the reboot; nobody comes, and the board goes back."""
    bench.fresh()
    playing = killed_when_down(bench, HASTY)
    bench.judge("controller gone after the reboot was ordered", playing, alone=True, back=True, happened="no commit and no heartbeat for 2 minutes")
    bench.again()


def two_controllers(bench: Bench) -> None:
    """Two controllers at once."""
    bench.fresh()
    first = bench.play()
    first.says(r"^TASK \[.*Build and install the driver")
    second = bench.ran({"npu_cache_dir": str(bench.board.folder / "cache-2")})
    if second.code == 0:
        first.kill()
        raise Broken("the second controller was not stopped")
    said = second.sentence()
    first.code = first.wait()
    if first.code:
        raise Broken(f"the first controller was disturbed: {first.sentence()}")
    bench.judge("two controllers at once", first, happened=f"the second one: {said}")


def until_down(bench: Bench, boot: str, limit: float = 180) -> None:
    """Wait until the board has left that boot, or no longer answers."""
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        time.sleep(1)
        try:
            if bench.board.boot_id() != boot:
                return
        except (AssertionError, subprocess.TimeoutExpired):
            return  # it is on its way down


def killed_when_down(bench: Bench, variables: dict) -> Playing:
    """Kill a run when the board has begun the reboot it was ordered to make."""
    playing = bench.play(variables)
    # The first build of a checkout is in it, beside other boards.
    if not playing.says(r"^TASK \[.*: Reboot", 1800):
        playing.wait()
        raise Broken(f"the run never came to the reboot: {playing.sentence()}")
    until_down(bench, bench.before.seen["boot_id"])
    playing.kill()
    playing.wait()
    return playing
