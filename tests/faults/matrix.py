# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The matrix: what is done to boards, and what must be true afterwards.

A scenario is one or more faults, each a row of build/faults.json and docs/faults.md. After each: the board answers over ssh, on
the old driver or the new one, and that driver answers; MobileNet's answer is at least as good as before; where the upgrade was
taken back all files are as they were; one sentence says what happened. Faults of a chain follow one another on the same board
without a reset in between: each run goes on where the last one died, and the chain ends with a run that succeeds (not in `make test`).
"""

from __future__ import annotations

import os
import random
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from faults import artefacts
from faults.board import FILLER, READY, Dead, FaultBoard
from faults.points import Plan, Point, parse_list, points, spread
from faults.runs import Playing

UPGRADE = "upgrade-npu.yml"
#: The board gives up on the controller after half an hour, as by default, or two minutes where that is what is tried.
CALM = {"npu_confirm_minutes": 30, "npu_reboot_timeout": 240}
HASTY = {"npu_confirm_minutes": 2, "npu_reboot_timeout": 110}
MOST = int(os.environ.get("RKFLEET_FAULT_POINTS", "16"))
UPGRADED = "faults-upgraded"
TOP1 = "283: 0.468750"
UNPRINTABLE = {chr(code) for code in (*range(32), *range(127, 160))} - {"\n", "\t", "\r"}


class Broken(Exception):
    """Something that must be true is not; *worse* where the board is worse off than before."""

    def __init__(self, message: str, worse: bool = False):
        super().__init__(message)
        self.worse = worse


@dataclass
class Before:
    """What a board was before the fault."""

    seen: dict
    files: list[str]
    packages: set[str]

    @property
    def works(self) -> bool:
        """Whether MobileNet worked."""
        return self.seen["answer"].startswith(TOP1)


@dataclass
class Bench:
    """A board on the bench, and the rows that were made of it. *save* keeps a row."""

    board: FaultBoard
    save: Callable[[dict], None]
    #: As in `make test`: a chain of faults does not end with an upgrade that succeeds, which other tests there show.
    short: bool = False
    scenario: str = ""
    kept: set[str] = field(default_factory=set)
    before: Before | None = None
    writes: list[Point] = field(default_factory=list)

    # -- states to begin from

    def warm(self) -> None:
        """Have the compiler's results on the board, so that no build of the matrix takes its full time; once in a checkout for a kind of board."""
        if not self.board.compiled.exists():
            playing = self.play()
            if not playing.says(r"^TASK \[.*Have the driver started"):
                playing.wait()
                raise Broken(f"the driver could not be built: {playing.sentence()}\n{playing.output[-2000:]}")
            playing.kill()
            playing.wait()
            self.board.keep_compiled()
            self.board.restore(READY)
        self.board.put_compiled()
        self.board.keep(READY)

    def fresh(self) -> None:
        """The board as it comes, and what it then is."""
        self.board.restore(READY)
        self.note()

    def upgraded(self) -> None:
        """The board after a successful upgrade to driver 0.9.6 and runtime 2.3.2: one on which MobileNet works."""
        if UPGRADED in self.kept:
            self.board.restore(UPGRADED)
        else:
            self.fresh()
            self.again()
            self.board.keep(UPGRADED)
            self.kept.add(UPGRADED)
        self.note()

    def note(self) -> None:
        """Take what is there as what was there before."""
        self.before = Before(self.board.probe(), self.board.state(), self.board.packages())

    # -- runs

    def play(self, variables: dict | None = None, playbook: str = UPGRADE, words: tuple[str, ...] = ()) -> Playing:
        """Start a playbook."""
        return Playing(self.board, playbook, {**CALM, **(variables or {})}, words)

    def ran(self, variables: dict | None = None, playbook: str = UPGRADE, words: tuple[str, ...] = ()) -> Playing:
        """Run a playbook to its end."""
        playing = self.play(variables, playbook, words)
        playing.code = playing.wait()
        return playing

    def again(self, variables: dict | None = None) -> None:
        """What an owner does after a fault: run the upgrade again. It must end well."""
        playing = self.ran(variables)
        seen = self.board.settled()
        if playing.code or not seen["answer"].startswith(TOP1) or seen["pending"] or seen["state"].get("state") != "committed":
            raise Broken(f"the run after it ends with {playing.code}: {playing.sentence()} (state {seen['state'].get('state')}, {seen['answer']})")

    # -- judging

    def judge(self, where: str, playing: Playing | None, alone: bool = False, back: bool = False, happened: str = "", files: bool = True) -> dict:
        """See that the board is no worse, and keep the row.

        *alone*: it heals by itself; *back*: it must be back on the old state; not *files*: the owner changed some meanwhile.
        """
        row = {"scenario": self.scenario, "board": self.board.kind, "where": where, "happened": happened, "outcome": "recovered", "sentence": ""}
        try:
            row.update(self._look(playing, alone, back, files))
        except Dead as problem:
            row.update(outcome="worse", sentence=str(problem).splitlines()[0])
        except Broken as problem:
            row.update(outcome="worse" if problem.worse else "failed", sentence=str(problem))
        self.save(row)
        if row["outcome"] != "recovered":
            raise Broken(f"{where}: {row['sentence']}")
        return row

    def _look(self, playing: Playing | None, alone: bool, back: bool, compare: bool) -> dict:
        seen, before = self.board.settled(alone=alone), self.before
        state, why = seen["state"].get("state", "unknown"), seen["state"].get("why") or ""
        said = f"driver {seen['driver'] or 'none'}, runtime {seen['runtime'] or 'none'}, MobileNet: {seen['answer']}, state {state}"
        old = (before.seen["driver"], before.seen["runtime_sha256"]) == (seen["driver"], seen["runtime_sha256"])
        if not seen["driver"] and before.seen["driver"]:
            raise Broken(f"no driver answers any more ({said})", worse=True)
        if before.works and not seen["answer"].startswith(TOP1):
            raise Broken(f"MobileNet worked before and does not now ({said})", worse=True)
        if state in ("rollback_failed", "broken"):
            raise Broken(f"{state}: {why} ({said})", worse=True)
        ended = playing is not None and not playing.killed and not playing.alive
        rolled_back = state == "rolled_back" or (ended and playing.code != 0 and not seen["pending"])
        if back and not (old and rolled_back):
            raise Broken(f"it is not back on the old state ({said})")
        if rolled_back and state != "committed" and compare:
            files = self.board.state()
            gone, new = sorted(set(before.files) - set(files)), sorted(set(files) - set(before.files))
            if gone or new:
                brought = self.board.brought(self.board.packages() - before.packages)
                gone, new = ([line for line in lines if not brought(line)] for lines in (gone, new))
            if gone or new:
                raise Broken(f"files differ after the way back: gone {gone[:4]}, new {new[:4]} of {len(gone) + len(new)}")
        sentence = why or (playing.sentence() if playing else "")
        if not sentence and (not ended or playing.code):
            # The power went, or the controller: the board says how far it had come.
            sentence = f"state.json: {state}" if state != "unknown" else "nothing was changed yet" if self.board.state() == before.files else ""
        if not sentence and (not ended or playing.code):
            raise Broken(f"nothing says what happened ({said})")
        if UNPRINTABLE & set(sentence):
            raise Broken(f"the sentence has control characters: {sentence!r}")
        ending = "the old state is back" if rolled_back and old else "upgraded" if state == "committed" else "not finished, goes on with the next run"
        return {"ending": ending, "state": state, "driver": seen["driver"], "answer": seen["answer"], "sentence": " ".join(sentence.split())[:400]}


