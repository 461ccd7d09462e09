# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Facts that the controller makes of what a board sends."""

from __future__ import annotations

import copy
import json
import random

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._board.tree import Tree
from ansible_collections.rkfleet.npu.plugins.module_utils._facts import gather
from ansible_collections.rkfleet.npu.plugins.plugin_utils._answers import gate
from ansible_collections.rkfleet.npu.plugins.plugin_utils._facts.complete import complete
from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan import compatibility, planner
from stand_ins.nested import places


@pytest.fixture
def sent(board):
    """What a board sends."""
    board.base().npu().builtin().headers().tools().dkms(ours=True).u_boot_menu()
    board.write("/dev/kmsg", "[ 1.0] RKNPU: job abort, flags: 0x1, ret: 0\n").write("/sys/kernel/kexec_loaded", "1\n")
    board.write("/var/lib/rkfleet-npu/state.json", '{"schema": 1, "state": "committed", "why": "x"}')
    board.write("/etc/rkfleet-npu/hold", "on the bench\n")
    return json.loads(json.dumps(gather.gather(Tree(str(board.root)), uid=0)))


def test_what_is_complete_stays_as_it_is(sent):
    facts = gate.facts_of(sent)
    assert "sent" not in facts and gate.facts_of(copy.deepcopy(facts)) == facts == complete(facts)
    assert facts["upgrade"]["state"] == "held" and facts["upgrade"]["why"] == "x"
    assert facts["kernel"]["kexec"] == "loaded" and facts["kernel_log"]["jobs_failed"] == 1
    assert facts["os"]["codename"] == "bookworm"


def test_a_plan_is_made_of_what_a_board_sends_too(sent):
    assert planner.npu_plan(sent, {}, compatibility.load()) == planner.npu_plan(
        gate.facts_of(sent), {}, compatibility.load())


def test_a_part_that_failed_is_empty(sent):
    facts = gate.facts_of(dict(sent, tools=None, rkllm=None, os=None, kernel_log=None))
    assert facts["tools"]["make"] is False and facts["rkllm"] == {"path": None, "version": None}
    assert facts["kernel_log"]["jobs_failed"] is None and facts["os"]["init"] is None


def test_a_damaged_file_is_unread(sent):
    for entry in sent["sent"]:
        if entry["path"].endswith("/kexec_loaded"):
            entry["text"] = None
    sent["sent"] += [{"path": "/etc/ansible/facts.d/npu.fact", "text": "{"},
                     {"path": "/etc/init.d/kexec-load", "text": ""}, {"path": "/sbin/kexec", "text": ""},
                     {"path": "/etc/default/kexec", "text": "LOAD_KEXEC='true\n"}]
    facts = gate.facts_of(sent)
    assert facts["verification"] is None and facts["kernel"]["kexec"] is None
    assert "/etc/ansible/facts.d/npu.fact: not JSON" in facts["unread"]
    assert any(line.startswith("/etc/default/kexec: a quote") for line in facts["unread"])


def test_whatever_a_board_sends_is_refused_or_completed(sent):
    dice = random.Random(11)
    odd = [None, True, -1, 1 << 70, 1.5, "", "\x1b[2J", "x" * 5000, [], {}, [[]], ["a", 7], {"a": {"b": {}}},
           "[" * 5000]
    refused, completed = [], 0
    for place in places(sent):
        for value in dice.sample(odd, 3):
            told = copy.deepcopy(sent)
            part = told
            for key in place[:-1]:
                part = part[key]
            part[place[-1]] = value
            try:
                facts = gate.facts_of(told)
            except ValueError as error:
                refused.append(str(error))
                continue
            completed += 1
            assert "\\u001b" not in json.dumps({name: facts[name] for name in ("kernel_log", "condition", "upgrade")})
    assert len(refused) > 50 and completed > 50
    assert not [text for text in refused if "\n" in text or len(text) >= 300]
