# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Facts that a board told are taken in their own shape only."""

from __future__ import annotations

import copy
import json
import random
import types

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._facts import gather as gather_module
from ansible_collections.rkfleet.npu.plugins.plugin_utils._answers import gate
from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan import compatibility, planner
from ansible_collections.rkfleet.npu.plugins.plugin_utils._report import board_record
from stand_ins.nested import places


@pytest.fixture
def facts(board, gather):
    board.base().npu().builtin().headers().tools().dkms(ours=True).u_boot_menu()
    board.write("/usr/lib/librknnrt.so", b"librknnrt version: 2.3.2 (429f97ae6b@2025-04-09T09:09:27)")
    return json.loads(json.dumps(gather(board, repository=["linux-image-6.1.84-12-rk2410"])))


def test_the_facts_of_a_board_pass_as_they_are(facts):
    assert gate.facts_of(copy.deepcopy(facts)) == facts


def test_parts_that_cannot_be_read_have_their_own_shape(board, gather, monkeypatch):
    def fail(*unused):
        raise OSError("broken")

    readers = 0
    for there in [
        gather_module, *(value for value in vars(gather_module).values() if isinstance(value, types.ModuleType)),
    ]:
        for name in [
            name for name in vars(there)
            if there.__name__.startswith("ansible_collections.") and (name == "read" or name.startswith("read_"))
        ]:
            monkeypatch.setattr(there, name, fail)
            readers += 1
    facts = json.loads(json.dumps(gather(board.base().npu())))
    assert readers > 15 and len(facts["unread"]) > 12
    assert gate.facts_of(copy.deepcopy(facts)) == facts


def test_any_answer_of_a_board_is_refused_or_can_be_planned(facts):
    data = compatibility.load()
    dice = random.Random(7)
    odd = [
        None, True, -1, 1 << 70, 1.5, "", "\x1b[2J<script>", "x" * 5000, [], {}, [[]], ["a", 7], {"a": {"b": {}}},
        {"kernels": [3]},
    ]
    refused = taken = 0
    for place in places(facts):
        for value in dice.sample(odd, 6):
            told = copy.deepcopy(facts)
            part = told
            for key in place[:-1]:
                part = part[key]
            part[place[-1]] = dice.choice(odd) if dice.random() < 0.2 else value
            try:
                checked = gate.facts_of(told)
                plan = planner.npu_plan(checked, {}, data)
            except ValueError as error:
                assert "\n" not in str(error) and len(str(error)) < 300
                refused += 1
                continue
            taken += 1
            record = json.dumps(
                board_record.record("a", {"ansible_facts": {"npu": checked}, "__npu_plan": plan}, 0), allow_nan=False
            )
            assert "\\u001b" not in record and len(record) < 50000
    assert refused > 100 and taken > 100


@pytest.mark.parametrize(
    "told, words",
    [
        (None, "the facts is not an object"),
        ({}, "the facts has no board"),
        ({"kernel": {"release": ""}}, "the facts have no kernel"),
        ({"kernel": {"release": "6.1.84" + "x" * 200}}, "kernel.release is not the release of a kernel"),
        ({"kernel": {"release": "6.1.84/../x"}}, "kernel.release is not the release"),
        ({"kernel": {"release": "6.1.84{{ x }}"}}, "kernel.release is not"),
        ({"driver": {"version": 7}}, "driver.version is not a version"),
        ({"driver": {"builtin_suppressed": None}}, "driver.builtin_suppressed is not true or false"),
    ],
)
def test_invalid_values_are_reported(facts, told, words):
    if told:
        for part, values in told.items():
            facts[part].update(values)
        told = facts
    with pytest.raises(ValueError, match=words):
        gate.facts_of(told)
