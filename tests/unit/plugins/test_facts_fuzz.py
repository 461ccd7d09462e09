# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Facts that pass the gate and say nonsense: whatever the controller makes of them, it is of that board alone.

The seeds are set as for test_answers_fuzz.py.
"""

from __future__ import annotations

import contextlib
import copy
import csv
import json
import os
import random
import re

import fleet_sample
import pytest
from ansible_collections.rkfleet.npu.plugins.action import npu_audit_info
from ansible_collections.rkfleet.npu.plugins.filter.npu_rollout import npu_rollout
from ansible_collections.rkfleet.npu.plugins.plugin_utils._answers import failure, gate
from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan import compatibility, planner
from ansible_collections.rkfleet.npu.plugins.plugin_utils._recording import document
from ansible_collections.rkfleet.npu.plugins.plugin_utils._report import (
    board_record,
    diff,
    files,
    hostvars,
    html,
    text,
)
from ansible_collections.rkfleet.npu.plugins.plugin_utils._rollout import decide, run_owner, select
from prometheus_client.parser import text_string_to_metric_families
from stand_ins.nested import places
from stand_ins.odd_values import ODD, texts

SEEDS = tuple(map(int, os.environ.get("RKFLEET_NPU_FUZZ_SEEDS", "13 1300 130000").split()))
CASES = int(os.environ.get("RKFLEET_NPU_FUZZ_CASES", "1000")) // 4
NOW = fleet_sample.NOW
SETTINGS = {
    "rollout": [1, "100%"],
    "max_failed": 0,
    "soak_minutes": 0,
    "require_staging": True,
    "select": "",
    "check": False,
}
QUERIES = [
    select.Query(query)
    for query in (
        "driver.version < '0.9.6' && board.soc == 'rk3588'",
        "contains(plan.notes, 'x') || kernel.release > '6.1'",
        "length(in_use) > `0` || verification.latency_ms.median > `5`",
        "sort_by(build_losses, &name)[0].cause == 'x'",
    )
]
ME = run_owner.owner(os.getpid())
TEXTS, NUMBERS = (
    [value for value in ODD if isinstance(value, kind) and not isinstance(value, bool)] for kind in (str, (int, float))
)


@pytest.fixture
def facts(board, gather):
    board.base().npu().builtin().headers().tools().dkms(ours=True).u_boot_menu()
    board.write("/usr/lib/librknnrt.so", b"librknnrt version: 2.3.2 (429f97ae6b@2025-04-09T09:09:27)")
    return json.loads(json.dumps(gather(board, repository=["linux-image-6.1.84-12-rk2410"])))


def nonsense(facts, dice):
    """Facts of which some values say something else, mostly of the same kind."""
    told = copy.deepcopy(facts)
    for dummy in range(dice.choice((1, 1, 2, 5))):
        *path, last = dice.choice(list(places(told, deepest=6)))
        part = told
        for key in path:
            part = part[key]
        value = part[last]
        choices = (
            TEXTS
            if isinstance(value, str) or value is None
            else (True, False)
            if isinstance(value, bool)
            else NUMBERS
            if isinstance(value, (int, float))
            else None
        )
        if dice.random() < 0.05:
            part[last] = copy.deepcopy(dice.choice(ODD))
        elif choices:
            part[last] = dice.choice(choices) if isinstance(value, bool) or dice.random() < 0.8 else None
        elif isinstance(value, list):
            part[last] = dice.choice(
                ([], value * 3, value[::-1], [dice.choice(TEXTS)], [copy.deepcopy(dice.choice(ODD))])
            )
    if isinstance(told.get("upgrade"), dict):
        told["upgrade"]["lock"] = {name: dice.choice((ME[name], *ODD)) for name in ME}
    return told


def injected(facts, plan, dice):
    """What is known of a board whose built-in modules have set facts with our own names."""
    own = {
        name: copy.deepcopy(dice.choice((*ODD, {"facts": facts, "plan": plan}, {"verdict": "held", "reason": "x"})))
        for name in dice.sample(
            (*hostvars.SET[1:], "__npu_audit", "__npu_rollout", "__npu_gate", "npu", "inventory_hostname"), 3
        )
    }
    return {**own, "ansible_facts": own}


def of_others(decision, names):
    return {name: decision["boards"][name] for name in names}


@pytest.mark.parametrize("seed", SEEDS)
def test_facts_that_say_nonsense(seed, facts, tmp_path):
    dice = random.Random(seed)
    data = compatibility.load()
    honest = {
        name: {"__npu_audit": {"facts": known, "plan": planner.npu_plan(known, {}, data)}, "inventory_hostname": name}
        for name, known in (
            (name, gate.facts_of(dict(facts, kernel=dict(facts["kernel"], boot_id=name))))
            for name in ("first", "last")
        )
    }
    for known in honest.values():
        known.update(__npu_before=known["__npu_audit"]["facts"], __npu_plan=known["__npu_audit"]["plan"])
    alone = npu_rollout(honest, list(honest), SETTINGS)
    expected = {name: board_record.record(name, known, NOW) for name, known in honest.items()}
    taken = 0
    for dummy in range(CASES):
        known = {"inventory_hostname": "evil"}
        try:
            checked = gate.facts_of(nonsense(facts, dice))
            plan = planner.npu_plan(checked, {}, data)
        except ValueError as error:
            known["__npu_audit"] = {"failed": True, "msg": str(error)}
        else:
            taken += 1
            known.update(
                __npu_audit={"facts": checked, "plan": plan},
                __npu_before=checked,
                __npu_plan=plan,
                ansible_facts={"npu": checked},
            )
            look(checked, plan, dice)
        message = str(known["__npu_audit"].get("msg", ""))
        if dice.random() < 0.3:
            known.update(injected(facts, alone, dice))
        fleet = {"first": honest["first"], "evil": known, "last": honest["last"]}
        decision = npu_rollout(fleet, list(fleet), SETTINGS)
        assert all(line.isprintable() for line in (*decision["summary"], message))
        if decision["boards"]["evil"]["key"] != alone["boards"]["first"]["key"]:
            assert of_others(decision, honest) == of_others(alone, honest), known
        assert not set(decision["refused"]) & set(honest)
        started = decide.gate(
            decision, {name: hostvars.board_variables(variables) for name, variables in fleet.items()}
        )
        assert started.get(decision["staging"][0], {}).get("go") is True and all(
            one["reason"].isprintable() for one in started.values()
        )
        entry = board_record.record("evil", known, NOW)
        for query in QUERIES:
            assert query.matches(entry) in (True, False, None)
        shown(entry, expected)
    # A few cases say nothing.
    assert taken > CASES / 10 or CASES < 100


def look(checked, plan, dice):
    """What is made of facts and plan of one board."""
    result = {"facts": checked, "plan": plan, "on_hold": hostvars.held(checked), "not_selected": None}
    with contextlib.suppress(ValueError):
        npu_audit_info.refuse_own_reboot(result, {"npu_reboot_ok": True}, dice.random() < 0.5)
    npu_audit_info.is_recorded(checked, {"diagnosis": "ok", "top5": [], "notes": []})
    lock = checked["upgrade"]["lock"]
    for holder in (lock if isinstance(lock, dict) else {},):
        run_owner.has_ended(holder, ME)
        run_owner.may_be_running(holder.get("run"), ME)
    answer = {
        "facts": checked,
        "uname": {"sysname": dice.choice(TEXTS)[:4000]},
        "nodename": dice.choice(TEXTS)[:4000],
        "uid": 0,
        "live": True,
        "files": [{"path": "/etc/x", "content": "eA=="}],
        "programs": [],
        "kernel_log": [dice.choice(TEXTS)[:4000]],
        "kernel_log_error": None,
    }
    made, contents = document.compose(
        answer, plan, {"recorded_at": "x", "wanted": {}, "compatibility": {}}, [("host", "evil")]
    )[:2]
    assert document.rendered(made).decode("ascii") and all(isinstance(line, str) for line in contents)


def shown(entry, expected):
    """A report with this board: each format has the others as they are without it."""
    entry = files.conform(json.loads(json.dumps(entry, allow_nan=False)))
    boards = [expected["first"], entry, expected["last"]]
    report, without = files.document(boards, NOW), files.document(list(expected.values()), NOW)
    rows, others = (list(csv.reader(text.csv(one).splitlines())) for one in (report, without))
    assert [row for row in rows if row[0] != "evil"] == others and len(rows) == len(others) + 1
    # A number may be negative.
    cells = [cell for row in rows for cell in row if not re.fullmatch(r"-[\d.e+-]+", cell)]
    assert not any(cell.lstrip(' \t"')[:1] in ("=", "+", "-", "@", "\uff1d") for cell in cells)
    samples, before = (
        {
            (sample.name, *sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text.prom(one, NOW))
            for sample in family.samples
            if "board" in sample.labels
        }
        for one in (report, without)
    )
    assert {key: value for key, value in samples.items() if ("board", "evil") not in key} == before
    page = html.html(
        report, {"evil": [dict(files.state(entry), since=entry["checked_at"], until=entry["checked_at"], times=1)]}
    )
    assert (
        page.count("<script>") == 1
        and page.count("<svg") <= 3
        and "onload=" not in page.replace("&lt;svg/onload=", "")
    )
    after = {one["name"]: files.state(one) for one in boards}
    found = diff.changes({name: files.state(one) for name, one in expected.items()}, after)
    assert diff.render(found, after, "x", "y").replace("\n", "").replace("\u00a0", "").isprintable()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_failure_of_a_built_in_module(seed):
    dice = random.Random(seed)
    for dummy in range(CASES * 4):
        result = {
            name: copy.deepcopy(dice.choice(ODD))
            for name in dice.sample(
                ("msg", "cause", "results", "failed", "unreachable", "timedout", "skip", "locked", "rc", "exception"),
                5,
            )
        }
        for told in (result, {"results": [result, dice.choice(ODD)]}, dice.choice(ODD)):
            assert isinstance(failure.reason_of(told), str) and failure.reason_of(told)
            assert failure.cause_of(told) in ("", *failure.CAUSES)
            known = hostvars.board_variables(
                {"__npu_error": failure.reason_of(told), "__npu_audit": told, "__npu_skipped": dice.choice(ODD)}
            )
            assert all(isinstance(known.get(name, ""), str) for name in ("__npu_error", "__npu_cause"))
            skipped = known.get("__npu_skipped") or {"verdict": "", "reason": ""}
            assert all(one.isprintable() for one in texts({name: skipped[name] for name in ("verdict", "reason")}))
