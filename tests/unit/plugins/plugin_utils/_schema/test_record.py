# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The rows of a board's record, and what derives from them."""

from __future__ import annotations

from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan import compatibility, planner
from ansible_collections.rkfleet.npu.plugins.plugin_utils._report import files
from ansible_collections.rkfleet.npu.plugins.plugin_utils._schema import facts, record, values


def test_columns_titles_and_labels_are_unique():
    fields = list(record.PLACES.values())
    for name, derived in (("column", record.COLUMNS), ("title", record.TITLES), ("label", record.LABELS)):
        given = [getattr(field, name) for field in fields if getattr(field, name)]
        assert sorted(given) == sorted(derived) and len(set(given)) == len(given)
    # Programs may count them.
    assert list(record.COLUMNS)[:8] == ["name", "status", "verdict", "reason", "remedy", "checked_at", "model", "soc"]
    assert list(record.COLUMNS)[-2:] == ["privileged", "evidence"] and len(record.COLUMNS) == 37
    assert set(files.STATE) <= set(record.COLUMNS)


def test_a_record_has_only_fields_of_the_facts():
    for name, field in record.RECORD.kind.items():
        for inner in (
            facts.FACTS[name].kind
            if name in facts.FACTS and name != "verification" and isinstance(field.kind, dict)
            else ()
        ):
            assert (inner in field.kind) == isinstance(facts.FACTS[name].kind[inner], values.Field), (name, inner)


def test_a_plan_has_what_the_record_shows_of_it(board, gather):
    plan = planner.npu_plan(gather(board.base()), {}, compatibility.load())
    assert set(record.RECORD.kind["plan"].kind) <= set(plan)


def test_what_is_at_a_path():
    entry = {"driver": {"version": "0.9.6"}, "verification": None}
    assert (
        record.get(entry, "driver.version") == "0.9.6"
        and record.get(entry, "verification.latency_ms.median") is None
        and record.get(entry, "x") is None
    )
