# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Power failures and competing processes at each step of an upgrade and of a rollback."""

from __future__ import annotations

import os
import pathlib
import shutil
import signal
import time

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction import state
from guard_script import STEPS
from stand_ins.boards.restore_board import GUARD, NEVER, RUNTIME, Board, begin, old_board, rollback, upgrade

# Programs that change something: places for a cut. All but sync do so for real.
WRITERS = ("mv", "rm", "ln", "cp", "mkdir", "rmdir", "sync", "dd", "truncate")

# What an interrupted program stops or kills.
CUT = """read -r n <"{tools}/n"; echo $((n - 1)) >"{tools}/n"
[ "$n" -ne 0 ] || {{ : >"{tools}/reached"; {what}; }}
exec {real} "$@"
"""


@pytest.fixture(params=["dash", "busybox"])
def board(request, tmp_path):
    if not shutil.which(request.param):
        pytest.skip("%s is not installed" % request.param)
    return Board(tmp_path / "board", (request.param,))


# -- every order of the steps, with a cut, a kill or another at each --------------------------------------------------------

class Actor:
    """A process that ends, or stops, at the `number`th program or call that changes something."""

    def __init__(self, board, work, number=NEVER, what="kill"):
        self.board, self.reached = board, board.tools / "reached"
        self.reached.unlink(missing_ok=True)
        (board.tools / "n").write_text("%d\n" % number)
        for name in WRITERS:
            real = shutil.which("true" if name == "sync" else name)
            board.tool(name, CUT.format(tools=board.tools, real=real,
                                        what="kill -STOP $$" if what == "stop" else "kill -9 0"))
        if isinstance(work, tuple):
            self.child = board.guard(*work, wait=False)
            self.pid = self.child.pid
            return
        self.child = None
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.setsid()
                self._count(number, what)
                work(board)
                os._exit(0)
            except state.TransactionError:
                os._exit(3)
            except BaseException:  # pylint: disable=broad-exception-caught
                import traceback

                traceback.print_exc()
                os._exit(1)

    def _count(self, number, what):
        left = [number]

        def counting(real):
            def counted(*args, **named):
                left[0] -= 1
                if left[0] == -1:
                    self.reached.touch()
                    os.kill(os.getpid(), signal.SIGSTOP if what == "stop" else signal.SIGKILL)
                return real(*args, **named)
            return counted

        for name in ("rename", "link", "unlink", "mkdir", "rmdir"):
            setattr(os, name, counting(getattr(os, name)))

    def running(self):
        if self.child:
            return self.child.poll() is None
        if self.pid:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.rc, self.pid = os.waitstatus_to_exitcode(status), 0
        return bool(self.pid)

    def wait(self):
        """Its exit status, when it has ended."""
        deadline = time.monotonic() + 60
        while self.running():
            assert time.monotonic() < deadline, "it does not end"
            time.sleep(0.002)
        return self.child.returncode if self.child else self.rc

    def until_reached(self):
        """Whether it came to its point (and stands there), or to its end before."""
        while not self.reached.exists() and self.running():
            time.sleep(0.002)
        return self.reached.exists()

    def signal(self, number):
        group = self.child.pid if self.child else self.pid
        if group:
            try:
                os.killpg(group, number)
            except ProcessLookupError:
                pass


def commit(board):
    board.transaction("one").commit("0.9.6")


def restore(board):
    board.transaction("one").restore(["pending"])


def restore_origin(board):
    rollback(board, "one")


def close(board):
    board.transaction("one").close("rolled_back", "by request", purge=True)


WATCH, BOOT = ("watch",), ("boot",)


def prepared(board, situation):
    """Bring a board to a situation; the ends that are right from there, `{state: files}`."""
    old = old_board(board)
    there = board.begin("one")
    upgrade(board)
    new = board.files()
    if situation != "pending":
        there.commit("0.9.6")
    if situation == "second":
        there = board.begin("one", "0.9.8")
        board.write(RUNTIME, "newer")
        board.write("/usr/src/rknpu-0.9.8/Kbuild", "first touched by the second\n")
        old, new = new, board.files()
    if situation == "rollback":
        rollback(board, "one")
    (board.home / "pending/untried").rename(board.home / "pending/tried") if (board.home / "pending").exists() else None
    # The watcher has given up on the controller.
    board.write("/proc/sys/kernel/random/boot_id", "two\n")
    board.write("/proc/uptime", "999999.00 1\n")
    return old, new


