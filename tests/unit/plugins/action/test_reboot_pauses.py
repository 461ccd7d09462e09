# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""How often a board that reboots is asked whether it is back."""

from __future__ import annotations

import types

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action.reboot import TimedOutException
from ansible_collections.rkfleet.npu.plugins.action import npu_reboot


@pytest.fixture(name="wait")
def wait_fixture(monkeypatch):
    """Wait for a board that is back after some seconds; return at which seconds it was asked, and its resets."""
    def run(back, timeout=600, error=None):
        now, asked, resets = [0.0], [], []

        def is_back(distribution, word):
            asked.append(now[0])
            assert (distribution, word) == ("debian", "boot")
            if now[0] < back:
                raise error or AnsibleConnectionFailure("no route")

        def reset():
            resets.append(now[0])
            raise AnsibleConnectionFailure("nothing to reset")

        clock = types.SimpleNamespace(
            monotonic=lambda: now[0], sleep=lambda seconds: now.__setitem__(0, now[0] + seconds))
        monkeypatch.setattr(npu_reboot, "time", clock)
        reboot = object.__new__(npu_reboot._Reboot)
        reboot._connection = types.SimpleNamespace(reset=reset)
        reboot.do_until_success_or_timeout(is_back, timeout, "the boot", "debian", {"word": "boot"})
        return asked, resets

    return run


@pytest.mark.parametrize("back", [0, 0.5, 8, 35, 119, 400])
def test_a_board_that_is_back_is_noticed_soon(wait, back):
    asked, resets = wait(back)
    assert asked[-1] - back <= max(1, back / 10)
    assert len(asked) == len(resets) + 1 <= 90


def test_what_is_no_lost_connection_needs_no_reset(wait):
    asked, resets = wait(5, error=RuntimeError("boot ID has not changed"))
    assert len(asked) > 3 and not resets


def test_a_board_that_stays_away_is_given_up_at_the_time_limit(wait):
    with pytest.raises(TimedOutException, match=r"Timed out waiting for the boot \(timeout=60\)"):
        wait(10_000, timeout=60)
