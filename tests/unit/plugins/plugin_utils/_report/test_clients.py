# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What the programs that drive Ansible get: standard output as their callback prints it, and the run's statistics."""

from __future__ import annotations

import pytest
from ansible.plugins.callback import CallbackBase
from ansible.plugins.callback.default import CallbackModule as Default
from ansible.plugins.loader import callback_loader
from ansible_collections.rkfleet.npu.plugins.plugin_utils._report import run_stats, stdout


class Json(CallbackBase):
    """As ansible.posix.json and jsonl are."""


class Derived(Default):
    """As ansible.posix.debug and ansible-runner's awx_display are."""


@pytest.mark.parametrize("name, plugin, is_text", [
    ("ansible.posix.json", Json, False), ("ansible.posix.jsonl", Json, False), ("awx_display", Derived, True),
    ("default", Default, True), ("ansible.builtin.minimal", Json, True), ("oneline", Json, True),
    ("somebody.else.oneline", Json, False), ("no.such.callback", None, True),
])
def test_only_a_callback_that_prints_text_gets_ours_beside_it(monkeypatch, name, plugin, is_text):
    monkeypatch.setattr(callback_loader, "get", lambda asked, class_only: plugin)
    assert stdout.is_for_text(name) is is_text


@pytest.mark.parametrize("name", ["rkfleet.npu.fleet", "default", "minimal"])
def test_the_callbacks_at_hand_print_text(name):
    assert stdout.is_for_text(name)


def test_the_statistics_of_a_run_have_counts_and_names():
    assert run_stats.of({"a": "ok", "b": "failed: driver", "c": "ROLLBACK FAILED", "d": "ok", "e": "failed"}) == {
        "boards": 5, "counts": {"ok": 2, "failed": 2, "rollback_failed": 1},
        "names": {"ok": ["a", "d"], "failed": ["b", "e"], "rollback_failed": ["c"]},
    }


def test_they_are_of_the_run_and_their_name_is_no_setting():
    result = {}
    run_stats.add(result, {"a": "ok"})
    assert result["ansible_stats"]["per_host"] is False
    assert not next(iter(result["ansible_stats"]["data"])).startswith("npu_")
