# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A board as a folder, with the guard's script and all that an upgrade changes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

from ansible_collections.rkfleet.npu.plugins.module_utils._board import files
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction import notes, watched
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction import (
    transaction as _transaction,
)
from ansible_collections.rkfleet.npu.plugins.plugin_utils._action import board_files
from guard_script import guard_files

GUARD = board_files.guard()
MENU, DEFAULTS, CMDLINE, ARMBIAN = "/boot/extlinux/extlinux.conf", "/etc/default/u-boot", "/etc/kernel/cmdline", "/boot/armbianEnv.txt"
RUNTIME, DKMS = "/usr/lib/librknnrt.so", "/var/lib/dkms/rknpu"
KERNEL = "/lib/modules/6.1.84"
OWN, BUILT = KERNEL + "/kernel/drivers/rknpu/rknpu.ko", KERNEL + "/updates/dkms/rknpu_dkms.ko"
NEVER, OURS = 10**9, "initcall_blacklist=rknpu_init"
STATE = {"driver": {"from": "0.9.3", "to": "0.9.6"}, "baseline": {"diagnosis": "ok"},
         "controller": {"host": "desk", "user": "me"}}

STAND_INS = ("pidof", "ldconfig", "systemctl", "logger", "dpkg", "depmod", "fsfreeze", "sleep")


def menu(kernel, arguments="root=UUID=OLD", more=""):
    return "default l0\nlabel l0\n  linux /boot/vmlinuz-%s\n%s  append %s\n" % (kernel, more, arguments)


class Board:
    """A board's tree, and the guard's script on it, run by a shell of choice."""

    def __init__(self, root, shell=("dash",)):
        self.root, self.shell = root, shell
        self.home, self.tools = root / "var/lib/rkfleet-npu", root.parent / (root.name + "-tools")
        self.tools.mkdir()
        for name in STAND_INS:
            self.tool(name, "exit %d" % (name == "pidof"))
        self.tool("sync", "exit 0")  # of the machine that tests
        for path, content in {"/proc/sys/kernel/random/boot_id": "one\n", "/proc/uptime": "50.00 1\n",
                              "/proc/cmdline": "ro quiet\n",
                              "/proc/sys/kernel/panic": "10", "/proc/sys/kernel/panic_on_oops": "1",
                              "/proc/sysrq-trigger": "",
                              "/etc/machine-id": "0123\n", "/boot/vmlinuz-6.1.84": "kernel",
                              OWN: "the kernel's own"}.items():
            self.write(path, content)
        (root / "run").mkdir()

    def tool(self, name, text):
        path = self.tools / name
        path.write_text("#!/bin/sh\n%s\n" % text)
        path.chmod(0o755)

    def place(self, path):
        return self.root / path.lstrip("/")

    def write(self, path, content="new"):
        self.place(path).parent.mkdir(parents=True, exist_ok=True)
        self.place(path).write_bytes(content.encode())

    def read(self, path):
        return self.place(path).read_bytes().decode() if self.place(path).exists() else None

    def guard_files(self):
        return guard_files(self.root, self.tools)

    def guard(self, *words, wait=True):
        script = self.tools / "guard"
        script.write_text(self.guard_files()["guard"])
        child = subprocess.Popen(  # pylint: disable=consider-using-with
            [*self.shell, *(("sh",) if self.shell[0] == "busybox" else ()), str(script), *words],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
        if not wait:
            return child
        out = child.communicate(timeout=60)[0]
        return child.returncode, out

    def run(self, args):
        if args[0] == "systemctl":
            return 0, "active\n" if "is-active" in args else "", ""
        done = subprocess.run(args, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    def transaction(self, run="one"):
        owner = {"run": run, "host": "desk", "user": "me"}
        return _transaction.Transaction(self.run, owner, root=str(self.root), guard=self.guard_files())

    def begin(self, run="one", version="0.9.6"):
        there = self.transaction(run)
        there.lock(["*"])
        there.begin(self.watched(version), STATE, 30)
        return there

    def watched(self, version="0.9.6"):
        return watched.watched(str(self.root), [version], RUNTIME)

    def note(self, *paths):
        """What npu_boot notes of its files."""
        notes.note_boot_files(str(self.home), {path: self.place(path).read_bytes() for path in paths}, str(self.root))

    def keep(self, *kinds, folder="origin", left=(), identity=""):
        """A restore point of files as they are now, `KIND PATH` each; `left` are those which are changed by us then."""
        place = self.home / folder
        (place / "copies").mkdir(parents=True)
        lines = []
        for number, entry in enumerate(kinds):
            kind, path = entry.split()
            if self.place(path).exists():
                shutil.copy2(self.place(path), place / "copies" / str(number))
                lines.append("%s %d %s %s" % (kind, number, files.sha256_of(self.place(path)), path))
            else:
                lines.append("%s - - %s" % (kind, path))
        (place / "manifest").write_text("\n".join(lines) + "\n")
        (place / "state.in").write_text('{"schema": 1, "run": "one", "state": "@STATE@", "why": "@WHY@", "since": "@SINCE@"}')
        (place / "identity").write_text(identity)
        (place / "tried").write_text("")
        self.folder = place

    def left(self, *paths):
        """They are as this collection has left them."""
        with open(self.folder / "left", "a", encoding="utf-8") as stream:
            stream.writelines("%s %s\n" % (files.sha256_of(self.place(path)), path) for path in paths)

    def state(self):
        return json.loads((self.home / "state.json").read_text())

    def files(self):
        """Content of all that is the board's, not the transaction's."""
        found = {}
        for top in ("boot", "etc", "usr", "lib", "var/lib/dkms"):
            for folder, dummy, names in os.walk(self.root / top):
                for name in names:
                    path = os.path.relpath(os.path.join(folder, name), self.root)
                    # What a cut leaves unfinished goes with the next run.
                    if not name.startswith(".rkfleet-") and ("rkfleet-npu" not in path
                                                             or path.startswith("etc/modules-load.d")):
                        found[path] = (self.root / path).read_text()
        return found


def upgrade(board):
    """What an upgrade does to a board."""
    board.write(MENU, menu("6.1.84", "root=UUID=OLD " + OURS))
    board.write("/etc/modules-load.d/rkfleet-npu.conf", "rknpu_dkms\n")
    board.write(RUNTIME, "new")
    board.write(BUILT, "module")
    board.write(DKMS + "/0.9.6/build/make.log", "built")
    board.note(MENU)


def old_board(board):
    board.write(MENU, menu("6.1.84"))
    board.write(RUNTIME, "old")
    board.write(DEFAULTS, "a=b\n")
    board.write(DKMS + "/0.8.2/build/make.log", "old")
    return board.files()


def rollback(board, run="two"):
    there = board.transaction(run)
    there.lock(["*"])
    assert there.begin_rollback(board.watched(), 30) is False
    there.restore(["origin"])
    return there


def begin(board):
    board.begin("two").stop_services([])