# -- power cuts -------------------------------------------------------------------------------------------------------------------

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
    """A driver that panics, no controller, and the power goes while the board goes back by itself."""
    bench.fresh()
    bad = artefacts.driver(bench.board, "0.9.6", "panic")
    if not _killed_at(bench, r"^TASK \[.*Reboot\b.*\]", bad):
        raise Broken("the run never came to the reboot")
    bench.board.keep("faults-deployed")
    bench.board.sudo(f"echo '{LISTING}' > /etc/rkfleet-fault; sync /etc/rkfleet-fault")
    _reboot_alone(bench)
    bench.judge("the driver panics at load, no controller", None, alone=True, back=True, happened="the board went back by itself")
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
        bench.judge(f"on the way back: power cut before {point.text}", None, alone=True, back=True, happened=f"cut at {blown.where}")
    bench.board.disarm()
    bench.again()


def _reboot_alone(bench: Bench) -> None:
    """Do what the run would have done next, without it."""
    boot = bench.board.boot_id()
    bench.board.sudo("nohup /usr/lib/rkfleet-npu/guard reboot >/dev/null 2>&1 &", check=False)
    _until_down(bench, boot)


def _until_down(bench: Bench, boot: str, limit: float = 180) -> None:
    """Wait until the board has left that boot, or no longer answers."""
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        time.sleep(1)
        try:
            if bench.board.boot_id() != boot:
                return
        except (AssertionError, subprocess.TimeoutExpired):
            return  # it is on its way down


