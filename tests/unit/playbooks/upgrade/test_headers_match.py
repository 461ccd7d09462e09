# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Kernel headers are compared with the kernel before anything is changed, on boards that build the driver."""

from __future__ import annotations

import re

import environment
import pytest
from stand_ins import driver_play

STUBS = {
    "plugins/action/npu_store_info.py": '''
from ansible.plugins.action import ActionBase
class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        return dict(changed=False, stored=task_vars["stored"], packages=[], shared_from=None)
''',
    "plugins/action/npu_artifact.py": '''
from ansible.plugins.action import ActionBase
class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        return dict(changed=False, path="/unused")
''',
    "plugins/action/npu_trial_build_info.py": '''
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        Display().display("COMPARED %s" % task_vars["inventory_hostname"])
        return dict(changed=False, kernels=[dict(verdict="fails", reason="struct module has 896 bytes, and 832")])
''',
}
STORED = {"kernel": "6.1.84", "built_by": "another"}


@pytest.fixture(scope="module")
def collections(tmp_path_factory):
    """Return a place with a copy of the collection in which store, download and trial build are stubs."""
    return environment.stubbed_project(tmp_path_factory.mktemp("stubbed"), STUBS)


def test_they_are_where_the_driver_is_built_and_not_where_its_module_is_stored(collections, tmp_path):
    facts = {"kernel": {"release": "6.1.84", "build": "#1", "headers": True}, "tools": {"compiler": "gcc"}}
    driver = {"version": "0.9.6", "path": "d.tar", "sha256": "aa", "size": 1}
    plan = {"action": "dkms", "kernel": "6.1.84", "packages": [], "driver": driver, "module": "rknpu", "reboot": True,
            "baseline": None, "reason": "", "remedy": ""}
    hosts = {name: {"npu_reboot_ok": True, "__npu_plan": plan, "npu_facts": facts, "stored": stored}
             for name, stored in (("builds", None), ("loads", STORED))}
    failed, output = driver_play.run(collections, tmp_path, hosts, ["preflight"])
    assert re.findall(r"COMPARED (\w+)", output) == failed == ["builds"]
    assert "builds: driver 0.9.6 cannot be built with the installed kernel headers: struct module" in output
