# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Modules built with headers of the right release but another configuration are refused before they are installed.

The kernel's own modules are played by ones that are built with the headers as they are and marked as the kernel's.
"""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms import headers_match, trial_build
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms.module import module_layout
from ansible_collections.rkfleet.npu.plugins.plugin_utils._artifact import driver_source
from builds import kernel_headers
from builds.conftest import OWN

MODULE = driver_source.LAYOUT_MODULE
OWN_MODULE = (
    "#include <linux/module.h>\nstatic int __init first(void)\n{\n\treturn 0;\n}\nstatic void __exit last(void)\n{\n}\n"
    'module_init(first);\nmodule_exit(last);\nMODULE_LICENSE("GPL");\nMODULE_INFO(intree, "Y");\n'
)


def run(command, folder="."):
    """Run a command of trial_build on this machine, with its make for arm64."""
    if command[0] == "gcc":
        command = [kernel_headers.COMPILER, *command[1:]]
    elif command[0] == "make":
        command = [*command, "ARCH=arm64", "CROSS_COMPILE=aarch64-linux-gnu-", "CC=" + kernel_headers.COMPILER,
                   "CONFIG_CC_HAS_MIN_FUNCTION_ALIGNMENT="]
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                          env={**os.environ, "LC_ALL": "C", "MAKEFLAGS": ""})
    return done.returncode, done.stdout, done.stderr


class Board:
    """A board below a folder, with a kernel's headers and one module that came with it."""

    def __init__(self, builder, suite, root):
        self.headers, self.root = builder.headers(suite), root
        self.release = self.headers.release
        self.modules = root / "lib/modules" / self.release
        self.modules.mkdir(parents=True)
        # The headers are below the root folder, so that no link leads out of it.
        for name in ("arch", "scripts", "tools"):
            link = self.headers.tree / name
            if link.is_symlink():
                programs = link.resolve()
                link.unlink()
                shutil.copytree(programs, link, symlinks=True)
                # Those that run a program with its suite's C library find that from their own place.
                for script in link.glob("**/*"):
                    if script.is_file() and script.read_bytes().startswith(b'#!/bin/sh\nhere=$(dirname "$0")'):
                        place = programs / script.relative_to(link)
                        script.write_text(script.read_text().replace('readlink -f "$0"', f'readlink -f "{place}"'))
        (self.modules / "build").symlink_to(os.path.relpath(self.headers.tree, self.modules))
        self.number = 0

    def tree(self, files):
        """Write a source tree into a folder of its own."""
        self.number += 1
        folder = self.root / f"tree{self.number}"
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content)
        return folder

    def own_module(self, pack=lambda path: path):
        folder = self.tree({"Kbuild": b"obj-m := own.o\n", "own.c": OWN_MODULE.encode()})
        rc, out, err = run(["make", "-C", str(self.headers.tree), f"M={folder}",
                            "CONFIG_DEBUG_INFO_BTF_MODULES=", "modules"], folder)
        assert rc == 0, out + err
        target = self.modules / "kernel/drivers/own" / "own.ko"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((folder / "own.ko").read_bytes())
        return pack(target)

    def check(self):
        """Return the result of a trial build of the empty module, as the plan gets it."""
        tree = self.tree(driver_source.layout_tree(str(OWN)))
        self.number += 1
        scratch = self.root / f"scratch{self.number}"
        scratch.mkdir()
        found = trial_build.check(run, self.release, "linux-headers-" + self.release, MODULE, str(tree), str(scratch),
                                  str(self.root))
        self.built = scratch / "build" / (MODULE + ".ko")
        return found

    def configure(self, *options):
        """Have the headers made with another configuration; the release stays."""
        for name, form in (("include/config/auto.conf", "%s=y\n"), ("include/generated/autoconf.h", "#define %s 1\n")):
            path = self.headers.tree / name
            text = path.read_text()
            for option in options:
                if option.startswith("-"):
                    lines = text.splitlines(True)
                    text = "".join(line for line in lines if option[1:] not in line.replace("=", " ").split())
                else:
                    text += form % option
            path.write_text(text)


