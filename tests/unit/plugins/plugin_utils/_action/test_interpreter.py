# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Which Python a program starts with: one that was configured for the host it runs on, or found there."""

from __future__ import annotations

import types

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils._action.program import ProgramAction


def interpreter(task_vars, delegate_to=None):
    made = object.__new__(type("Action", (ProgramAction,), {"TRANSFERS_FILES": False}))
    made._task = types.SimpleNamespace(delegate_to=delegate_to)
    made._templar = types.SimpleNamespace(template=lambda value: value)
    return made._interpreter(task_vars)


@pytest.mark.parametrize(
    "found, used",
    [
        ("/usr/bin/python3", "/usr/bin/python3"),
        ("/usr/bin/python3; id", None),
        ("python3", None),
        (["/x"], None),
        ({}, None),
    ],
)
def test_a_board_names_only_a_path(found, used):
    assert interpreter({"ansible_facts": {"discovered_interpreter_python": found}}) == used


@pytest.mark.parametrize(
    "own, used",
    [
        ({}, None),
        ({"ansible_facts": {"discovered_interpreter_python": "/usr/bin/python3.11"}}, "/usr/bin/python3.11"),
        ({"ansible_python_interpreter": "/opt/python"}, "/opt/python"),
        (None, None),
        ("text", None),
    ],
)
def test_a_board_does_not_choose_what_starts_on_the_host_that_a_task_is_delegated_to(own, used):
    board = {
        "ansible_facts": {"discovered_interpreter_python": "/usr/sbin/reboot"},
        "ansible_python_interpreter": "/usr/sbin/reboot",
    }
    assert interpreter({**board, "ansible_delegated_vars": {"builder": own}}, "builder") == used
    assert interpreter(board, "builder") is None and interpreter(board) == "/usr/sbin/reboot"