def _killed_when_down(bench: Bench, variables: dict) -> Playing:
    """Kill a run when the board has begun the reboot it was ordered to make."""
    playing = bench.play(variables)
    if not playing.says(r"^TASK \[.*: Reboot"):
        playing.wait()
        raise Broken(f"the run never came to the reboot: {playing.sentence()}")
    _until_down(bench, bench.before.seen["boot_id"])
    playing.kill()
    playing.wait()
    return playing


# -- the controller ---------------------------------------------------------------------------------------------------------------

def _killed_at(bench: Bench, pattern: str, variables: dict | None = None, limit: float = 600) -> Playing | None:
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
    ("the way back is being written", r"^TASK \[.*Have a way back"),
    ("the build", r"^TASK \[.*Build and install the driver"),
    ("the boot set-up", r"^TASK \[.*Have the driver started"),
    ("the reboot", r"^TASK \[.*: Reboot"),
    ("the look after the reboot", r"^TASK \[.*Look again"),
    ("the runtime", r"^TASK \[.*Install the runtime"),
    ("the verification", r"^TASK \[.*: Run MobileNet\]"),
    ("the commit", r"^TASK \[.*Keep the board as it is"),
)


def controller_killed(bench: Bench) -> None:
    """The controller dies between any two phases, and is simply run again."""
    bench.fresh()
    for text, pattern in PHASES:
        playing = _killed_at(bench, pattern)
        if playing is None:
            # What an earlier run has done is not done again: from the start.
            bench.fresh()
            playing = _killed_at(bench, pattern)
        if playing is None:
            raise Broken(f"the run never came to: {text}")
        time.sleep(3)
        bench.judge(f"controller killed at {text}", playing)
    bench.again()


def controller_gone(bench: Bench) -> None:
    """The controller dies when it has ordered the reboot; nobody comes, and the board goes back."""
    bench.fresh()
    playing = _killed_when_down(bench, HASTY)
    bench.judge("controller gone after the reboot was ordered", playing, alone=True, back=True, happened="nobody confirmed for 2 minutes")
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


# -- drivers and runtimes ---------------------------------------------------------------------------------------------------------

