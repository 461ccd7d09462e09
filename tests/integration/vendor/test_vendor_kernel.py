# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The vendor's own newer kernel, which the board's repository offers."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.board, pytest.mark.faults_only]

UPGRADE = "playbooks/upgrade-npu.yml"
TOP1 = "283: 0.468750"


@pytest.mark.case(
    case="the board's apt repository offers a vendor kernel with a new enough driver", plan="vendor_kernel",
    result="that kernel is installed and booted, the previous one stays bootable; a second run changes nothing")
def test_the_vendors_newer_kernel_is_chosen(board, play):
    board.reset()
    before = board.ssh("uname -r").strip()
    board.ssh("sudo sh -c \"echo 'deb [trusted=yes] file:/srv/apt-next ./' > /etc/apt/sources.list.d/next.list && apt-get -qq update\"")
    run = play(UPGRADE)
    assert run.rc == 0
    line = next(line for line in run.output.splitlines() if line.startswith(board.name + " ") and "→" in line)
    assert "0.9.3 → 0.9.8" in line and TOP1 in line and line.endswith("ok")
    after = board.ssh("uname -r").strip()
    assert after != before and after.endswith("-rk2410")
    assert not board.ssh("sudo dkms status").strip()
    listed = board.ssh("grep -E '^[[:space:]]*linux ' /boot/extlinux/extlinux.conf")
    assert after in listed and before in listed
    run = play(UPGRADE)
    assert (run.rc, run["changed"]) == (0, 0)
    board.reset()
