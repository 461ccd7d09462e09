# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The guard's script where something hangs, is damaged or is killed: run in a temporary root by each shell that a board may have."""

from __future__ import annotations

import configparser
import contextlib
import os
import shutil
import signal
import subprocess

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction import guard as _guard
from ansible_collections.rkfleet.npu.plugins.plugin_utils._action import board_files
from stand_ins.boards.guard_board import SWITCHES, Board

GUARD = board_files.guard()

# Programs of a restore at each of which the watch may be killed.
PROGRAMS = ("mv", "rm", "ln", "cp", "mkdir", "sync", "depmod", "systemctl")


@pytest.fixture
def board(tmp_path, shell):
    return Board(tmp_path / "board", shell)


# -- what is armed ----------------------------------------------------------------------------------------------------------

def test_a_hang_of_the_trial_boot_is_a_panic(board):
    board.not_tried()
    assert board.guard("boot").returncode == 0
    assert {name: board.switch(name) for name in SWITCHES} == dict.fromkeys(SWITCHES, "1") | {"panic": "10"}
    board.guard("disarm")
    assert {name: board.switch(name) for name in SWITCHES} == dict.fromkeys(SWITCHES, "0")
    assert not (board.root / "run/rkfleet-npu").exists()


def test_missing_kernel_settings_and_the_owners_values_are_kept(board):
    board.not_tried()
    (board.root / "proc/sys/kernel/hardlockup_panic").unlink()
    board.write("proc/sys/kernel/panic", "30")
    board.write("proc/sys/kernel/hung_task_timeout_secs", "0")
    board.guard("boot")
    assert board.switch("panic") == "30" and board.switch("hung_task_panic") == "0" and board.switch("softlockup_panic") == "1"
    board.guard("disarm")
    assert not (board.root / "proc/sys/kernel/hardlockup_panic").exists()
    assert board.switch("panic") == "30" and board.switch("softlockup_panic") == "0"


def test_arming_starts_no_program(board):
    """The whole boot waits for it."""
    board.not_tried()
    (board.root / "run/rkfleet-npu").mkdir()
    text = board.script.read_text()
    part = text[text.index("    arm panic 10\n"):text.index("    # Closed without a V")]
    board.script.write_text(text.replace(part, 'before=$PATH; PATH=/nothing\n%s    PATH=$before\n' % part))
    done = board.guard("boot")
    assert "not found" not in done.stderr and board.switch("hung_task_panic") == "1"


def test_a_setting_changed_after_arming_is_not_reset(board):
    """systemd-sysctl runs after the guard."""
    board.not_tried()
    board.guard("boot")
    board.write("proc/sys/kernel/panic", "30\n")
    board.guard("disarm")
    assert board.switch("panic") == "30" and board.switch("panic_on_oops") == "0"


def test_a_setting_with_the_value_that_was_armed_is_applied_again(board):
    board.not_tried()
    board.guard("boot")
    board.write("usr/lib/systemd/systemd-sysctl", '#!/bin/sh\necho "$*" >>%s/sysctl\n' % board.tools)
    (board.root / "usr/lib/systemd/systemd-sysctl").chmod(0o755)
    board.guard("disarm")
    board.guard("disarm")
    assert (board.tools / "sysctl").read_text() == " ".join("--prefix=kernel/" + name for name in SWITCHES) + "\n"


def test_settings_armed_by_release_1_5_0_are_reset(board):
    board.write("run/rkfleet-npu/panic", "0\n")
    board.write("proc/sys/kernel/panic", "10\n")
    board.guard("disarm")
    assert board.switch("panic") == "0"


@pytest.mark.parametrize("timeout, uptime, armed", [
    ("120", 299, True), ("120", 300, False), ("30", 120, False), ("3000", 899, True), ("3000", 900, False),
])
def test_a_hung_task_is_a_panic_in_the_first_minutes_only(board, timeout, uptime, armed):
    board.not_tried()
    board.write("proc/sys/kernel/hung_task_timeout_secs", timeout)
    board.guard("boot")
    board.write("proc/uptime", "%d.30 5\n" % uptime)
    assert board.one_look().returncode == 0
    assert (board.switch("hung_task_panic") == "1") is armed
    assert board.switch("softlockup_panic") == "1" and not board.restored()


def test_a_module_that_an_initramfs_has_loaded_counts_as_a_trial(board):
    board.not_tried()
    board.write("sys/module/rknpu/initstate", "live\n")
    board.guard("boot")
    assert (board.pending / "tried").exists()
    board.guard("boot")
    assert board.restored() and any(line.startswith("systemctl reboot --force") for line in board.called())


