# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The cause of a failure, where it shows, and the sentence on a board that cannot be read."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils._answers import failure


@pytest.mark.parametrize(
    "text, code, cause",
    [
        ("sudo: a password is required; it ended with 1", 1, "sudo"),
        ("Missing sudo password", 1, "sudo"),
        ("Python 3 is not installed", 127, "python"),
        ("Traceback", 1, ""),
        ("Welcome to the host of pseudo files; it ended with 0", 0, ""),
    ],
)
def test_the_cause_shows_where_a_command_failed(text, code, cause):
    assert failure.cause_in(text, code) == cause


@pytest.mark.parametrize(
    "cause, said",
    [
        ("no_answer", "a: why"),
        ("malformed", "a: why"),
        ("hostile", "a: why"),
        ("", "a: cannot read the board as root: why"),
        ("python", "a: cannot read the board as root: why"),
        (
            "sudo",
            "a: cannot read the board as root: why. Give the user of this board sudo without a password, "
            "or run with --ask-become-pass.",
        ),
    ],
)
def test_the_sentence(cause, said):
    assert failure.cannot_read("a", True, "why", cause) == said
    assert failure.cannot_read("a", False, "why", cause) == said.replace(" as root", "")
