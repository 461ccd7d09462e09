# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Hundreds of light boards: an sshd for each, in namespaces of its own, over one shared Debian tree.

Each board is an overlay on tmpfs over three layers: what it alone has (name, serial, host key), what boards of its kind have
(light.py), and Debian's packages, once for all in the cache. It listens on its own loopback address. When its first process ends,
its mounts and all it has started are gone. Nothing is kept: a board that starts is as new.

All that belongs to running boards lies in the state folder: fleet/fleet.json says which there are, fleet/boards/NAME/process.json
which process a board is, written before the next one is started.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import hashlib
import json
import os
import platform
import shutil
import socket
import time
from pathlib import Path

from .. import LabError, Progress, boards, cache, host, inventory, process
from ..disks import disk, image, upstream
from . import light, mixes, rollout, rollout_run

PORT = 2222
NETWORKS = [f"127.{number}" for number in range(77, 100)]
PACKAGES = ("openssh-server", "python3", "sudo")
RUNTIMES = ("1.6.0", "2.3.2")
LIMIT = 1000
#: What a board may write to its disk.
DISK_MIB = 512

SSHD = """\
HostKey /etc/ssh/ssh_host_ed25519_key
PasswordAuthentication no
UseDNS no
PrintMotd no
"""

# In the tree, by mmdebstrap; $1: the tree.
CONFIGURE = """\
#!/bin/sh
set -eu
chroot "$1" useradd --create-home --shell /bin/bash radxa
mkdir -p -m 700 "$1/home/radxa/.ssh"
rm -f "$1"/etc/ssh/ssh_host_*
printf '%s' "$RKFLEET_LAB_SSHD" >"$1/etc/ssh/sshd_config.d/lab.conf"
echo 'radxa ALL=(ALL:ALL) NOPASSWD: ALL' >"$1/etc/sudoers.d/radxa"
echo 'Defaults env_keep += "RKFLEET_FAKE_DRIVER RKFLEET_FAKE_SUBMIT"' >"$1/etc/sudoers.d/lab"
chmod 440 "$1/etc/sudoers.d/radxa" "$1/etc/sudoers.d/lab"
rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*
"""

# A board's first process; $1 the layers, $2 its name, $3 its address, $4 its port, $5 who may log in, the others what is not on it.
INIT = """\
set -eu
layers=$1 name=$2 address=$3 port=$4 key=$5
shift 5
mount -t tmpfs -o size=%dm,mode=755 light "$RKFLEET_LAB_MOUNTPOINT"
cd "$RKFLEET_LAB_MOUNTPOINT"
mkdir upper work board
mount -t overlay -o "lowerdir=$layers,upperdir=upper,workdir=work" light board
cd board
""" % DISK_MIB + rollout_run.MOUNTS + """
for missing; do rm -rf ./$missing; done
echo "$name" >proc/sys/kernel/hostname
printf '%s\\n' "$key" >home/radxa/.ssh/authorized_keys
chown -R --reference=home/radxa home/radxa/.ssh
mkdir -p mnt
pivot_root . mnt
umount -l /mnt
exec /usr/sbin/sshd -D -e -o "ListenAddress=$address:$port"
"""


def tree(progress: Progress, log: Path, upgradable: bool = False) -> Path:
    """The Debian tree that light boards share; *upgradable*: that of such boards."""
    inputs = tree_inputs(rollout.PACKAGES if upgradable else PACKAGES)

    def build(folder: Path) -> None:
        scripts = disk.write_scripts(folder / "scripts", {"configure": CONFIGURE})
        image.mmdebstrap(
            inputs["suite"],
            folder,
            folder / "root",
            [
                *("--mode=root", "--variant=minbase", "--dpkgopt=force-unsafe-io"),
                *(f"--dpkgopt=path-exclude=/usr/share/{part}/*" for part in ("man", "doc", "locale", "info")),
                *(f"--include={','.join(inputs['packages'])}", f"--customize-hook={scripts / 'configure'}"),
            ],
            log,
            what=f"Making the Debian tree of the {'upgradable ' if upgradable else ''}light boards",
            environment=(f"RKFLEET_LAB_SSHD={SSHD}",),
            architecture=inputs["architecture"],
        )
        shutil.rmtree(scripts)

    name, takes = ("light-rollout", "about two minutes") if upgradable else ("light", "about half a minute")
    return cache.provide(name, inputs, build, progress, f"Debian's packages, {takes}", owned_by_root=True) / "root"


