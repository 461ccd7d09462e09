# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A board as a folder, and a transaction on it."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess

import jsonschema
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction import (
    guard as _guard,
)
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction import notes, watched
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction import (
    transaction as _transaction,
)
from guard_script import guard_files

SCHEMA = json.loads((pathlib.Path(__file__).resolve().parents[3] / "docs/state.schema.json").read_text())
STATE = {"driver": {"from": "0.9.3", "to": "0.9.6"}, "baseline": {"diagnosis": "ok"},
         "controller": {"host": "desk", "user": "me"}}
KERNEL = "/lib/modules/6.1.99+"
OWN = KERNEL + "/kernel/drivers/rknpu/rknpu.ko"
RUNTIME = "/usr/lib/librknnrt.so"
SOURCE = "/usr/src/rknpu-0.9.6"

# Left alone on a machine that is no board; they are asked whether they were called.
NOT_LOOKED_AT = ("/proc", "/run", "/var/lib/rkfleet-npu", "/usr/lib/rkfleet-npu", "/etc/systemd")
STAND_INS = ("ldconfig", "systemctl", "logger", "dpkg")


class Board:
    """A board's tree with what an upgrade changes, and who works on it."""

    def __init__(self, root):
        self.root, self.said = root, []
        self.home = root / "var/lib/rkfleet-npu"
        self.tools = root.parent / (root.name + "-tools")
        self.tools.mkdir(exist_ok=True)
        for name in STAND_INS:
            self.tool(name, 'echo "%s $*" >>"%s/called"' % (name, self.tools))
        dep = "%s%s/modules.dep" % (root, KERNEL)
        self.tool("depmod", 'echo "depmod $*" >>"{0}/called"; rm "{1}"; printf deps >"{1}"'.format(self.tools, dep))
        self.guard_files = guard_files(root, self.tools)
        if root.exists():  # a copy of another board's tree: its guard is that one's
            self.write(_guard.SCRIPT, self.guard_files["guard"])
            (root / _guard.SCRIPT.lstrip("/")).chmod(0o755)
        else:
            for path, content in {
                "/boot/extlinux/extlinux.conf": "old menu\n", "/etc/default/u-boot": "U_BOOT_UPDATE=true\n",
                "/proc/cmdline": "ro quiet\n",
                "/proc/uptime": "50.00 1\n", "/proc/sys/kernel/random/boot_id": "one\n",
                # To a shell a number there ends without a newline.
                "/proc/sys/kernel/panic": "0", "/proc/sys/kernel/panic_on_oops": "0", OWN: "the kernel's own",
                RUNTIME: "1.6.0",
                "/usr/sbin/u-boot-update": "#!/bin/sh\n",
                "/usr/src/rknpu-0.9.5/dkms.conf": "an owner's", "/lib/modules/6.1.99+/modules.dep": "deps",
            }.items():
                self.write(path, content)
        self.before = self.files()

    def tool(self, name, text):
        path = self.tools / name
        path.write_text("#!/bin/sh\n%s\n" % text)
        path.chmod(0o755)

    def write(self, path, content="new"):
        place = self.root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content)

    def files(self):
        """All of it but what is the transaction's own, and what a running kernel shows: path, mode and content."""
        found = {}
        for folder, names, files in os.walk(self.root):
            here = os.path.normpath("/" + os.path.relpath(folder, self.root))
            names[:] = [name for name in names if os.path.join(here, name) not in NOT_LOOKED_AT]
            found[here] = oct(os.stat(folder).st_mode)
            for name in files:
                place = os.path.join(folder, name)
                with open(place, encoding="utf-8") as stream:
                    found[os.path.join(here, name)] = (oct(os.stat(place).st_mode), stream.read())
        # Folders that are made for the copies and stay are not the board's.
        return {path: what for path, what in found.items() if path not in ("/var", "/var/lib", "/var/lib/dkms", "/etc")}

    def run(self, args):
        self.said.append(args)
        if args[0] == "systemctl":
            return (0, "active\n" if "is-active" in args else "", "")
        done = subprocess.run(args, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    def guard(self, *words):
        """Run the guard as the board would at boot."""
        return subprocess.run([str(self.root) + _guard.SCRIPT, *words], capture_output=True, text=True, check=False,
                              timeout=20)

    def transaction(self, run="one"):
        owner = {"run": run, "host": "desk", "user": "me"}
        return _transaction.Transaction(self.run, owner, root=str(self.root), guard=self.guard_files)

    def begin(self, run="one", minutes=30):
        there = self.transaction(run)
        there.lock(["*"])
        there.begin(watched.watched(str(self.root), ["0.9.6"], RUNTIME), STATE, minutes)
        return there

    def upgrade(self):
        """What the roles do in the course of an upgrade."""
        for path in ("/boot/extlinux/extlinux.conf", "/etc/default/u-boot", "/etc/modules-load.d/rkfleet-npu.conf",
                     RUNTIME, SOURCE + "/Kbuild",
                     "/var/lib/dkms/rknpu/0.9.6/build/make.log", KERNEL + "/updates/dkms/rknpu_dkms.ko",
                     "/etc/u-boot-menu/conf.d/rkfleet-npu.conf"):
            self.write(path)
        # As npu_boot does.
        notes.note_boot_files(str(self.home),
                              {path: b"new" for path in ("/boot/extlinux/extlinux.conf", "/etc/default/u-boot")},
                              str(self.root))
        (self.root / OWN.lstrip("/")).unlink()  # DKMS keeps it elsewhere

    def state(self):
        state = json.loads((self.home / "state.json").read_text())
        jsonschema.validate(state, SCHEMA)
        return state
