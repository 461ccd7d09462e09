# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Boards: their disks, their emulator, their state on disk, and when they are ready.

All that belongs to running boards lies in the state folder (build/lab in the checkout): boards.json says which there are;
boards/NAME holds a board's disk, device tree and host key; logs/ its serial console.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

from . import LabError, Progress, npu, process
from .disks import devicetree
from .fleets.kinds import DEFAULT_KIND, KINDS, LAB

U_BOOT = Path("/usr/lib/u-boot/qemu_arm64/u-boot.bin")
#: EDK2's firmware, and an empty flash for its variables; each is a whole flash chip of the emulated machine.
UEFI, UEFI_VARIABLES = Path("/usr/share/AAVMF/AAVMF_CODE.fd"), Path("/usr/share/AAVMF/AAVMF_VARS.fd")
USER = "radxa"
MEMORY_MIB = 3072
CPUS = 2
SNAPSHOT = "first-boot"
BOOT_LIMIT = 300  # seconds; a boot takes 15 to 25, several at once on a busy machine far more


def machine() -> list[str]:
    """QEMU's options that decide the device tree, for its dump and for the run alike.

    acpi=off: with firmware and ACPI, QEMU leaves out the GPIO controller that the dumped tree names, and the kernel dies.
    cortex-a76: what an RK3588 has, and as fast to emulate as any; it has no pointer authentication, which when emulated
    (as in QEMU's "max") makes everything three times slower.
    """
    return ["-M", "virt,gic-version=3,acpi=off", "-cpu", "cortex-a76", "-smp", str(CPUS), "-m", str(MEMORY_MIB)]


def firmware(uefi: bool) -> list[str]:
    """QEMU's options for what a board starts with. acpi=off of machine() makes EDK2 hand on the device tree."""
    if not uefi:
        return ["-bios", str(U_BOOT)]
    return [
        *("-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={UEFI}"),
        # qcow2 like the disk, as snapshots are saved in it.
        *("-drive", "if=pflash,unit=1,format=qcow2,file=variables.qcow2"),
    ]


def command(port: int, serial_log: Path, snapshot: str = "", uefi: bool = False) -> list[str]:
    """QEMU's command line for a board, run in the board's own folder.

    The disk's cache holds a power cut: what the guest flushed is in the host's page cache when QEMU is killed, as its
    qcow2 tables are written at each flush; only the flush to the host's own disk is left out.
    """
    return [
        "qemu-system-aarch64",
        *machine(),
        *("-accel", "tcg,thread=multi,tb-size=128"),
        *("-nodefaults", "-no-user-config", "-display", "none"),
        *firmware(uefi),
        *("-dtb", "board.dtb"),
        *("-blockdev", "driver=file,node-name=file0,filename=disk.qcow2,cache.no-flush=on"),
        *("-blockdev", "driver=qcow2,node-name=disk0,file=file0"),
        *("-device", "virtio-blk-device,drive=disk0"),
        *("-netdev", f"user,id=net0,restrict=on,hostfwd=tcp:127.0.0.1:{port}-:22"),
        *("-device", "virtio-net-device,netdev=net0"),
        *("-device", "virtio-rng-device"),
        # The watchdog the kernels know; a board that no longer feeds it is reset, as a real one by its SoC's.
        *("-device", "i6300esb", "-action", "watchdog=reset"),
        # What the NPU's first register answers: the vendor's runtime asks for it and runs no model on another chip.
        *("-device", f"loader,addr={devicetree.CORES[0]:#x},data={devicetree.HARDWARE:#x},data-len=4"),
        *("-chardev", f"file,id=serial0,path={_comma(serial_log)},append=on"),
        *("-serial", "chardev:serial0"),
        *("-chardev", "socket,id=monitor0,path=monitor,server=on,wait=off"),
        *("-mon", "chardev=monitor0,mode=readline"),
        # For the NPU's model; its log would be every request.
        *("-qtest", f"unix:{npu.SOCKET},server=on,wait=off", "-qtest-log", "none"),
        *(("-loadvm", snapshot) if snapshot else ()),
    ]


def _comma(path: Path) -> str:
    """A path as part of a QEMU option, where a comma is written twice."""
    return str(path).replace(",", ",,")


