# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Facts from broken and hostile trees."""

from __future__ import annotations

import json
import os
import re

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._board.tree import Tree, clean

RELEASE = "6.1.99-1-rk2312"


@pytest.fixture
def mission(board):
    """ROCK 5B, Debian bookworm, Linux 6.1, driver 0.9.3 built in."""
    return board.base().npu().builtin().headers().tools().u_boot_menu()


HOSTILE = [
    ("/proc/device-tree/model", b"\x1b[31mROCK\n\r 5B\x00" + b"A" * 100000),
    ("/proc/device-tree/compatible", b"\xff\xfe\x00" * 5000),
    ("/proc/sys/kernel/osrelease", "../../../etc"),
    ("/etc/ansible/facts.d/npu.fact", "{" * 60000),
    ("/etc/ansible/facts.d/npu.fact", "[1]"),
    ("/etc/os-release", b"\xff" * 1000),
    ("/proc/config.gz", b"\x1f\x8bgarbage"),
    ("/etc/ld.so.cache", b"glibc-ld.so.cache1.1" + b"\xff" * 60),
    ("/usr/lib/librknnrt.so", b""),
    ("/lib/modules/%s/modules.builtin" % RELEASE, b"\0" * 100),
    ("/var/lib/dkms/rknpu/x", b""),
    ("/proc/cmdline", b'"\xff' * 4000),
]


@pytest.mark.parametrize("path, content", HOSTILE)
def test_invalid_files_do_not_affect_other_facts(mission, gather, board, path, content):
    if (board.root / path.lstrip("/")).exists():
        (board.root / path.lstrip("/")).unlink()
    facts = gather(board.write(path, content))
    assert facts["device"]["address"] == "fdab0000"
    # Arguments of the running kernel that cannot be read prove no boot loader.
    assert facts["boot"]["loader"] == ("unknown" if path == "/proc/cmdline" else "u-boot-menu")
    text = json.dumps(facts)
    assert len(text) < 20000
    strings = list(walk(facts))
    # The texts of boot files have lines.
    assert all(re.sub(r"[\n\t]", "", string).isprintable() for string in strings)
    assert all(string.isprintable() for string in walk(dict(facts, boot=dict(facts["boot"], files=None))))


def walk(value):
    if isinstance(value, dict):
        for key, item in value.items():
            yield from walk(key)
            yield from walk(item)
    elif isinstance(value, list):
        for item in value:
            yield from walk(item)
    elif isinstance(value, str):
        yield value


def test_fifo_and_loops_do_not_hang(mission, gather, board):
    os.unlink(board.root / "etc/os-release")
    os.mkfifo(board.root / "etc/os-release")
    board.link("/usr/lib/librknnrt.so", "librknnrt.so")
    facts = gather(board)
    assert "/etc/os-release: not a regular file" in facts["unread"]
    assert facts["runtime"]["path"] is None


def test_links_stay_inside_the_tree(board):
    board.link("/usr/lib/librknnrt.so", "/../../../etc/passwd").link("/lib", "usr/lib")
    tree = Tree(str(board.root))
    assert tree.follow("/usr/lib/librknnrt.so") == "/etc/passwd"
    assert tree.data("/usr/lib/librknnrt.so") is None
    assert tree.follow("/lib/x") == "/usr/lib/x"


def test_areas_may_lie_elsewhere(mission, gather, board, tmp_path):
    os.rename(board.root / "proc", tmp_path / "recorded")
    assert gather(board)["board"]["model"] is None
    assert gather(board, proc=str(tmp_path / "recorded"))["board"]["model"] == "Radxa ROCK 5B"
    with pytest.raises(ValueError):
        Tree(nonsense="/x")


def test_clean():
    assert clean(b"a\x1b[2J\nb\xe2\x80\xaec\xff") == "a [2J b c\ufffd"
    assert len(clean("x" * 1000)) == 200
