# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Facts that a board has set before a playbook begins, in an earlier play or a fact cache, stop no other board."""

from __future__ import annotations

import base64
import json
import re

import pytest
from stand_ins import rollout_stubs as stubs

collections, play = stubs.collections, stubs.play
EARLIER = "- hosts: all\n  gather_facts: false\n  tasks:\n    - ansible.builtin.ping:\n"
SETTINGS = {
    "npu_hold": "perhaps",
    "npu_build_ok": "perhaps",
    "npu_pre_tasks_file": "/nowhere/x.yml",
    "npu_post_tasks_file": 5,
    "npu_rollout": "no",
    "npu_max_failed": "many",
    "npu_require_staging": {"a": 1},
    "npu_staging_file": "/dev/null/x",
    "npu_cache_dir": {"a": 1},
    "npu_select": "nowhere.x ==",
    "npu_compatibility": {"drivers": 5},
    "npu_report_boards": 5,
    "npu_hosts": "b",
    "npu_soak_minutes": "x",
    "npu_store_agree": 0,
}
RESULTS = {
    "__npu_skipped": {"a": 1},
    "__npu_plan": "text",
    "__npu_before": 5,
    "__npu_audit": {"facts": 1},
    "__npu_rollout": 5,
    "__npu_gate": 5,
    "__npu_batch": 1,
    "__npu_failure": "x",
    "__npu_is_committed": True,
    "__npu_outcome": "rollback_failed",
    "__npu_settings": 5,
    "__npu_run": 5,
    "__npu_error": {"a": 1},
    "__npu_spec": 5,
    "__npu_resolved": {"boards": 5},
}
IDENTITY = {
    "inventory_hostname": "b",
    "inventory_hostname_short": "b",
    "group_names": ["npu_staging"],
    "npu_max_failed": "many",
}


@pytest.fixture
def after(play, tmp_path, monkeypatch):
    """Run a playbook on a, b and c, one of which has answered an earlier play with these facts."""

    def run(facts, who, playbook="upgrade_npu", **variables):
        python = tmp_path / "python"
        answer = json.dumps({"ping": "pong", "changed": False, "ansible_facts": facts})
        python.write_text(f"#!/bin/sh\ncat >/dev/null\necho '{answer}'\n")
        python.chmod(0o755)
        (tmp_path / "earlier.yml").write_text(EARLIER)
        real = stubs.subprocess.run
        monkeypatch.setattr(
            stubs.subprocess,
            "run",
            lambda words, **more: real([*words[:3], str(tmp_path / "earlier.yml"), *words[3:]], **more),
        )
        boards = {name: {"ansible_python_interpreter": str(python)} if name == who else {} for name in "abc"}
        if playbook.startswith("/"):
            # A playbook of the test's own instead of one of the collection.
            monkeypatch.setattr(
                stubs.subprocess,
                "run",
                lambda words, **more: real([*words[:3], str(tmp_path / "earlier.yml"), playbook], **more),
            )
        return play(boards, playbook=playbook, npu_report_dir=str(tmp_path / "report"), **variables)

    return run


# The first board is the one as which tasks run that run once.
@pytest.mark.parametrize("who", ["a", "c"])
@pytest.mark.parametrize(
    "facts",
    [SETTINGS, RESULTS, IDENTITY, {"__npu_skipped": {"verdict": "held", "reason": "x"}, "npu_hold": True}],
    ids=["settings", "results", "identity", "held"],
)
def test_an_upgrade_of_the_others(after, who, facts):
    run = after(facts, who, npu_require_staging=False, npu_store="/of/the/inventory")
    others = [name for name in "abc" if name != who]
    assert run.verdicts == {who: "failed", **dict.fromkeys(others, "ok")} and run.touched == others
    assert (
        run.rc == 2
        and run.failed == [who]
        and re.search(rf"^fatal: \[{who}\].*a module's answer set the fact ", run.output, re.MULTILINE)
    )


@pytest.mark.parametrize("playbook", ["audit_npu", "verify_npu", "rollback_npu"])
def test_the_other_playbooks(after, tmp_path, playbook):
    facts = dict(SETTINGS, **RESULTS, npu_report_dir=str(tmp_path / "evil"))
    run = after(facts, "a", playbook=playbook)
    assert run.failed == ["a", "b", "c"] if playbook == "audit_npu" else run.failed[:1] == ["a"], run.failed
    report = json.loads((tmp_path / "report/fleet.json").read_text())["boards"]
    assert [entry["name"] for entry in report] == ["a", "b", "c"] and not (tmp_path / "evil").exists()
    assert "a module's answer set the fact" in report[0]["reason"]
    assert all(
        "a module's answer set" not in entry["reason"] and "not inspected" not in entry["verdict"]
        for entry in report[1:]
    ), report[1:]
    assert "the rollback of" not in run.output


SHOW = """- hosts: all
  gather_facts: false
  tasks:
    - rkfleet.npu.npu_settings: {scope: run}
      run_once: true
      register: resolved
      vars: {npu_report_dir: "{{ hostvars[inventory_hostname].npu_report_dir | default('of the task') }}"}
    - ansible.builtin.debug:
        msg: "SHOWN {{ [resolved.boards, lookup('rkfleet.npu.npu_settings', resolved='run')] | to_json | b64encode }}"
      run_once: true
"""


@pytest.mark.parametrize("more", [{}, {"inventory_hostname": "b"}], ids=["itself", "another"])
def test_what_the_first_board_has_set_decides_nothing_of_the_run(collections, after, tmp_path, more):
    """Its own variables of the inventory do, as those of any first board."""
    (tmp_path / "show.yml").write_text(SHOW)
    evil = dict.fromkeys(
        ("npu_log_dir", "npu_store", "npu_builder", "npu_signing_key", "npu_mirror", "npu_report_dir"), "/evil"
    )
    run = after(
        {**evil, **SETTINGS, **more},
        "a",
        playbook=str(tmp_path / "show.yml"),
        npu_log_dir="/logs/{{ inventory_hostname }}",
        npu_rollout=[3],
    )
    boards, values = json.loads(base64.b64decode(re.search(r"SHOWN ([\w+/=]+)", run.output)[1]))
    assert boards == ["b", "c"] and values["npu_log_dir"] == "/logs/a" and values["npu_rollout"] == [3]
    assert (
        values["npu_report_dir"] == str(tmp_path / "report")
        and values["npu_hold"] is False
        and "/evil" not in json.dumps(values)
    )
