# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Packages on a board, with a class in the place of apt and dpkg that knows the dependencies."""

from __future__ import annotations

import os
import re

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils import _apt
from ansible_collections.rkfleet.npu.plugins.module_utils._board.tree import Tree
from ansible_collections.rkfleet.npu.plugins.module_utils._facts.installed.packages import interrupted
from stand_ins.apt_failures import fail, failure
from stand_ins.boards.apt_board import Board


@pytest.fixture
def board(tmp_path):
    return Board(tmp_path)


@pytest.fixture
def noted():
    return []


def test_install_returns_the_dependencies_and_notes_them_before(board, noted):
    packages = board.packages()
    assert packages.missing(["libc6", "dkms", "old"]) == ["dkms", "old"]

    def note(names):
        assert not board.calls_of("apt-get", "install")
        noted.extend(names)

    assert packages.install(["dkms"], note) == ["dkms", "gcc", "gcc-12", "make"] == noted
    assert packages.missing(["dkms"]) == [] and not board.calls_of("apt-get", "update")
    assert os.listdir(board.root / "var/cache/apt/archives") == ["partial"]


def test_boot_is_checkpointed_after_a_kernel_was_installed(board, frozen):
    board.packages().install(["dkms"], list)
    assert frozen == []
    board.packages().install(["linux-image-9"], list)
    assert frozen == [str(board.root / "boot")]
    board.packages().remove(["linux-image-9"])
    assert frozen == [str(board.root / "boot")], "the simulated apt does not remove the file in /boot"


@pytest.mark.parametrize("age, refreshed", [(60, False), (3599, False), (3601, True), (-1, True), (-10**8, True)])
def test_outdated_lists_and_lists_with_a_future_time_are_updated(board, age, refreshed):
    board.set_age("var/lib/apt/lists", age)
    board.packages().install(["make"], list)
    assert bool(board.calls_of("apt-get", "update")) is refreshed


def test_outdated_lists_are_used_without_a_network(board):
    board.set_age("var/lib/apt/lists", 10**6)
    board.rc, board.err = 100, "E: Failed to fetch"
    run = board.run

    def no_network(command):
        if command[:2] == ["apt-get", "install"]:
            board.rc = 0
        return run(command)

    board.run = no_network
    assert board.packages().install(["make"], list) == ["make"]


def test_install_waits_for_a_lock(board):
    board.set_age("var/lib/apt/lists", 10**6)
    board.locked = 3
    assert board.packages().install(["make"], list) == ["make"] and board.waits == 15


def test_install_fails_when_a_lock_is_never_released(board):
    board.locked = 10**6
    with pytest.raises(
        _apt.PackagesError, match="make cannot be installed: process 1 .*has locked"
    ):
        board.packages().install(["make"], list)
    # Nothing was installed, so there was nothing to remove again.
    assert board.waits == 1200


def test_time_that_apt_itself_waited_counts(board):
    board.locked, board.patience = 10**6, 600
    with pytest.raises(_apt.PackagesError, match="has locked"):
        board.packages().install(["make"], list)
    assert len(board.calls_of("apt-get", "install")) == 2 and board.waits == 5


@pytest.mark.parametrize("how", ["succeeds", "fails", "locked"])
def test_packages_that_others_install_meanwhile_stay_and_are_not_ours(board, how):
    run, theirs = board.run, board.root / "var/cache/apt/archives/theirs_1_arm64.deb"

    def with_another(command):
        if command[:2] == ["apt-get", "install"] and "--simulate" not in command:
            board.add("theirs")
            theirs.write_text("x")
        return run(command)

    board.run = with_another
    board.fails_at, board.locked = 0 if how == "fails" else None, 10**6 if how == "locked" else 0
    if how == "succeeds":
        assert board.packages().install(["make"], list) == ["make"]
    else:
        with pytest.raises(_apt.PackagesError):
            board.packages().install(["make"], list)
    assert "theirs" in board.installed() and ("make" in board.installed()) is (how == "succeeds")
    assert theirs.exists() and not board.calls_of("apt-get", "purge")
    assert [call[-1] for call in board.calls_of("dpkg", "--purge")] == ["make"] * (how == "fails")


def test_remove_waits_for_a_lock(board):
    board.add("make")
    board.locked = 200
    board.packages().remove(["make"])
    assert "make" not in board.installed() and board.waits == 1000