class Lab:
    """The boards of one state folder."""

    def __init__(self, state: Path, progress: Progress) -> None:
        self.state = state
        self.progress = progress
        self.logs = state / "logs"
        self.key = state / "id_ed25519"
        self.known_hosts = state / "known_hosts"
        self.register = state / "boards.json"
        try:
            self.data = json.loads(self.register.read_text())
        except FileNotFoundError:
            self.data = {"boards": {}, "server": None}
        except ValueError as problem:
            raise LabError(f"{self.register} cannot be read: {problem}.", f"Remove the folder {state} and start again.") from problem

    def save(self) -> None:
        """Write boards.json and known_hosts."""
        self.state.mkdir(parents=True, exist_ok=True)
        write(self.register, json.dumps(self.data, indent=1) + "\n")
        lines = [f"[127.0.0.1]:{board['port']} {board['host_key']}\n" for board in self.data["boards"].values()]
        write(self.known_hosts, "".join(lines))

    def names(self) -> list[str]:
        """The boards there are, running or not."""
        return list(self.data["boards"])

    def board(self, name: str) -> dict:
        """A board's entry; LabError if there is none of that name."""
        try:
            return self.data["boards"][name]
        except KeyError:
            known = ", ".join(self.names()) or "none"
            raise LabError(f"There is no board {name}; there are: {known}.", f"Start it: tests/lab/lab up {name}") from None

    def folder(self, name: str) -> Path:
        """Where a board's disk and device tree lie."""
        return self.state / "boards" / name

    def serial_log(self, name: str) -> Path:
        """The log of a board's serial console: boot loader, kernel, systemd."""
        return self.logs / f"{name}.serial.log"

    def running(self, name: str) -> bool:
        """Whether the board's emulator runs."""
        return process.alive(self.data["boards"].get(name, {}).get("qemu"))

    def provide_key(self) -> None:
        """Have the key that lets one in to boards."""
        if not self.key.exists():
            self.state.mkdir(parents=True, exist_ok=True)
            self.key.with_suffix(".pub").unlink(missing_ok=True)
            keygen(self.key, "rkfleet.npu lab")

    def make(self, name: str, kind: str, image: Path) -> None:
        """A new board of that name and kind, or a known one put back to the untouched disk of *image*."""
        check_name(name)
        folder = self.folder(name)
        folder.mkdir(parents=True, exist_ok=True)
        self.provide_key()
        host_key = folder / "ssh_host_ed25519_key"
        if not host_key.exists():
            keygen(host_key, name)
        board = self.data["boards"].setdefault(name, {})
        board.setdefault("port", free_port())
        board["host_key"] = " ".join(host_key.with_suffix(".pub").read_text().split()[:2])
        board["serial"] = hashlib.sha256(board["host_key"].encode()).hexdigest()[:16]
        board["kind"] = kind
        board["image"] = str(image)
        board["release"] = (image / "release").read_text().strip()
        board["qemu"] = board["npu"] = None
        board["npu_faults"] = ""
        board["snapshot"] = False
        disks = {"disk": image / "disk.raw", **({"variables": UEFI_VARIABLES} if KINDS[kind].uefi else {})}
        for disk_name, backing in disks.items():
            file = folder / f"{disk_name}.qcow2"
            file.unlink(missing_ok=True)
            process.output(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", str(backing), str(file)])
        identity = {
            "host-name": name,
            "host-key": host_key.read_text(),
            "authorized-key": self.key.with_suffix(".pub").read_text(),
        }
        devicetree.write(folder / "board.dtb", machine(), board["serial"], identity, reserve=True)
        self.save()

    def start(self, name: str, snapshot: str = "") -> None:
        """Power on; returns at once. With a *snapshot* the board goes on from there, disk and memory."""
        board = self.board(name)
        if self.running(name):
            return
        if not Path(board["image"], "disk.raw").exists():
            raise LabError(f"The image under the disk of {name} is gone from the cache.", f"Run: tests/lab/lab reset {name}")
        board["port"] = settled_port(board["port"])
        self.logs.mkdir(parents=True, exist_ok=True)
        serial_log = self.serial_log(name)
        board["log_start"] = serial_log.stat().st_size if serial_log.exists() else 0
        line = command(board["port"], serial_log.absolute(), snapshot, KINDS[kind(board)].uefi)
        board["qemu"] = process.start(line, self.logs / f"{name}.qemu.log", self.folder(name))
        self.start_npu(name, npu.Faults.parse(board.get("npu_faults", "")))

    def start_npu(self, name: str, faults: npu.Faults) -> None:
        """Have the NPU of a running board behave like this, also after a power cut; restore() and make() end it."""
        board = self.board(name)
        process.end(board.get("npu"), hard=True)
        board["npu_faults"] = faults.text()
        board["npu"] = npu.start(LAB / "lab", self.folder(name), self.logs / f"{name}.npu.log", faults)
        self.save()

    def keep(self, name: str, snapshot: str = SNAPSHOT) -> None:
        """Keep a running board as it is, disk and memory, for restore()."""
        said = monitor(self.folder(name), f"savevm {snapshot}")
        if said:
            raise LabError(f"{name} could not be kept for a quick reset: {said}")
        self.board(name)["snapshot"] = True
        self.save()

    def restore(self, name: str, limit: float = 60, snapshot: str = SNAPSHOT) -> None:
        """Put a board back to what keep() kept, in seconds; LabError if it does not answer then."""
        self.stop(name, hard=True)
        self.board(name)["npu_faults"] = ""
        self.start(name, snapshot)
        self.wait([name], limit)
        # The clock stood still meanwhile.
        self.board_clock(name)

    def board_clock(self, name: str, tries: int = 5) -> None:
        """Set a board's clock to that of this machine. On a busy machine its sshd may take longer than ssh waits."""
        for left in reversed(range(tries)):
            try:
                process.output(self.ssh(name, ["sudo", "date", "--set", f"@{time.time():.0f}"]))
                return
            except LabError:
                if not left:
                    raise

    def stop(self, name: str, *, hard: bool = False) -> None:
        """Power off: hard as by pulling the plug; else what the board has written is on its disk first."""
        board = self.board(name)
        if not hard and self.running(name):
            try:
                subprocess.run(self.ssh(name, ["sudo", "sync"]), capture_output=True, timeout=10, check=False)
            except subprocess.TimeoutExpired:
                pass
        process.end(board.get("qemu"), hard=hard)
        process.end(board.get("npu"), hard=True)  # it would end by itself, a moment later
        board["qemu"] = board["npu"] = None
        self.save()

    def forget(self, name: str) -> None:
        """Remove a stopped board with its disk and host key."""
        shutil.rmtree(self.folder(name), ignore_errors=True)
        self.data["boards"].pop(name, None)
        self.save()

    def wait(self, names: list[str], limit: float = BOOT_LIMIT) -> None:
        """Wait until all answer with an ssh banner; LabError with the end of the serial log if one does not."""
        started, waiting, told = time.monotonic(), list(names), 0.0
        while waiting:
            for name in list(waiting):
                board = self.board(name)
                log = self.serial_log(name)
                elapsed = time.monotonic() - started
                if banner(board["port"]):
                    waiting.remove(name)
                    self.progress(f"{name} answers on 127.0.0.1:{board['port']} after {elapsed:.0f} s")
                    continue
                if not self.running(name):
                    log = self.logs / f"{name}.qemu.log"
                    raise LabError(f"The emulator of {name} ended; the end of {log}:\n{process.tail(log)}")
                if _panicked(log, board["log_start"]):
                    raise LabError(f"The kernel of {name} panicked; the end of {log}:\n{process.tail(log, 25)}", f"Put it back: tests/lab/lab reset {name}")
                if elapsed > limit:
                    raise LabError(
                        f"{name} did not answer within {limit:.0f} s; the end of {log}:\n{process.tail(log, 25)}",
                        f"Put it back with: tests/lab/lab reset {name} (a very busy machine may need longer: --limit SECONDS).",
                    )
            if waiting and time.monotonic() - told > 15:
                if told:
                    self.progress(f"waiting for {', '.join(waiting)} to boot")
                told = time.monotonic()
            time.sleep(0.25)

    def ssh(self, name: str, words: list[str]) -> list[str]:
        """The ssh command line for a board."""
        return [
            *("ssh", "-F", "none", "-i", str(self.key), "-p", str(self.board(name)["port"])),
            *(f"-o{option}" for option in ssh_options(self.known_hosts)),
            *("-oBatchMode=yes", "-oConnectTimeout=60", "-oLogLevel=ERROR", f"{USER}@127.0.0.1"),
            *words,
        ]


def kind(board: dict) -> str:
    """What a board is made of, by its entry; there was one kind before there were several."""
    return board.get("kind", "vendor")


def kind_of(lab: Lab, name: str, asked: str | None) -> str:
    """The kind of the board *name*, which is or becomes the one *asked* for; LabError if the board is of another kind."""
    check_name(name)
    known = lab.data["boards"].get(name)
    if known and asked not in (None, kind(known)):
        raise LabError(f"{name} is a board of kind {kind(known)}.", f"Name another one, or remove it: tests/lab/lab down --purge {name}")
    return kind(known) if known else asked or DEFAULT_KIND


def check_name(name: str) -> None:
    """LabError unless *name* can be a board's: it becomes a host name and a folder."""
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,30}", name):
        raise LabError(f"A board cannot be called {name!r}.", "Use small letters, digits and dashes, a letter first.")