# -- damaged files ----------------------------------------------------------------------------------------------------------

DAMAGED = [
    b"", b"\n", b"x7\n", b"\xff\x00\xfe\x80", b"99999999999999999999999\n", b"-5\n", b"1e9\n", b"7 8\n", b"$(reboot)\n",
    b"0x10",
]


@pytest.mark.parametrize("minutes", [29, 31])
@pytest.mark.parametrize("content",
                         [*DAMAGED, *(b"one " + text for text in DAMAGED), b"one 08\n", b"one 5000000\n", None])
def test_a_damaged_heartbeat_is_ignored(board, content, minutes):
    board.write("proc/uptime", "%d.00 1\n" % (minutes * 60))
    if content is None:
        (board.pending / "heartbeat").mkdir()
    else:
        board.write("var/lib/rkfleet-npu/pending/heartbeat", content)
    assert board.one_look().returncode == 0
    assert board.restored() is (minutes == 31)


@pytest.mark.parametrize("minutes", [29, 31])
@pytest.mark.parametrize("content", [*DAMAGED, b"0\n", b"030\n", b"0000000000030\n", b"100000\n", None])
def test_a_damaged_confirm_file_means_30_minutes(board, content, minutes):
    board.write("proc/uptime", "%d.00 1\n" % (minutes * 60))
    (board.pending / "confirm").unlink()
    if content is not None:
        board.write("var/lib/rkfleet-npu/pending/confirm", content)
    assert board.one_look().returncode == 0
    assert board.restored() is (minutes == 31)


# -- the watch is killed ----------------------------------------------------------------------------------------------------

def test_systemd_restarts_a_killed_watch():
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    text = GUARD[_guard.WATCH_UNIT]
    parser.read_string(text)
    assert parser["Service"]["Restart"] == "on-failure" and parser["Service"]["RestartSec"] == "5"
    assert parser["Service"]["OOMScoreAdjust"] == "-1000" and parser["Unit"]["StartLimitIntervalSec"] == "0"
    # The condition of a unit counts for each start, also for one after a restore that was cut off.
    assert "ConditionPathExists=|/run/rkfleet-npu/restoring\n" in text


@pytest.mark.parametrize("shell, reboots", [("dash", True), ("busybox", False)], indirect=["shell"])
def test_a_killed_watch_resumes(tmp_path, shell, reboots):
    for number in range(400):
        board = Board(tmp_path / ("board-%d" % number), shell)
        board.write("proc/uptime", "2000.00 1\n")
        if reboots:
            board.write("proc/cmdline", "ro initcall_blacklist=rknpu_init\n")
        board.tool("sleep", "")
        for name in PROGRAMS:
            stand_in, real = (board.tools / name).exists(), shutil.which(name)
            board.tool(name,
                       'n=$(cat {0}/n); echo $((n - 1)) >{0}/n; [ "$n" != 0 ] || kill -9 -$(cat {0}/pid)\n{1}'.format(
                           board.tools, "" if stand_in else 'exec %s "$@"' % real))
        (board.tools / "n").write_text("%d\n" % number)
        killed = board.guard("watch").returncode == -signal.SIGKILL
        # After that the unit is started only if one of its conditions holds.
        armed = board.root / "run/rkfleet-npu"
        resumes = killed and any(path.exists() for path in (board.pending, board.home / "undone/packages", armed / "restoring"))
        if resumes:
            again = board.guard("watch")
            assert again.returncode == 0, again.stderr
        assert board.restored() and board.state()["state"] == "rolled_back", number
        assert not board.pending.exists() and not (board.home / "lock.json").exists(), number
        wanted = "systemctl reboot --force --no-block" if reboots else "systemctl start --no-block -- detector.service"
        assert wanted in board.called(), number
        assert reboots or not any(line.startswith("systemctl reboot") for line in board.called())
        # Killed at its very end, it leaves its empty folder until the next boot.
        assert not armed.exists() or (killed and not resumes and not any(armed.iterdir())), number
        counter = int((board.tools / "n").read_text())
        shutil.rmtree(board.root)
        shutil.rmtree(board.tools)
        if counter >= 0 and not killed:
            assert number > 10
            return
    pytest.fail("it does not come to its end")


# -- the reboot -------------------------------------------------------------------------------------------------------------