def settled(board, situation, old, new, number):
    """Boot until nothing is pending, and judge."""
    for dummy in range(5):
        if not (board.home / "pending").is_dir():
            break
        board.guard("boot")
    assert not (board.home / "pending").is_dir() and not (board.home / "failed").exists()
    state, files = board.state()["state"], board.files()
    assert state in ("committed", "rolled_back"), state
    assert files == (new if state == "committed" else old), state
    # Cut off at its very end a rollback leaves it, which does no harm.
    assert (board.home / "origin").is_dir() or state == "rolled_back" and situation != "second"
    if number % 2:
        return state
    # Whatever came before: the next upgrade begins and is committed.
    there = board.begin("next")
    upgrade(board)
    there.commit("0.9.6")
    assert sorted(os.listdir(board.home)) == ["origin", "state.json"]
    assert not [*board.root.rglob(".rkfleet-*"), *board.root.rglob(".npu-restore.*")]
    if not number % 6:
        there = rollback(board, "last")
        there.close("rolled_back", "by request", purge=True)
        assert os.listdir(board.home) == ["state.json"]
    return state


def copies(source, tmp_path, step, limit=200):
    """Copies of a prepared board, one for each *step*th point."""
    for number in range(0, limit, step):
        root = tmp_path / ("at-%d" % number)
        shutil.copytree(source.root, root, symlinks=True)
        board = Board.__new__(Board)
        board.root, board.shell, board.home, board.tools = root, source.shell, root / "var/lib/rkfleet-npu", source.tools
        yield number, board
        shutil.rmtree(root)
    pytest.fail("no end within %d points" % limit)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("situation, work, ends", [
    ("pending", restore, {"rolled_back"}), ("pending", BOOT, {"rolled_back"}),
    ("pending", commit, {"committed", "rolled_back"}),
    ("second", commit, {"committed", "rolled_back"}), ("committed", restore_origin, {"committed"}),
    ("rollback", close, {"committed", "rolled_back"}), ("rollback", BOOT, {"committed"}),
])
def test_a_power_failure_at_each_step(fast, tmp_path, situation, work, ends, step):
    old, new = prepared(fast, situation)
    seen = set()
    for number, board in copies(fast, tmp_path, step):
        actor = Actor(board, work, number)
        cut = actor.until_reached()
        actor.wait()
        actor.signal(signal.SIGKILL)
        for name in WRITERS:
            (board.tools / name).unlink()
        board.tool("sync", "exit 0")
        if work == BOOT and not (board.home / "pending").exists():
            assert not (board.home / "lock.json").exists()
        seen.add(settled(board, situation, old, new, number))
        if not cut:
            assert seen == ends and number > 4
            return


@pytest.mark.parametrize("step", [7, pytest.param(3, marks=pytest.mark.faults_only)])
@pytest.mark.parametrize("first, second", [
    (restore, WATCH), (WATCH, restore), (BOOT, restore), (commit, WATCH), (WATCH, commit), (begin, WATCH),
    (WATCH, begin), (commit, restore),
])
@pytest.mark.parametrize("what", ["stop", "kill"])
def test_a_second_interruption_at_each_step(fast, tmp_path, first, second, what, step):
    """The first stands still, or dies, at each of its steps; then the second runs, until it ends or waits for the lock; then the first goes on."""
    old, new = prepared(fast, "pending")
    fast.tool("flock", 'flock=%s; $flock -n "$1" && exit; : >"%s/waits"; exec $flock "$1"'
              % (shutil.which("flock"), fast.tools))
    for number, board in copies(fast, tmp_path, step):
        (board.tools / "waits").unlink(missing_ok=True)
        one = Actor(board, first, number, what)
        reached = one.until_reached()
        two = Actor(board, waiting(second))
        while two.running() and not (board.tools / "waits").exists():
            time.sleep(0.002)
        one.signal(signal.SIGCONT)
        one.wait()
        two.wait()
        for name in WRITERS:
            (board.tools / name).unlink()
        board.tool("sync", "exit 0")
        settled(board, "pending", old, new, number)
        if not reached:
            assert number > 4
            return


def waiting(work):
    """The same work; Python says as the script's flock does where it waits for the lock."""
    if isinstance(work, tuple):
        return work

    def with_sign(board):
        real = state.fcntl.flock

        def flock(handle, how):
            try:
                real(handle, how | state.fcntl.LOCK_NB)
            except BlockingIOError:
                (board.tools / "waits").touch()
                real(handle, how)

        state.fcntl.flock = flock
        work(board)

    return with_sign


def test_there_is_one_state_folder():
    """The guard's script knows no other: with one of its own a board could not roll back."""
    folder = pathlib.Path(__file__).resolve().parents[5] / "plugins"
    for path in ("modules/npu_transaction.py", "module_utils/_transaction/steps.py"):
        assert "state_dir" not in (folder / path).read_text()
    assert "home=$root/var/lib/rkfleet-npu\n" in GUARD["guard"]
