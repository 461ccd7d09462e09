# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Services that stay down from the first change until the commit or the rollback, also over reboots."""

from __future__ import annotations

import shutil

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction import held_services, state
from stand_ins.boards.restore_board import MENU, OURS, RUNTIME, STATE, Board, menu, old_board, upgrade

UNITS = "/etc/systemd/system"
HELD = UNITS + "/detector.service.d/zz-rkfleet-npu.conf"
OWN = UNITS + "/docker.service.d/override.conf"
SERVICES = ["detector", "docker.service"]


@pytest.fixture(params=["dash", "busybox"])
def board(request, tmp_path):
    if not shutil.which(request.param):
        pytest.skip(f"{request.param} is not installed")
    there = Board(tmp_path / "board", (request.param,))
    there.tool("systemctl", f'echo "$*" >>{there.tools}/called')
    there.write(OWN, "[Service]\n")
    there.before = old_board(there)
    return there


def begin(board, services=None, run="one"):
    services = SERVICES if services is None else services
    there = board.transaction(run)
    calls = []

    def record(args):
        calls.append(" ".join(args))
        return (0, "active\n" if "is-active" in args else "", "") if args[0] == "systemctl" else board.run(args)

    there.run, there.calls = record, calls
    there.lock(["*"])
    there.begin([*board.watched(), *held_services.entries(services)], STATE, 30)
    del calls[:]
    there.stopped_now = there.stop_services(services)
    return there


def drop_ins(board):
    return sorted(str(path.relative_to(board.root)) for path in board.root.glob("etc/systemd/system/*.d/zz-*"))


def called(board):
    path = board.tools / "called"
    return path.read_text().splitlines() if path.exists() else []


def test_they_are_kept_down_before_they_are_stopped(board):
    there = begin(board)
    assert there.stopped_now == SERVICES and there.calls[-3:] == [
        "systemctl daemon-reload",
        "systemctl stop -- detector",
        "systemctl stop -- docker.service",
    ]
    assert drop_ins(board) == [HELD[1:], "etc/systemd/system/docker.service.d/zz-rkfleet-npu.conf"]
    assert "[Unit]\nConditionPathExists=!/var/lib/rkfleet-npu/pending\n" in board.read(HELD)
    assert board.read(OWN) == "[Service]\n"


def test_also_one_that_does_not_run_now(board):
    there = board.transaction()
    there.run = lambda args: (0, "inactive\n", "") if args[0] == "systemctl" else board.run(args)
    there.lock(["*"])
    there.begin([*board.watched(), *held_services.entries(SERVICES)], STATE, 30)
    assert there.stop_services(SERVICES) == [] and len(drop_ins(board)) == 2


@pytest.mark.parametrize("way", ["commit", "paused", "abandon"])
def test_the_controller_removes_the_drop_ins_and_starts_them(board, way):
    there = begin(board)
    del there.calls[:]
    if way == "commit":
        there.commit("0.9.6")
    elif way == "paused":
        there.start_services("pending")
    else:
        there.abandon()
    assert drop_ins(board) == [] and not board.place(HELD).parent.exists() and board.read(OWN) == "[Service]\n"
    wanted = ["systemctl daemon-reload", "systemctl restart -- detector", "systemctl restart -- docker.service"]
    assert [call for call in there.calls if call in wanted] == wanted


def test_a_rollback_by_the_controller(board):
    there = begin(board)
    upgrade(board)
    there.restore(["pending"])
    assert drop_ins(board) == [] and not board.place(HELD).parent.exists() and board.read(OWN) == "[Service]\n"
    assert there.stopped == SERVICES
    del there.calls[:]
    there.close("rolled_back", "why")
    assert "systemctl restart -- detector" in there.calls


@pytest.mark.parametrize("way", ["boot", "watch"])
def test_a_rollback_without_the_controller(board, way):
    """The services start again, those that are not enabled too, and once only."""
    begin(board)
    upgrade(board)
    board.write("/proc/uptime", "99999.00 1\n")
    (board.home / "pending/untried").rename(board.home / "pending/tried")
    board.tool("sleep", "exit 0")
    board.tool("systemctl", f'echo "$*" >>{board.tools}/called')
    board.guard(way)
    assert board.state()["state"] == "rolled_back" and drop_ins(board) == [] and board.read(RUNTIME) == "old"
    assert not board.place(HELD).parent.exists() and board.read(OWN) == "[Service]\n"
    board.guard("watch")  # after the reboot
    started = [line for line in called(board) if line.startswith("start")]
    assert started == ["start --no-block -- detector", "start --no-block -- docker.service"]
    assert "daemon-reload" in called(board) and not (board.home / "undone/services").exists()
    board.guard("watch")
    assert [line for line in called(board) if line.startswith("start")] == started


