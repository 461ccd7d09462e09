# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Hangs without a watchdog, a disturbed watcher, a loaded kexec kernel, a kernel that is updated meanwhile."""

from __future__ import annotations

from faults import artefacts
from faults.bench import HASTY, Bench, Broken
from faults.scenarios.controller import killed_at, killed_when_down

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
        if "rolled itself back" not in row["sentence"]:
            raise Broken(f"{where}: the board did not roll itself back: {row['sentence']!r}")
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
        playing = killed_when_down(bench, HASTY)
        bench.board.wait()
        bench.board.sudo(script)
        bench.judge(f"{where} after the reboot, controller gone", playing, alone=True, back=True, happened="no commit and no heartbeat for 2 minutes")
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
    """A kernel is loaded for kexec, with the old arguments, while the driver is built. Debian's kernel can do that."""
    bench.fresh()
    bench.board.ssh("sudo sh -c 'cat > /root/kexec && chmod 755 /root/kexec && sync'", stdin=KEXEC.encode())
    bench.note()
    playing = bench.play(LATER)
    # After the plan, which refuses such a kernel, and long before the guard looks for it.
    if not playing.says(r"^TASK \[.*Build and install the driver"):
        playing.wait()
        raise Broken(f"the run never came to the build: {playing.sentence()}")
    bench.board.sudo("/root/kexec --load")
    playing.code = playing.wait()
    if playing.code == 0:
        raise Broken("the board was rebooted into a kernel that was loaded for kexec")
    row = bench.judge("a kexec kernel loaded during the build, no tool to unload it", playing, back=True)
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
    playing = killed_at(bench, r"^TASK \[.*Configure the boot loader")
    if playing is None:
        raise Broken("the run never came to the boot configuration")
    bench.board.sudo(
        "echo 'deb [trusted=yes] file:/srv/apt-next ./' > /etc/apt/sources.list.d/next.list; apt-get -qq update;"
        " DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install linux-image-$(uname -r | sed 's/-1-rk2312/-2-rk2410/')"
        " > /dev/null 2>&1", timeout=600)
    second = bench.ran()
    bench.judge("kernel updated between staging and rollout", second, files=False)
    bench.again()
