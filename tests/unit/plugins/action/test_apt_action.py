# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Action npu_apt: what the logs of a failed installation mean is told on the controller."""

from __future__ import annotations

import types

import pytest
from ansible_collections.rkfleet.npu.plugins.action import npu_apt
from ansible_collections.rkfleet.npu.plugins.plugin_utils._action import board

LOG = "/var/lib/dkms/x/1/build/make.log"
MESSAGE = f"dkms cannot be installed: DKMS cannot build the module of x/1: see {LOG}. Update the package that has it"


@pytest.fixture
def act(monkeypatch):
    def run(**answer):
        monkeypatch.setattr(board.ActionBase, "run", lambda *unused: {})
        made = object.__new__(npu_apt.ActionModule)
        made._task = types.SimpleNamespace(args={}, delegate_to=None, get_vars=dict)
        made._connection = types.SimpleNamespace(_shell=types.SimpleNamespace(tmpdir="/there"))
        monkeypatch.setattr(npu_apt.ActionModule, "_execute_module", lambda *unused, **more: answer)
        return made._run({}, {"inventory_hostname": "a", "ansible_facts": {}})

    return run


@pytest.mark.parametrize("module, log, cause", [
    (True, "/bin/sh: 1: flex: not found\nmake[3]: *** [x] Error 127\n", "the program flex, which the build needs"),
    (True, "x.c:1:2: error: implicit declaration of function 'y'\n", "its source does not fit this kernel (x.c:1:2:"),
    (True, "all is well\n", f"see {LOG}"), (False, "x.c:1:2: error: no function 'y'\n", f"see {LOG}"),
])
def test_a_log_is_explained(act, module, log, cause):
    result = act(failed=True, msg=MESSAGE, unexplained=[{"text": f"see {LOG}", "log": log, "module": module}])
    assert f"the module of x/1: {cause}" in result["msg"] and result["msg"].endswith("Update the package that has it")
    assert "unexplained" not in result and result["failed"]


@pytest.mark.parametrize("unexplained", [[], None, [{"text": "", "log": "flex: not found\n", "module": True}]])
def test_a_message_without_a_log_stays_as_it_is(act, unexplained):
    assert act(failed=True, msg=MESSAGE, unexplained=unexplained)["msg"] == MESSAGE


def test_an_installation_that_succeeds_has_no_log(act):
    assert act(changed=True, packages=["dkms"], unexplained=[]) == {"changed": True, "packages": ["dkms"]}
