# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Packages on a board, with apt and dpkg played by a class that knows what depends on what."""

from __future__ import annotations

import os
import re

import pytest

from ansible_collections.rkfleet.npu.plugins.module_utils import _apt
from ansible_collections.rkfleet.npu.plugins.module_utils._facts.packages import interrupted
from ansible_collections.rkfleet.npu.plugins.module_utils._board.tree import Tree

NOW = 1_700_000_000
DEPENDS = {"dkms": ["gcc", "make"], "gcc": ["gcc-12"], "gcc-12": [], "make": [], "build-essential": ["make"], "linux-image-9": [],
           "linux-headers-9": ["gcc-12"], "libc6": [], "aa": ["bb"], "bb": ["aa"], "cc": ["aa", "bb"]}


class Board:
    def __init__(self, root):
        self.root, self.calls, self.offered, self.waits = root, [], set(DEPENDS), 0
        self.states = {"libc6": "install ok installed", "old": "deinstall ok config-files"}
        self.rc, self.err, self.breaks_at, self.locked, self.stubborn = 0, "", None, 0, False
        self.apt_waits = self.patience = 0
        for folder in ("var/lib/dpkg/updates", "var/lib/apt/lists", "var/cache/apt/archives/partial", "boot"):
            (root / folder).mkdir(parents=True)
        self.aged("var/lib/apt/lists", 60)

    def aged(self, path, seconds):
        os.utime(self.root / path, (NOW - seconds, NOW - seconds))

    def has(self, *names, state="install ok installed"):
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

    def needing(self, names):
        """Everything installed that cannot stay without these."""
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
        if command[:2] == ["apt-get", "update"]:
            self.aged("var/lib/apt/lists", 0)
            return self.rc, "", self.err
        if command[:2] == ["apt-get", "install"]:
            return self.apt_install(command, names)
        if command[:2] == ["apt-get", "purge"]:
            gone = self.needing(names)
            if "--simulate" in command and "libc6" in names:
                return 100, "", "E: Error, pkgProblemResolver::Resolve generated breaks"
            if "--simulate" in command:
                return 0, "".join("Purg %s [1]\n" % name for name in sorted(gone)), ""
            assert "APT::Get::AutomaticRemove=false" in command
            for name in gone:
                self.states.pop(name)
            return 0, "", ""
        if command[0] == "dpkg" and "--purge" in command:
            if self.stubborn:
                return 1, "", "dpkg: error processing package"
            assert self.needing(names) == set(names)
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
            return 0, "Inst libc6 [1] (2 Debian)\n" + "".join("Inst %s (1 Debian [arm64])\nConf %s (1 Debian [arm64])\n" % (n, n) for n in planned), ""
        words = " ".join(command)
        assert "--no-install-recommends" in words and "Dpkg::Options::=--force-confold" in words and "--no-remove" in words
        assert "DPkg::Lock::Timeout=1200" in words
        for count, name in enumerate(planned):
            (self.root / "var/cache/apt/archives" / (name + ".deb")).write_text("x")
            if count == self.breaks_at:
                self.has(name, state="install reinstreq half-installed")
                return 100, "", self.err
            self.has(name)
            if name.startswith("linux-image-"):
                (self.root / "boot" / name).write_text("MZ")
        return self.rc, "", self.err

    def packages(self):
        return _apt.Packages(self.run, str(self.root), self.sleep, lambda: NOW, lambda: self.apt_waits)

    def sleep(self, seconds):
        self.waits += seconds

    def did(self, *words):
        return [command for command in self.calls if list(words) == command[:len(words)] and "--simulate" not in command]


@pytest.fixture
def board(tmp_path):
    return Board(tmp_path)


@pytest.fixture
def noted():
    return []


def test_what_is_installed_is_told_with_what_came_along_and_noted_before(board, noted):
    packages = board.packages()
    assert packages.missing(["libc6", "dkms", "old"]) == ["dkms", "old"]

    def note(names):
        assert not board.did("apt-get", "install")
        noted.extend(names)

    assert packages.install(["dkms"], note) == ["dkms", "gcc", "gcc-12", "make"] == noted
    assert packages.missing(["dkms"]) == [] and not board.did("apt-get", "update")
    assert os.listdir(board.root / "var/cache/apt/archives") == ["partial"]


def test_the_file_system_of_boot_is_written_out_where_a_kernel_came(board, frozen):
    board.packages().install(["dkms"], list)
    assert frozen == []
    board.packages().install(["linux-image-9"], list)
    assert frozen == [str(board.root / "boot")]
    board.packages().remove(["linux-image-9"])
    assert frozen == [str(board.root / "boot")], "the stand-in leaves it in /boot"


@pytest.mark.parametrize("age, refreshed", [(60, False), (3599, False), (3601, True), (-1, True), (-10**8, True)])
def test_lists_are_fetched_where_they_are_old_or_of_the_future(board, age, refreshed):
    board.aged("var/lib/apt/lists", age)
    board.packages().install(["make"], list)
    assert bool(board.did("apt-get", "update")) is refreshed


def test_without_lists_and_without_a_network_what_is_known_is_taken(board):
    board.aged("var/lib/apt/lists", 10**6)
    board.rc, board.err = 100, "E: Failed to fetch"
    run = board.run

    def no_network(command):
        if command[:2] == ["apt-get", "install"]:
            board.rc = 0
        return run(command)

    board.run = no_network
    assert board.packages().install(["make"], list) == ["make"]


def test_a_lock_is_waited_for(board):
    board.aged("var/lib/apt/lists", 10**6)
    board.locked = 3
    assert board.packages().install(["make"], list) == ["make"] and board.waits == 15


