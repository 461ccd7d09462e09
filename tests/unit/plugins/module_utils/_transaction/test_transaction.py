# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""An upgrade on a tree instead of a board: begun, changed, cut off at every single write, committed or taken back, by Python and by the guard's script."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess

import jsonschema
import pytest
from guard_script import STEPS, guard_files

from ansible_collections.rkfleet.npu.plugins.module_utils._board import tree
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction import (
    guard as _guard, transaction as _transaction,
)
from ansible_collections.rkfleet.npu.plugins.module_utils._facts import holders
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction import watched
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction import restore_point, state
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction import notes
from ansible_collections.rkfleet.npu.plugins.module_utils._facts import upgrade

SCHEMA = json.loads((pathlib.Path(__file__).resolve().parents[5] / "docs/state.schema.json").read_text())
STATE = {"driver": {"from": "0.9.3", "to": "0.9.6"}, "baseline": {"diagnosis": "ok"},
         "controller": {"host": "desk", "user": "me"}}
KERNEL = "/lib/modules/6.1.99+"
OWN = KERNEL + "/kernel/drivers/rknpu/rknpu.ko"
RUNTIME = "/usr/lib/librknnrt.so"
SOURCE = "/usr/src/rknpu-0.9.6"
# Programs of the guard that change something: each one is a place where the power may go.
WRITERS = ("mv", "rm", "ln", "cp", "mkdir", "rmdir", "sync")
# Left alone on a machine that is no board; they are asked whether they were called.
NOT_LOOKED_AT = ("/proc", "/run", "/var/lib/rkfleet-npu", "/usr/lib/rkfleet-npu", "/etc/systemd")
STAND_INS = ("ldconfig", "systemctl", "logger", "dpkg")


