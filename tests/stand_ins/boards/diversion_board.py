# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A tree with dpkg's database: the real dpkg installs a package with a runtime on it, the real guard restores it."""

from __future__ import annotations

import hashlib
import os
import pathlib
import struct
import subprocess

from ansible_collections.rkfleet.npu.plugins.module_utils import _runtime_install
from ansible_collections.rkfleet.npu.plugins.module_utils._board import diversion
from ansible_collections.rkfleet.npu.plugins.module_utils._board.tree import Tree
from ansible_collections.rkfleet.npu.plugins.module_utils._facts.installed import dpkg as _dpkg
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction import transaction as _transaction
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction import watched
from guard_script import guard_files

MAIN, ARCH = "/usr/lib/librknnrt.so", "/usr/lib/aarch64-linux-gnu/librknnrt.so"
OLD = "/usr/lib/librknn_api.so"
PACKAGE = "rknpu2-rk3588"
STATE = {"driver": {"from": "0.9.3", "to": "0.9.6"}, "baseline": {"diagnosis": "ok"},
         "controller": {"host": "desk", "user": "me"}}
WRITERS = ("mv", "rm", "ln", "cp", "sync", "dpkg-divert")
CUT = """read -r n <"{tools}/n"; echo $((n - 1)) >"{tools}/n"
[ "$n" -ne 0 ] || {{ : >"{tools}/reached"; kill -9 $PPID; exit 1; }}
exec {real} "$@"
"""


def library(version):
    """A file that passes for a library of that version."""
    text = b"librknnrt version: %s (c949ad889d@2024-11-07T11:35:33)" % version.encode()
    return b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 3, 183) + text


OURS, NEWER = library("2.3.2"), library("2.4.0")
# By layout: files and links of the package in a version, and the names that programs open.
LAYOUTS = {
    "file": (lambda version: ({MAIN: library(version)}, {}), [MAIN]),
    "links": (lambda version: ({ARCH + "." + version: library(version)}, {
        ARCH: "librknnrt.so." + version, ARCH + ".1": "librknnrt.so." + version,
        MAIN: "aarch64-linux-gnu/librknnrt.so." + version}), [MAIN, ARCH]),
    # Packages of runtimes before 1.6 (rockchip-linux/rknpu2, runtime/RK3588/Linux/librknn_api/aarch64).
    "old name": (lambda version: ({MAIN: library(version), OLD: library("1.3.0")}, {}), [MAIN, OLD]),
    "old name as a link": (lambda version: ({MAIN: library(version)}, {OLD: "librknnrt.so"}), [MAIN, OLD]),
}


def shown(files, links):
    """Files and links as Board.files() returns them."""
    return {**files, **{path: "-> " + target for path, target in links.items()}}


DEBS = {}


class Board:
    """A tree with dpkg's database, whose programs are the real ones, as any user."""

    def __init__(self, folder, layout):
        self.shell = ["dash"]
        self.root, self.tools, self.folder = folder / "board", folder / "tools", folder
        self.content, self.names = LAYOUTS[layout]
        self.home = self.root / "var/lib/rkfleet-npu"
        for name in ("var/lib/dpkg/info", "var/lib/dpkg/updates", "etc", "run", "proc/sys/kernel/random", "boot"):
            (self.root / name).mkdir(parents=True)
        for name in ("status", "available"):
            (self.root / "var/lib/dpkg" / name).write_text("")
        (self.root / "proc/cmdline").write_text("ro quiet\n")
        (self.root / "proc/uptime").write_text("50.00 1\n")
        (self.root / "proc/sys/kernel/random/boot_id").write_text("one\n")
        (self.root / "etc/machine-id").write_text("0123\n")
        self.tools.mkdir()
        for name in ("ldconfig", "systemctl", "logger", "depmod", "sync", "sleep"):
            self.tool(name, "exit 0")
        self.tool("dpkg", 'exec /usr/bin/dpkg --force-not-root --force-bad-path "$@"')

    def tool(self, name, text):
        (self.tools / name).write_text(f"#!/bin/sh\n{text}\n")
        (self.tools / name).chmod(0o755)

    def place(self, path):
        return self.root / path.lstrip("/")

    def run(self, args):
        if args[0] == "systemctl":
            return 0, "", ""
        done = subprocess.run(args, capture_output=True, text=True, check=False,
                              env=dict(os.environ, PATH="{}:{}".format(self.tools, os.environ["PATH"]), LC_ALL="C"))
        return done.returncode, done.stdout, done.stderr

    def package(self, version, name=PACKAGE, content=None):
        """Install a version of the package, as apt would."""
        deb = self.folder / f"{name}-{version}.deb"
        files, links = content or self.content(version)
        key = name, version, tuple(files), tuple(links)
        if key not in DEBS:
            DEBS[key] = self.build(deb, name, version, files, links)
        deb.write_bytes(DEBS[key])
        self.dpkg("--install", str(deb))

    def build(self, deb, name, version, files, links):
        """Return the content of a package."""
        tree = self.folder / f"{name}-{version}"
        for path in (*files, *links):
            (tree / path.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
        for path, data in files.items():
            (tree / path.lstrip("/")).write_bytes(data)
        for path, target in links.items():
            (tree / path.lstrip("/")).symlink_to(target)
        (tree / "DEBIAN").mkdir(parents=True)
        (tree / "DEBIAN/control").write_text(
            f"Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: a\nDescription: b\n")
        subprocess.run(["dpkg-deb", "--build", "--root-owner-group", tree, deb], check=True, capture_output=True)
        return deb.read_bytes()

    def dpkg(self, *words):
        rc, out, err = self.run(["dpkg", "--root", str(self.root), *words])
        assert rc == 0, out + err

    def divert(self):
        new = self.folder / "new"
        new.write_bytes(OURS)
        return self.install(new, OURS)

    def install(self, new, content):
        pins = {"sha256": hashlib.sha256(content).hexdigest()}
        return _runtime_install.install_diverted(str(new), self.names, pins, self.run, str(self.root), str(self.home))

    def transaction(self):
        there = _transaction.Transaction(self.run, {"run": "one", "host": "desk", "user": "me"}, root=str(self.root),
                                         guard=guard_files(self.root, self.tools))
        there.lock(["*"])
        return there

    def begin(self):
        there = self.transaction()
        there.begin(watched.watched(str(self.root), ["0.9.6"], MAIN, diverted=self.names), STATE, 30)
        return there

    def guard(self, *words):
        script = self.tools / "guard"
        script.write_text(guard_files(self.root, self.tools)["guard"])
        done = subprocess.run([*self.shell, script, *words], capture_output=True, text=True, check=False, timeout=60,
                              start_new_session=True)
        return done.returncode, done.stdout + done.stderr

    def files(self):
        """What is below /usr/lib: content, or target of a link."""
        found = {}
        for folder, dummy, names in os.walk(self.root / "usr/lib"):
            for name in names:
                path = pathlib.Path(folder, name)
                place = "/" + str(path.relative_to(self.root))
                if not name.startswith(".") and "/rkfleet-npu/" not in place:
                    found[place] = f"-> {path.readlink()}" if path.is_symlink() else path.read_bytes()
        return found

    def libraries(self):
        """The contents under the names that programs open."""
        return {self.place(name).read_bytes() for name in self.names}

    def diversions(self):
        path = self.root / "var/lib/dpkg/diversions"
        return diversion.parse(path.read_text()) if path.exists() else {}

    def holds(self):
        return _dpkg.read(Tree(str(self.root)), "6.1", None)["holds"]