def test_while_the_controller_rolls_back_the_watch_starts_nothing(board):
    there = begin(board)
    there.restore(["pending"])
    assert (board.home / "lock.json").exists()
    board.guard("watch")
    assert not [line for line in called(board) if line.startswith("start")]


def test_on_another_root_file_system_they_go_too(board):
    board.write("/etc/machine-id", "0123\n")
    begin(board)
    upgrade(board)
    board.write(MENU, menu("6.1.84", "root=UUID=NEW " + OURS))
    board.write("/etc/machine-id", "4567\n")
    assert board.guard("restore", "pending")[0] == 0
    assert drop_ins(board) == [] and board.read(RUNTIME) == "new"


def test_one_that_a_power_failure_left_is_not_taken_for_the_owners(board):
    held_services.hold(str(board.root), ["detector"])
    there = begin(board)
    assert "nofile - - " + HELD in (board.home / "pending/manifest").read_text().splitlines()
    there.restore(["pending"])
    assert drop_ins(board) == []


def test_a_resumed_upgrade_holds_them_again(board):
    begin(board).start_services("pending")
    assert drop_ins(board) == []
    there = begin(board, [*SERVICES, "camera.service"], "two")
    assert len(drop_ins(board)) == 3
    there.restore(["pending"])
    assert drop_ins(board) == [] and board.read(OWN) == "[Service]\n"


def test_where_none_can_be_written_nothing_is_changed(board):
    board.write(UNITS + "/detector.service.d", "a file")
    with pytest.raises(state.TransactionError, match="service detector cannot be kept down"):
        begin(board)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("detector", "detector.service.d"),
        ("cam@1.service", "cam@1.service.d"),
        ("docker.socket", "docker.socket.d"),
        ("npu.target", "npu.target.d"),
        ("org.example.npu", "org.example.npu.service.d"),
        ("..", "...service.d"),
    ],
)
def test_the_drop_in_of_a_unit(name, path):
    assert held_services.drop_in(name) == f"{UNITS}/{path}/zz-rkfleet-npu.conf"


# -- power failures --------------------------------------------------

CUT = """read -r n <"{tools}/n"; echo $((n - 1)) >"{tools}/n"
[ "$n" -ne 0 ] || {{ : >"{tools}/cut"; kill -9 0; }}
exec {real} "$@"
"""


@pytest.mark.parametrize("number", [0, 1, 2, 4, 7, 11, 16, 22, 29, pytest.param(37, marks=pytest.mark.faults_only)])
def test_a_power_failure_during_the_restore_leaves_none(tmp_path, number):
    board = Board(tmp_path / "board")
    board.write(OWN, "[Service]\n")
    old_board(board)
    begin(board)
    upgrade(board)
    writers = ("mv", "rm", "ln", "cp", "mkdir", "rmdir")
    for name in writers:
        board.tool(name, CUT.format(tools=board.tools, real=shutil.which(name)))
    (board.tools / "n").write_text(f"{number}\n")
    board.guard("restore", "pending")
    assert (board.tools / "cut").exists() or number > 20
    for name in writers:
        (board.tools / name).unlink()
    board.guard("restore", "pending")
    assert drop_ins(board) == [] and board.read(OWN) == "[Service]\n" and board.read(RUNTIME) == "old"
    assert not (board.home / "pending").exists()


@pytest.mark.parametrize("step", range(8))
def test_a_power_failure_while_they_are_written_is_rolled_back(tmp_path, monkeypatch, step):
    """The manifest has them before the first is written."""
    board = Board(tmp_path / "board")
    board.write(OWN, "[Service]\n")
    old_board(board)
    there = board.transaction()
    there.lock(["*"])
    there.begin([*board.watched(), *held_services.entries(SERVICES)], STATE, 30)
    calls = []

    def cut(real):
        def counted(*args, **named):
            calls.append(real)
            if len(calls) > step:
                raise KeyboardInterrupt
            return real(*args, **named)

        return counted

    for name in ("write_file", "ensure_dir"):
        monkeypatch.setattr(held_services, name, cut(getattr(held_services, name)))
    if step < 4:
        with pytest.raises(KeyboardInterrupt):
            there.stop_services(SERVICES)
    else:
        there.stop_services(SERVICES)
    assert board.guard("restore", "pending")[0] == 0
    assert drop_ins(board) == [] and board.read(OWN) == "[Service]\n"
