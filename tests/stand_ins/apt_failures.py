# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""apt and dpkg that fail with the output of a log."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils import _apt
from ansible_collections.rkfleet.npu.plugins.plugin_utils._action import apt_causes

UNLOCATED = "E: Unable to locate package linux-headers-vendor-rk35xx\n"
READ = "Reading package lists...\nBuilding dependency tree...\nReading state information...\n"
ENDED = "E: Sub-process /usr/bin/dpkg returned an error code (1)\n"


def divide(log):
    """Return what apt and dpkg print of a log to their standard output, and to their standard error."""
    streams, now = [READ, ""], 0
    for line in log.splitlines(keepends=True):
        now = 1 if line.startswith(("E:", "W:", "N:", "Error:", "dpkg", "debconf")) else now if line[0] == " " else 0
        streams[now] += line
    return streams


def fail(board, part, log, rc=100):
    """Let apt print a log: part is update (after which no package is found), simulate or install."""
    run = board.run

    def run_failing(command):
        simulates = "--simulate" in command
        if part == "update" and command[:2] == ["apt-get", "update"]:
            return rc, "", log
        if command[:2] == ["apt-get", "install"] and part == "update":
            return 100, READ, UNLOCATED
        if command[:2] == ["apt-get", "install"] and simulates == (part == "simulate"):
            return (rc, *divide(log))
        return run(command)

    board.run = run_failing
    return failure(board)


def failure(board):
    """Return why dkms is not installed, as the controller prints it."""
    with pytest.raises(_apt.PackagesError) as error:
        board.packages().install(["dkms"], list)
    return apt_causes.explained(str(error.value), error.value.unexplained)
