# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A tree that resolves each folder once says the same as one that resolves it each time."""

from __future__ import annotations

import os

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._board.tree import Tree
from ansible_collections.rkfleet.npu.plugins.module_utils._facts.still_tree import StillTree

PATHS = (
    "/", "/lib", "/lib/", "/lib/a.so", "/usr/lib/a.so", "/lib/up/lib/a.so", "/lib/../lib/a.so", "/lib/.", "/lib/..",
    "//lib//a.so", "/lib/link.so", "/absolute/a.so", "/loop", "/loop/a", "/self/self/lib/a.so", "/none/a",
    "/lib/a.so/b", "lib/a.so", "/sys/dev/power", "/sys/class/dev/power", "/etc/alternatives/a", "/outside/passwd",
)


@pytest.fixture(name="roots")
def roots_fixture(tmp_path):
    for folder in ("root/usr/lib", "root/etc/alternatives", "elsewhere/devices/x", "elsewhere/class"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "root/usr/lib/a.so").write_text("a")
    (tmp_path / "elsewhere/devices/x/power").write_text("on")
    for name, target in {
        "root/lib": "usr/lib", "root/usr/lib/up": "..", "root/usr/lib/link.so": "../../etc/alternatives/a",
        "root/etc/alternatives/a": "/usr/lib/a.so", "root/absolute": "/lib", "root/loop": "loop", "root/self": ".",
        "root/outside": "../../../../../../etc", "elsewhere/dev": "devices/x", "elsewhere/class/dev": "../devices/x",
    }.items():
        os.symlink(target, tmp_path / name)
    return {"root": str(tmp_path / "root"), "sys": str(tmp_path / "elsewhere")}


def said(tree, path, last):
    try:
        return tree.follow(path, last), tree.real(path, last), tree.exists(path), tree.link(path), tree.text(path)
    except OSError as error:
        return error.errno


def test_both_trees_say_the_same(roots):
    still = StillTree(**roots)
    for turn in range(2):
        for path in PATHS:
            for last in (True, False):
                assert said(still, path, last) == said(Tree(**roots), path, last), (turn, path, last)
    assert still.text("/lib/link.so") == "a" and still.text("/sys/class/dev/power") == "on"


def test_a_folder_is_resolved_once(roots, monkeypatch):
    read, real = [], os.readlink
    monkeypatch.setattr(os, "readlink", lambda path: read.append(path) or real(path))
    tree = StillTree(**roots)
    for number in range(50):
        tree.exists(f"/lib/up/lib/{number}")
    assert len([path for path in read if path.endswith("/lib")]) < 5 and len(read) < 60
