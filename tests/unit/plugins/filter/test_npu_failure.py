# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Why a task failed, in one sentence."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.filter.npu_rollout import FilterModule
from ansible_collections.rkfleet.npu.plugins.plugin_utils._answers.failure import UNREACHABLE

TIMEOUT = {"failed": True, "timedout": {"period": 300}, "msg": "Timed out after 300 second(s)."}


@pytest.mark.parametrize(
    "result, reason",
    [
        ({"failed": True, "msg": "no space left"}, "no space left"),
        ({"failed": True}, "failed without a message"),
        ({"failed": True, "msg": None}, "failed without a message"),
        (
            {
                "failed": True, "msg": "One or more items failed",
                "results": [{"failed": False, "msg": "fine"}, {"failed": True, "msg": "this one"}],
            },
            "this one",
        ),
        ({"failed": True, "msg": "One or more items failed", "results": ["no result"]}, "One or more items failed"),
        (TIMEOUT, UNREACHABLE + ": a task did not end in time. Timed out after 300 second(s)."),
        (
            {"failed": True, "msg": "One or more items failed", "results": [TIMEOUT]},
            UNREACHABLE + ": a task did not end in time. Timed out after 300 second(s).",
        ),
    ],
)
def test_the_reason(result, reason):
    assert FilterModule().filters()["npu_failure"](result) == reason


@pytest.mark.parametrize(
    "result, cause",
    [
        ({"failed": True, "msg": "does not answer over ssh"}, ""),
        ({"failed": True, "cause": "sudo"}, "sudo"),
        ({"failed": True, "cause": "my own"}, ""),
        ({"failed": True, "cause": ["sudo"]}, ""),
        (TIMEOUT, "no_answer"),
        ({"unreachable": True, "msg": "x"}, "no_answer"),
        ({"results": [{"failed": False}, dict(TIMEOUT)]}, "no_answer"),
        ({"results": [{"failed": True, "cause": "hostile"}, TIMEOUT]}, "hostile"),
    ],
)
def test_the_cause_is_a_field_and_no_word_of_a_sentence(result, cause):
    assert FilterModule().filters()["npu_cause"](result) == cause