class Board:
    """A board's tree with what an upgrade changes, and who works on it."""

    def __init__(self, root):
        self.root, self.said = root, []
        self.home = root / "var/lib/rkfleet-npu"
        self.tools = root.parent / (root.name + "-tools")
        self.tools.mkdir(exist_ok=True)
        for name in STAND_INS:
            self.tool(name, 'echo "%s $*" >>"%s/called"' % (name, self.tools))
        dep = "%s%s/modules.dep" % (root, KERNEL)
        self.tool("depmod", 'echo "depmod $*" >>"{0}/called"; rm "{1}"; printf deps >"{1}"'.format(self.tools, dep))
        self.guard_files = guard_files(root, self.tools)
        if root.exists():  # a copy of another board's tree: its guard is that one's
            self.write(_guard.SCRIPT, self.guard_files["guard"])
            (root / _guard.SCRIPT.lstrip("/")).chmod(0o755)
        else:
            for path, content in {
                "/boot/extlinux/extlinux.conf": "old menu\n", "/etc/default/u-boot": "U_BOOT_UPDATE=true\n",
                "/proc/cmdline": "ro quiet\n",
                "/proc/uptime": "50.00 1\n", "/proc/sys/kernel/random/boot_id": "one\n",
                # To a shell a number there ends without a newline.
                "/proc/sys/kernel/panic": "0", "/proc/sys/kernel/panic_on_oops": "0", OWN: "the kernel's own",
                RUNTIME: "1.6.0",
                "/usr/sbin/u-boot-update": "#!/bin/sh\n",
                "/usr/src/rknpu-0.9.5/dkms.conf": "an owner's", "/lib/modules/6.1.99+/modules.dep": "deps",
            }.items():
                self.write(path, content)
        self.before = self.files()

    def tool(self, name, text):
        path = self.tools / name
        path.write_text("#!/bin/sh\n%s\n" % text)
        path.chmod(0o755)

    def write(self, path, content="new"):
        place = self.root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content)

    def files(self):
        """All of it but what is the transaction's own, and what a running kernel shows: path, mode and content."""
        found = {}
        for folder, names, files in os.walk(self.root):
            here = os.path.normpath("/" + os.path.relpath(folder, self.root))
            names[:] = [name for name in names if os.path.join(here, name) not in NOT_LOOKED_AT]
            found[here] = oct(os.stat(folder).st_mode)
            for name in files:
                place = os.path.join(folder, name)
                with open(place, encoding="utf-8") as stream:
                    found[os.path.join(here, name)] = (oct(os.stat(place).st_mode), stream.read())
        # Folders that are made for the copies and stay are not the board's.
        return {path: what for path, what in found.items() if path not in ("/var", "/var/lib", "/var/lib/dkms", "/etc")}

    def run(self, args):
        self.said.append(args)
        if args[0] == "systemctl":
            return (0, "", "")
        done = subprocess.run(args, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    def guard(self, *words):
        """Run the guard as the board would at boot."""
        return subprocess.run([str(self.root) + _guard.SCRIPT, *words], capture_output=True, text=True, check=False,
                              timeout=20)

    def transaction(self, run="one"):
        owner = {"run": run, "host": "desk", "user": "me"}
        return _transaction.Transaction(self.run, owner, root=str(self.root), guard=self.guard_files)

    def begin(self, run="one", minutes=30):
        there = self.transaction(run)
        there.lock(["*"])
        there.begin(watched.watched(str(self.root), ["0.9.6"], RUNTIME), STATE, minutes)
        return there

    def upgrade(self):
        """What the roles do in the course of an upgrade."""
        for path in ("/boot/extlinux/extlinux.conf", "/etc/default/u-boot", "/etc/modules-load.d/rkfleet-npu.conf",
                     RUNTIME, SOURCE + "/Kbuild",
                     "/var/lib/dkms/rknpu/0.9.6/build/make.log", KERNEL + "/updates/dkms/rknpu_dkms.ko",
                     "/etc/u-boot-menu/conf.d/rkfleet-npu.conf"):
            self.write(path)
        # As npu_boot does.
        notes.note_boot_files(str(self.home),
                              {path: b"new" for path in ("/boot/extlinux/extlinux.conf", "/etc/default/u-boot")},
                              str(self.root))
        (self.root / OWN.lstrip("/")).unlink()  # DKMS keeps it elsewhere

    def state(self):
        state = json.loads((self.home / "state.json").read_text())
        jsonschema.validate(state, SCHEMA)
        return state


@pytest.fixture
def board(tmp_path):
    return Board(tmp_path / "board")


# -- begin ------------------------------------------------------------------------------------------------------------------

def test_begin_only_writes_its_own_files(board):
    board.begin()
    assert board.files() == board.before
    assert board.state()["state"] == "planned" and board.state()["driver"]["from"] == "0.9.3"
    for path in (board.home, board.home / "pending", board.home / "pending/copies"):
        assert path.stat().st_mode & 0o777 == 0o700
    for path in (board.home / "state.json", board.home / "lock.json", board.home / "pending/manifest"):
        assert path.stat().st_mode & 0o777 == 0o600


def test_a_second_begin_resumes_and_keeps_the_restore_point(board):
    board.begin()
    board.upgrade()
    (board.home / "pending/untried").rename(board.home / "pending/tried")
    there = board.transaction("two")
    there.lock(["one"])
    assert there.begin(watched.watched(str(board.root), ["0.9.8"], RUNTIME),
                       dict(STATE, baseline={"diagnosis": "driver"}), 30)
    # What worked before it all began is what has to work after a rollback.
    assert there.baseline() == {"diagnosis": "ok"}
    assert (board.home / "pending/untried").exists() and not (board.home / "pending/tried").exists()
    board.write("/usr/src/rknpu-0.9.8/Kbuild")
    there.restore(["pending"])
    assert board.files() == board.before


@pytest.mark.parametrize("path", ["/boot/extlinux", "/usr/lib"])
def test_read_only_paths_are_reported_before_any_change(board, monkeypatch, path):
    place = str(board.root) + path
    access = os.access
    # Root may write anywhere, so what access() says of a read-only file system cannot be had from modes.
    monkeypatch.setattr(os, "access", lambda where, mode: False if where == place else access(where, mode))
    with pytest.raises(state.TransactionError,
                       match="%s cannot be written: is its file system mounted read-only" % path):
        board.begin()
    assert board.files() == board.before and not (board.home / "pending").exists()


def test_no_disk_space_for_the_copies(board, monkeypatch):
    monkeypatch.setattr(restore_point, "SPARE_MIB", 1 << 30)
    with pytest.raises(state.TransactionError, match=r"the restore point requires \d+ MiB"):
        board.begin()
    assert not (board.home / "pending").exists()


def test_a_link_of_the_owner_is_not_replaced(board):
    (board.root / RUNTIME.lstrip("/")).rename(board.root / "usr/lib/librknnrt.so.1.6")
    (board.root / RUNTIME.lstrip("/")).symlink_to("librknnrt.so.1.6")
    before = board.files()
    there = board.begin()
    board.write("/usr/lib/librknnrt.so.1.6", "2.3.2")
    there.restore(["pending"])
    assert board.files() == before and (board.root / RUNTIME.lstrip("/")).is_symlink()


# -- the lock ---------------------------------------------------------------------------------------------------------------

def test_a_second_run_cannot_lock_a_board(board):
    board.transaction("one").lock()
    board.transaction("one").lock()
    with pytest.raises(state.Locked,
                       match=r"locked by me@desk since 20.*\(run one\).*npu_break_lock=true") as caught:
        board.transaction("two").lock()
    assert caught.value.holder["run"] == "one"
    board.transaction("two").lock(broken=["one"])
    board.transaction("one").unlock()  # it is another's now
    with pytest.raises(state.Locked):
        board.transaction("three").lock()
    board.transaction("two").unlock()
    board.transaction("three").lock()


def test_a_damaged_lock_is_kept_until_it_is_broken(board):
    board.home.mkdir(parents=True)
    (board.home / "lock.json").write_text("not json")
    with pytest.raises(state.Locked):
        board.transaction("two").lock()
    board.transaction("two").lock(broken=["*"])


# -- the way back -----------------------------------------------------------------------------------------------------------

def test_everything_is_restored(board):
    there = board.begin()
    board.upgrade()
    board.write("/lib/modules/6.1.100/updates/dkms/rknpu_dkms.ko")  # built meanwhile for a kernel that was not there
    there.restore(["pending"])
    assert not (board.root / "lib/modules/6.1.100/updates/dkms/rknpu_dkms.ko").exists()
    shutil.rmtree(board.root / "lib/modules/6.1.100")
    assert board.files() == board.before
    called = (board.tools / "called").read_text()
    assert "depmod" in called and "6.1.99+" in called and "ldconfig" in called
    assert board.state()["state"] == "rolled_back"
    there.close("rolled_back", "the test wanted it")
    assert board.state()["why"] == "the test wanted it"
    assert not (board.root / "etc/systemd/system/rkfleet-npu-guard.service").exists() and not (board.home / "lock.json").exists()


def test_a_damaged_copy_is_not_restored(board):
    there = board.begin()
    board.upgrade()
    manifest = (board.home / "pending/manifest").read_text()
    number = next(line.split()[1] for line in manifest.splitlines() if line.endswith(RUNTIME))
    (board.home / "pending/copies" / number).write_text("spoiled")
    with pytest.raises(state.TransactionError, match="not everything could be restored"):
        there.restore(["pending"])
    # All the rest is back, above all what decides on the boot.
    now, was = board.files(), board.before
    assert {path for path in now if now.get(path) != was.get(path)} == {RUNTIME}
    assert board.state()["state"] == "rollback_failed"


def test_a_restore_fails_after_three_attempts(board):
    board.begin()
    board.upgrade()
    shutil.rmtree(board.home / "pending/copies")
    board.tool("sleep", "exit 0")
    for dummy in range(4):
        board.guard("boot")
    assert (board.home / "failed").is_dir() and not (board.home / "pending").exists()
    assert board.guard("boot").returncode == 0


def test_a_path_that_leaves_the_tree_is_refused(board):
    board.begin()
    (board.home / "pending/manifest").write_text("notree - - /usr/../precious\n")
    board.write("/precious")
    assert board.guard("restore", "pending").returncode == 1
    assert (board.root / "precious").exists()


# -- the board by itself ----------------------------------------------------------------------------------------------------

def test_the_second_boot_without_a_commit_rolls_back(board):
    (board.root / "proc/sysrq-trigger").write_text("")
    board.begin()
    board.upgrade()
    assert board.guard("reboot").returncode == 0 and "systemctl reboot" in (board.tools / "called").read_text()
    assert board.state()["state"] == "activating"
    assert board.guard("boot").returncode == 0
    assert board.state()["state"] == "verifying" and board.state()["why"] == ""
    assert (board.root / "proc/sys/kernel/panic").read_text() == "10\n" and (board.root / "proc/sys/kernel/panic_on_oops").read_text() == "1\n"
    assert board.files() != board.before
    board.tool("sleep", "exit 0")
    board.guard("boot")
    assert board.files() == board.before
    assert board.state()["state"] == "rolled_back" and "went back by itself" in board.state()["why"]
    assert "systemctl reboot" in (board.tools / "called").read_text()
    assert not (board.home / "lock.json").exists()


def test_an_unexpected_reboot_is_reported(board):
    board.tool("sleep", "kill $PPID")  # ends the waiting after one look, as systemd does
    board.begin()
    board.guard("boot")
    board.guard("watch")
    assert board.state()["state"] == "verifying" and board.state()["why"] == "the board was restarted before the upgrade was finished"
    assert board.files() == board.before


def test_a_boot_without_an_upgrade_changes_nothing(board):
    board.begin().commit("0.9.6")
    board.write(_guard.SCRIPT, board.guard_files["guard"])
    (board.root / _guard.SCRIPT.lstrip("/")).chmod(0o755)
    before = board.files()
    assert board.guard("boot").returncode == 0 and board.files() == before
    assert (board.root / "proc/sys/kernel/panic").read_text() == "0"


def test_a_boot_that_cannot_be_counted_loads_no_module(board):
    board.begin()
    (board.home / "pending/untried").unlink()
    board.guard("boot")
    assert "install rknpu_dkms /bin/false" in (board.root / "run/modprobe.d/rkfleet-npu.conf").read_text()


@pytest.mark.parametrize("minutes, boot, tried, undone", [
    (60, "one", True, False), (62, "one", True, True), (29, "two", True, False), (31, "two", True, True),
    (150, "one", False, False), (190, "one", False, True),
])
def test_the_watch_waits_for_the_controller_until_the_limit(board, minutes, boot, tried, undone):
    """The last sign of life was at 31 minutes of boot "one"; in another boot the time since power-on counts; before any boot there is more time."""
    board.tool("sleep", 'rm -rf "%s/pending"' % board.home)  # ends the waiting after one look
    (board.root / "proc/sysrq-trigger").write_text("")
    board.begin(minutes=30)
    board.upgrade()
    (board.home / "pending/heartbeat").write_text("one %d\n" % (31 * 60))
    (board.root / "proc/sys/kernel/random/boot_id").write_text(boot + "\n")
    (board.root / "proc/uptime").write_text("%d.33 5\n" % (minutes * 60))
    if tried:
        (board.home / "pending/untried").rename(board.home / "pending/tried")
    board.guard("watch")
    assert (board.files() == board.before) is undone
    if undone:
        assert "within %d minutes" % (30 if tried else 150) in board.state()["why"]


def test_a_pause_lasts_until_the_next_boot(board):
    board.tool("sleep", 'rm -rf "%s/pending"' % board.home)
    board.begin()
    board.upgrade()
    state.heartbeat(str(board.home), never=True)
    boot_id = (board.home / "pending/heartbeat").read_text().split()[0]
    (board.root / "proc/sys/kernel/random/boot_id").write_text(boot_id + "\n")
    (board.root / "proc/uptime").write_text("9999999.1 5\n")
    board.guard("watch")
    assert board.files() != board.before


def test_a_kernel_of_the_upgrade_is_removed_after_the_reboot(board):
    there = board.begin()
    notes.note_packages(str(board.home), ["gcc", "linux-image-6.1.192-2-rk2410", "evil; name"])
    there.restore(["pending"])
    board.guard("watch")
    called = (board.tools / "called").read_text()
    assert "dpkg --remove -- linux-image-6.1.192-2-rk2410" in called and "gcc" not in called


# -- commit, and the way back to before everything --------------------------------------------------------------------------

def test_the_commit_removes_the_guard(board):
    there = board.begin()
    board.upgrade()
    new = board.files()
    there.commit("0.9.6")
    assert board.files() == new and board.state()["state"] == "committed" and board.state()["driver"] == {"from": "0.9.3", "to": "0.9.6"}
    assert not (board.root / "etc/systemd/system/rkfleet-npu-watch.service").exists()
    assert not list((board.root / "etc/systemd/system/sysinit.target.wants").iterdir())
    assert not (board.root / _guard.SCRIPT.lstrip("/")).exists() and not (board.home / "lock.json").exists()


def test_a_rolled_back_upgrade_cannot_be_committed(board):
    there = board.begin()
    board.guard("restore", "pending")
    with pytest.raises(state.TransactionError, match="nothing can be committed"):
        there.commit("0.9.6")


def test_a_rollback_on_request_restores_the_state_before_the_first_upgrade(board):
    there = board.begin()
    board.upgrade()
    there.commit("0.9.6")
    there = board.transaction("two")
    there.lock()
    there.begin(watched.watched(str(board.root), ["0.9.8"], RUNTIME), STATE, 30)
    board.write("/usr/src/rknpu-0.9.8/Kbuild")
    board.write(RUNTIME, "even newer")
    there.commit("0.9.6")
    there = board.transaction("three")
    there.lock()
    there.restore(["origin"])
    assert board.files() == board.before
    there.close("rolled_back", "by request", purge=True)
    assert os.listdir(board.home) == ["state.json"]


def test_services_that_ran_are_started_again(board):
    there = board.begin()
    answers = {"runs.service": 0, "rests.service": 3}
    board.run = None
    calls = []

    def run(args):
        calls.append(args)
        return (answers.get(args[-1], 0) if "is-active" in args else 0, "", "")

    there.run = run
    assert there.stop_services(["runs.service", "rests.service"]) == ["runs.service"]
    there.commit("0.9.6")
    assert ["systemctl", "restart", "--", "runs.service"] in calls
    assert not any("rests.service" in call and "is-active" not in call for call in calls)


# -- the power goes at every single write -----------------------------------------------------------------------------------

def in_child(work, number):
    """Run `work` in a process that ends without a word at the `number`th call that changes the file system. Whether it came to its end."""
    child = os.fork()
    if child == 0:
        try:
            left = [number]
            for name in ("rename", "link", "unlink", "symlink", "mkdir", "rmdir", "fsync", "chmod", "fchmod"):
                real = getattr(os, name)

                def counted(*args, real=real, **named):
                    left[0] -= 1
                    if left[0] < 0:
                        os._exit(9)
                    return real(*args, **named)

                setattr(os, name, counted)
            work()
            os._exit(0)
        except BaseException:
            os._exit(1)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, 9)
    return code == 0


