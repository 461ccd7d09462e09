# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""An emulated board as the fault matrix uses it: with the shim on it, a plug that can be pulled, and a look at all that counts."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import yaml
from emulated import READ, WATCHED, Board
from faults.points import Plan

LAB = pathlib.Path(__file__).resolve().parents[1] / "lab"
sys.path.insert(0, str(LAB))

from ansible_collections.rkfleet.npu.plugins.plugin_utils._artifact import picture  # noqa: E402
from rklab import LabError, Progress, boards, cli, npu, process  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
SHIM, PLAN, LIST = "/usr/local/lib/rkfleet-fault.so", "/etc/rkfleet-fault", "/var/log/rkfleet-fault.list"
FILLER, TOOLS = "/root/rkfleet-fault.filler", "/root/rkfleet-fault"
CUT = b"rkfleet-fault: cut at "
READY = "faults-ready"
#: What a rolled-back board may have besides what it had: our own state, and what stays on purpose.
KEPT = (
    "/var/lib/rkfleet-npu", "/etc/ansible", PLAN, "/etc/.updated", "/etc/.pwd.lock",
    # The guard itself, which does nothing where nothing is pending.
    "/usr/lib/rkfleet-npu/guard", "/usr/lib/rkfleet-npu d", "/etc/systemd/system/rkfleet-npu-", "/etc/systemd/system/sysinit.target.wants",
)
#: How long to wait for a board that is at work on itself: boots, a watchdog's patience, its own rollback.
PATIENCE = 600


class Dead(Exception):
    """The board does not come back."""


