# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A board that cannot get the packages of a build, and whether another host builds for it."""

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
        return dict(changed=False, stored=None, packages=["linux-headers-x"], shared_from=task_vars.get("shared_from"))
''',
    "plugins/action/npu_apt.py": '''
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        Display().display("MARK %s %s" % (task_vars["inventory_hostname"], bool(self._task.check_mode)))
        if task_vars["inventory_hostname"] == "poor":
            return dict(failed=True, msg="no package source has linux-headers-x")
        return dict(changed=True, packages=["linux-headers-x"], kept={}, repaired=False)
''',
}


@pytest.fixture(scope="module")
def collections(tmp_path_factory):
    """Return a place with a copy of the collection in which apt and the store are stubs."""
    return environment.stubbed_project(tmp_path_factory.mktemp("stubbed"), STUBS)


@pytest.fixture
def check(collections, tmp_path):
    """Return a function that checks the packages of three boards: `(those that failed, calls of npu_apt)`."""
    def runner(*words, tasks=("check/store", "check/packages"), **settings):
        plan = {"action": "dkms", "kernel": "6.1.84", "packages": ["linux-headers-x"],
                "driver": {"version": "0.9.6", "sha256": "aa"}, "module": "rknpu"}
        hosts = {}
        for name in ("poor", "capable", "other"):
            kernel = {"release": "6.1.84" if name != "other" else "5.10.110", "build": "#1", "headers": name != "poor"}
            facts = {"kernel": kernel, "tools": {"compiler": "gcc"}}
            hosts[name] = {"__npu_before": facts, "__npu_plan": plan, "npu_facts": facts,
                           "shared_from": settings.get("npu_store_from"), **settings}
        failed, output = driver_play.run(collections, tmp_path, hosts, tasks, *words)
        return failed, re.findall(r"MARK (.*)", output)

    return runner


@pytest.mark.parametrize("settings, fails", [
    # One with its kernel and headers goes first, and its module is for all.
    ({}, False),
    # Its builds are not for others.
    ({"npu_store_from": ["other"]}, True), ({"npu_store_from": ["capable"]}, False),
    # Two must have built the same.
    ({"npu_store_agree": 2}, True),
    # No board goes first, or there is nothing to share with.
    ({"npu_require_staging": False}, True), ({"npu_store": ""}, True),
    # A host that is no board builds.
    ({"npu_builder": "builder", "npu_store_from": ["builder"]}, False),
    ({"npu_builder": "builder", "npu_store_from": ["builder"], "npu_require_staging": False}, False),
])
def test_a_board_without_headers_waits_only_for_a_host_that_builds_for_it(check, settings, fails):
    failed, calls = check(**settings)
    assert failed == ["poor"] * fails and {call.split()[1] for call in calls} == {"True"}


def test_a_check_run_does_not_ask_again_for_packages_that_will_not_be_needed(check):
    failed, calls = check("--check", tasks=("check/store", "check/packages", "install_packages"))
    assert failed == [] and sorted(calls).count("poor True") == 1 and calls.count("capable True") == 2
