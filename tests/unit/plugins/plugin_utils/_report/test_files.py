# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The report of a fleet: its four files, its history, and what changed since the last one."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._board.paths import timestamp
from ansible_collections.rkfleet.npu.plugins.plugin_utils._report import (
    board_record,
)
from ansible_collections.rkfleet.npu.plugins.plugin_utils._report import (
    files as _report,
)
from stand_ins.boards.report_boards import NOW, healthy, read

# -- the folder
# -------------------------------------------------------------------------------------------------------------


def test_files_are_private_and_keep_a_changed_mode(tmp_path):
    folder = tmp_path / "r"
    _report.write(folder, [healthy(1)], NOW)
    modes = {path.relative_to(tmp_path): path.stat().st_mode & 0o777 for path in [folder, *folder.rglob("*")]}
    assert {mode for path, mode in modes.items() if (tmp_path / path).is_dir()} == {0o700}
    assert {mode for path, mode in modes.items() if (tmp_path / path).is_file()} == {0o600}
    (folder / "fleet.prom").chmod(0o644)
    _report.write(folder, [healthy(1)], NOW + 1)
    assert (folder / "fleet.prom").stat().st_mode & 0o777 == 0o644 and (
        folder / "fleet.json"
    ).stat().st_mode & 0o777 == 0o600


def test_a_link_into_the_textfile_folder_stays_a_link(tmp_path):
    (tmp_path / "textfile").mkdir()
    (tmp_path / "r").mkdir()
    (tmp_path / "r/fleet.prom").symlink_to("../textfile/rkfleet.prom")
    _report.write(tmp_path / "r", [healthy(1)], NOW)
    assert (tmp_path / "r/fleet.prom").is_symlink() and "rkfleet_npu_boards" in (
        tmp_path / "textfile/rkfleet.prom"
    ).read_text()
    assert [path.name for path in (tmp_path / "textfile").iterdir()] == ["rkfleet.prom"]


def test_history_is_bounded_and_equal_verdicts_are_one_spell(tmp_path):
    old = dict(healthy(1), status="needs_work", verdict="planned: dkms")
    for number, entry in enumerate([old, old, healthy(1), healthy(1), healthy(1)]):
        _report.write(tmp_path, [dict(entry, checked_at=timestamp(NOW + number))], NOW + number, keep=4)
    assert len(list((tmp_path / "history").iterdir())) == 4
    spells = _report.history(tmp_path / "history", [])["rock-1"]
    assert [(spell["status"], spell["times"], spell["since"], spell["until"]) for spell in spells] == [
        ("needs_work", 1, timestamp(NOW + 1), timestamp(NOW + 1)), ("healthy", 3, timestamp(NOW + 2), timestamp(NOW + 4))]
    assert "planned: dkms" in (tmp_path / "fleet.html").read_text()


def test_two_reports_of_one_moment_are_both_kept(tmp_path):
    for dummy in range(3):
        _report.write(tmp_path, [healthy(1)], NOW)
    assert len(list((tmp_path / "history").iterdir())) == 3


def test_merge_keeps_boards_that_were_not_inspected(tmp_path, schema):
    _report.write(tmp_path, [healthy(1), healthy(2)], NOW)
    _report.write(tmp_path, [dict(healthy(2), checked_at=timestamp(NOW + 60)), healthy(3)], NOW + 60, merge=True)
    report = read(tmp_path)
    schema(report)
    assert [(entry["name"], entry["checked_at"]) for entry in report["boards"]] == [
        ("rock-1", timestamp(NOW)), ("rock-2", timestamp(NOW + 60)), ("rock-3", timestamp(NOW))]
    assert report["boards"][0] == _report.conform(healthy(1)) and report["summary"]["healthy"] == 3
    _report.write(tmp_path, [healthy(3)], NOW + 120)
    assert [entry["name"] for entry in read(tmp_path)["boards"]] == ["rock-3"]


WRITE = """
import sys
sys.path[:0] = %r
import fleet_sample
from ansible_collections.rkfleet.npu.plugins.plugin_utils._report import files as _report
first = int(sys.argv[1])
for turn in range(2):
    records = [dict(entry, name="rock-%%d" %% (first * 100 + number)) for number, entry in enumerate(fleet_sample.records(5))]
    _report.write(sys.argv[2], records, fleet_sample.NOW + turn, merge=True)
"""


def test_slices_that_write_at_once_lose_nothing(tmp_path):
    script = WRITE % ([path for path in sys.path if path],)
    running = [
        subprocess.Popen([sys.executable, "-c", script, str(number), str(tmp_path / "r")]) for number in range(1, 4)
    ]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    assert len(read(tmp_path / "r")["boards"]) == 15 and len(list((tmp_path / "r/history").iterdir())) == 6


@pytest.mark.parametrize(
    "content",
    [
        "", "{", "[]", "{}", '{"schema": "1"}', '{"schema": 1, "boards": []}',
        '{"schema": 1, "generated_at": "2026-01-31T12:00:00Z", "boards": [7]}',
        '{"schema": 1, "generated_at": "2026-01-31T12:00:00Z"}',
        '{"schema": 1, "generated_at": "2026-01-31T12:00:00Z", "boards": [{"name": "a", "status": "fine"}]}',
        '{"schema": 1, "generated_at": NaN, "boards": []}', "[" * 100000, "\x00",
        '{"schema": 1, "generated_at": "2026-01-31T12:00:00Z", "boards": {"a": {"status": "healthy"}}}',
    ],
)
def test_a_damaged_report_is_renamed_and_reported(tmp_path, content):
    (tmp_path / "fleet.json").write_text(content)
    planned = _report.plan(tmp_path, [healthy(1)], NOW, merge=True)
    assert planned["before"] is None and planned["notes"][0].startswith("The earlier report is damaged (")
    assert [entry["name"] for entry in planned["after"]["boards"]] == ["rock-1"]
    told = _report.write(tmp_path, [healthy(1)], NOW, merge=True)
    aside = [path for path in tmp_path.iterdir() if "damaged" in path.name]
    assert (
        len(aside) == 1 and aside[0].read_text() == content and aside[0].name == "fleet.json.damaged-20260131T120000Z"
    )
    assert (
        told["before"] is None and len(told["notes"]) == 1 and str(aside[0]) in told["notes"][0]
        and "\n" not in told["notes"][0]
    )
    assert len(read(tmp_path)["boards"]) == 1


