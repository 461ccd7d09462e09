# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Kernels the package repositories offer: asked without a change, believed only where they are names."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._board.tree import Tree
from ansible_collections.rkfleet.npu.plugins.module_utils._facts.installed import apt_kernels
from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan import rules

OFFERED = """linux-image-6.1.84-9-rk2410
linux-image-6.1.84-10-rk2410
linux-image-6.1.84-10-rk2410-dbg
linux-image-6.1.0-31-arm64-dbgsym
linux-image-5.10.110-99-rockchip
linux-image-arm64
linux-image-6.1.43-20-rk2312
"""
NEWEST_FIRST = ["linux-image-6.1.84-10-rk2410", "linux-image-6.1.84-9-rk2410", "linux-image-6.1.43-20-rk2312",
                "linux-image-5.10.110-99-rockchip"]
RULES = [{"match": r"linux-image-.*-rk2410", "driver": "0.9.8"}, {"match": r"linux-image-.*-rk\d+", "driver": "0.9.3"}]


@pytest.fixture
def tree(board):
    return Tree(str(board.write("/usr/bin/apt-cache").root))


def read(tree, text):
    return apt_kernels.read(tree, ask=lambda: text)


def test_names_newest_first_without_debug_packages(tree):
    kernels = read(tree, OFFERED)["kernels"]
    assert [name for name in kernels if name != "linux-image-arm64"] == NEWEST_FIRST
    assert read(tree, "")["kernels"] == []


@pytest.mark.parametrize("line", [
    "linux-image-$(reboot)", "linux-image-6.1 --yes", "linux-image-6.1/../x", "linux-image-\x1b[2J",
    "linux-headers-6.1", "linux-image-",
    "linux-image-UPPER", "linux-image-" + "6" * 200, "x linux-image-6.1",
])
def test_invalid_package_names_are_ignored(tree, line):
    assert read(tree, "linux-image-6.1.0\n%s\nlinux-image-6.2.0" % line)["kernels"] == ["linux-image-6.2.0",
                                                                                        "linux-image-6.1.0"]


def test_at_most_200(tree):
    kernels = read(tree, "".join("linux-image-6.1.%d\n" % number for number in range(500)))["kernels"]
    assert len(kernels) == 200 and kernels[0] == "linux-image-6.1.499"


def test_without_apt_there_is_no_repository(board, gather):
    assert apt_kernels.read(Tree(str(board.root)), ask=lambda: OFFERED) is None  # no apt
    assert gather(board.write("/usr/bin/apt-cache"))["repository"] is None  # recorded elsewhere: this machine's apt says nothing of it


@pytest.mark.parametrize("error", [
    OSError(8, "Exec format error"),
    apt_kernels.RepositoryError("E: The package lists or status file could not be parsed"),
])
def test_a_failing_apt_cache_is_reported(tree, error):
    def ask():
        raise error

    assert apt_kernels.read(tree, ask) is None
    assert tree.unread[0].startswith("kernels in the package repositories: ")


@pytest.mark.skipif(not shutil.which("apt-cache"), reason="there is no apt-cache on this machine")
@pytest.mark.parametrize("kept", [False, True])
def test_real_apt_cache_writes_nothing(tmp_path, monkeypatch, kept):
    cache = tmp_path / "cache"
    (cache / "archives/partial").mkdir(parents=True)
    configuration, parts = tmp_path / "apt.conf", tmp_path / "parts"
    parts.mkdir()
    configuration.write_text('Dir::Cache "%s";\nDir::Etc::parts "%s";\n' % (cache, parts))
    monkeypatch.setenv("APT_CONFIG", str(configuration))
    if kept:
        subprocess.run(["apt-cache", "gencaches"], check=True, capture_output=True)
    before = [(path, path.stat().st_mtime_ns) for path in sorted(cache.rglob("*"))]
    assert (cache / "pkgcache.bin").exists() is kept

    def run(arguments):
        done = subprocess.run(arguments, text=True, capture_output=True, check=False)
        return done.returncode, done.stdout, done.stderr

    assert isinstance(apt_kernels.apt_kernels(run), str)
    assert [(path, path.stat().st_mtime_ns) for path in sorted(cache.rglob("*"))] == before


def test_driver_of_a_package_by_the_first_rule():
    names = ["linux-image-6.1.43-20-rk2312", "linux-image-arm64", "linux-image-6.1.84-10-rk2410",
             "linux-image-6.1.84-10-rk2410-extra", "linux-image-x;y-rk1"]
    assert rules.vendor_kernels(names, RULES) == [
        {"package": "linux-image-6.1.84-10-rk2410", "release": "6.1.84-10-rk2410", "driver_version": "0.9.8"},
        {"package": "linux-image-6.1.43-20-rk2312", "release": "6.1.43-20-rk2312", "driver_version": "0.9.3"},
    ]
    assert rules.vendor_kernels(None, RULES) == [] == rules.vendor_kernels(names, [])


@pytest.mark.parametrize("answers, said", [
    ([(0, "a", "")], "a"), ([(100, "", "E: no cache"), (0, "b", "")], "b"),
    ([(100, "", "x"), (124, "", "")], "it ended with 124"),
])
def test_without_apts_own_cache_one_is_made_in_memory(answers, said):
    calls = []

    def run(arguments):
        calls.append(arguments)
        return answers[len(calls) - 1]

    try:
        found = apt_kernels.apt_kernels(run)
    except apt_kernels.RepositoryError as error:
        found = str(error)
    assert found == said and len(calls) == len(answers)
    assert "--no-generate" in calls[0] and calls[0][-2:] == ["pkgnames", "linux-image-"]
