# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A board as a folder, with the guard's script and stand-ins for the programs that it runs."""

from __future__ import annotations

import hashlib
import json
import subprocess

from guard_script import guard_files

SHELLS = {"dash": ["dash"], "busybox": ["busybox", "sh"]}
SWITCHES = ("panic", "panic_on_oops", "softlockup_panic", "hardlockup_panic", "hung_task_panic")

TICK = "/bin/sleep 0.01"


class Board:
    """A root with an upgrade that is not committed, the guard's script, and stand-ins for programs that change a machine."""

    def __init__(self, root, shell):
        self.root, self.shell = root, shell
        self.tools = root.parent / (root.name + "-tools")
        self.tools.mkdir()
        self.home = root / "var/lib/rkfleet-npu"
        self.pending = self.home / "pending"
        self.watchdog = root / "dev/watchdog"
        copy = "old"
        for path, content in {
            "proc/sys/kernel/random/boot_id": "one\n", "proc/uptime": "100.00 1\n", "proc/cmdline": "ro\n",
            "proc/sysrq-trigger": "",
            "proc/sys/kernel/hung_task_timeout_secs": "120", "sys/kernel/kexec_loaded": "0\n", "run/none": "",
            "etc/setting": "new", "var/lib/rkfleet-npu/lock.json": "{}",
            "var/lib/rkfleet-npu/pending/copies/0000": copy, "var/lib/rkfleet-npu/pending/tried": "",
            "var/lib/rkfleet-npu/pending/manifest": "file 0000 %s /etc/setting\n"
            % hashlib.sha256(copy.encode()).hexdigest(),
            "var/lib/rkfleet-npu/pending/confirm": "30\n", "var/lib/rkfleet-npu/pending/services": "detector.service\n",
            "var/lib/rkfleet-npu/pending/state.in": '{"state": "@STATE@", "why": "@WHY@", "since": "@SINCE@"}\n',
            "lib/modules/6.1.84/kernel/none": "",
            # To a shell a number there ends without a newline.
            **{"proc/sys/kernel/%s" % name: "0" for name in SWITCHES},
        }.items():
            self.write(path, content)
        for name in ("systemctl", "logger", "depmod", "ldconfig", "dpkg", "kexec"):
            self.tool(name, "")
        self.tool("pidof", "exit 1")
        self.tool("sleep", TICK)
        text = guard_files(root, self.tools)["guard"].replace("\nPATH=", "\necho $$ >%s/pid\nPATH=" % self.tools)
        # Only root can make a device.
        self.script = root.parent / (root.name + "-guard")
        self.script.write_text(text.replace('[ -c "$root/dev/watchdog" ]', '[ -e "$root/dev/watchdog" ]'))
        self.write("var/lib/rkfleet-npu/pending/signature", self.guard("signature").stdout)

    def tool(self, name, text):
        """Have a program write down that it was called, and then do that."""
        path = self.tools / name
        path.write_text('#!/bin/sh\necho "%s $*" >>%s/called\n%s\n' % (name, self.tools, text))
        path.chmod(0o755)

    def called(self):
        path = self.tools / "called"
        return path.read_text().splitlines() if path.exists() else []

    def write(self, path, content):
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            place.write_bytes(content)
        else:
            place.write_text(content)

    def read(self, path):
        return (self.root / path).read_text()

    def switch(self, name):
        return self.read("proc/sys/kernel/" + name).strip()

    def guard(self, *words):
        return subprocess.run([*self.shell, str(self.script), *words], capture_output=True, text=True, check=False,
                              timeout=60,
                              start_new_session=True)

    def one_look(self):
        """Run the watch, and end it as systemd does, after one look at the board."""
        self.tool("sleep", "kill $PPID")
        return self.guard("watch")

    def has_watchdog(self, timeout="60\n"):
        self.write("dev/watchdog", "closed")
        self.write("sys/class/watchdog/watchdog0/nowayout", "0\n")
        if timeout is not None:
            self.write("sys/class/watchdog/watchdog0/timeout", timeout)

    def not_tried(self):
        (self.pending / "tried").rename(self.pending / "untried")

    def restored(self):
        return self.read("etc/setting") == "old"

    def state(self):
        return json.loads((self.home / "state.json").read_text())