@pytest.fixture
def board(builder, tmp_path):
    return lambda suite: Board(builder, suite, tmp_path)


@pytest.mark.parametrize("suite", ["bullseye", "bookworm", "trixie", "trixie-backports"])
def test_headers_of_the_kernel_are_accepted(board, suite):
    board = board(suite)
    board.own_module()
    found = board.check()
    assert found["verdict"] == "builds", found
    assert found["layout"].startswith("compared with own.ko")


@pytest.mark.parametrize("options", [[], ["-CONFIG_JUMP_LABEL"]], ids=["the kernel's", "another configuration"])
def test_headers_are_proven_to_be_the_kernels_without_a_build(board, options):
    board = board("bookworm")
    board.own_module()
    config = board.root / f"boot/config-{board.release}"
    config.parent.mkdir()
    config.write_bytes((board.headers.tree / ".config").read_bytes())
    board.configure(*options)
    assert bool(headers_match.proven(run, board.release, str(board.root))) == (not options)


# Options that take something out of struct module or put something into it: what is behind moves.
@pytest.mark.parametrize(("suite", "options"), [
    ("bullseye", ["-CONFIG_TRACING"]),
    pytest.param("bookworm", ["-CONFIG_JUMP_LABEL"], marks=pytest.mark.case(
        case="headers package of the kernel's release, made with another configuration (6.1.84-vendor-rk35xx: "
             "MichaIng/DietPi 7412, 7344, 7368)",
        plan="dkms", result="refused by the plan: struct module differs from the kernel's own modules")),
    ("bookworm", ["CONFIG_LIVEPATCH"]),
    ("trixie", ["-CONFIG_TRACEPOINTS"]),
    ("trixie-backports", ["-CONFIG_KALLSYMS"]),
])
def test_headers_of_another_configuration_are_refused(board, suite, options):
    board = board(suite)
    board.own_module()
    board.configure(*options)
    found = board.check()
    assert found["verdict"] == "fails", found
    assert f"headers do not match kernel {board.release} although they state its release" in found["reason"]
    assert "struct module has" in found["reason"] or "is at byte" in found["reason"]
    assert "Update kernel and headers together" in found["reason"]


def test_a_module_of_another_package_is_no_reference(board):
    board = board("bookworm")
    path = board.own_module()
    path.write_bytes(path.read_bytes().replace(b"intree=Y", b"intree=N"))
    board.configure("-CONFIG_JUMP_LABEL")
    found = board.check()
    assert found["verdict"] == "builds" and found["layout"].startswith("not compared: no module of kernel")


def kernels_btf(board):
    """Return the BTF of Debian's kernel, which its headers hold for the BTF of modules."""
    path = board.headers.tree / "vmlinux"
    if not path.exists():
        pytest.skip("these headers hold no BTF of the kernel")
    return next(section[4] for section in module_layout.elf_sections(path.read_bytes()) if section[0] == ".BTF")


@pytest.mark.parametrize("suite", ["trixie", "trixie-backports"])
def test_the_sizes_of_shared_structures_are_those_in_the_kernels_btf(board, suite, monkeypatch):
    board = board(suite)
    # The programs of the headers are for the machine that tests.
    release = os.uname_result(("Linux", "board", board.release, "#1", os.uname().machine))
    monkeypatch.setattr(module_layout.os, "uname", lambda: release)
    btf = board.root / "sys/kernel/btf/vmlinux"
    btf.parent.mkdir(parents=True)
    btf.write_bytes(kernels_btf(board))
    found = board.check()
    assert found["verdict"] == "builds", found
    ours = module_layout.layout(board.built.read_bytes())
    assert ours["sizes"]["module"] == ours["size"]
    known = module_layout.structures(btf.read_bytes(), ours["sizes"])
    assert set(known) == set(ours["sizes"]) and all(len(choices) == 1 for choices in known.values())
    # An option that changes no module, but what the driver shares with the kernel.
    board.configure("-CONFIG_SECURITY")
    found = board.check()
    assert found["verdict"] == "fails" and "BTF: struct" in found["reason"], found
