# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The real DKMS of three Debian releases replaces a package `rknpu` from elsewhere. The modules have a few lines."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms import package as _package
from ansible_collections.rkfleet.npu.plugins.plugin_utils._artifact import driver_source
from builds import kernel_headers

KERNEL, ARCH = "6.1.84-vendor-rk35xx", "aarch64"
AS_ROOT = [] if os.geteuid() == 0 else ["unshare", "--map-root-user"]
CONF = """PACKAGE_NAME="rknpu"
PACKAGE_VERSION="{version}"
BUILT_MODULE_NAME[0]="rknpu"
DEST_MODULE_LOCATION[0]="/updates/dkms"
MAKE[0]="sh make.sh"
CLEAN="true"
STRIP[0]="no"
AUTOINSTALL="yes"
"""
# What modinfo reads of a module.
MAKE = """printf '#define S(n, t) const char n[] __attribute__((section(".modinfo"))) = t;\\n\
S(a, "vermagic={kernel} SMP") S(b, "name=rknpu") S(c, "version={version}") S(d, "author={author}")\\n' >x.c
gcc -c x.c -o rknpu.ko
"""
# The head of an ELF program for aarch64.
PROGRAM = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\0\xb7\0"


def tree(version, author):
    """The files of a source tree."""
    return {"dkms.conf": CONF.format(version=version).encode(),
            "make.sh": MAKE.format(kernel=KERNEL, version=version, author=author).encode()}


class Board:
    """A board below a folder, with the DKMS of a Debian release and a folder in the place of kernel headers."""

    def __init__(self, root, suite):
        try:
            self.program = kernel_headers.dkms(suite)
        except kernel_headers.NoHeaders as reason:
            pytest.skip(f"DKMS of Debian {suite}: {reason}")
        self.root, self.log = root, ""
        self.modules = root / "lib/modules" / KERNEL
        for name in ("usr/src", "var/lib/dkms", f"lib/modules/{KERNEL}/kernel", f"lib/modules/{KERNEL}/build/include"):
            (root / name).mkdir(parents=True)
        for name in ("modules.dep", "modules.order", "modules.builtin", "build/.config", "build/Makefile",
                     "build/include/generated/autoconf.h", "build/include/config/auto.conf",
                     "build/scripts/module.lds"):
            (self.modules / name).parent.mkdir(parents=True, exist_ok=True)
            (self.modules / name).touch()
        for name in ("scripts/basic/fixdep", "scripts/mod/modpost"):
            (self.modules / "build" / name).parent.mkdir(exist_ok=True)
            (self.modules / "build" / name).write_bytes(PROGRAM)

    def run(self, command):
        if command[0] == "dkms":
            places = [] if "--dkmstree" in command else [
                "--dkmstree", self.root / "var/lib/dkms", "--sourcetree", self.root / "usr/src"]
            command = [*AS_ROOT, "bash", self.program, *command[1:], *places,
                       "--installtree", self.root / "lib/modules",
                       *(["-a", ARCH, "--kernelsourcedir", self.modules / "build"] if "-k" in command else []),
                       *(["--no-depmod"] if command[1] in ("install", "remove") else [])]
        done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              check=False, env={**os.environ, "LC_ALL": "C"})
        self.log += f"{command}\n{done.stdout}{done.stderr}"
        return done.returncode, done.stdout, done.stderr

    def package(self, version, **more):
        return _package.DkmsPackage(self.run, "rknpu", version, KERNEL, "rknpu", str(self.root), **more)

    def state(self):
        """Return `{version: what DKMS prints of it}`."""
        lines = self.run(["dkms", "status", "-m", "rknpu"])[1].splitlines()
        return {line.replace("/", ", ").split(", ")[1].split(":")[0]: line.rpartition(": ")[2].split(" ")[0]
                for line in lines}

    def author(self):
        return self.run(["modinfo", "-F", "author", str(self.modules / "updates/dkms/rknpu.ko")])[1].strip()


@pytest.fixture(params=["bullseye", "bookworm", "trixie"], name="board")
def board_with_a_package_from_elsewhere(request, tmp_path, monkeypatch):
    if not (shutil.which("modinfo") and shutil.which("gcc")):
        pytest.skip("modinfo or gcc is not installed")
    monkeypatch.setattr(_package.os, "uname", lambda: os.uname_result(("Linux", "board", KERNEL, "#1", ARCH)))
    board = Board(tmp_path / "board", request.param)
    folder = board.root / "usr/src/rknpu-0.9.8"
    folder.mkdir()
    for name, content in tree("0.9.8", "others").items():
        (folder / name).write_bytes(content)
    board.run(["dkms", "add", "-m", "rknpu", "-v", "0.9.8"])
    rc = board.run(["dkms", "install", "-m", "rknpu", "-v", "0.9.8", "-k", KERNEL])[0]
    assert rc == 0 and board.author() == "others", board.log
    return board


@pytest.mark.parametrize("version", ["0.9.6", "0.9.8"])
def test_it_is_replaced(board, tmp_path, version):
    content, digest = driver_source.archive(tree(version, "rkfleet"))
    (tmp_path / "tree.tar").write_bytes(content)
    package = board.package(version, replaces=["0.9.8"])
    package.deploy(str(tmp_path / "tree.tar"), digest, package.steps(digest))
    assert board.author() == "rkfleet" and board.state() == {version: "installed"}, board.log
    assert package.steps(digest) == []


def test_a_failed_build_leaves_it(board, tmp_path):
    content, digest = driver_source.archive(dict(tree("0.9.6", "rkfleet"), **{"make.sh": b"exit 1\n"}))
    (tmp_path / "tree.tar").write_bytes(content)
    package = board.package("0.9.6", replaces=["0.9.8"])
    with pytest.raises(_package.DkmsError):
        package.deploy(str(tmp_path / "tree.tar"), digest, package.steps(digest))
    assert board.author() == "others" and board.state() == {"0.9.8": "installed"}, board.log
