# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Whose lock no longer counts: that of a process of this machine and user that is gone, and nobody else's."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from ansible_collections.rkfleet.npu.plugins.plugin_utils import _run_owner


@pytest.fixture
def gone():
    """What a run has left whose process has ended."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        holder = _run_owner.owner(child.pid)
        child.kill()
    return holder


def test_a_run_that_has_ended(gone):
    assert _run_owner.has_ended(gone, _run_owner.owner(os.getpid()))


def test_a_run_that_goes_on():
    me = _run_owner.owner(os.getpid())
    assert not _run_owner.has_ended(_run_owner.owner(os.getppid()), me)
    # Its number, taken by another process since.
    assert _run_owner.has_ended(dict(_run_owner.owner(os.getppid()), started="1"), me)


@pytest.mark.parametrize("other", [
    {"host": "elsewhere"}, {"machine": "000000000000"}, {"user": "somebody"}, {"pid": "12"}, {"pid": None}, {"pid": -1}, {"pid": 1}, {"pid": 2**70},
    {"run": ""},
])
def test_of_others_and_of_nonsense_nothing_can_be_told(gone, other):
    assert not _run_owner.has_ended(dict(gone, **other), _run_owner.owner(os.getpid()))


def test_runs_differ():
    assert _run_owner.owner(os.getpid())["run"] != _run_owner.owner(os.getppid())["run"]
