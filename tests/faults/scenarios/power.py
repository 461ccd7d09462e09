# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Power cuts, during an upgrade and during a rollback."""

from __future__ import annotations

import os
import random
import threading
import time

from faults import artefacts
from faults.bench import MOST, Bench, Broken
from faults.points import Plan, Point, parse_list, points, spread
from faults.runs import Playing
from faults.scenarios.controller import killed_at, until_down

LISTING = Plan("list", when="after").line().strip()


def writes(bench: Bench) -> list[Point]:
    """The writes that matter in an upgrade, from a listing of all calls during one."""
    if not bench.writes:
        bench.fresh()
        # Through all boots of the run, so with neither power-on nor boot in it.
        bench.board.sudo(f"echo '{LISTING}' > /etc/rkfleet-fault; sync /etc/rkfleet-fault")
        bench.again()
        bench.writes = points(parse_list(bench.board.listed()))
        print(f"{len(bench.writes)} writes matter:", *(point.text for point in bench.writes), sep="\n  ", flush=True)
    return bench.writes


def cut_chain(bench: Bench, found: list[Point], variables: dict | None = None) -> None:
    """The power goes at each of these points, the controller's too; every run goes on where the last one died."""
    bench.fresh()
    for point in found:
        playing, blown = _cut(bench, point, variables)
        if not blown.is_set():
            # An earlier run did this write already, and this one went through: once more from the start, where it is done again.
            seen = bench.board.settled()
            if seen["state"].get("state") != "committed":
                bench.judge(point.text, playing, happened="the run ended before it came there")
            bench.fresh()
            playing, blown = _cut(bench, point, variables)
        if not blown.is_set():
            raise Broken(f"no run comes to {point.text}")
        bench.board.power_on()
        bench.judge(f"power cut before {point.text}", playing, happened=f"cut at {blown.where}")
    bench.board.disarm()
    bench.again(variables)


def _cut(bench: Bench, point: Point, variables: dict | None) -> tuple[Playing, threading.Event]:
    """A run until the power goes at that point, or until its end where it never comes there; the event says which."""
    bench.board.arm(Plan("cut", call=point.call, glob=point.glob, count=point.count), later=point.boot > 0)
    with bench.board.fuse() as blown:
        playing = bench.play(variables)
        while playing.alive and not blown.is_set():
            blown.wait(0.5)
        playing.kill()
        playing.wait()
    return playing, blown


def cuts(bench: Bench, most: int) -> None:
    """Power cuts at every kind of write that matters, as far as *most* goes."""
    cut_chain(bench, spread(writes(bench), most))


CI_POINTS = (Point(0, "rename", "/etc/default/u-boot", 1), Point(1, "rename", "/usr/lib/librknnrt.so", 1))


def few_cuts(bench: Bench) -> None:
    """Two of them: when the boot set-up changes, and when the runtime does."""
    cut_chain(bench, list(CI_POINTS))


def random_cuts(bench: Bench, number: int = 10) -> None:
    """Power cuts at instants that nobody chose; the controller lives on."""
    seed = int(os.environ.get("RKFLEET_FAULT_SEED") or time.time_ns() % 10**9)
    print(f"RKFLEET_FAULT_SEED={seed}", flush=True)
    dice = random.Random(f"{seed} {bench.board.kind}")
    bench.fresh()
    for count in range(number):
        instant = dice.uniform(15, 150)
        playing = bench.play()
        deadline = time.monotonic() + instant
        while playing.alive and time.monotonic() < deadline:
            time.sleep(0.05)
        ended = not playing.alive
        task = (playing.tasks() or ["the start"])[-1]
        bench.board.power_off()
        if count % 2:
            playing.kill()  # the controller's power, too
        time.sleep(dice.uniform(0, 5))
        bench.board.power_on()
        playing.code = playing.wait()
        where = f"power cut after {instant:.1f} s, at '{task}' (seed {seed})" if not ended else f"power cut after the run (seed {seed})"
        bench.judge(where, playing)
        if bench.board.probe()["state"].get("state") == "committed":
            bench.fresh()
    bench.again()


def cuts_on_the_way_back(bench: Bench) -> None:
    """A driver that panics, no controller, and the power goes while the board rolls itself back."""
    bench.fresh()
    bad = artefacts.driver(bench.board, "0.9.6", "panic")
    if not killed_at(bench, r"^TASK \[.*Reboot\b.*\]", bad):
        raise Broken("the run never came to the reboot")
    bench.board.keep("faults-deployed")
    bench.board.sudo(f"echo '{LISTING}' > /etc/rkfleet-fault; sync /etc/rkfleet-fault")
    _reboot_alone(bench)
    bench.judge("the driver panics at load, no controller", None, alone=True, back=True, happened="the board rolled itself back")
    found = [point for point in points(parse_list(bench.board.listed())) if point.boot > 0]
    for point in spread(found, max(4, MOST // 3)):
        bench.board.restore("faults-deployed")
        bench.board.arm(Plan("cut", call=point.call, glob=point.glob, count=point.count), later=True)
        with bench.board.fuse() as blown:
            _reboot_alone(bench)
            blown.wait(240)
        if not blown.is_set():
            continue
        bench.board.power_on()
        bench.judge(f"during the rollback: power cut before {point.text}", None, alone=True, back=True, happened=f"cut at {blown.where}")
    bench.board.disarm()
    bench.again()


def _reboot_alone(bench: Bench) -> None:
    """Do what the run would have done next, without it."""
    boot = bench.board.boot_id()
    bench.board.sudo("nohup /usr/lib/rkfleet-npu/guard reboot >/dev/null 2>&1 &", check=False)
    until_down(bench, boot)