def tree_inputs(packages: tuple[str, ...] = PACKAGES) -> dict:
    """What decides the content of a shared tree. Its Debian is this machine's own, as the stand-in runtime is built here."""
    system = platform.freedesktop_os_release()
    suite = system.get("VERSION_CODENAME", "bookworm") if system.get("ID") == "debian" else "bookworm"
    architecture = process.output(["dpkg", "--print-architecture"]).strip()
    return {"suite": suite, "architecture": architecture, "packages": packages, "configure": [CONFIGURE, SSHD], "format": 1}


def files(progress: Progress, log: Path, upgradable: bool = False) -> Path:
    """The folder that is served to light boards: upstream's stand-ins, the runtime for this machine.

    *upgradable*: for such boards, whose runtime says in its header that it is for arm64, as theirs is checked for that.
    """
    stand_ins = upstream.files(progress, log)
    libraries = {version: image.runtime(version, progress, log, light=True) / "librknnrt.so" for version in RUNTIMES}
    inputs = {"files": stand_ins.name, "runtimes": {version: cache.file_digest(path) for version, path in libraries.items()}}
    if upgradable:
        inputs["header"] = "aarch64"

    def build(folder: Path) -> None:
        shutil.copytree(stand_ins, folder, dirs_exist_ok=True)
        for artefact in upstream.ARTEFACTS:
            if artefact.kind == "runtime":
                content = libraries[artefact.version].read_bytes()
                # e_machine; the boards' stand-in kernel takes it back when the library is loaded.
                (folder / artefact.path).write_bytes(content[:18] + b"\xb7\0" + content[20:] if upgradable else content)

    return cache.provide("light-upstream", inputs, build, progress, "seconds")


def address(network: str, number: int) -> str:
    """The loopback address of a board, counted from 0."""
    return f"{network}.{number // 250}.{number % 250 + 1}"


