# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Boards with the same problem are one group, with the command that is next for them."""

from __future__ import annotations

import shlex

import fleet_sample
import pytest
import yaml
from ansible_collections.rkfleet.npu.plugins.plugin_utils._report import groups as _groups
from ansible_collections.rkfleet.npu.plugins.plugin_utils._schema.record import RANK
from stand_ins.boards.report_boards import NOW

UPGRADE = "ansible-playbook -i boards.yml rkfleet.npu.upgrade_npu"
VERIFY = "ansible-playbook -i boards.yml rkfleet.npu.verify_npu"


def record(number=1, kind="dkms", **changes):
    return dict(fleet_sample.record(number, kind, NOW), **changes)


@pytest.mark.parametrize(("entry", "verdict", "command"), [
    (record(), "planned: dkms", UPGRADE + " --limit rock-1"),
    (record(kind="over"), "planned: dkms_over_builtin", UPGRADE + " --limit rock-1"),
    (record(kind="runtime"), "planned: runtime", UPGRADE + " --limit rock-1"),
    (record(kind="failing"), "failed: driver", VERIFY + " --limit rock-1"),
    (record(kind="unknown"), "not verified", VERIFY + " --limit rock-1"),
    (record(kind="unreachable"), "unreachable", "ansible -i boards.yml rock-1 -m ansible.builtin.ping"),
    (record(kind="unsupported"), "unsupported", None),
    (record(verdict="ROLLBACK FAILED"), "ROLLBACK FAILED", None),
    (record(verdict="rolled back"), "rolled back", UPGRADE + " --limit rock-1"),
    (record(kind="unknown", verdict="not readable"), "not readable",
     "ansible-playbook -i boards.yml rkfleet.npu.audit_npu -e npu_audit_become=true --limit rock-1"),
    (record(kind="unknown", plan=dict.fromkeys(record()["plan"])), "not verified",
     "ansible-playbook -i boards.yml rkfleet.npu.audit_npu --limit rock-1"),
])
def test_the_command_that_is_next(entry, verdict, command):
    found = _groups.groups([entry])
    assert [(group["verdict"], group["command"], group["count"]) for group in found] == [(verdict, command, 1)]


def test_an_upgrade_that_is_pending_is_resumed():
    entry = record(kind="unknown")
    entry["upgrade"]["pending"] = True
    assert _groups.next_step(entry) == "upgrade_npu"


def test_playbooks_of_commands_exist(root):
    steps = {_groups.next_step(record(kind=kind)) for kind in set(fleet_sample.KINDS)}
    named = {step.split()[0] for step in steps if step and step != "ping"} | {"audit_npu"}
    assert len(named) == 3 and all((root / f"playbooks/{name}.yml").exists() for name in named)
    specs = yaml.safe_load((root / "roles/detect/meta/argument_specs.yml").read_text(encoding="utf-8"))
    assert any("npu_audit_become" in entry["options"] for entry in specs["argument_specs"].values())


def test_every_board_with_a_problem_is_in_one_group_and_the_worst_come_first():
    records = fleet_sample.records(300)
    found = _groups.groups(records)
    names = [name for group in found for name in group["names"]]
    assert sorted(names) == sorted(
        entry["name"] for entry in records if entry["status"] not in ("healthy", "held"))
    assert sum(group["count"] for group in found) == len(names)
    assert [RANK[group["status"]] for group in found] == sorted(RANK[group["status"]] for group in found)
    of_first = [group["count"] for group in found if group["status"] == found[0]["status"]]
    assert len(of_first) > 2 and of_first == sorted(of_first, reverse=True)


def test_the_commonest_reason_is_shown_and_the_others_are_counted():
    entries = [record(number, reason="A.", remedy="B.") for number in (1, 2, 3)]
    entries += [record(number, reason="C.", remedy="D.") for number in (4, 5)]
    group = _groups.groups(entries)[0]
    assert (group["reason"], group["remedy"], group["others"], group["count"]) == ("A.", "B.", 2, 5)


@pytest.mark.parametrize("name", [
    "a b", "$(reboot)", "x;reboot", "-e", "all:!x", "*", "web[1:5]", "&b", "@file", "ü", "'", "a,b", "", "x" * 300,
    "a\nb"])
def test_a_name_that_means_something_to_a_shell_or_a_limit_is_in_no_command(name):
    group = _groups.groups([record(name=name), record(2)])[0]
    assert group["left_out"] == 1 and group["names"] == [name, "rock-2"]
    assert shlex.split(group["command"]) == group["command"].split() and group["command"].endswith("--limit rock-2")
    alone = _groups.groups([record(name=name)])[0]
    assert alone["command"] is None and alone["left_out"] == 0


def test_a_board_does_not_choose_its_command():
    text = "Run rollback-npu.yml: rkfleet.npu.rollback_npu; rm -rf /"
    group = _groups.groups([record(reason=text, remedy=text)])[0]
    assert group["command"] == UPGRADE + " --limit rock-1"