def copies(board, step, limit=400):
    """Fresh copies of a board's tree, one for each *step*th place where the power goes."""
    for number in range(0, limit, step):
        root = board.root.parent / ("cut-%d" % number)
        shutil.copytree(board.root, root, symlinks=True)
        there = Board(root)
        there.before = board.before
        (root / "proc/sysrq-trigger").write_text("")
        there.tool("sleep", "exit 0")
        yield number, there
        shutil.rmtree(root)
        shutil.rmtree(there.tools)
    pytest.fail("it does not come to its end within %d writes" % limit)


@pytest.mark.parametrize("step", STEPS)
def test_power_failure_at_every_write_of_begin(board, step):
    for number, there in copies(board, step):
        done = in_child(there.begin, number)
        assert there.files() == board.before
        if (there.root / _guard.SCRIPT.lstrip("/")).exists():
            there.guard("boot")
            assert there.files() == board.before
        there.begin("two")  # running again succeeds
        assert there.state()["run"] == "two" and (there.home / "pending/untried").exists()
        if done:
            assert number > 20
            return


@pytest.mark.parametrize("step", STEPS)
def test_power_failure_at_every_write_of_commit(board, step):
    board.begin()
    board.upgrade()
    board.guard("boot")
    new, outcomes = board.files(), set()
    for number, there in copies(board, step):
        done = in_child(lambda there=there: there.transaction().commit("0.9.6"), number)
        if (there.root / _guard.SCRIPT.lstrip("/")).exists():
            there.guard("boot")
        state = there.state()["state"]
        outcomes.add(state)
        assert there.files() == (new if state == "committed" else board.before), number
        if done:
            assert outcomes == {"committed", "rolled_back"} and number > 5
            return


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_power_failure_at_every_write_of_a_restore(board, when, step):
    board.begin()
    board.upgrade()
    board.guard("boot")
    for number, there in copies(board, step):
        for name in WRITERS:
            real = shutil.which(name)
            there.tool(name, '\n'.join([
                'n=$(cat "{0}/n"); echo $((n - 1)) >"{0}/n"', '[ "$n" -gt 0 ] || {{ {1} kill -9 $PPID; exit 1; }}',
                'exec {2} "$@"',
            ]).format(there.tools, real + ' "$@";' if when == "after" else "", real))
        (there.tools / "n").write_text("%d\n" % number)
        cut = there.guard("boot").returncode == -9
        for name in WRITERS:
            (there.tools / name).unlink()
        there.guard("boot")
        assert there.files() == board.before, number
        assert there.state()["state"] == "rolled_back"
        if not cut:
            assert number > 20
            return