def bad_drivers(bench: Bench, over: str, faults: tuple[tuple[str, str, bool], ...]) -> None:
    """Upgrades to drivers with a fault, one after the other, then to a good one.

    *over*: `builtin`, what the board comes with, or `dkms`, a driver that DKMS made and with which MobileNet works.
    *faults*: which fault, how to call it, and whether the board is alone with it: the controller dies with the reboot.
    """
    if over == "builtin":
        bench.fresh()
        version, wish = "0.9.6", {}
    else:
        bench.upgraded()
        version, wish = "0.9.8", {"npu_driver_version": "0.9.8", "npu_driver_policy": "exact"}
    for fault, where, alone in faults:
        variables = {**wish, **artefacts.driver(bench.board, version, fault)}
        playing = _killed_when_down(bench, {**variables, **HASTY}) if alone else bench.ran(variables)
        if not alone and playing.code == 0:
            raise Broken(f"{where}: the run ended well, with a driver that cannot work")
        row = bench.judge(where, playing, alone=alone, back=True)
        # What the guard has armed for the trial boot, and not the controller's patience, has to end such a boot.
        if fault in ("oops", "panic", "lockup") and not alone and "went back by itself" not in row["sentence"]:
            raise Broken(f"{where}: the board did not go back by itself: {row['sentence']!r}")
        if not alone and "roll" not in playing.line().lower():
            raise Broken(f"{where}: the table does not say that it was rolled back: {playing.line()!r}")
    if not bench.short:
        bench.again(wish)


def bad_runtime(bench: Bench, faults: tuple[tuple[str, str], ...]) -> None:
    """Runtimes with a fault, on a board where everything works."""
    bench.upgraded()
    for fault, where in faults:
        playing = bench.ran({"npu_runtime_version": "1.6.0", "npu_verify_timeout": 60, **artefacts.runtime(bench.board, "1.6.0", fault)})
        if playing.code == 0:
            raise Broken(f"{where}: the run ended well")
        bench.judge(where, playing, back=True)
    bench.again({"npu_runtime_version": "1.6.0"})


# -- the board --------------------------------------------------------------------------------------------------------------------

def disk_full(bench: Bench) -> None:
    """The disk is filled to the last block at writes that matter; the way back must not need space."""
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
    playing.says(r"^TASK \[.*Have the driver started")
    bench.board.sudo("date -s '2024-01-01 00:00:00'; hwclock -w 2>/dev/null || true")
    playing.code = playing.wait()
    bench.judge("clock changes by years during the run", playing)
    if playing.code:
        raise Broken(f"a wrong clock stopped the run: {playing.sentence()}")


NO_WATCHDOG = "echo 'blacklist i6300esb' > /etc/modprobe.d/rkfleet-fault.conf; sync"
LATER = {"npu_driver_version": "0.9.8", "npu_driver_policy": "exact"}


def detectors(bench: Bench) -> None:
    """The new driver hangs on a board without a watchdog: only what the guard has armed in the kernel can end that. Debian's kernel has it."""
    bench.fresh()
    bench.board.sudo(NO_WATCHDOG)
    bench.note()
    for fault, where in (("spin", "a processor spins in the new driver, no watchdog"), ("hang", "the new driver hangs at load, no watchdog")):
        playing = bench.ran({**LATER, **artefacts.driver(bench.board, "0.9.8", fault), "npu_reboot_timeout": 600})
        if playing.code == 0:
            raise Broken(f"{where}: the run ended well, with a driver that cannot work")
        row = bench.judge(where, playing, back=True)
        if "went back by itself" not in row["sentence"]:
            raise Broken(f"{where}: the board did not go back by itself: {row['sentence']!r}")
    bench.again(LATER)


WATCH = "rkfleet-npu-watch.service"
HEARTBEAT = "/var/lib/rkfleet-npu/pending/heartbeat"
KILL_WATCH = f"systemctl kill -s KILL {WATCH}; for n in $(seq 60); do sleep 1; systemctl -q is-active {WATCH} && exit 0; done; exit 1"
SPOIL_HEARTBEAT = f"printf '\\377 x7 99999999999999999999' > {HEARTBEAT}"


def watch_disturbed(bench: Bench) -> None:
    """The board's watch is killed, or what it reads is damaged: in the build, and when nobody comes after the reboot."""
    for script, where in ((KILL_WATCH, "the watch is killed"), (SPOIL_HEARTBEAT, "the heartbeat is damaged")):
        bench.fresh()
        playing = bench.play()
        if not playing.says(r"^TASK \[.*Build and install the driver"):
            playing.wait()
            raise Broken(f"the run never came to the build: {playing.sentence()}")
        bench.board.sudo(script)
        playing.code = playing.wait()
        if playing.code:
            raise Broken(f"{where} in the build: the run was disturbed: {playing.sentence()}")
        bench.judge(f"{where} in the build", playing)
        bench.fresh()
        playing = _killed_when_down(bench, HASTY)
        bench.board.wait()
        bench.board.sudo(script)
        bench.judge(f"{where} after the reboot, controller gone", playing, alone=True, back=True, happened="nobody confirmed for 2 minutes")
    bench.again()