def test_a_damaged_file_of_the_history_is_skipped_and_named(tmp_path):
    _report.write(tmp_path, [healthy(1)], NOW)
    bad = next((tmp_path / "history").iterdir())
    bad.write_text("{")
    told = _report.write(tmp_path, [healthy(1)], NOW + 1)
    assert len(told["notes"]) == 1 and bad.name in told["notes"][0] and bad.exists()


def test_files_of_a_newer_release_are_not_changed(tmp_path):
    (tmp_path / "fleet.json").write_text('{"schema": 3}')
    with pytest.raises(_report.ReportError, match="newer release"):
        _report.write(tmp_path, [healthy(1)], NOW)
    assert (tmp_path / "fleet.json").read_text() == '{"schema": 3}'


def test_a_read_only_folder_is_reported_in_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file/below"):
        with pytest.raises(_report.ReportError, match="the report in .*file.* cannot be written: "):
            _report.write(folder, [healthy(1)], NOW)
    with pytest.raises(_report.ReportError, match="cannot be read: No such file"):
        _report.load(str(tmp_path / "none.json"))


def test_a_plan_of_the_report_writes_nothing(tmp_path):
    _report.write(tmp_path, [healthy(1)], NOW)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    told = _report.plan(tmp_path, [healthy(2)], NOW + 1, merge=True)
    assert [entry["name"] for entry in told["after"]["boards"]] == ["rock-1", "rock-2"] and told["files"] == []
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert _report.plan(tmp_path / "none", [healthy(2)], NOW)["before"] is None and not os.path.exists(
        tmp_path / "none"
    )


def test_an_edited_report_is_read_with_the_keys_it_should_have():
    entry = _report.conform(
        {
            "name": "a\x1b", "status": "healthy", "board": {"model": ["x"], "evil": 1}, "evidence": "no list",
            "more": 1, "plan": None,
        }
    )
    assert (
        set(entry) == set(board_record.record("a", {}, 0)) and entry["name"] == "a" and entry["board"]["model"] is None
        and "evil" not in entry["board"]
    )
    assert entry["evidence"] == [] and entry["plan"]["action"] is None and entry["checked_at"] == "1970-01-01T00:00:00Z"


def test_a_board_that_was_not_inspected_keeps_its_earlier_record_and_is_not_in_the_history(tmp_path):
    known = healthy(1)
    _report.write(tmp_path, [known], NOW)
    skipped = [board_record.record(board, {}, NOW + 60) for board in (known["name"], "new")]
    assert [entry["verdict"] for entry in skipped] == ["not inspected"] * 2
    for act in (_report.plan, _report.write):
        after = {entry["name"]: entry for entry in act(tmp_path, skipped, NOW + 60)["after"]["boards"]}
        assert after[known["name"]] == known and after["new"]["status"] == "unknown"
    assert len(list((tmp_path / "history").iterdir())) == 1
    # One that was inspected beside it is.
    _report.write(tmp_path, [skipped[0], dict(healthy(2), name="new")], NOW + 90)
    past = _report.history(str(tmp_path / "history"), [])
    assert {board: spells[-1]["times"] for board, spells in past.items()} == {known["name"]: 1, "new": 1}


@pytest.mark.parametrize("merge", [True, False])
def test_a_run_that_ends_later_does_not_replace_what_another_has_found_since(tmp_path, merge):
    """An audit inspects at NOW, an upgrade ends at NOW + 60, and the audit's report is written at NOW + 90."""
    upgraded = dict(healthy(1), checked_at=timestamp(NOW + 60), verdict="upgraded")
    _report.write(tmp_path, [upgraded], NOW + 60)
    audited = [dict(healthy(number), checked_at=timestamp(NOW), verdict="planned: dkms") for number in (1, 2)]
    for act in (_report.plan, _report.write):
        boards = act(tmp_path, audited, NOW + 90, merge=merge)["after"]["boards"]
        assert [entry["verdict"] for entry in boards] == ["upgraded", "planned: dkms"]
    past = _report.history(str(tmp_path / "history"), [])
    assert {board: [spell["verdict"] for spell in spells] for board, spells in past.items()} == {
        "rock-1": ["upgraded"], "rock-2": ["planned: dkms"]}


@pytest.mark.parametrize("checked", [NOW, NOW + 1, NOW + 3600])
def test_a_later_inspection_replaces_an_earlier_one_also_if_that_one_is_from_the_future(tmp_path, checked):
    _report.write(tmp_path, [dict(healthy(1), checked_at=timestamp(checked), verdict="before")], NOW)
    _report.write(tmp_path, [dict(healthy(1), checked_at=timestamp(NOW + 1), verdict="after")], NOW + 2, merge=True)
    assert [entry["verdict"] for entry in read(tmp_path)["boards"]] == ["after"]
