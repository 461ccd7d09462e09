# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Upgradable light boards while they run: power, faults and the journal. rollout.py has what they are made of.

Two processes stay for each board: the outer one has the disk and starts the inner one, which is the board, at each
power-on. The folder of the lab, outside the board, has its fault, its settings and its journal.
"""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

from .. import LabError

OWN = "/usr/lib/rkfleet-lab"
#: Options of `fleet up`, and files in the folder of each board: {name: (seconds, what takes them)}.
SETTINGS = {
    "build-seconds": (1, "a build of the driver"),
    "boot-seconds": (1, "a boot until ssh"),
    "late-seconds": (45, "a boot with the fault late-back"),
}
FLAGS = ("silent", "slow")
DISK_MIB = 256

# What every light board has mounted in its root, the current folder.
MOUNTS = """\
mount -t proc proc proc
mount -t tmpfs -o mode=755,size=4m dev dev
mkdir dev/pts dev/shm
chmod 1777 dev/shm
for node in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0; do
    rest=${node#*:}
    mknod -m 666 "dev/${node%%:*}" c "${rest%%:*}" "${rest#*:}"
done
ln -s /proc/self/fd dev/fd
mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mount -t tmpfs -o mode=755,size=8m run run
mkdir -p run/sshd run/lock"""

# The outer process; $1 the layers, $2 the board's name, $3 its address, $4 its port, $5 who may log in, $6 its folder
# of the lab, $7 the inner process's script. `power` says how a boot ended; without it the board has crashed and
# restarts.
SUPERVISOR = """\
set -u
layers=$1 name=$2 address=$3 port=$4 key=$5 lab=$6 board=$7
mount -t tmpfs -o size=%dm,mode=755 light "$RKFLEET_LAB_MOUNTPOINT" || exit
cd "$RKFLEET_LAB_MOUNTPOINT" && mkdir upper work board || exit
while :; do
    rm -f "$lab/power"
    read -r up rest </proc/uptime
    unshare --mount --propagation private --pid --uts --ipc --time --boottime "-${up%%.*}" --fork --kill-child=KILL \\
        -- sh -c "$board" board "$layers" "$name" "$address" "$port" "$key" "$lab"
    code=$?
    power=$(cat "$lab/power" 2>/dev/null || echo crash)
    echo "$name: the board ended with $code: $power"
    [ "$power" != off ] || break
    [ "$power" != crash ] || sleep 2
    read -r fault <"$lab/fault"
    case $fault in
        never-back)
            while [ "$fault" = never-back ]; do
                sleep 2
                read -r fault <"$lab/fault"
            done
            ;;
        late-back) sleep "$(cat "$lab/late-seconds")" ;;
        slow) sleep 10 ;;
    esac
done
"""

# The inner process, in namespaces of its own. What the guard writes (sysrq-trigger, kernel.SWITCHES) is covered by
# files of the board's before anything of the board's runs; the rest of /proc/sys is this machine's. It cannot load
# modules or reboot either.
BOARD = """\
set -eu
layers=$1 name=$2 address=$3 port=$4 key=$5 lab=$6
mount -t overlay -o "lowerdir=$layers,upperdir=upper,workdir=work" light board
cd board
""" + MOUNTS + """
mount -t tmpfs -o mode=755,size=8m sys sys
mkdir -p run/systemd/system run/rkfleet-lab
mount --bind "$lab" run/rkfleet-lab
echo "$name" >proc/sys/kernel/hostname
if [ ! -s home/radxa/.ssh/authorized_keys ]; then
    printf '%s\\n' "$key" >home/radxa/.ssh/authorized_keys
    chown -R --reference=home/radxa home/radxa/.ssh
fi
mkdir -p mnt
pivot_root . mnt
umount -l /mnt
less=-sys_boot,-sys_module,-sys_rawio,-sys_time
exec setpriv --bounding-set "$less" --inh-caps "$less" /usr/lib/rkfleet-lab/init "$address:$port"
"""


def set_fault(lab: Path, fault: str) -> None:
    """Set a fault of a board in its folder of the lab."""
    for name in FLAGS:
        (lab / name).touch() if name == fault else (lab / name).unlink(missing_ok=True)
    fresh = lab / "fault.new"
    fresh.write_text(fault + "\n")
    fresh.rename(lab / "fault")


def command(layers: list[Path], name: str, address: str, port: int, key: str, lab: Path) -> list[str]:
    """The command that starts a board, whose parent the kernel ends it with."""
    words = [":".join(map(str, layers)), name, address, str(port), key, str(lab), BOARD]
    return [
        "unshare",
        "--mount",
        "--propagation",
        "private",
        "--pid",
        "--fork",
        "--kill-child=KILL",
        "sh",
        "-c",
        SUPERVISOR % DISK_MIB,
        "light",
        *words,
    ]


def inner(pid: int) -> int | None:
    """The first process of a board that is on, by the process that was started for it; None while it is off."""
    for _level in range(3):
        try:
            found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except OSError:
            return None
        if not found:
            return None
        pid = int(found[0])
    return pid


def journals(folder: Path, names: list[str]) -> dict[str, list[dict]]:
    """Return the journal of each board, in the order of events; a line that is being written does not count."""
    found = {}
    for name in names:
        path, entries = folder / name / "lab" / "journal", []
        for line in path.read_text(errors="replace").splitlines() if path.exists() else ():
            try:
                entries.append(json.loads(line))
            except ValueError:
                continue
        found[name] = sorted(entries, key=lambda entry: entry["at"])
    return found


def state(lab: Path) -> dict:
    """Return {fault, boots, kernel, driver} of a board, by its folder of the lab."""

    def text(name: str) -> str:
        try:
            return (lab / name).read_text().strip()
        except OSError:
            return ""

    now = json.loads(text("now") or "{}")
    return {
        "fault": text("fault") or "none",
        "boots": int(text("boots") or 0),
        "kernel": now.get("kernel"),
        "driver": now.get("version"),
    }


def apply_fault(pid: int) -> None:
    """Let a board that is on begin and end what its fault implies; a board that goes off meanwhile does so later."""
    first = inner(pid)
    if first:
        done = subprocess.run(
            ["nsenter", "-t", str(first), "-m", "-p", "-u", "-i", "-T", OWN + "/kernel", "fault"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"},
        )
        if done.returncode and inner(pid) == first:
            raise LabError(f"The fault could not be applied: {done.stderr.strip() or done.returncode}")


def journal_text(journals: dict[str, list[dict]]) -> str:
    """The journals as lines, in the order of time."""
    entries = sorted(
        ((entry["at"], name, entry) for name, found in journals.items() for entry in found), key=lambda item: item[:2]
    )
    lines = []
    for at, name, entry in entries:
        details = " ".join(f"{key}={value}" for key, value in entry.items() if key not in ("at", "event"))
        lines.append(f"{time.strftime('%H:%M:%S', time.localtime(at))} {name} {entry['event']} {details}".rstrip())
    return "\n".join(lines)