# One page for another kernel, or none, by the system call: it would not start, and no board of the lab has kexec-tools.
KEXEC = """#!/usr/bin/python3
import ctypes, re, sys
page = ctypes.create_string_buffer(65536)
with open("/proc/iomem") as stream:
    end = max(int(m.group(1), 16) for m in re.finditer(r"^[0-9a-f]+-([0-9a-f]+) : System RAM", stream.read(), re.M))
segment = (ctypes.c_uint64 * 4)(ctypes.addressof(page), 65536, (end - 0x8000000) & ~0xffff, 65536)
number = 1 if sys.argv[1:] == ["--load"] else 0
sys.exit(ctypes.CDLL(None).syscall(104, ctypes.c_uint64(segment[2]), ctypes.c_uint64(number), segment, ctypes.c_uint64(183 << 16)) != 0)
"""
KEXEC_TOOL = "/usr/sbin/kexec"


def kexec_loaded(bench: Bench) -> None:
    """A kernel is loaded for kexec, with the old arguments, before the reboot into the new driver. Debian's kernel can do that."""
    bench.fresh()
    bench.board.ssh("sudo sh -c 'cat > /root/kexec && chmod 755 /root/kexec && sync'", stdin=KEXEC.encode())
    bench.note()
    playing = bench.play(LATER)
    if not playing.says(r"^TASK \[.*Have the driver started"):
        playing.wait()
        raise Broken(f"the run never came to the boot set-up: {playing.sentence()}")
    bench.board.sudo("/root/kexec --load")
    playing.code = playing.wait()
    if playing.code == 0:
        raise Broken("the board was rebooted into a kernel that was loaded for kexec")
    row = bench.judge("a kexec kernel loaded after the build, no tool to unload it", playing, back=True)
    if "kexec" not in row["sentence"]:
        raise Broken(f"the sentence does not name kexec: {row['sentence']!r}")
    bench.board.sudo(f"cp /root/kexec {KEXEC_TOOL}; sync")
    bench.note()
    playing = bench.ran(LATER)
    if playing.code:
        raise Broken(f"a kexec kernel that can be unloaded stopped the run: {playing.sentence()}")
    bench.judge("a kexec kernel is loaded, with the tool to unload it", playing)


def kernel_updated(bench: Bench) -> None:
    """Between the build and the rest of the upgrade, the owner installs a newer kernel."""
    bench.fresh()
    playing = _killed_at(bench, r"^TASK \[.*Have the driver started")
    if playing is None:
        raise Broken("the run never came to the boot set-up")
    bench.board.sudo(
        "echo 'deb [trusted=yes] file:/srv/apt-next ./' > /etc/apt/sources.list.d/next.list; apt-get -qq update;"
        " DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install linux-image-$(uname -r | sed 's/-1-rk2312/-2-rk2410/')"
        " > /dev/null 2>&1", timeout=600)
    second = bench.ran()
    bench.judge("kernel updated between staging and rollout", second, files=False)
    bench.again()


# -- hostile answers --------------------------------------------------------------------------------------------------------------