def test_unavailable_packages_are_reported_and_nothing_changes(board):
    board.offered.discard("linux-headers-9")
    with pytest.raises(_apt.PackagesError, match=(
            "required packages are not available from the board's repositories: dkms linux-headers-9 "
            r"\(E: Unable to locate package linux-headers-9\)\. Install them by hand, or add the repository that has "
            "them, run apt-get update, then rerun the playbook.")):
        board.packages().simulate_install(["dkms", "linux-headers-9"])
    assert board.installed() == {"libc6"}


@pytest.mark.parametrize("part", ["update", "simulate", "install"])
@pytest.mark.parametrize("rc, needed", [
    (134, "crashed (signal 6): remove its cache"), (-11, "crashed (signal 11)"), (-9, "ended from outside (signal 9)"),
])
def test_apt_that_a_signal_ends_without_a_word(board, part, rc, needed):
    """MichaIng/DietPi#3534: apt-get update ends with 134 behind "Reading package lists..."."""
    message = fail(board, part, "", rc)
    assert needed in message and "Reading package lists" not in message.split(needed)[0]


@pytest.mark.parametrize("missing, needed", [("linux-headers-6.1.0-13-arm64", True), ("dkms", False)])
def test_headers_of_a_kernel_that_the_repositories_have_replaced(board, missing, needed):
    """nlkguy/archer-t2u-plus-linux#22 (Kali), neggles/cm4io-fan#14: only newer kernels are there."""
    names = ["dkms", "linux-headers-6.1.0-13-arm64"]
    board.offered.update(names)
    board.offered.discard(missing)
    with pytest.raises(_apt.PackagesError, match="not available from the board's repositories") as error:
        board.packages().simulate_install(names, "6.1.0-13-arm64")
    assert ("upgrade the kernel, reboot, and rerun the playbook" in str(error.value)) is needed


@pytest.mark.parametrize("act", [
    lambda packages, names, kernel: packages.simulate_install(names, kernel),
    lambda packages, names, kernel: packages.install(names, list, kernel),
])
@pytest.mark.parametrize("stated", [
    "Source: linux-6.17.9\nArmbian-Kernel-Version: 6.17.9\nArmbian-Kernel-Version-Family: 6.17.9-current-rockchip64",
    "Source: linux-6.17.9-current-rockchip64",  # Sergey1560/fb_st7796s#1
    "Description: Armbian Linux current headers 6.17.9-current-rockchip64",  # bigtreetech/CB2#103
])
@pytest.mark.parametrize("kernel, refused", [
    ("6.18.8-current-rockchip64", True), ("6.17.9-current-rockchip64", False), (None, False),
])
def test_headers_that_the_repository_has_for_another_kernel_are_refused(board, act, kernel, refused, stated):
    """armbian/armbian-router#37: the kernel is 6.18.8, and the repository has 25.11.2 with 6.17.9."""
    before, board.stated = dict(board.states), stated
    if not refused:
        assert "linux-headers-9" in act(board.packages(), ["linux-headers-9"], kernel)
        return
    with pytest.raises(_apt.PackagesError, match=(
            "linux-headers-9 of the board's repositories has the headers of kernel 6.17.9-current-rockchip64, and this "
            r"kernel is 6.18.8-current-rockchip64\. Update both .*apt-get install linux-image-9 linux-headers-9\), "
            "reboot")):
        act(board.packages(), ["linux-headers-9"], kernel)
    assert board.states == before


def test_headers_whose_package_states_no_kernel_are_installed(board):
    board.stated = "Source: linux"
    assert board.packages().simulate_install(["linux-headers-9"], "6.1.0-50-arm64")


def test_simulated_installation_omits_updates_of_installed_packages(board):
    assert board.packages().simulate_install(["dkms"]) == ["dkms", "gcc", "gcc-12", "make"]


@pytest.mark.parametrize("at", range(4))
def test_a_failed_installation_leaves_the_board_unchanged(board, at):
    before, board.fails_at = dict(board.states), at
    board.err = (
        "dpkg: error processing archive x.deb (--unpack):\n"
        " cannot copy extracted data: failed to write (No space left on device)\n"
        "E: Sub-process"
    )
    with pytest.raises(_apt.PackagesError, match=r"dkms cannot be installed: the disk is full: \d+ KiB.* free at /"):
        board.packages().install(["dkms"], list)
    assert board.states == before and os.listdir(board.root / "var/cache/apt/archives") == ["partial"]


