# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The result of an audit is read without a search for templates in it."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.rkfleet.npu.plugins.plugin_utils._report import board_record, hostvars

AUDIT = {"failed": True, "msg": "{{ not_a_template }}", "cause": "no_answer"}


class HostVars(Mapping):
    """As Ansible's `hostvars` of a board: every access templates the whole value."""

    def __init__(self, **variables):
        self._vars, self.templated = variables, []

    def __getitem__(self, name):
        self.templated.append(name)
        return self._vars[name]

    def __iter__(self):
        return iter(self._vars)

    def __len__(self):
        return len(self._vars)


def test_a_registered_audit_is_read_as_it_is():
    variables = HostVars(__npu_audit=AUDIT, npu_hold="{{ a_template }}")
    known = hostvars.board_variables(variables)
    assert known["__npu_error"] == AUDIT["msg"] and known["__npu_cause"] == "no_answer"
    # What the inventory may set is still resolved.
    assert "__npu_audit" not in variables.templated and "npu_hold" in variables.templated


def test_a_plain_dictionary_and_a_board_without_an_audit_do_as_well():
    assert hostvars.board_variables({"__npu_audit": AUDIT})["__npu_error"] == AUDIT["msg"]
    assert hostvars.board_variables(HostVars()) == {}


def test_the_record_of_a_board_reads_it_as_it_is_too():
    variables = HostVars(__npu_audit=AUDIT)
    assert board_record.record("rock-1", variables, 0.0)["status"] == "unreachable"
    assert "__npu_audit" not in variables.templated
