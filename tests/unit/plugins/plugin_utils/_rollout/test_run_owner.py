# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Whose lock no longer counts: that of a process of this machine and user that is gone, and nobody else's."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils._rollout import run_owner


@pytest.fixture
def gone():
    """What a run has left whose process has ended."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        holder = run_owner.owner(child.pid)
        child.kill()
    return holder


def test_a_run_that_has_ended(gone):
    assert run_owner.has_ended(gone, run_owner.owner(os.getpid()))


def test_a_run_that_has_not_ended_is_recognized():
    me = run_owner.owner(os.getpid())
    assert not run_owner.has_ended(run_owner.owner(os.getppid()), me)
    # Its number, taken by another process since.
    assert run_owner.has_ended(dict(run_owner.owner(os.getppid()), started="1"), me)


@pytest.mark.parametrize(
    "other",
    [
        {"host": "elsewhere"},
        {"machine": "000000000000"},
        {"user": "somebody"},
        {"pid": "12"},
        {"pid": None},
        {"pid": -1},
        {"pid": 1},
        {"pid": 2**70},
        {"run": ""},
        {"boot_id": ""},
        {"pid_namespace": ""},
        {"boot_id": None},
        {"pid_namespace": None},
        {"boot_id": ["x"]},
        {"pid_namespace": {}},
        {"pid_namespace": "pid:[4026532999]"},
        {"pid_namespace": "pid:[4026532999]", "boot_id": "another"},
    ],
)
def test_runs_of_others_and_invalid_entries_are_never_called_ended(gone, other):
    assert not run_owner.has_ended(dict(gone, **other), run_owner.owner(os.getpid()))


def test_runs_differ():
    assert run_owner.owner(os.getpid())["run"] != run_owner.owner(os.getppid())["run"]


def test_a_lock_of_an_older_release_has_too_little_information(gone):
    # As 1.5.0 wrote it: whose process it was among several with that number is not known.
    old = {name: value for name, value in gone.items() if name not in ("boot_id", "pid_namespace")}
    assert not run_owner.has_ended(old, run_owner.owner(os.getpid()))


@pytest.mark.parametrize(
    "holder, me, ended",
    [
        (run_owner.FIRST_NAMESPACE, run_owner.FIRST_NAMESPACE, True),
        ("pid:[4026532999]", run_owner.FIRST_NAMESPACE, False),
        (run_owner.FIRST_NAMESPACE, "pid:[4026532999]", False),
        ("pid:[4026532999]", "pid:[4026532999]", False),
        ("", "", False),
    ],
)
def test_a_run_before_the_controller_was_restarted(holder, me, ended):
    # Its number is a running process' now: this one's.
    now = dict(run_owner.owner(os.getpid()), pid_namespace=me)
    assert run_owner.has_ended(dict(now, boot_id="the one before", pid_namespace=holder, run="another"), now) is ended


def test_the_machine_id_is_not_shown(monkeypatch):
    lines = {"/etc/machine-id": "0123456789abcdef0123456789abcdef"}
    monkeypatch.setattr(run_owner, "_line", lambda path: lines.get(path, "x"))
    one = run_owner.owner(os.getpid())
    assert lines["/etc/machine-id"] not in json.dumps(one)
    lines["/etc/machine-id"] = "another"
    assert run_owner.owner(os.getpid())["machine"] != one["machine"]


@contextlib.contextmanager
def container(proc="--mount-proc"):
    """Return the lock of a running process in its own PID namespace, with this machine's name, MAC address and user."""
    code = ("import json, os; from ansible_collections.rkfleet.npu.plugins.plugin_utils._rollout import run_owner;"
            "print(json.dumps(run_owner.owner(os.getpid())), flush=True); input()")
    words = [
        "unshare", "--pid", "--fork", *([proc] if proc else []),
        *([] if os.getuid() == 0 else ["--user", "--map-current-user"]), "--kill-child", sys.executable, "-c", code,
    ]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path))) as child:
        line = child.stdout.readline()
        if not line:
            pytest.skip("no PID namespace here: %s" % child.stderr.read().decode(errors="replace"))
        yield json.loads(line)
        child.stdin.close()


def test_a_run_in_another_container_with_this_hosts_name_and_address():
    with container() as first, container() as second:
        me = run_owner.owner(os.getpid())
        assert [one["host"] for one in (first, second)] == [me["host"]] * 2 and first["machine"] == second[
            "machine"
        ] == me["machine"]
        # Its number is nobody's here, or a process' that began at another time: that says nothing.
        assert not run_owner.has_ended(dict(first, pid=2**22 - 1), me) and not run_owner.has_ended(
            dict(first, pid=2**22 - 1), second
        )
        assert not run_owner.has_ended(first, me) and not run_owner.has_ended(first, second)
        assert len({first["run"], second["run"], me["run"]}) == 3
        assert (
            first["pid_namespace"] != second["pid_namespace"] != me["pid_namespace"]
            and first["boot_id"] == me["boot_id"]
        )


def test_a_container_with_the_proc_of_its_host_is_not_identified():
    with container(proc=None) as there:
        assert there["pid_namespace"] == "" and there["boot_id"]
        assert not run_owner.has_ended(there, dict(there, run="another")) and not run_owner.has_ended(
            there, run_owner.owner(os.getpid())
        )


def test_a_run_whose_parent_never_asks_for_it():
    # The first process of a container may leave its children as zombies.
    me = run_owner.owner(os.getpid())
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    holder = run_owner.owner(child.pid)
    assert not run_owner.has_ended(holder, me)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert run_owner.has_ended(holder, me)
    child.communicate()


def test_a_run_counts_as_running_unless_it_has_certainly_ended(gone):
    me = run_owner.owner(os.getpid())
    other = run_owner.owner(os.getppid())
    # This run itself, one that has ended, and one whose number another process has since.
    for run in (me["run"], gone["run"], other["run"].replace(other["started"], "1")):
        assert not run_owner.may_be_running(run, me), run
    # Another machine, boot or container, or nothing that this release writes: nobody knows.
    elsewhere = gone["run"][:-8] + "00000000"
    odd = gone["run"].replace("-%d-" % gone["pid"], "-0-")
    for run in (other["run"], elsewhere, "x" + gone["run"], odd, "by hand", "vm-726-1852633", "", None):
        assert run_owner.may_be_running(run, me), run
    # Without /proc of its own namespace, a run cannot know.
    for unknown in ("boot_id", "pid_namespace"):
        assert run_owner.may_be_running(gone["run"], dict(me, **{unknown: ""}))


CONTROLLER = """
import multiprocessing, os, sys
from ansible_collections.rkfleet.npu.plugins.plugin_utils._rollout import run_owner

def worker():
    print(run_owner.this_run() == os.getppid(), flush=True)
    # multiprocessing closes its standard input.
    os.read(again, 1)
    while os.getppid() == parent:
        pass
    try:
        run_owner.this_run()
    except run_owner.RunEnded as error:
        print(error, flush=True)

parent, again = os.getpid(), os.dup(0)
context = multiprocessing.get_context("fork")
child = context.Process(target=worker)
child.start()
child.join()
"""


def test_a_worker_that_outlives_its_run_changes_no_board():
    with subprocess.Popen([sys.executable, "-c", CONTROLLER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                          env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path))) as controller:
        assert controller.stdout.readline() == "True\n"
        controller.kill()
        controller.wait()
        controller.stdin.write("go on\n")
        controller.stdin.close()
        assert f"(process {controller.pid}) was killed" in controller.stdout.read()