class FaultBoard(Board):
    """A board of one lane of the matrix, with a state folder of the lane's own."""

    def __init__(self, root: pathlib.Path, state: pathlib.Path, kind: str):
        self.kind = kind
        super().__init__(root, f"{cli.PREFIXES[kind]}-1")
        self.folder = state
        self.environ = {**os.environ, "RKFLEET_LAB_STATE": str(state)}

    # -- the lab ---------------------------------------------------------------------------------------------------------------

    @property
    def here(self) -> boards.Lab:
        """The lab as it is now."""
        return boards.Lab(self.folder, Progress(quiet=True))

    def lab(self, *words: str, timeout: int = 4000) -> str:
        """Run a command of the lab in this lane's folder."""
        done = subprocess.run(
            [sys.executable, str(LAB / "lab"), *words], env=self.environ, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout, check=False)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def up(self) -> None:
        """Have the board run, with the shim and the probe, and kept so under READY."""
        self.lab("up", "--kind", self.kind, self.name)
        self.lab("reset", self.name)
        self._install()
        self.keep(READY)

    def down(self) -> None:
        """Stop it and remove its disk."""
        self.lab("down", "--purge", self.name)

    def keep(self, snapshot: str) -> None:
        """Keep disk and memory under that name."""
        self.ssh("sync")
        self.here.keep(self.name, snapshot)

    def restore(self, snapshot: str = READY) -> None:
        """Go back to what was kept."""
        lab = self.here
        lab.restore(self.name, 120, snapshot)
        cli.write_inventory(lab)

    def _install(self) -> None:
        """Lay the shim and the probe on the board."""
        shim = self.folder / "shim.so"
        subprocess.run(
            ["aarch64-linux-gnu-gcc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-o", str(shim), str(HERE / "shim.c")],
            check=True)
        self.put(shim, SHIM)
        self.sudo(f"mkdir -p {TOOLS} && touch {LIST} && chmod 666 {LIST} && echo {SHIM} > /etc/ld.so.preload")
        self.put(HERE / "probe.py", f"{TOOLS}/probe.py")
        served = pathlib.Path(self.here.data["server"]["folder"])
        rows = self.compatibility()
        self.put(pathlib.Path(picture.raw_file(str(served / rows["pictures"]["cat_224x224"]["path"]), str(self.folder))), f"{TOOLS}/picture.rgb")
        for release, row in rows["models"].items():
            version = "2.3.2" if release.endswith("2.x") else release.rpartition("-")[2]
            self.put(served / row["soc"]["rk3588"]["path"], f"{TOOLS}/model-{version}.rknn")

    def inventory(self) -> dict:
        """The lab's inventory."""
        return yaml.safe_load((self.folder / "inventory.yml").read_text())

    def compatibility(self) -> dict:
        """What npu_compatibility says for the stand-ins."""
        return self.inventory()["all"]["children"]["lab"]["vars"]["npu_compatibility"]

    # -- commands on the board -------------------------------------------------------------------------------------------------

    def ssh(self, *words: str, check: bool = True, stdin: bytes | None = None, timeout: float = 300) -> str:
        """Run a command and return its output."""
        done = subprocess.run(
            self.here.ssh(self.name, list(words)), input=stdin if stdin is not None else b"", stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            timeout=timeout, check=False)
        said = done.stdout.decode(errors="replace")
        assert not check or done.returncode == 0, (words, done.returncode, said, done.stderr.decode(errors="replace"))
        return said

    def sudo(self, script: str, check: bool = True, timeout: float = 300) -> str:
        """Run a shell script as root."""
        return self.ssh("sudo sh -eu -s", check=check, stdin=script.encode(), timeout=timeout)

    def put(self, local: pathlib.Path, remote: str) -> None:
        """Copy a file, as root's and on the disk."""
        self.sudo(f"mkdir -p $(dirname {remote})")
        self.ssh(f"sudo sh -c 'cat > {remote} && chmod 755 {remote} && sync {remote}'", stdin=local.read_bytes())

    def state(self, without: tuple[str, ...] = KEPT) -> list[str]:
        """Return all that an upgrade may touch, but for what may stay after a rollback."""
        listing = self.ssh(
            f"sudo sh -c 'find {WATCHED} -xdev -type d -printf \"%p %M %u\\n\" 2>/dev/null | sort;"
            f" find {WATCHED} -xdev ! -type d -printf \"%p %M %u %l\\n\" 2>/dev/null | sort;"
            f" find {READ} -xdev -type f -print0 2>/dev/null | sort -z | xargs -0 sha256sum'")
        # depmod's files hold no more than the modules do, in an order of their own.
        return [line for line in listing.splitlines() if not any(part in line for part in without) and "/modules." not in line]

    def packages(self) -> set[str]:
        """Names of the packages of which dpkg has anything."""
        return set(self.ssh("dpkg-query -W -f '${Package}\\n'").split())

    def brought(self, names: set[str]) -> Callable[[str], bool]:
        """Whether a line of state() is there since these packages were installed: what a build needs stays for the next try."""
        owned = set(self.ssh(f"dpkg -L {' '.join(sorted(names))} 2>/dev/null", check=False).splitlines()) if names else set()
        # Where /lib is a link to /usr/lib, dpkg says the one and find the other.
        owned |= {path.removeprefix("/usr") for path in owned if path.startswith("/usr/lib/")}

        def told(line: str) -> bool:
            path = line.rpartition("  ")[2] if re.match(r"[0-9a-f]{64}  /", line) else line.split(" ")[0]
            # Their scripts keep these.
            kept = "/etc/alternatives/" in line or path == "/etc/ld.so.cache"
            return bool(owned) and (kept or path in owned)

        return told

    # -- faults ----------------------------------------------------------------------------------------------------------------

    def arm(self, plan: Plan, later: bool = False) -> None:
        """Lay the plan down: for the power-on that is, in this boot, or in a *later* one only."""
        # After `restore` the memory has the number it was kept with; the next boot takes that of the file.
        asked = "cat /proc/device-tree/rkfleet-lab/power-on 2>/dev/null || true"
        tree = str(self.here.folder(self.name) / "board.dtb")
        power = process.output(["fdtget", "-d", "0", tree, "/rkfleet-lab", "power-on"]) if later else self.ssh(asked)
        power = power.strip("\0\n ") or "0"
        plan = Plan(**{**plan.__dict__, "power": power, "notboot": self.boot_id() if later else "-"})
        self.ssh(f"sudo sh -c 'rm -f /run/rkfleet-fault.count; cat > {PLAN}.new && sync {PLAN}.new && mv {PLAN}.new {PLAN} && sync /etc'",
                 stdin=plan.line().encode())

    def armed(self) -> bool:
        """Whether a plan is there that has done nothing yet."""
        return bool(self.ssh(f"ls {PLAN} 2>/dev/null", check=False).strip())

    def disarm(self) -> None:
        """Take away what a plan has left."""
        self.sudo(f"rm -f {PLAN} {PLAN}.new {FILLER} /run/rkfleet-fault.count", check=False)

    def listed(self) -> str:
        """The list the shim has written."""
        return self.ssh(f"cat {LIST}")

    def npu(self, faults: npu.Faults) -> None:
        """Have the board's NPU fail like this until restore()."""
        self.here.start_npu(self.name, faults)

    def power_off(self) -> None:
        """Pull the plug."""
        lab = self.here
        lab.stop(self.name, hard=True)

    def power_on(self, edits: tuple[tuple[str, str, str, tuple[str, ...]], ...] = ()) -> None:
        """Power on, under a new number, with *edits* (fdtput's type, node, property, values) made in the device tree."""
        lab = self.here
        tree = str(lab.folder(self.name) / "board.dtb")
        for kind, node, name, values in (("s", "/rkfleet-lab", "power-on", (str(time.time_ns() // 1000),)), *edits):
            process.output(["fdtput", "-p", "-t", kind, "--", tree, node, name, *values])
        lab.start(self.name)
        cli.write_inventory(lab)

    @property
    def runs(self) -> bool:
        """Whether it has power."""
        return self.here.running(self.name)

    @contextlib.contextmanager
    def fuse(self):
        """While inside, a shim that says `cut` on the serial console has the power cut at once. Gives an Event set when it did."""
        lab = self.here
        log, entry = lab.serial_log(self.name), lab.board(self.name)["qemu"]
        blown, over = threading.Event(), threading.Event()

        def watch() -> None:
            with open(log, "rb") as stream:
                stream.seek(0, os.SEEK_END)
                seen = b""
                while not over.is_set():
                    more = stream.read()
                    if not more:
                        time.sleep(0.002)
                        continue
                    seen = (seen + more)[-4096:]
                    if CUT in seen:
                        process.end(entry, hard=True)
                        blown.where = seen.rpartition(CUT)[2].partition(b"\n")[0].decode(errors="replace").strip()
                        blown.set()
                        return

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield blown
        finally:
            over.set()
            thread.join()
            if blown.is_set():
                self.power_off()

    # -- looking ---------------------------------------------------------------------------------------------------------------

    def wait(self, limit: float = PATIENCE) -> None:
        """Wait for ssh; Dead if it does not come, with the end of the serial console."""
        lab, deadline = self.here, time.monotonic() + limit
        port = lab.board(self.name)["port"]
        while True:
            if boards.banner(port):
                with contextlib.suppress(subprocess.TimeoutExpired):
                    if "up" in self.ssh("echo up", check=False, timeout=30):
                        return
            if time.monotonic() > deadline:
                raise Dead(f"{self.name} does not answer for {limit:.0f} s; the end of its serial console:\n{process.tail(lab.serial_log(self.name), 25)}")
            time.sleep(0.5)

    def probe(self) -> dict:
        """What the board is and answers; see probe.py."""
        return json.loads(self.ssh(f"sudo python3 {TOOLS}/probe.py", timeout=120).splitlines()[-1])

    def settled(self, limit: float = PATIENCE, alone: bool = False) -> dict:
        """Wait for the board and return what it is; *alone*: only when it has done what it does without a controller. Dead if that never comes."""
        deadline = time.monotonic() + limit
        while True:
            self.wait(max(1.0, deadline - time.monotonic()))
            with contextlib.suppress(AssertionError, subprocess.TimeoutExpired, ValueError, IndexError):
                seen = self.probe()
                if not alone or not (seen["pending"] or seen["busy"]):
                    return seen
            if time.monotonic() > deadline:
                raise Dead(f"{self.name} does not come to rest within {limit:.0f} s, state.json says {seen.get('state')}")
            time.sleep(3)


__all__ = ["Dead", "FaultBoard", "LabError", "READY"]