class Fleet:
    """The light boards of one state folder."""

    def __init__(self, lab: boards.Lab) -> None:
        self.lab, self.progress = lab, lab.progress
        self.folder = lab.state / "fleet"
        self.register = self.folder / "fleet.json"
        self.server = self.folder / "server.json"
        self.inventory = lab.state / "fleet.yml"
        self.known_hosts = lab.state / "fleet_known_hosts"
        self.log = lab.logs / "fleet.log"
        self.data = _read(self.register) or {"boards": {}, "network": None}

    def save(self) -> None:
        """Write fleet.json."""
        boards.write(self.register, json.dumps(self.data, indent=1) + "\n")

    def process(self, name: str) -> dict | None:
        """The process that a board is, or was."""
        return _read(self.folder / "boards" / name / "process.json")

    def names(self) -> list[str]:
        """The boards there may be: those of the register, and what a start that was cut off has left."""
        there = self.folder / "boards"
        return sorted({*self.data["boards"], *(path.name for path in there.iterdir())} if there.is_dir() else self.data["boards"])

    def running(self) -> list[str]:
        """The boards that run."""
        return [name for name in self.names() if process.alive(self.process(name))]

    def up(self, count: int, mix: str, network: str | None, settings: dict[str, str] | None = None) -> None:
        """Start *count* boards, in the place of those that run. *settings*: files for the folder of each upgradable one."""
        if not 1 <= count <= LIMIT:
            raise LabError(f"--count is from 1 to {LIMIT}.")
        taken = mixes.take(mix, count)
        self._settings = settings or {}
        host.require(host.doctor_light(self.lab.state, count, not cache.folder("light", tree_inputs()).is_dir()))
        if self.running():
            self.progress("the light boards that run are replaced")
        self.down()
        log = self.lab.logs / "light-build.log"
        of_kind = mixes.kinds()
        served = files(self.progress, log, any(of_kind[kind].get("upgradable") for kind in taken))
        trees = {upgradable: tree(self.progress, log, upgradable)
                 for upgradable in {of_kind[kind].get("upgradable", False) for kind in taken}}
        self.folder.mkdir(parents=True, exist_ok=True)
        for path in (*trees.values(), self.folder):
            if set(":,\\") & set(str(path)):
                raise LabError(f"An overlay cannot lie on {path}: its name has a colon, a comma or a backslash.", "Take another checkout or cache.")
        self.lab.provide_key()
        # Another checkout may start a fleet at the same moment, and would find the same addresses free.
        with cache.lock(cache.root() / ".light-boards", self.progress):
            self._up(taken, mix, self._network(network, count), trees, served)

    def _up(self, taken: list[str], mix: str, network: str, trees: dict[bool, Path], served: Path) -> None:
        self.data = {"boards": {}, "network": network, "mix": mix}
        width = max(3, len(str(len(taken))))
        for number, kind in enumerate(taken):
            self.data["boards"][f"light-{number + 1:0{width}}"] = {"kind": kind, "address": address(network, number), "serial": self._serial(number)}
        self.save()
        self._layers(served, trees)
        server = upstream.start(served, boards.free_port(), self.lab.logs / "light-upstream.log")
        boards.write(self.server, json.dumps(server) + "\n")
        started = [name for name in self.data["boards"] if self._kind(name).get("started", True)]
        self.progress(f"{len(started)} light boards are started on {network}.*")
        for name in started:
            self._start(name, trees[self._kind(name).get("upgradable", False)])
        self._wait(started)
        self._write_inventory(served, server["port"])
        self.progress(f"inventory: {self.inventory}")

    def _kind(self, name: str) -> dict:
        return self._kinds[self.data["boards"][name]["kind"]]

    def _serial(self, number: int) -> str:
        return hashlib.sha256(f"{self.lab.state}/{number}".encode()).hexdigest()[:16]

    @staticmethod
    def _network(asked: str | None, count: int) -> str:
        """The first network none of whose addresses somebody listens on: another checkout may have a fleet of its own."""
        for network in [asked] if asked else NETWORKS:
            if all(_free(address(network, number)) for number in range(count)):
                return network
        raise LabError(f"Somebody listens on port {PORT} of {asked or 'every network from ' + NETWORKS[0] + ' on'}.", "Stop those, or name one with --network.")

    def _layers(self, served: Path, trees: dict[bool, Path]) -> None:
        """Write what boards have beside the shared tree, and their keys."""
        self._kinds = mixes.kinds()
        libraries = {artefact.version: served / artefact.path for artefact in upstream.ARTEFACTS if artefact.kind == "runtime"}
        umask = os.umask(0o022)
        try:
            light.fresh(self.folder / "kinds")
            for name in {board["kind"] for board in self.data["boards"].values()}:
                kind = self._kinds[name]
                if kind.get("upgradable"):
                    preload = rollout.kernel(self.progress, self.lab.logs / "light-build.log")
                    rollout.lay(self.folder / "kinds" / name, name, kind, libraries[kind["runtime"]], preload, trees[True])
                elif kind.get("started", True):
                    light.lay(self.folder / "kinds" / name, kind, libraries)
            light.fresh(self.folder / "boards")
            (self.folder / "keys").mkdir(mode=0o700, exist_ok=True)
            with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
                list(pool.map(self._key, self.data["boards"]))
            for name, board in self.data["boards"].items():
                folder, kind = self.folder / "boards" / name, self._kind(name)
                if kind.get("upgradable"):
                    rollout.own(folder / "layer", folder / "lab", name, kind, board["kind"], board["serial"], self.folder / "keys" / name,
                                self._settings)
                else:
                    light.own(folder / "layer", kind, name, board["serial"], self.folder / "keys" / name)
        finally:
            os.umask(umask)
        lines = []
        for name, board in self.data["boards"].items():
            kind, key = (self.folder / "keys" / f"{name}.pub").read_text().split()[:2]
            lines.append(f"[{board['address']}]:{PORT} {kind} {key}\n")
        boards.write(self.known_hosts, "".join(lines))

    def _key(self, name: str) -> None:
        """A host key; those of an earlier start will do, as they are of the same board."""
        path = self.folder / "keys" / name
        if not path.exists() or not path.with_suffix(".pub").exists():
            path.unlink(missing_ok=True)
            boards.keygen(path, name)

    def _start(self, name: str, root: Path) -> None:
        board = self.data["boards"][name]
        folder = self.folder / "boards" / name
        layers = [folder / "layer", self.folder / "kinds" / board["kind"], root]
        mountpoint = self.folder / "mountpoint"
        mountpoint.mkdir(exist_ok=True)
        key = self.lab.key.with_suffix(".pub").read_text().strip()
        upgradable = self._kind(name).get("upgradable")
        command = rollout_run.command(layers, name, board["address"], PORT, key, folder / "lab") if upgradable else [
            *("unshare", "--mount", "--propagation", "private", "--pid", "--uts", "--ipc", "--fork", "--kill-child=KILL"),
            *("sh", "-c", INIT, "light", ":".join(map(str, layers)), name, board["address"], str(PORT), key),
            *(path.lstrip("/") for path in self._kind(name).get("remove", [])),
        ]
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "RKFLEET_LAB_MOUNTPOINT": str(mountpoint)}
        # A run that is killed is recognized by it: tests/leftovers.py.
        environment.update({name: os.environ[name] for name in ("RKFLEET_RUN",) if name in os.environ})
        started = process.start(command, self.log, self.folder, environment)
        boards.write(folder / "process.json", json.dumps(started) + "\n")

    def _wait(self, names: list[str], limit: float = 120) -> None:
        """Wait for all to greet."""
        deadline, waiting = time.monotonic() + limit, list(names)
        while waiting:
            for name in waiting[:]:
                if boards.banner(PORT, self.data["boards"][name]["address"]):
                    waiting.remove(name)
                elif not process.alive(self.process(name)) or time.monotonic() > deadline:
                    raise LabError(f"{name} did not start; the end of {self.log}:\n{process.tail(self.log)}", "Stop the others: tests/lab/lab fleet down")
            time.sleep(0.05)

    def _write_inventory(self, served: Path, port: int) -> None:
        """Write fleet.yml; the boards are also in a group for each kind."""
        hosts, groups = {}, {}
        for name, board in self.data["boards"].items():
            real = {"npu_tree": {}} if self._kind(name).get("upgradable") else {}
            hosts[name] = {"ansible_host": board["address"], **real, **self._kind(name).get("variables", {})}
            groups.setdefault("light_" + board["kind"].replace("-", "_"), {})[name] = {}
        mirror = f"http://127.0.0.1:{port}"
        data = inventory.fleet(hosts, groups, PORT, light.NPU_TREE, mirror, upstream.compatibility(served))
        boards.write(self.inventory, inventory.text(data))

    def down(self) -> int:
        """Stop all; how many there were. What a start or a stop that was cut off has left is stopped, too."""
        running = [self.process(name) for name in self.running()]
        # The first process in a board is told by the kernel when its parent is gone; with it all others end, and the mounts.
        firsts = [{"pid": pid, "started": process.start_time(pid)} for pid in (process.first_child(there["pid"]) for there in running) if pid]
        for there in running:
            process.kill(there)
        for there in running + firsts:
            process.end(there, hard=True)
        process.end((_read(self.server) or {}).get("process"))
        self.data.update(boards={})
        for name in ("boards", "kinds", "mountpoint"):
            light.fresh(self.folder / name)
        for path in (self.register, self.server, self.inventory, self.known_hosts):
            path.unlink(missing_ok=True)
        return len(running)

    def status(self) -> dict[str, dict]:
        """The boards with their kind and address; upgradable ones also with loader, kernel, driver, fault and number of boots."""
        known, found = mixes.kinds(), {}
        for name, board in self.data["boards"].items():
            found[name] = dict(board)
            if known[board["kind"]].get("upgradable"):
                found[name].update(rollout_run.state(self.folder / "boards" / name / "lab"), loader=known[board["kind"]]["loader"])
        return found

    def fault(self, name: str, fault: str) -> None:
        """Let an upgradable board have a fault from now on, or none."""
        if not mixes.kinds().get(self.data["boards"].get(name, {}).get("kind"), {}).get("upgradable"):
            raise LabError(f"There is no upgradable light board {name}.", "List them: tests/lab/lab fleet status --json")
        rollout_run.set_fault(self.folder / "boards" / name / "lab", fault)
        if process.alive(self.process(name)):
            rollout_run.apply_fault(self.process(name)["pid"])

    def memory_mib(self) -> dict[str, float]:
        """What running boards take: their processes (shared pages by their share), and what they have written to their disks."""
        namespaces, disks, known = {}, 0, self.status()
        for name in self.running():
            first = process.first_child(self.process(name)["pid"])
            with contextlib.suppress(OSError):
                inner = rollout_run.inner(self.process(name)["pid"]) if "loader" in known[name] else first
                for pid in (first, inner):
                    namespaces[os.readlink(f"/proc/{pid}/ns/pid")] = name
                figures = os.statvfs(f"/proc/{inner}/root")
                disks += (figures.f_blocks - figures.f_bfree) * figures.f_frsize
        kib = count = 0
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                with contextlib.suppress(OSError):
                    if os.readlink(folder / "ns/pid") in namespaces:
                        kib += process.pss(folder)
                        count += 1
        return {"boards": len(set(namespaces.values())), "processes": count, "processes_mib": round(kib / 1024, 1), "disks_mib": round(disks / 2**20, 1)}


def hand_over(state: Path) -> None:
    """Give the user who called sudo what Ansible reads; the boards' own files stay root's."""
    for path in (state, state / "logs", *(state / "logs").glob("*"), *state.glob("id_ed25519*"), *state.glob("fleet*")):
        if path.exists():
            cache.hand_over(path, deep=False)


def _read(path: Path) -> dict | None:
    """A JSON file of the lab's own; None where it is not there or was not finished."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None


def _free(place: str) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((place, PORT))
        except OSError:
            return False
    return True