HANG = "echo $$ >>{0}/hanging; exec /bin/sleep 600 </dev/null >/dev/null 2>&1"


@pytest.mark.parametrize("name, when", [
    ("sync", '[ $# -ne 0 ] || ! grep -qs rolled_back {1}/state.json || '), ("systemctl", '[ "$1" != reboot ] || '),
    ("logger", '[ "$4" != reboot ] || '),
])
def test_a_hanging_program_does_not_prevent_the_reboot(board, name, when):
    real = "\nexec %s \"$@\"" % shutil.which(name) if name == "sync" else ""
    board.tool(name, (when + "{{ " + HANG + "; }}").format(board.tools,
                                                           board.home).replace("{{", "{").replace("}}", "}") + real)
    try:
        # Its output is not waited for: what hangs has it open.
        words = [*board.shell, str(board.script), "boot"]
        done = subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, timeout=60)
        assert done.returncode == 0
    finally:
        for pid in (board.tools / "hanging").read_text().split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
    assert board.restored() and board.read("proc/sysrq-trigger") == "b\n"


def kexec(board, does):
    board.not_tried()
    board.write("sys/kernel/kexec_loaded", "1\n")
    board.tool("kexec", does)
    board.tool("systemctl", 'echo "past kexec: $SYSTEMCTL_SKIP_AUTO_KEXEC" >>%s/called' % board.tools)


@pytest.mark.parametrize("words", ["-u", "-s -u"])
def test_a_kexec_kernel_is_unloaded_before_the_reboot(board, words):
    kexec(board, '[ "$*" = "%s" ] && echo 0 >%s' % (words, board.root / "sys/kernel/kexec_loaded"))
    assert board.guard("reboot").returncode == 0
    called = board.called()
    assert called.index("kexec " + words) < called.index("systemctl reboot") and "past kexec: 1" in called
    assert board.state()["state"] == "activating"


@pytest.mark.parametrize("does", ["exit 127", "exit 0"])
def test_no_reboot_where_a_kexec_kernel_stays(board, does):
    kexec(board, does)
    done = board.guard("reboot")
    assert done.returncode == 1
    assert "cannot be unloaded" in done.stderr and "Install kexec-tools, or power the board off and on" in done.stderr
    assert not any("reboot" in line for line in board.called() if line.startswith("systemctl"))
    assert not (board.home / "state.json").exists()


@pytest.mark.parametrize("installed", [True, False])
def test_kexec_tools_load_no_kernel_at_shutdown(board, installed):
    if installed:
        board.write("etc/default/kexec", "LOAD_KEXEC=true\n")
    assert board.guard("reboot").returncode == 0
    for unit in ("kexec-load", "kexec"):
        place = board.root / ("run/systemd/system/%s.service" % unit)
        assert place.is_symlink() is installed and (not installed or os.readlink(place) == "/dev/null")
    assert ("systemctl daemon-reload" in board.called()) is installed and board.called()[-1] == "systemctl reboot"


def test_a_rollback_does_not_use_kexec(board):
    board.write("sys/kernel/kexec_loaded", "1\n")
    board.tool("systemctl", 'echo "past kexec: $SYSTEMCTL_SKIP_AUTO_KEXEC" >>%s/called' % board.tools)
    board.guard("boot")
    # With --force systemd runs none of kexec-tools' scripts, and reboots by itself.
    assert "systemctl reboot --force --no-block" in board.called() and "past kexec: 1" in board.called()


def test_the_removal_of_a_kernel_is_not_interrupted(board):
    """The controller ends the watcher as soon as the board is back, when dpkg may be at work."""
    shutil.rmtree(board.pending)
    board.write("var/lib/rkfleet-npu/undone/packages", "linux-image-6.1.99\n")
    board.tool("dpkg", "kill -TERM $PPID; /bin/sleep 0.2; echo removed >>%s/called" % board.tools)
    assert board.guard("watch").returncode == 0
    assert "removed" in board.called()
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.read_string(GUARD[_guard.WATCH_UNIT])
    assert unit["Service"]["KillMode"] == "mixed"


@pytest.mark.parametrize("mark, restored", [("restoring", True), ("whole", False)])
def test_a_resumed_restore_does_not_wait_for_packages_and_builds(board, mark, restored):
    board.not_tried()
    board.write("var/lib/rkfleet-npu/pending/" + mark, "")
    board.write("proc/uptime", "1900.00 1\n")
    board.one_look()
    assert board.restored() is restored
