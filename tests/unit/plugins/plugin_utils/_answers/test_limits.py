# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What a call of a board may take on the controller."""

from __future__ import annotations

import re
import resource
import signal
import subprocess
import sys
import time

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.rkfleet.npu.plugins.plugin_utils._answers import limits

MIB = 1 << 20


def is_as_before():
    """Whether nothing of a limit is left."""
    return (
        subprocess.Popen.__module__ == "subprocess" and signal.getsignal(signal.SIGALRM) == signal.SIG_DFL
        and resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY
        and signal.getitimer(signal.ITIMER_REAL)[0] == 0
    )


def runs(number):
    """Whether a process runs."""
    try:
        with open("/proc/%d/stat" % number, encoding="ascii") as stream:
            return stream.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_command_without_an_answer_ends_with_all_its_processes(tmp_path):
    pids = tmp_path / "pids"
    with pytest.raises(AnsibleConnectionFailure, match="it did not answer within 1 s"), limits.limited(1, 64 * MIB):
        subprocess.Popen(
            "echo $$ >%s; sleep 600 & echo $! >>%s; wait" % (pids, pids), shell=True, stdout=subprocess.PIPE
        ).communicate()
    numbers = [int(line) for line in pids.read_text().split()]
    assert len(numbers) == 2 and is_as_before()
    # On a busy machine it takes a moment until a process that was killed is gone.
    deadline = time.monotonic() + 60
    while any(map(runs, numbers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(runs, numbers))


def test_what_is_read_is_cut_off(tmp_path):
    with pytest.raises(limits.MalformedAnswer, match="more than 64 MiB"), limits.limited(60, 64 * MIB):
        subprocess.run(["head", "-c", str(400 * MIB), "/dev/zero"], stdout=subprocess.PIPE, check=False)
    assert is_as_before()


def test_what_is_started_has_the_usual_limit():
    with limits.limited(60, 64 * MIB):
        said = subprocess.run("ulimit -v", shell=True, stdout=subprocess.PIPE, text=True, check=True).stdout
        assert resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY
    assert said == "unlimited\n" and is_as_before()


class Alarm(BaseException):
    """What a task's own timeout raises."""


@pytest.fixture
def alarm():
    """Set an alarm as Ansible does for a task's timeout."""
    def ring(*unused):
        raise Alarm

    def set_alarm(seconds):
        signal.signal(signal.SIGALRM, ring)
        signal.alarm(seconds)

    yield set_alarm
    signal.alarm(0)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)


def test_a_tasks_own_timeout_that_comes_first_ends_it(alarm):
    alarm(1)
    with pytest.raises(Alarm), limits.limited(60, 64 * MIB):
        time.sleep(60)


def test_a_tasks_own_timeout_that_comes_later_still_comes(alarm):
    alarm(3)
    with pytest.raises(AnsibleConnectionFailure), limits.limited(1, 64 * MIB):
        time.sleep(60)
    with pytest.raises(Alarm):
        time.sleep(60)


def test_an_answer_that_takes_for_ever_to_read():
    with pytest.raises(limits.MalformedAnswer, match="more than 1 s of processor time"), limits.computing(1):
        re.match("(a*)*b", "a" * 100)
    assert signal.getitimer(signal.ITIMER_VIRTUAL)[0] == 0 and signal.getsignal(signal.SIGVTALRM) == signal.SIG_DFL
    with limits.computing(1):
        time.sleep(1.5)  # waiting for a board does not count
    with pytest.raises(KeyError), limits.computing(1):
        raise KeyError("x")
    assert signal.getitimer(signal.ITIMER_VIRTUAL)[0] == 0


def test_a_limit_within_another_one_leaves_that_in_force():
    with pytest.raises(limits.MalformedAnswer, match="more than 1 s of processor time"), limits.computing(1):
        with limits.computing(60):
            pass
        while True:
            pass


def test_limits_within_limits():
    with pytest.raises(AnsibleConnectionFailure, match="within 1 s"), limits.limited(1, 64 * MIB):
        with limits.limited(60, 32 * MIB):
            time.sleep(60)
    with limits.limited(60, 64 * MIB):
        with pytest.raises(AnsibleConnectionFailure, match="within 1 s"), limits.limited(1, 32 * MIB):
            time.sleep(60)
    assert is_as_before()


def test_an_error_inside_is_the_error():
    with pytest.raises(KeyError), limits.limited(60, 64 * MIB):
        subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        raise KeyError("x")
    assert is_as_before()
