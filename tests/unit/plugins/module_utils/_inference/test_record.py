# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The board's record: when it counts as changed, when only its time is refreshed."""

from __future__ import annotations

import json

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._inference import record as _record

FACTS = {"board": {"model": "Radxa ROCK 5B", "soc": "rk3588", "serial": "1"}, "driver": {"version": "0.9.6"},
         "boot": {"cmdline": "secret"}}
VERIFICATION = {"diagnosis": "ok", "top5": [{"index": 283, "score": 0.46875}], "latency_ms": {"median": 2.5},
                "log": ["noise"]}
NOON = 1769860800  # 2026-01-31T12:00:00Z


def record(now=NOON, **changes):
    return _record.compose(FACTS, dict(VERIFICATION, **changes), now)


def test_the_record_has_the_verification_and_no_more():
    made = record()
    assert made["verification"]["verified_at"] == "2026-01-31T12:00:00Z"
    assert made["driver"]["version"] == "0.9.6"
    assert "secret" not in json.dumps(made) and "noise" not in json.dumps(made)


@pytest.mark.parametrize(
    "changes, changed",
    [({}, False), ({"latency_ms": {"median": 9.0}}, False), ({"diagnosis": "driver"}, True), ({"top5": []}, True)],
)
def test_time_and_latency_are_no_change(changes, changed):
    assert _record.is_changed(record(), record(NOON + 60, **changes)) is changed


def test_round_trip(tmp_path):
    path = tmp_path / "facts.d" / "npu.fact"
    _record.save(record(), str(path))
    assert path.stat().st_mode & 0o7777 == 0o644
    assert not _record.is_changed(_record.load(str(path)), record())


@pytest.mark.parametrize("content",
                         ["", "no json", "[]", '{"verification": "x"}', '{"verification": {"verified_at": 7}}'])
def test_a_spoiled_record_is_replaced(tmp_path, content):
    path = tmp_path / "npu.fact"
    path.write_text(content)
    old = _record.load(str(path))
    assert _record.is_changed(old, record())
    assert _record.is_stale(old, 24, NOON)


@pytest.mark.parametrize("hours, stale", [(0, False), (23, False), (25, True), (-1, True)])
def test_when_the_time_is_refreshed(hours, stale):
    assert _record.is_stale(record(), 24, NOON + hours * 3600) is stale