def monitor(folder: Path, words: str, limit: float = 120) -> str:
    """Give a command to the emulator of the board in *folder*; what it answered, without its echo."""
    prompt = b"(qemu) "
    # Through the folder's descriptor: a socket's name may have 108 bytes, a checkout's path can be longer.
    descriptor = os.open(folder, os.O_PATH)
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(limit)
            connection.connect(f"/proc/self/fd/{descriptor}/monitor")
            answer = b""
            while not answer.endswith(prompt):
                answer += connection.recv(4096) or prompt
            connection.sendall(words.encode() + b"\n")
            answer = b""
            while not answer.endswith(b"\n" + prompt):
                answer += connection.recv(4096) or b"\n" + prompt
    except OSError as problem:
        return str(problem)
    finally:
        os.close(descriptor)
    # The terminal repeats what was typed, letter by letter with control codes, on the first line.
    return answer.removesuffix(prompt).decode(errors="replace").partition("\n")[2].strip()


def ssh_options(known_hosts: Path | str) -> list[str]:
    """ssh options that lab and Ansible share: the lab's key and host keys, nothing of the user's own."""
    if isinstance(known_hosts, Path):
        known_hosts = f'"{known_hosts}"'  # ssh reads a list of files here
    return [f"UserKnownHostsFile={known_hosts}", "GlobalKnownHostsFile=/dev/null", "StrictHostKeyChecking=yes", "IdentitiesOnly=yes"]


