# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A power failure at every write of a transaction."""

from __future__ import annotations

import os
import shutil

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction import (
    guard as _guard,
)
from guard_script import STEPS
from stand_ins.boards.transaction_board import Board

# Programs of the guard that change something: each one is a place where the power may go.
WRITERS = ("mv", "rm", "ln", "cp", "mkdir", "rmdir", "sync")


@pytest.fixture
def board(tmp_path):
    return Board(tmp_path / "board")


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