NASTY = "\x1b[2J\x1b[31m<script>alert(1)</script><img src=x onerror=alert(2)>{{ 7771*7 }}\x07\x9b31m"
NPU = ("radxa,rock-5b", "rockchip,rk3588")
HOSTILE = (
    ("model: ANSI and HTML", (("s", "/", "model", (NASTY,)),)),
    ("model: 20 kB", (("s", "/", "model", ("Radxa " + "A" * 20000,)),)),
    ("model: binary", (("bx", "/", "model", tuple("ff fe 0 1b 5b 33 31 6d 80 c3 28 0".split())),)),
    ("serial number: ANSI, HTML and a line break", (("s", "/", "serial-number", (NASTY + "\nroot: evil",)),)),
    ("compatible: ANSI and HTML beside the right ones", (("s", "/", "compatible", (*NPU, NASTY, "x" * 5000)),)),
    ("compatible: nothing that is known", (("s", "/", "compatible", (NASTY,)),)),
)
HOSTILE_FILES = (
    ("npu.fact", "mkdir -p /etc/ansible/facts.d; cat > /etc/ansible/facts.d/npu.fact",
     '{"driver": {"version": "%s"}, "verification": {"diagnosis": "ok"}}' % ("9" * 9000)),
    ("npu.fact that is no JSON", "cat > /etc/ansible/facts.d/npu.fact", NASTY * 300),
    ("state.json", "mkdir -p -m 700 /var/lib/rkfleet-npu; cat > /var/lib/rkfleet-npu/state.json",
     '{"schema": 1, "state": "committed", "why": "\\u001b[31m<script>", "run": {"a": [1]}, "baseline": 7, "driver": "x"}'),
    ("state.json nested 100,000 deep", "cat > /var/lib/rkfleet-npu/state.json", "[" * 100000),
    ("lock.json", "cat > /var/lib/rkfleet-npu/lock.json", '{"schema": 1, "run": "\\u001b[2J", "host": "<b>x</b>", "user": 5, "since": null}'),
    ("the version in librknnrt.so", "cat > /usr/lib/librknnrt.so", "librknnrt version: 99999999999999999999.\x1b[31m<b> (x)\n"),
    ("names below /var/lib/dkms", "cat > /dev/null; mkdir -p '/var/lib/dkms/rknpu/$(touch /tmp/owned)' '/var/lib/dkms/rknpu/<b>;reboot'", ""),
    ("/etc/rkfleet-npu/hold", "mkdir -p /etc/rkfleet-npu; cat > /etc/rkfleet-npu/hold", NASTY + "\nmore\n"),
)


def _polite(bench: Bench, where: str, playing: Playing) -> None:
    """See that what the board said does no harm in a terminal or a report, and that a look has changed nothing; keep the row."""
    line, output = playing.line(), playing.output
    bad = sorted(UNPRINTABLE & set(output))
    problems = {
        f"the output has control characters {bad!r}": bad,
        f"the line of the table has {len(line)} characters": len(line) > 2000,
        "a stack trace": "Traceback" in output,
        "a template of the board's was evaluated": "54397" in output,
        "a command of the board's was executed": "owned" in bench.board.ssh("ls /tmp", check=False),
        "a check run changed files": bench.board.state() != bench.before.files,
    }
    found = "; ".join(text for text, there in problems.items() if there)
    bench.save({"scenario": bench.scenario, "board": bench.board.kind, "where": where, "happened": "looked at", "outcome": "worse" if found else "recovered",
                "ending": "nothing changed", "sentence": found or " ".join((playing.sentence() or line).split())[:300]})


def hostile_tree(bench: Bench) -> None:
    """What the device tree says is not to be trusted."""
    bench.fresh()
    tree = bench.board.here.folder(bench.board.name) / "board.dtb"
    good = tree.read_bytes()
    try:
        for where, edits in HOSTILE:
            bench.board.power_off()
            tree.write_bytes(good)
            bench.board.power_on(edits)
            bench.board.wait()
            bench.note()
            playing = bench.ran(words=("--check",))
            _polite(bench, f"hostile device tree, {where}", playing)
    finally:
        bench.board.power_off()
        tree.write_bytes(good)
    bench.fresh()