# -- who has the NPU open ---------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("services, blocking",
                         [([], ["detector"]), (["detector.service"], []), (["detector"], []),
                          (["other"], ["detector"])])
def test_processes_that_have_the_npu_open(tmp_path, services, blocking):
    node = "/dev/dri/renderD129"
    for pid, name, group, opened in ((41, "detector", "/system.slice/detector.service", node),
                                     (42, "bash", "/user.slice", "/dev/null")):
        (tmp_path / ("proc/%d/fd" % pid)).mkdir(parents=True)
        (tmp_path / ("proc/%d/fd/3" % pid)).symlink_to(opened)
        (tmp_path / ("proc/%d/comm" % pid)).write_text(name + "\n")
        (tmp_path / ("proc/%d/cgroup" % pid)).write_text("0::%s\n" % group)
    found = holders.blocking(tree.Tree(str(tmp_path)), node, services, ())
    assert [process["name"] for process in found] == blocking


@pytest.mark.parametrize("content",
                         ["", "[]", "not json", '{"schema": 2, "state": "committed"}',
                          '{"schema": 1, "state": "\\u001b[31m", "why": 7}',
                          "[" * 100000, '{"schema": 1, "state": ["committed"]}'])
def test_the_state_read_from_a_board_is_not_trusted(tmp_path, content):
    home = tmp_path / "var/lib/rkfleet-npu"
    home.mkdir(parents=True)
    (home / "state.json").write_text(content)
    (home / "lock.json").write_text(content)
    facts = upgrade.read(tree.Tree(str(tmp_path)))
    assert facts["state"] == "unknown" and facts["why"] is None and not facts["pending"] and facts["hold"] is None


def test_a_hold_and_its_reason(tmp_path):
    hold = tmp_path / "etc/rkfleet-npu/hold"
    hold.parent.mkdir(parents=True)
    hold.write_text("on the bench\x1b[31m, Ann\nmore\n")
    facts = upgrade.read(tree.Tree(str(tmp_path)))
    assert facts["state"] == "held" and facts["hold"] == "on the bench [31m, Ann"
    hold.write_text("")
    assert upgrade.read(tree.Tree(str(tmp_path)))["hold"] == ""
