# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The guard's script where something hangs, is damaged or is killed: run in a temporary root by each shell that a board may have."""

from __future__ import annotations

import configparser
import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess

import pytest
from guard_script import guard_files

from ansible_collections.rkfleet.npu.plugins.module_utils._transaction import guard as _guard
from ansible_collections.rkfleet.npu.plugins.plugin_utils._action import board_files

GUARD = board_files.guard()
SHELLS = {"dash": ["dash"], "busybox": ["busybox", "sh"]}
SWITCHES = ("panic", "panic_on_oops", "softlockup_panic", "hardlockup_panic", "hung_task_panic")
# Programs of a restore at each of which the watch may be killed.
PROGRAMS = ("mv", "rm", "ln", "cp", "mkdir", "sync", "depmod", "systemctl")
TICK = "/bin/sleep 0.01"


class Board:
    """A root with an upgrade that is not committed, the guard's script, and stand-ins for programs that change a machine."""

    def __init__(self, root, shell):
        self.root, self.shell = root, shell
        self.tools = root.parent / (root.name + "-tools")
        self.tools.mkdir()
        self.home = root / "var/lib/rkfleet-npu"
        self.pending = self.home / "pending"
        self.watchdog = root / "dev/watchdog"
        copy = "old"
        for path, content in {
            "proc/sys/kernel/random/boot_id": "one\n", "proc/uptime": "100.00 1\n", "proc/cmdline": "ro\n",
            "proc/sysrq-trigger": "",
            "proc/sys/kernel/hung_task_timeout_secs": "120", "sys/kernel/kexec_loaded": "0\n", "run/none": "",
            "etc/setting": "new", "var/lib/rkfleet-npu/lock.json": "{}",
            "var/lib/rkfleet-npu/pending/copies/0000": copy, "var/lib/rkfleet-npu/pending/tried": "",
            "var/lib/rkfleet-npu/pending/manifest": "file 0000 %s /etc/setting\n"
            % hashlib.sha256(copy.encode()).hexdigest(),
            "var/lib/rkfleet-npu/pending/confirm": "30\n", "var/lib/rkfleet-npu/pending/services": "detector.service\n",
            "var/lib/rkfleet-npu/pending/state.in": '{"state": "@STATE@", "why": "@WHY@", "since": "@SINCE@"}\n',
            "lib/modules/6.1.84/kernel/none": "",
            # To a shell a number there ends without a newline.
            **{"proc/sys/kernel/%s" % name: "0" for name in SWITCHES},
        }.items():
            self.write(path, content)
        for name in ("systemctl", "logger", "depmod", "ldconfig", "dpkg", "kexec"):
            self.tool(name, "")
        self.tool("sleep", TICK)
        text = guard_files(root, self.tools)["guard"].replace("\nPATH=", "\necho $$ >%s/pid\nPATH=" % self.tools)
        # Only root can make a device.
        self.script = root.parent / (root.name + "-guard")
        self.script.write_text(text.replace('[ -c "$root/dev/watchdog" ]', '[ -e "$root/dev/watchdog" ]'))
        self.write("var/lib/rkfleet-npu/pending/signature", self.guard("signature").stdout)

    def tool(self, name, text):
        """Have a program write down that it was called, and then do that."""
        path = self.tools / name
        path.write_text('#!/bin/sh\necho "%s $*" >>%s/called\n%s\n' % (name, self.tools, text))
        path.chmod(0o755)

    def called(self):
        path = self.tools / "called"
        return path.read_text().splitlines() if path.exists() else []

    def write(self, path, content):
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            place.write_bytes(content)
        else:
            place.write_text(content)

    def read(self, path):
        return (self.root / path).read_text()

    def switch(self, name):
        return self.read("proc/sys/kernel/" + name).strip()

    def guard(self, *words):
        return subprocess.run([*self.shell, str(self.script), *words], capture_output=True, text=True, check=False,
                              timeout=60,
                              start_new_session=True)

    def one_look(self):
        """Run the watch, and end it as systemd does, after one look at the board."""
        self.tool("sleep", "kill $PPID")
        return self.guard("watch")

    def has_watchdog(self, timeout="60\n"):
        self.write("dev/watchdog", "closed")
        self.write("sys/class/watchdog/watchdog0/nowayout", "0\n")
        if timeout is not None:
            self.write("sys/class/watchdog/watchdog0/timeout", timeout)

    def not_tried(self):
        (self.pending / "tried").rename(self.pending / "untried")

    def restored(self):
        return self.read("etc/setting") == "old"

    def state(self):
        return json.loads((self.home / "state.json").read_text())


@pytest.fixture(params=list(SHELLS))
def shell(request):
    if not shutil.which(SHELLS[request.param][0]):
        pytest.skip("%s is not installed: apt install %s" % (request.param, request.param))
    return SHELLS[request.param]


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
        if killed:  # after that the unit is started only if one of its conditions holds
            there = [board.pending, board.home / "undone/packages", board.root / "run/rkfleet-npu/restoring"]
            assert any(path.exists() for path in there) or not (board.root / "run/rkfleet-npu").exists(), number
            again = board.guard("watch")
            assert again.returncode == 0, again.stderr
        assert board.restored() and board.state()["state"] == "rolled_back", number
        assert not board.pending.exists() and not (board.home / "lock.json").exists(), number
        wanted = "systemctl reboot --force --no-block" if reboots else "systemctl start --no-block -- detector.service"
        assert wanted in board.called(), number
        assert reboots or not any(line.startswith("systemctl reboot") for line in board.called())
        assert not (board.root / "run/rkfleet-npu").exists(), number
        counter = int((board.tools / "n").read_text())
        shutil.rmtree(board.root)
        shutil.rmtree(board.tools)
        if counter >= 0 and not killed:
            assert number > 10
            return
    pytest.fail("it does not come to its end")


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


def test_a_watchdog_that_another_has_open_does_not_stop_the_watch(board):
    board.has_watchdog()
    board.watchdog.unlink()
    board.watchdog.mkdir()  # cannot be opened for writing, either
    board.write("proc/uptime", "2000.00 1\n")
    assert board.guard("watch").returncode == 0 and board.restored()


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