def hostile_files(bench: Bench) -> None:
    """What lies on the board's disk is not to be trusted, either."""
    for where, command, text in HOSTILE_FILES:
        bench.fresh()
        bench.board.sudo("mkdir -p /etc/ansible/facts.d; mkdir -p -m 700 /var/lib/rkfleet-npu")
        bench.board.ssh(f"sudo sh -c {_quoted(command)}", stdin=text.encode("utf-8", "surrogateescape"))
        bench.note()
        playing = bench.ran(words=("--check",))
        _polite(bench, f"hostile {where}", playing)


# -- rolled back by request, long after ---------------------------------------------------------------------------------------------

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
    if not playing.says(r"^TASK \[.*: Reboot into the old driver"):
        playing.wait()
        raise Broken(f"the rollback never came to the reboot: {playing.sentence()}")
    _until_down(bench, boot)
    playing.kill()
    playing.wait()
    bench.judge("rollback by request: controller gone after the reboot was ordered", playing, alone=True, files=False,
                happened="nobody confirmed for 2 minutes")
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
    """See that a rollback that nobody confirmed has left the board as the upgrade made it."""
    seen = bench.board.probe()
    if seen["state"].get("state") != "committed" or not seen["answer"].startswith(TOP1):
        raise Broken(f"a rollback that was not confirmed ends in state {seen['state'].get('state')} ({seen['answer']})", worse=True)


# -- a board that lies ------------------------------------------------------------------------------------------------------------

EVIL = "/usr/local/lib/rkfleet-evil-python"
#: What a board whose root has replaced Python could answer. `work` runs the real one on what came on standard input.
EVIL_PYTHON = """#!/bin/sh
# A stand-in for a hostile board: {what}
case $# in 0) ;; *) for last in "$@"; do :; done; [ "$last" = - ] || exec /usr/bin/python3 "$@" ;; esac
umask 077
asked=$(mktemp) && cat >"$asked"
work() {{ /usr/bin/python3 "$@" <"$asked"; }}
{answer}
"""
INJECTED = (
    '"npu_post_tasks_file": "/etc/hosts", "npu_pre_tasks_file": "/etc/hosts", "npu_cache_dir": "/nonexistent/evil", "npu_log_dir": "/nonexistent/evil",'
    ' "npu_builder": "localhost", "npu_mirror": "http://127.0.0.1:9/evil", "npu_max_failed": 99, "npu_reboot_ok": null'
)
LIARS = (
    ("every answer brings facts named npu_*", "work \"$@\" | sed 's|^{\\(.*\\)}[[:space:]]*$|{\\1, \"ansible_facts\": {%s}}|'" % INJECTED, {}),
    ("400 MB in place of an answer", "head -c 400000000 /dev/zero | tr '\\0' x", {}),
    ("an answer nested 100,000 deep", "printf '{\"changed\": '; head -c 100000 /dev/zero | tr '\\0' '['; printf '}'", {}),
    ("an answer that is no text", "printf '{\"changed\": false, \"msg\": \"\\377\\033[2J\\033[31mred\"}'", {}),
    ("warnings and a difference with ANSI codes",
     "printf '%s' '{\"changed\": true, \"warnings\": [\"\\u001b[2Jred\"], \"diff\": {\"prepared\": \"\\u001b[2J\"}, \"msg\": \"\\u001b[31mx\"}'", {}),
)


def hostile_answers(bench: Bench) -> None:
    """What a board's Python answers is not to be trusted: each is looked at, and an upgrade is tried."""
    for where, answer, variables in LIARS:
        bench.fresh()
        bench.board.ssh(f"sudo sh -c 'cat > {EVIL} && chmod 755 {EVIL}'", stdin=EVIL_PYTHON.format(what=where, answer=answer).encode())
        bench.note()
        wish = {"ansible_python_interpreter": EVIL, **variables}
        _polite(bench, f"hostile answers, {where}", bench.ran(wish, words=("--check",)))
        playing = bench.ran(wish)
        bench.judge(f"hostile answers in an upgrade, {where}", playing)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


# -- the table --------------------------------------------------------------------------------------------------------------------

