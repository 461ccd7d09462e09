# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""An upgrade over a local connection, which would reboot the machine that runs Ansible."""

from __future__ import annotations

import types

import pytest
from ansible.errors import AnsibleActionFail
from ansible.playbook.task import Task
from ansible_collections.rkfleet.npu.plugins.action import npu_audit_info
from ansible_collections.rkfleet.npu.plugins.plugin_utils._action import failure


def inspected(**over):
    plan = {"reboot": True, "driver": {"version": "0.9.6"}}
    return {"plan": plan, "not_selected": None, "on_hold": None, **over}


def test_a_reboot_that_is_allowed_is_refused():
    words = r"driver 0\.9\.6 requires a reboot, and with a local connection .* npu_reboot_ok"
    with pytest.raises(ValueError, match=words):
        npu_audit_info.refuse_own_reboot(inspected(), {"npu_reboot_ok": True})


@pytest.mark.parametrize("result, settings", [
    (inspected(), {"npu_reboot_ok": False}),
    (inspected(), {"npu_reboot_ok": None}),
    (inspected(plan={"reboot": False, "driver": {"version": "0.9.6"}}), {"npu_reboot_ok": True}),
    (inspected(not_selected="npu_select is x"), {"npu_reboot_ok": True}),
    (inspected(on_hold="a reason"), {"npu_reboot_ok": True}),
    # An audit upgrades nothing.
    (inspected(), {}),
])
def test_what_reboots_nothing_is_not_refused(result, settings):
    npu_audit_info.refuse_own_reboot(result, settings)


def test_a_rollback_to_before_the_first_change_is_refused():
    found = inspected(facts={"upgrade": {"origin": True}})
    with pytest.raises(ValueError, match=r"local connection .* /var/lib/rkfleet-npu/origin/guard restore origin"):
        npu_audit_info.refuse_own_reboot(found, {}, True)
    npu_audit_info.refuse_own_reboot(inspected(facts={"upgrade": {"origin": False}}), {}, True)
    # The playbook skips it.
    npu_audit_info.refuse_own_reboot(dict(found, on_hold={"reason": "x"}), {}, True)


def test_a_failure_has_no_excerpt_of_the_file_of_its_task():
    if not hasattr(AnsibleActionFail, "omit_exception_key"):
        pytest.skip("ansible-core shows a failure once")
    with pytest.raises(failure.BriefFailure) as caught:
        failure.brief({"failed": True, "msg": "a: why", "cause": "sudo"}, Task())
    assert caught.value.omit_exception_key
    # ansible-core 2.22 has another name for it.
    result = getattr(caught.value, "result_contribution", None) or caught.value.result
    assert result == {"failed": True, "msg": "a: why", "cause": "sudo"}


@pytest.mark.parametrize("result, fields", [
    ({"changed": True}, {}), ({"failed": False}, {}), ({"unreachable": True}, {}),
    # The task decides about these.
    ({"failed": True}, {"failed_when": ["false"]}), ({"failed": True}, {"until": ["true"]}),
    ({"failed": True}, {"retries": 2}),
])
def test_other_results_are_returned(result, fields):
    task = types.SimpleNamespace(**dict({"failed_when": [], "until": [], "retries": None}, **fields))
    assert failure.brief(result, task) is result
