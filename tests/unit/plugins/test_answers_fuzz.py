# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Whatever one board answers: no traceback, no effect on the messages of other boards or on the terminal.

RKFLEET_NPU_FUZZ_SEEDS (numbers, separated by blanks) takes the place of the seeds below, RKFLEET_NPU_FUZZ_CASES of how
many cases each of them makes.
"""

from __future__ import annotations

import contextlib
import copy
import json
import os
import random
import re
import types

import fleet_sample
import pytest
from ansible_collections.rkfleet.npu.plugins.action import npu_recap, npu_report
from ansible_collections.rkfleet.npu.plugins.module_utils._inference import record
from ansible_collections.rkfleet.npu.plugins.plugin_utils._action import board as _transfer
from ansible_collections.rkfleet.npu.plugins.plugin_utils._answers import limits
from ansible_collections.rkfleet.npu.plugins.plugin_utils._facts import kernel_cause, npu_users, verification
from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan import compatibility, planner
from ansible_collections.rkfleet.npu.plugins.plugin_utils._report import board_record, hostvars, stdout
from ansible_collections.rkfleet.npu.plugins.plugin_utils._report import files as _report
from ansible_collections.rkfleet.npu.plugins.plugin_utils._schema import answers, values
from prometheus_client.parser import text_string_to_metric_families
from stand_ins.odd_values import ODD, odd, printed, texts

SEEDS = tuple(map(int, os.environ.get("RKFLEET_NPU_FUZZ_SEEDS", "13 1300 130000").split()))
CASES = int(os.environ.get("RKFLEET_NPU_FUZZ_CASES", "1000"))
BATCH = 100
NOW = fleet_sample.NOW
TOP = [{"index": 283, "score": 0.46875}, {"index": 282, "score": 0.25}]
OBSERVED = {
    "changed": False, "users": ["vera"],
    "observed": {
        "outcome": {
            "stage": "rknn_run", "code": -1, "error": None, "signal": None, "timed_out": False, "stuck": False,
            "timeout": 60, "sdk_version": "2.3.2", "driver_version": "0.9.6", "top": TOP, "differs": [],
            "elapsed": [4.7], "cores": [0], "core": 1, "log": ["E RKNN: failed to submit!, op id: 1"],
        },
        "nodes": [{"path": "/dev/dri/card1", "exists": True, "open": False, "group": "video"}],
        "kernel": "6.1.84-1-rk2312", "cores": 3, "user": None,
        "around": {"rknpu_link": None, "heap": True, "iommu": None, "soc": "rk3588", "memory": 7812},
    },
}
VERIFIED = {"expected_top5": TOP, "wanted_driver": "0.9.6"}
PROOF = verification.judged(copy.deepcopy(OBSERVED), VERIFIED)
GOOD = {
    "npu_boot": {
        "changed": True, "kernel_hold": True, "loader": "u-boot-menu", "files": ["/etc/default/u-boot"],
        "kept": {"/etc/default/u-boot": "/x"},
        "diff": [{"before": "a\n", "after": "b\n", "before_header": "x", "after_header": "x"}],
    },
    "npu_dkms": {
        "changed": True, "steps": ["tree", "install"], "module_file": "/x.ko", "probes": ["probe fence: left out"],
        "notes": ["a note"], "log": "a\nb\n",
        "built": {
            "name": "rknpu.ko", "content": "AAAA", "sha256": "0" * 64, "symvers": "", "vermagic": "6.1",
            "tools": {"gcc": "12"},
        },
    },
    "npu_apt": {"changed": True, "packages": ["dkms"], "kept": {"make": "why"}, "repaired": False,
                "unexplained": [{"text": "see the log", "log": "a\nb\n", "module": True}]},
    "npu_trial_build_info": {
        "changed": False,
        "kernels": [
            {"release": "6.1", "verdict": "builds", "reason": "x", "headers": "x", "probes": ["x"], "log": "x\n"}
        ],
    },
    "npu_reboot": {"changed": True, "rebooted": True, "elapsed": 41},
    "npu_record": {
        "changed": True, "record": {"schema": 1, "verification": {"diagnosis": "ok"}}, "refreshed": False,
        "diff": {"before": "", "after": "{}\n"},
    },
    "npu_runtime": {"changed": True, "kept": "/x"},
    "npu_transaction": {
        "changed": True, "resumed": False, "baseline": {"diagnosis": "ok"}, "stopped": ["x.service"],
        "reboot_required": True, "packages": ["dkms"], "note": "",
        "locked": {"user": "admin", "host": "x", "pid": 7, "run": "x"}, "skip": {"verdict": "held", "reason": "a demo"},
    },
    "rknn_mobilenet": OBSERVED,
}


DOCUMENTED = [name for shape in (*answers.ANSWERS.values(), *answers.INTERNAL.values()) for name in shape]


@pytest.fixture
def facts(board, gather):
    board.base().npu().builtin().headers().tools().dkms(ours=True).u_boot_menu()
    board.write("/usr/lib/librknnrt.so", b"librknnrt version: 2.3.2 (429f97ae6b@2025-04-09T09:09:27)")
    return json.loads(json.dumps(gather(board, repository=["linux-image-6.1.84-12-rk2410"])))


@pytest.fixture
def act(monkeypatch):
    """Run a module's action, whose board prints this."""
    monkeypatch.setattr(_transfer.ActionBase, "run", lambda *unused: {})
    monkeypatch.setattr(_transfer, "limited", lambda *unused: contextlib.nullcontext())
    monkeypatch.setattr(_transfer.ActionBase, "_parse_returned_data", lambda self, res: json.loads(res["stdout"]))

    def run(module, text):
        def execute(self, **unused):
            return self._parse_returned_data({"stdout": values.printable(text), "stderr": "", "rc": 0})

        made = object.__new__(
            type(
                "Action",
                (_transfer.BoardAction,),
                {"TRANSFERS_FILES": False, "MODULE": module, "_execute_module": execute},
            )
        )
        made._task = types.SimpleNamespace(args={}, delegate_to=None, get_vars=dict)
        made._connection = types.SimpleNamespace(_shell=types.SimpleNamespace(tmpdir=None))
        return made.run(task_vars={"inventory_hostname": "evil"})

    return run