HALF_CONFIGURED = """Setting up radxa-overlays-dkms (0.1.17) ...
Loading new radxa-overlays-0.1.17 DKMS files...
Error! Bad return status for module build on kernel: 5.10.160-38-rk356x (aarch64)
Consult /var/lib/dkms/radxa-overlays/0.1.17/build/make.log for more information.
dpkg: error processing package radxa-overlays-dkms (--configure):
 installed radxa-overlays-dkms package post-installation script subprocess returned error exit status 10
dpkg: dependency problems prevent configuration of linux-image-radxa-zero3:
 linux-image-radxa-zero3 depends on radxa-overlays-dkms; however:
  Package radxa-overlays-dkms is not configured yet.
E: Sub-process /usr/bin/dpkg returned an error code (1)
"""
"""RadxaOS-SDK/rsdk#42, made short."""


@pytest.mark.parametrize("log, cause", [
    ("/bin/sh: 1: scripts/basic/fixdep: not found\nmake[2]: *** [x.o] Error 127\n", "lack scripts/basic/fixdep"),
    ("", "see /var/lib/dkms/radxa-overlays/0.1.17/build/make.log"),
    (("x.c:1:2: error: implicit declaration of function "
     "'vm_flags_set'"), "its source does not fit this kernel (x.c:1:2: "),
])
def test_another_package_that_cannot_be_configured_is_named_with_its_cause(board, log, cause):
    path = board.root / "var/lib/dkms/radxa-overlays/0.1.17/build/make.log"
    path.parent.mkdir(parents=True)
    path.write_text(log)
    board.fails_at, board.err = 1, HALF_CONFIGURED
    message = failure(board)
    assert "dkms cannot be installed: package radxa-overlays-dkms cannot be configured: " in message
    assert cause in message and "dpkg --configure radxa-overlays-dkms" in message
    # linux-image-radxa-zero3 would be removed with it
    assert "purge" not in message


def test_headers_whose_programs_do_not_compile_are_explained(board):
    """armbian/build#345, orangepi-xunlong/orangepi-build#161: the headers are compiled while they are installed."""
    board.fails_at = 1
    board.err = (
        "Compiling headers - please wait ...\n/bin/sh: 1: flex: not found\n"
        "make[2]: *** [scripts/kconfig/lexer.lex.c] Error 127\n"
        "dpkg: error processing package dkms (--configure):\n installed dkms package post-installation script "
        "subprocess returned error exit status 2\nE: Sub-process /usr/bin/dpkg returned an error code (1)\n")
    assert re.search("dkms cannot be configured: the program flex, .* install flex", failure(board))


def test_packages_that_cannot_be_removed_again_are_named(board):
    board.fails_at, board.err, board.purge_fails = 1, "E: it is broken", True
    with pytest.raises(_apt.PackagesError, match="E: it is broken; dkms gcc could not be removed again"):
        board.packages().install(["dkms"], list)


def test_exit_code_0_without_the_package_is_a_failure(board):
    board.fails_at = 0
    run = board.run
    board.run = lambda command: (0, *run(command)[1:]) if command[:2] == ["apt-get", "install"] else run(command)
    with pytest.raises(_apt.PackagesError, match="apt-get succeeded, but make is not installed"):
        board.packages().install(["make"], list)


INTERRUPTED = {
    "unpacked": lambda board: board.add("make", state="install ok unpacked"),
    "half configured": lambda board: board.add("make", state="install ok half-configured"),
    "half unpacked": lambda board: board.add("make", state="install reinstreq half-installed"),
    "triggers": lambda board: board.add("make", state="install ok triggers-pending"),
    "journal": lambda board: (board.root / "var/lib/dpkg/updates/0001").write_text("x"),
}


@pytest.mark.parametrize("what", INTERRUPTED)
def test_interrupted_work_of_dpkg_is_reported_and_finished(board, what):
    def reported():
        (board.root / "var/lib/dpkg/status").write_text("".join(
            "Package: %s\nStatus: %s\nArchitecture: arm64\n\n" % item for item in board.states.items()))
        return interrupted(Tree(str(board.root)))

    packages = board.packages()
    assert not packages.broken() and not packages.repair() and not reported()
    assert not board.calls_of("dpkg")
    INTERRUPTED[what](board)
    assert packages.broken() and reported()
    assert packages.repair() and not packages.broken() and not reported()
    assert bool(board.calls_of("apt-get", "install")) is (what == "half unpacked")


@pytest.mark.parametrize("name", ["--force", "a b", "x;reboot", "../x", "Make", ""])
def test_invalid_package_names_reach_no_command(board, name):
    for ask in (board.packages().missing, board.packages().removable):
        with pytest.raises(_apt.PackagesError, match="is not the name of a package"):
            ask(["make", name])
    assert not [command for command in board.calls if command[0] != "dpkg-query"]