def banner(port: int, address: str = "127.0.0.1") -> bool:
    """Whether an ssh server greets there. The port alone accepts before the board has one."""
    try:
        with socket.create_connection((address, port), timeout=2) as connection:
            connection.settimeout(3)
            return connection.recv(16).startswith(b"SSH-2.0")
    except OSError:
        return False


def _panicked(log: Path, start: int) -> bool:
    try:
        with log.open("rb") as stream:
            stream.seek(start)
            # A board that panics starts again after ten seconds (panic=10): one panic may be meant, the third is a loop.
            return stream.read().count(b"Kernel panic - not syncing") > 2
    except OSError:
        return False


def port_free(port: int) -> bool:
    """Whether nobody listens on that port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def settled_port(port: int, patience: float = 5) -> int:
    """The same port, given a moment to whoever has just ended; another one if it stays taken."""
    deadline = time.monotonic() + patience
    while not port_free(port):
        if time.monotonic() > deadline:
            return free_port()
        time.sleep(0.1)
    return port


def free_port() -> int:
    """A port of 127.0.0.1 on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def keygen(path: Path, comment: str) -> None:
    process.output(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path)])


def write(path: Path, text: str) -> None:
    """Write a file so that it is never seen half written."""
    partial = path.with_name(f".{path.name}.part")
    partial.write_text(text)
    partial.rename(path)