@pytest.fixture
def summed_up(monkeypatch):
    """Run npu_recap or npu_report for boards with these variables; give its result and what it printed."""
    def run(plugin, variables, **more):
        shown = []
        monkeypatch.setattr(stdout, "show", lambda text, color=None: shown.append(text))
        if hasattr(plugin, "Display"):
            monkeypatch.setattr(plugin, "Display", lambda: types.SimpleNamespace(warning=shown.append))
        params = dict(
            {"boards": list(variables), "path": "", "merge": False, "keep": 100, "diff_against": "", "audit": True},
            **more,
        )
        made = object.__new__(type("Action", (plugin.ActionModule,), {
            "TRANSFERS_FILES": False, "validate_argument_spec": lambda self, **unused: (None, params)}))
        made._task = types.SimpleNamespace(args={}, check_mode=False, diff=False)
        return made.run(task_vars={"hostvars": variables}), "\n".join(shown)

    monkeypatch.setattr(_transfer.ActionBase, "run", lambda *unused: {})
    return run


def variables_of(module, told, result, facts, plan, dice):
    """What a play may keep of such an answer, as it was taken, and as if no gate were there."""
    kept = dice.choice((result, told))
    known = {
        "ansible_facts": {"npu": facts}, "__npu_before": facts, "__npu_plan": plan,
        "__npu_verification": kept if module == "rknn_mobilenet" else PROOF}
    if module == "npu_facts":
        known["ansible_facts"] = dice.choice(
            (result.get("ansible_facts", {}), told.get("ansible_facts") if isinstance(told, dict) else told)
        )
    known.update(
        {"npu_dkms": {"__npu_build": kept}, "npu_trial_build_info": {"__npu_builder_did": kept}}.get(module, {})
    )
    if result.get("failed") is True:
        known.update(__npu_error=result.get("msg"), __npu_cause=result.get("cause"))
    for name in dice.sample(hostvars.SET, 1) if dice.random() < 0.3 else ():
        known[name] = dice.choice(ODD)
    if dice.random() < 0.2:
        known = {"__npu_audit": dice.choice(({"facts": facts, "plan": kept, "verification": kept}, kept))}
    return known


