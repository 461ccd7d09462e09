# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What has changed since an earlier report."""

from __future__ import annotations

import fleet_sample
from ansible_collections.rkfleet.npu.plugins.plugin_utils._report import (
    diff as _report_diff,
)
from ansible_collections.rkfleet.npu.plugins.plugin_utils._report import (
    files as _report,
)
from stand_ins.boards.report_boards import NOW


def test_sentences_are_for_boards_that_need_attention():
    records = fleet_sample.records(60)
    said = _report.sentences(records)
    # In the order of the records, each of them once.
    assert [sentence.partition(": ")[0] for sentence in said] == [
        entry["name"] for entry in records if entry["status"] in ("needs_work", "unknown", "unreachable")]
    for sentence in said:
        assert sentence.endswith(".") and "\n" not in sentence


# -- what changed
# -----------------------------------------------------------------------------------------------------------

def states(**boards):
    blank = dict.fromkeys(_report.STATE)
    blank.update(status="healthy", kernel="6.1.43", driver="0.9.6", runtime="2.3.2", plan="none")
    return {name: dict(blank, **state) for name, state in boards.items()}


def diff(before, after, inventory=()):
    return _report_diff.render(
        _report_diff.changes(before, after, inventory), after, "old.json", "2026-01-30T12:00:00Z"
    )


def test_nothing_changed():
    there = states(a={}, b={})
    assert diff(there, there) == "fleet: nothing changed since old.json of 2026-01-30T12:00:00Z\n"


def test_new_removed_and_changed_boards():
    before = states(a={}, b={"driver": "0.9.3", "status": "needs_work", "plan": "dkms"}, c={}, d={}, e={})
    after = states(
        b={}, c={"status": "needs_work", "kernel": "6.1.84", "driver": None, "plan": "dkms"}, d={},
        f={"status": "unknown"},
    )
    assert diff(before, after, {"e", "f"}).splitlines() == [
        "fleet: 4 boards changed since old.json of 2026-01-30T12:00:00Z",
        "+ new, unknown: f",
        "- gone: a",
        "~ status healthy → needs work, driver 0.9.6 → none, kernel 6.1.43 → 6.1.84, plan none → dkms: c",
        "~ status needs work → healthy, driver 0.9.3 → 0.9.6, plan dkms → none: b",
        "  not inspected this time: 1 board",
    ]


def test_only_the_status_of_an_unread_board_changes():
    silent = {"status": "unreachable", "kernel": None, "driver": None, "runtime": None, "plan": None}
    assert "~ status healthy → unreachable: a\n" in diff(states(a={}), states(a=silent))
    assert "~ status unreachable → healthy: a\n" in diff(states(a=silent), states(a={}))


def test_two_hundred_boards_with_one_change_are_one_paragraph():
    names = {"rock-%d" % number: {} for number in range(1, 201)}
    lines = diff(states(**{name: {"driver": "0.9.3"} for name in names}), states(**names)).splitlines()
    assert lines[1] == "~ driver 0.9.3 → 0.9.6:" and len(lines) < 30 and max(map(len, lines)) <= 100
    assert [name.strip() for line in lines[2:] for name in line.split(",") if name.strip()] == list(names)
    colors = [color for dummy, color in _report_diff.colored("\n".join(lines))]
    assert colors[0] is None and len(set(colors[1:])) == 1 and colors[1]


def test_hostile_texts_stay_on_their_line():
    before = states(**{text or "x": {} for text in fleet_sample.HOSTILE})
    after = states(**{text or "x": {"driver": text} for text in fleet_sample.HOSTILE})
    text = diff(before, after)
    assert all(line.replace("\u00a0", " ").isprintable() for line in text.splitlines()) and text.count("\n~") == len(
        set(fleet_sample.HOSTILE)
    )


def test_states_of_a_report_and_of_a_file_of_the_history_are_the_same(tmp_path):
    told = _report.write(tmp_path, fleet_sample.records(20), NOW)
    past = _report.load(next((tmp_path / "history").iterdir()))
    assert (
        _report.states(past) == _report.states(told["after"]) == _report.states(_report.load(tmp_path / "fleet.json"))
        and _report.states(None) is None
    )