@dataclass(frozen=True)
class Scenario:
    """A line of the matrix: about how many *minutes* with one of two cores free; *ci* if `make test` runs it, too."""

    name: str
    kind: str
    work: Callable[..., None]
    given: tuple = ()
    minutes: int = 5
    ci: bool = False


RUNTIMES = (
    ("wrong", "runtime: wrong Top5"), ("truncated", "runtime truncated, with the right version in it"),
    ("crash", "runtime crashes when it is loaded"), ("hang", "runtime hangs in rknn_run"),
)
HEALS = (("panic", "the new driver panics at load, controller gone", True), ("submit", "the new driver binds, but submit fails", False))
STUCK = (
    ("lockup", "the new driver locks the board up at load: only the watchdog helps", False), ("hang", "the new driver hangs at load", False),
    ("oops", "the new driver oopses at load", False),
)
OVER_DKMS = (
    ("bind", "over a DKMS driver that works: the new one loads and does not bind", False),
    ("panic", "over a DKMS driver that works: the new one panics at load", False),
)
OVER_MODULE = (
    ("submit", "over the kernel's own module: the new one binds, but submit fails", False),
    ("panic", "over the kernel's own module: the new one panics at load, controller gone", True),
)
SCENARIOS = (
    Scenario("heals", "vendor", bad_drivers, ("builtin", HEALS), 9, ci=True),
    Scenario("few-cuts", "vendor", few_cuts, (), 6),
    Scenario("obstacles", "vendor", obstacles, (), 8),
    Scenario("runtimes", "vendor", bad_runtime, (RUNTIMES,), 8),
    Scenario("stuck", "vendor", bad_drivers, ("builtin", STUCK), 15),
    Scenario("over-dkms", "vendor", bad_drivers, ("dkms", OVER_DKMS), 12),
    Scenario("over-module", "module", bad_drivers, ("builtin", OVER_MODULE), 9),
    Scenario("detectors", "stock", detectors, (), 25),
    Scenario("watch-disturbed", "vendor", watch_disturbed, (), 16),
    Scenario("kexec", "stock", kexec_loaded, (), 16),
    Scenario("controller-gone", "vendor", controller_gone, (), 6),
    Scenario("ssh-lost", "vendor", ssh_lost, (), 7),
    Scenario("controller-killed", "vendor", controller_killed, (), 12),
    Scenario("two-controllers", "vendor", two_controllers, (), 5),
    Scenario("cuts-builtin", "vendor", cuts, (MOST,), 28),
    Scenario("cuts-module", "module", cuts, (MOST // 2,), 16),
    Scenario("cuts-on-the-way-back", "vendor", cuts_on_the_way_back, (), 12),
    Scenario("random-builtin", "vendor", random_cuts, (), 16),
    Scenario("random-module", "module", random_cuts, (), 16),
    Scenario("disk-full", "vendor", disk_full, (), 15),
    Scenario("failing-writes", "vendor", failing_writes, (), 10),
    Scenario("clock", "vendor", clock_wrong, (), 6),
    Scenario("kernel-updated", "vendor", kernel_updated, (), 6),
    Scenario("hostile-tree", "vendor", hostile_tree, (), 6),
    Scenario("hostile-files", "vendor", hostile_files, (), 6),
    Scenario("hostile-answers", "vendor", hostile_answers, (), 12),
    Scenario("rollback-later", "vendor", rollback_later, (), 14),
)


def lanes(scenarios: tuple[Scenario, ...], number: int) -> list[list[Scenario]]:
    """The scenarios dealt to *number* lanes of about the same length, those on one kind of board together."""
    dealt: list[list[Scenario]] = [[] for _lane in range(number)]
    for scenario in sorted(scenarios, key=lambda one: -one.minutes):
        min(dealt, key=lambda lane: sum(one.minutes for one in lane)).append(scenario)
    return [sorted(lane, key=lambda one: (one.kind, scenarios.index(one))) for lane in dealt]


def by_name() -> Iterator[tuple[str, Scenario]]:
    """Name and scenario."""
    return ((scenario.name, scenario) for scenario in SCENARIOS)