def test_a_board_without_a_row_does_not_prevent_the_table(summed_up, monkeypatch):
    boards = dict([fleet_sample.variables(1, kind="healthy"), fleet_sample.variables(2, kind="dkms")])
    first, second = boards
    usual = npu_recap._recap.row
    monkeypatch.setattr(
        npu_recap._recap, "row",
        lambda board, known: 1 / 0 if board == first and "__npu_error" not in known else usual(board, known))
    summary, shown = summed_up(npu_recap, boards)
    assert re.search("^%s .* failed$" % first, shown, re.MULTILINE)
    assert any("ZeroDivisionError" in one["msg"] for one in summary["outcomes"])
    assert set(summary["verdicts"]) == {first, second} and summary["verdicts"][second] != "failed"


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_a_board_answers(seed, act, summed_up, facts, tmp_path):
    dice = random.Random(seed)
    data = compatibility.load()
    good_answers = dict(
        GOOD, npu_facts={"changed": False, "ansible_facts": {"npu": facts}},
        npu_runtime=dict(GOOD["npu_runtime"], runtime=facts["runtime"]),
    )
    plan = planner.npu_plan(facts, {}, data)
    boards = dict([fleet_sample.variables(1, kind="healthy"), fleet_sample.variables(2, kind="dkms")])
    names = list(boards)
    others = {name: board_record.record(name, there, NOW) for name, there in boards.items()}
    alone = summed_up(npu_recap, boards)
    lines = [line for line in alone[1].splitlines() if line.split()[:1] and line.split()[0].rstrip(":") in names]
    taken = refused = 0
    evil = {}
    for case in range(CASES):
        module = dice.choice(sorted(good_answers))
        told = odd(good_answers[module], dice)
        # What one module is asked and another one answers.
        result = act(module if dice.random() < 0.95 else dice.choice(sorted(good_answers)), printed(told, dice))
        malformed = result.get("failed") is True and "malformed" in str(result.get("msg"))
        taken, refused = taken + (not malformed), refused + malformed
        assert set(result) <= {*answers.COMMON, "cause", "ansible_facts", "diff", *DOCUMENTED}
        assert set(result.get("ansible_facts") or {}) <= {"npu"}
        if module == "rknn_mobilenet" and not malformed:
            result = kernel_cause.explained(npu_users.explained(verification.judged(result, VERIFIED)))
        json.dumps(result, allow_nan=False).encode()
        for text in texts(result):
            assert all(line.replace("\t", " ").isprintable() for line in text.split("\n")), (module, told, text)
        known = variables_of(module, told, result, facts, plan, dice)
        name = "evil-%d" % case
        evil[name] = known

        there = {names[0]: boards[names[0]], name: known, names[1]: boards[names[1]]}
        summary, shown = summed_up(npu_recap, there)
        assert re.fullmatch(r"[\x20-\x7e\n\u2192]*", shown), (known, shown)
        assert [
            re.sub(" +", " ", line) for line in shown.splitlines()
            if line.split()[:1] and line.split()[0].rstrip(":") in names
        ] == [re.sub(" +", " ", line) for line in lines], (known, shown)
        assert {board: summary["verdicts"][board] for board in names} == alone[0]["verdicts"]
        assert [outcome for outcome in summary["outcomes"] if outcome["board"] in names] == alone[0]["outcomes"]
        assert all(text.isprintable() for text in texts(summary)), summary
        entry = board_record.record(name, known, NOW)
        assert len(json.dumps(entry, allow_nan=False)) < 120000
        if isinstance(result.get("ansible_facts"), dict) and result["ansible_facts"]:
            json.dumps(record.compose(result["ansible_facts"]["npu"], PROOF), allow_nan=False)
            try:
                planned = planner.npu_plan(result["ansible_facts"]["npu"], {}, data)
            except ValueError as error:  # a sentence on this board
                assert str(error).isprintable()
            else:
                assert (
                    board_record.record(name, {"ansible_facts": result["ansible_facts"], "__npu_plan": planned}, NOW)[
                        "reason"
                    ]
                    is not None
                )
        if module == "rknn_mobilenet" and not malformed:
            json.dumps(record.compose(facts, result), allow_nan=False)
        if len(evil) == BATCH or case == CASES - 1:
            report(summed_up, dict(boards, **evil), others, tmp_path / str(case))
            evil = {}
    # A few cases say nothing.
    assert CASES < 200 or (taken > CASES / 10 and refused > CASES / 10)


def report(summed_up, variables, others, folder):
    """Write a report of these boards and see what is in it."""
    result, shown = summed_up(npu_report, variables, path=str(folder))
    assert all(line.isprintable() for line in shown.split("\n")), shown
    assert {os.path.basename(path) for path in result["files"]} == {
        "fleet.json", "fleet.csv", "fleet.prom", "fleet.html",
    }
    content = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("fleet.*")}
    entries = {entry["name"]: entry for entry in json.loads(content["fleet.json"])["boards"]}
    assert set(entries) == set(variables)
    for name, there in others.items():
        expected = _report.conform(dict(there, checked_at=entries[name]["checked_at"]))
        assert {key: value for key, value in entries[name].items() if key != "verification"} == {
            key: value for key, value in expected.items() if key != "verification"}
    for text in content.values():
        assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert len(content["fleet.csv"].splitlines()) == 1 + len(variables)
    assert len(list(text_string_to_metric_families(content["fleet.prom"]))) > 3


def test_an_answer_of_many_levels_is_refused(act):
    for text in (
        "[" * 200000, '{"packages": ' + "[" * 200000 + "]" * 200000 + "}",
        '{"packages": ' * 100000 + "1" + "}" * 100000,
    ):
        assert "malformed" in act("npu_apt", text)["msg"]


def test_one_with_more_characters_than_it_may_have_is_refused(monkeypatch):
    monkeypatch.setattr(
        _transfer.ActionBase, "_low_level_execute_command",
        lambda self, command: {"stdout": "x" * (1 << 20) + "x", "stderr": "", "rc": 0},
    )
    made = object.__new__(type("Action", (_transfer.BoardAction,), {"TRANSFERS_FILES": False}))
    with pytest.raises(limits.MalformedAnswer, match="it has 1048577 characters, more than 1048576"):
        made._low_level_execute_command("x")
