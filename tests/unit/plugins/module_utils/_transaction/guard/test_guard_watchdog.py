# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The guard and a hardware watchdog."""

from __future__ import annotations

import subprocess

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils._action import board_files
from stand_ins.boards.guard_board import TICK, Board


@pytest.fixture
def board(tmp_path, shell):
    return Board(tmp_path / "board", shell)


# -- the hardware watchdog --------------------------------------------------------------------------------------------------

WAIT_FOR_TICKS = 'n=0; while [ $(wc -c <%s) -lt %d ] && [ $n -lt 1500 ]; do /bin/sleep 0.01; n=$((n + 1)); done'


def test_the_watchdog_is_fed_during_a_restore_and_stopped_after_it(board):
    board.has_watchdog()
    board.write("proc/uptime", "2000.00 1\n")
    board.tool("depmod", WAIT_FOR_TICKS % (board.watchdog, 5))
    board.tool("sleep", "[ ! -e /proc/$$/fd/9 ] || echo open >>%s/leak\n%s" % (board.tools, TICK))
    assert board.guard("watch").returncode == 0
    said = board.watchdog.read_text()
    assert said.endswith("V") and set(said[:-1]) == {"."} and len(said) > 5, said
    # Who has it open still would keep it from being stopped.
    assert board.restored() and not (board.tools / "leak").exists()


def test_the_watchdog_resets_a_board_whose_restore_hangs(board):
    board.has_watchdog()
    board.write("proc/uptime", "2000.00 1\n")
    board.tool("depmod", WAIT_FOR_TICKS % (board.watchdog, 121) + "; /bin/sleep 0.3")
    board.guard("watch")
    assert board.watchdog.read_text() == "." * 121 + "V"


def test_stopping_the_watch_in_the_middle_of_a_restore_stops_the_watchdog(board):
    board.has_watchdog()
    board.write("proc/uptime", "2000.00 1\n")
    board.tool("depmod", WAIT_FOR_TICKS % (board.watchdog, 3) + "; kill $PPID")
    assert board.guard("watch").returncode == 0
    said = board.watchdog.read_text()
    assert said.endswith("V") and said.count("V") == 1, said


def test_emptying_the_journal_leaves_the_traps_and_no_process_with_the_watchdog(tmp_path, shell):
    # Only on a board with a root of its own: what follows it in "watch" must stop the watchdog all the same.
    # busybox prefers its own sleep.
    wait = f"n=0; while [ ! -e {tmp_path}/asleep ] && [ $n -lt 50 ]; do /bin/sleep 0.01; n=$((n + 1)); done"
    leak = f"[ ! -e /proc/$$/fd/9 ] || echo open >{tmp_path}/leak; : >{tmp_path}/asleep; /bin/sleep 1"
    for name, text in {"fsfreeze": wait, "sleep": leak}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    part = board_files.ROLES / "guard/files/guard/30-restore-boot-files.sh"
    script = f"exec 9>/dev/null; root=; PATH={tmp_path}:$PATH; . {part}; trap 'echo stopped; exit 0' TERM; checkpoint; kill $$; echo late"
    done = subprocess.run([*shell, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "stopped\n") and not (tmp_path / "leak").exists()


def test_a_watch_that_is_stopped_while_it_waits_stops_the_watchdog(board):
    board.has_watchdog()
    assert board.one_look().returncode == 0
    assert board.watchdog.read_text() == ".V"


def test_the_watchdog_keeps_running_during_the_reboot(board):
    """Where the reboot hangs it is the last that can help: systemd takes it over, or it resets the board."""
    board.has_watchdog()
    board.write("proc/uptime", "2000.00 1\n")
    board.write("proc/cmdline", "ro initcall_blacklist=rknpu_init\n")
    # systemd ends the watch on its way down.
    board.tool("systemctl", 'case "$1" in reboot) kill $PPID ;; esac')
    board.tool("sleep", "case $1 in 60) %s ;; esac; %s" % (TICK.replace("0.01", "0.3"), TICK))
    assert board.guard("watch").returncode == 0
    assert "V" not in board.watchdog.read_text() and board.read("proc/sysrq-trigger") == ""


@pytest.mark.parametrize("timeout, opened", [
    ("19\n", False), ("10\n", False), ("20\n", True), ("60\n", True), (None, False), ("x\n", False),
])
def test_a_watchdog_with_a_short_timeout_is_not_used(board, timeout, opened):
    board.has_watchdog(timeout)
    board.not_tried()
    board.guard("boot")
    assert board.watchdog.read_text() == ("." if opened else "closed")
    assert board.one_look().returncode == 0
    assert board.watchdog.read_text() == (".V" if opened else "closed")


def test_a_watchdog_of_the_owners_program_is_left_to_it_at_the_trial_boot(board):
    """Such a program starts later in the boot than the watch, and would not get the watchdog any more."""
    board.has_watchdog()
    board.not_tried()
    board.watchdog.unlink()
    board.watchdog.mkdir()
    assert board.one_look().returncode == 0
    board.watchdog.rmdir()
    board.watchdog.write_text("closed")
    board.guard("boot")
    assert board.one_look().returncode == 0 and board.watchdog.read_text() == "closed"


def test_a_watchdog_that_another_has_open_does_not_stop_the_watch(board):
    board.has_watchdog()
    board.watchdog.unlink()
    board.watchdog.mkdir()  # cannot be opened for writing, either
    board.write("proc/uptime", "2000.00 1\n")
    assert board.guard("watch").returncode == 0 and board.restored()