def test_a_lock_is_not_waited_for_for_ever(board):
    board.locked = 10**6
    with pytest.raises(_apt.PackagesError, match="make cannot be installed: E: Could not get lock .* held by process 1"):
        board.packages().install(["make"], list)
    # Both to install and to put dpkg right: nothing had come, so there was nothing to take back.
    assert board.waits == 1200


def test_what_apt_has_waited_itself_is_not_waited_for_again(board):
    board.locked, board.patience = 10**6, 600
    with pytest.raises(_apt.PackagesError, match="Could not get lock"):
        board.packages().install(["make"], list)
    assert len(board.did("apt-get", "install")) == 2 and board.waits == 5


def test_a_package_that_goes_is_waited_for_like_one_that_comes(board):
    board.has("make")
    board.locked = 200
    board.packages().remove(["make"])
    assert "make" not in board.installed() and board.waits == 1000


def test_what_cannot_be_had_is_said_in_one_sentence_and_changes_nothing(board):
    board.offered.discard("linux-headers-9")
    with pytest.raises(_apt.PackagesError, match=(
            r"it takes dkms linux-headers-9, and the board's repositories do not offer it \(E: Unable to locate package linux-headers-9\). "
            "Install it by hand, or add the repository that has it, run apt-get update and try again.")):
        board.packages().can_be_had(["dkms", "linux-headers-9"])
    assert board.installed() == {"libc6"}


def test_what_would_come_is_told_without_updates_of_what_is_there(board):
    assert board.packages().can_be_had(["dkms"]) == ["dkms", "gcc", "gcc-12", "make"]


@pytest.mark.parametrize("at", range(4))
def test_an_installation_that_breaks_off_leaves_the_board_as_it_was(board, at):
    before, board.breaks_at = dict(board.states), at
    board.err = "dpkg: error processing archive x.deb (--unpack):\n cannot copy extracted data: failed to write (No space left on device)\nE: Sub-process"
    with pytest.raises(_apt.PackagesError, match=r"dkms cannot be installed: the disk is full: \d+ KiB.* free at /"):
        board.packages().install(["dkms"], list)
    assert board.states == before and os.listdir(board.root / "var/cache/apt/archives") == ["partial"]


def test_what_could_not_be_taken_back_is_named(board):
    board.breaks_at, board.err, board.stubborn = 1, "E: it is broken", True
    with pytest.raises(_apt.PackagesError, match="E: it is broken; dkms gcc could not be taken away again"):
        board.packages().install(["dkms"], list)


def test_an_exit_code_of_0_is_no_proof(board):
    board.breaks_at = 0
    run = board.run
    board.run = lambda command: (0, *run(command)[1:]) if command[:2] == ["apt-get", "install"] else run(command)
    with pytest.raises(_apt.PackagesError, match="apt-get ended well, but make is not installed"):
        board.packages().install(["make"], list)


INTERRUPTED = {
    "unpacked": lambda board: board.has("make", state="install ok unpacked"),
    "half configured": lambda board: board.has("make", state="install ok half-configured"),
    "half unpacked": lambda board: board.has("make", state="install reinstreq half-installed"),
    "triggers": lambda board: board.has("make", state="install ok triggers-pending"),
    "journal": lambda board: (board.root / "var/lib/dpkg/updates/0001").write_text("x"),
}


@pytest.mark.parametrize("what", INTERRUPTED)
def test_what_a_power_cut_interrupted_is_seen_and_finished(board, what):
    def seen():
        (board.root / "var/lib/dpkg/status").write_text("".join(
            "Package: %s\nStatus: %s\nArchitecture: arm64\n\n" % item for item in board.states.items()))
        return interrupted(Tree(str(board.root)))

    packages = board.packages()
    assert not packages.broken() and not packages.repair() and not seen()
    assert not board.did("dpkg")
    INTERRUPTED[what](board)
    assert packages.broken() and seen()
    assert packages.repair() and not packages.broken() and not seen()
    assert bool(board.did("apt-get", "install")) is (what == "half unpacked")


def test_only_what_nobody_else_needs_goes(board):
    board.has("dkms", "gcc", "gcc-12", "make", "build-essential")
    packages, kept = board.packages().removable(["dkms", "gcc", "gcc-12", "make", "not-installed"])
    assert kept == {"make": "build-essential would go with it"} and packages == ["dkms", "gcc", "gcc-12"]
    board.packages().remove(packages)
    assert board.installed() == {"libc6", "make", "build-essential"}


def test_what_goes_only_with_one_that_is_kept_is_kept_too(board):
    board.has("aa", "bb", "cc")
    packages, kept = board.packages().removable(["aa", "bb"])
    assert packages == [] and set(kept) == {"aa", "bb"} and "cc would go with it" in kept["aa"]


def test_what_apt_refuses_to_remove_stays(board):
    packages, kept = board.has("make").packages().removable(["libc6", "make"])
    assert (packages, kept) == (["make"], {"libc6": "apt refuses it (E: Error, pkgProblemResolver::Resolve generated breaks)"})


def test_the_running_kernel_stays(board):
    running = "linux-image-" + os.uname().release
    DEPENDS[running] = []
    try:
        assert board.has(running, "make").packages().removable([running, "make"]) == (["make"], {running: "it is the kernel that runs"})
    finally:
        del DEPENDS[running]


@pytest.mark.parametrize("name", ["--force", "a b", "x;reboot", "../x", "Make", ""])
def test_names_that_are_none_reach_nobody(board, name):
    for ask in (board.packages().missing, board.packages().removable):
        with pytest.raises(_apt.PackagesError, match="is not the name of a package"):
            ask(["make", name])
    assert not [command for command in board.calls if command[0] != "dpkg-query"]
