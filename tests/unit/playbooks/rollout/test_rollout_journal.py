# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What `make rollout` reads of a run: the journal of its callback, written by a real ansible-playbook."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from stand_ins import rollout_stubs as stubs

TESTS = Path(__file__).resolve().parents[3]
if not (TESTS / "rollout").is_dir():
    pytest.skip("the rollout is not part of this copy", allow_module_level=True)
sys.path.insert(0, str(TESTS))

from rollout import figures, journal, judge  # noqa: E402

collections, fleet, play = stubs.collections, stubs.fleet, stubs.play


@pytest.fixture
def journaled(play, tmp_path, monkeypatch):
    monkeypatch.setenv("ANSIBLE_CALLBACK_PLUGINS", str(TESTS / "rollout/callback"))
    monkeypatch.setenv("ANSIBLE_CALLBACKS_ENABLED", "rollout_journal")
    monkeypatch.setenv("ROLLOUT_JOURNAL", str(tmp_path / "run.jsonl"))

    def run(*args, **variables):
        done = play(*args, **variables)
        return journal.Run("run", journal.read(tmp_path / "run.jsonl"), done.rc)

    return run


def test_decisions_failures_and_commits_are_in_the_journal(journaled):
    run = journaled(fleet(b={"fails": "driver"}), npu_rollout=[1, "100%"], npu_max_failed=0)
    assert sorted(run.decision["staging"]) == ["a", "e"] and run.decision["allowed"] == 0
    assert run.decision["kernels"] == dict(dict.fromkeys("abcd", "6.1.84"), e="5.10.110", f="5.10.110")
    assert sorted(event["board"] for event in run.of("committed")) == ["a", "e"]
    assert [event["board"] for event in run.of("failed")] == ["b"] and "the build failed" in run.of("failed")[0]["why"]
    assert [event["board"] for event in run.of("rolled_back")] == ["b"]
    assert run.verdicts == {"a": "ok", "b": "rolled back", "c": "skipped", "d": "skipped", "e": "ok", "f": "skipped"}
    # The batch of b was decided before it failed, and no batch afterwards lets a board begin.
    assert "b" in {board for gate in run.of("gate") for board in gate["go"]}
    late = [gate for gate in run.of("gate") if gate["since"] > run.of("failed")[0]["at"]]
    assert not any(gate["go"] for gate in late)
    # The stubs begin no transaction, so there is nothing for the judge but these.
    assert judge.staging([run]) == [] == judge.verdicts([run], {"a": ("upgraded", ""), "b": ("rolled back", "")})
    assert figures.own_times(run)["a"] > 0 and run.events[-1]["event"] == "end"
