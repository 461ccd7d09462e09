# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A board with stand-ins for apt and dpkg."""

from __future__ import annotations

import os
import re

from ansible_collections.rkfleet.npu.plugins.module_utils import _apt

NOW = 1_700_000_000
DEPENDS = {
    "dkms": ["gcc", "make"],
    "gcc": ["gcc-12"],
    "gcc-12": [],
    "make": [],
    "build-essential": ["make"],
    "linux-image-9": [],
    "linux-headers-9": ["gcc-12"],
    "libc6": [],
    "aa": ["bb"],
    "bb": ["aa"],
    "cc": ["aa", "bb"],
}


class Board:
    def __init__(self, root):
        self.root, self.calls, self.offered, self.waits = root, [], set(DEPENDS), 0
        self.states = {"libc6": "install ok installed", "old": "deinstall ok config-files"}
        self.rc, self.err, self.fails_at, self.locked, self.purge_fails = 0, "", None, 0, False
        self.apt_waits = self.patience = 0
        self.stated = "Armbian-Kernel-Version-Family: 6.17.9-current-rockchip64"
        for folder in ("var/lib/dpkg/updates", "var/lib/apt/lists", "var/cache/apt/archives/partial", "boot"):
            (root / folder).mkdir(parents=True)
        self.set_age("var/lib/apt/lists", 60)

    def set_age(self, path, seconds):
        os.utime(self.root / path, (NOW - seconds, NOW - seconds))

    def add(self, *names, state="install ok installed"):
        self.states.update(dict.fromkeys(names, state))
        return self

    def installed(self):
        return {name for name, state in self.states.items() if state.endswith(" installed")}

    def closure(self, names):
        found = set(names)
        while True:
            more = {other for name in found for other in DEPENDS[name]} | found
            if more == found:
                return found
            found = more

    def dependents(self, names):
        """Return these packages with all installed packages that depend on them."""
        found = set(names)
        while True:
            more = {name for name in self.installed() if set(DEPENDS.get(name, ())) & found} | found
            if more == found:
                return found
            found = more

    def run(self, command):
        self.calls.append(command)
        assert not any(re.search(r"[;&|$`]", word) for word in command if not word.startswith("${"))
        if command[0] == "dpkg-query":
            return 0, "".join("%s %s\n" % item for item in sorted(self.states.items())), ""
        if self.locked and "--simulate" not in command:
            self.apt_waits += self.patience
            self.locked -= 1
            return 100, "", "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 1 (apt-get)"
        names = command[command.index("--") + 1:] if "--" in command else []
        if command[0] == "apt-cache":
            return 0, "Package: %s\n%s\nVersion: 25.11.2\n" % (names[0], self.stated), ""
        if command[:2] == ["apt-get", "update"]:
            self.set_age("var/lib/apt/lists", 0)
            return self.rc, "", self.err
        if command[:2] == ["apt-get", "install"]:
            return self.apt_install(command, names)
        if command[:2] == ["apt-get", "purge"]:
            removed = self.dependents(names)
            if "--simulate" in command and "libc6" in names:
                return 100, "", "E: Error, pkgProblemResolver::Resolve generated breaks"
            if "--simulate" in command:
                return 0, "".join("Purg %s [1]\n" % name for name in sorted(removed)), ""
            assert "APT::Get::AutomaticRemove=false" in command
            for name in removed:
                self.states.pop(name)
            return 0, "", ""
        if command[0] == "dpkg" and "--purge" in command:
            if self.purge_fails:
                return 1, "", "dpkg: error processing package"
            assert self.dependents(names) == set(names)
            for name in names:
                self.states.pop(name)
            return 0, "", ""
        assert command == ["dpkg", "--force-confold", "--configure", "--pending"]
        for name, state in list(self.states.items()):
            if state.split()[2] in ("unpacked", "half-configured", "triggers-pending"):
                self.states[name] = "install ok installed"
        for file in (self.root / "var/lib/dpkg/updates").iterdir():
            file.unlink()
        return 0, "", ""

    def apt_install(self, command, names):
        if "--fix-broken" in command:
            assert "--no-remove" in command
            for name, state in self.states.items():
                if "reinstreq" in state:
                    self.states[name] = "install ok installed"
            return 0, "", ""
        if not set(names) <= self.offered:
            return 100, "", "E: Unable to locate package %s\n" % " ".join(sorted(set(names) - self.offered))
        planned = sorted(self.closure(names) - self.installed())
        if "--simulate" in command:
            lines = ["Inst %s (1 Debian [arm64])\nConf %s (1 Debian [arm64])\n" % (n, n) for n in planned]
            return 0, "Inst libc6 [1] (2 Debian)\n" + "".join(lines), ""
        words = " ".join(command)
        assert (
            "--no-install-recommends" in words and "Dpkg::Options::=--force-confold" in words and "--no-remove" in words
        )
        assert "DPkg::Lock::Timeout=1200" in words
        for count, name in enumerate(planned):
            (self.root / "var/cache/apt/archives" / (name + "_1_arm64.deb")).write_text("x")
            if count == self.fails_at:
                self.add(name, state="install reinstreq half-installed")
                return 100, "", self.err
            self.add(name)
            if name.startswith("linux-image-"):
                (self.root / "boot" / name).write_text("MZ")
        return self.rc, "", self.err

    def packages(self):
        return _apt.Packages(self.run, str(self.root), self.sleep, lambda: NOW, lambda: self.apt_waits)

    def sleep(self, seconds):
        self.waits += seconds

    def calls_of(self, *words):
        return [
            command for command in self.calls if list(words) == command[: len(words)] and "--simulate" not in command
        ]
