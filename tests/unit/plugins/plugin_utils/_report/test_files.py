# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The report of a fleet: its four files, its history, and what changed since the last one."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys

import fleet_sample
import jsonschema
import pytest
from prometheus_client.parser import text_string_to_metric_families

from ansible_collections.rkfleet.npu.plugins.plugin_utils._docs import TROUBLESHOOTING
from ansible_collections.rkfleet.npu.plugins.plugin_utils._report import (
    board_record, diff as _report_diff, files as _report, html as _report_html, text as _report_text,
)
from ansible_collections.rkfleet.npu.plugins.plugin_utils._schema.record import COLUMNS, STATUSES
from ansible_collections.rkfleet.npu.plugins.plugin_utils._schema.values import stamp

NOW = fleet_sample.NOW


@pytest.fixture(scope="module")
def schema(root):
    """The check of a document against docs/fleet.schema.json."""
    data = json.loads((root / "docs/fleet.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(data)
    return jsonschema.Draft202012Validator(data).validate


def read(folder):
    return json.loads((folder / "fleet.json").read_text())


def healthy(number):
    name, there = fleet_sample.variables(number, kind="healthy")
    return board_record.record(name, there, NOW)


def hostile():
    """Return a record for each hostile text, which is in every field, as read from a file."""
    for number, text in enumerate(fleet_sample.HOSTILE):
        name, there = fleet_sample.variables(number, kind="failing" if number % 2 else "over")
        yield (
            text,
            _report.conform(
                dict(fleet_sample.hostile(board_record.record(name, there, NOW), text), name="%d%s" % (number, text))
            ),
        )


# -- fleet.json
# -------------------------------------------------------------------------------------------------------------

def test_the_report_matches_the_schema(tmp_path, schema):
    _report.write(tmp_path / "r", fleet_sample.records(80), NOW)
    report = read(tmp_path / "r")
    schema(report)
    assert {entry["status"] for entry in report["boards"]} == set(STATUSES) and report["summary"]["boards"] == 80
    assert sum(report["summary"][status] for status in STATUSES) == 80 and report["exit_code"] == 4
    assert [entry["name"] for entry in report["boards"]] == ["rock-%d" % number for number in range(1, 81)]


def test_the_schema_knows_each_key_of_a_record(schema):
    report = _report.document([healthy(1)], NOW)
    schema(report)
    for change in ({"more": 1}, {"status": "fine"}, {"privileged": None}, {"evidence": None}):
        with pytest.raises(jsonschema.ValidationError):
            schema(dict(report, boards=[dict(report["boards"][0], **change)]))
    with pytest.raises(jsonschema.ValidationError):
        schema(dict(report, boards=[{key: value for key, value in report["boards"][0].items() if key != "unread"}]))


def test_hostile_texts_are_harmless_in_json(tmp_path, schema):
    entries = [_report.conform(dict(entry, checked_at=text)) for text, entry in hostile()]
    _report.write(tmp_path / "r", entries, NOW)
    text = (tmp_path / "r/fleet.json").read_text()
    assert text.isascii() and not set(text) & {chr(code) for code in [*range(10), *range(11, 32), 127]}
    report = read(tmp_path / "r")
    schema(report)
    assert (
        len(report["boards"]) == len(entries) and "\\u202e" not in text and "\\u001b" not in text
        and "\\ud800" not in text
    )


@pytest.mark.parametrize("number", [float("nan"), float("inf"), 10 ** 400, -1, 0, True, "7", [], {}])
def test_invalid_latencies_are_null(number, tmp_path):
    entry = healthy(1)
    entry["verification"]["latency_ms"]["median"] = number
    assert _report_text.latency_ms(entry) is None
    assert "latency_seconds{" not in _report_text.prom(_report.document([entry], NOW), NOW)
    assert _report_html.histogram([]) is None


# -- fleet.csv
# --------------------------------------------------------------------------------------------------------------

def test_csv_has_a_line_for_each_board():
    report = _report.document(fleet_sample.records(30), NOW)
    rows = list(csv.DictReader(io.StringIO(_report_text.csv(report))))
    assert [row["name"] for row in rows] == [entry["name"] for entry in report["boards"]]
    for row, entry in zip(rows, report["boards"]):
        assert row["driver"] == (entry["driver"]["version"] or "") and row["plan_reboot"] in ("true", "false", "")
        assert row["evidence"] == "; ".join(entry["evidence"])
    assert {row["headers"] for row in rows} == {"true", "false", ""} and any(
        float(row["latency_ms"]) > 0 for row in rows if row["latency_ms"]
    )


def test_no_cell_is_a_formula():
    text = _report_text.csv(_report.document([entry for unused, entry in hostile()], NOW))
    rows = list(csv.reader(io.StringIO(text)))
    assert len(rows) == len(fleet_sample.HOSTILE) + 1 and {len(row) for row in rows} == {len(COLUMNS)}
    cells = [cell for row in rows for cell in row]
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "-", "@", "\t", "\r")]
    assert "'=cmd|' /C calc'!A0" in cells and not [cell for cell in cells if not cell.isprintable()]


FORMULAS = (
    "=1+1", "+1", "-1", "@SUM(1)", "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20SUM(1)", " =1+1", "\u200b=1+1", '"=1+1',
    "6.1;=cmd|' /C calc'!A0", "6.1; @SUM(1)", '6.1;"=1+1', "6.1;\t\uff1d1+1", ";;=1+1", "';=1+1",
)


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_is_a_formula_wherever_a_spreadsheet_splits_the_line(text):
    entry = _report.conform(
        dict(board_record.record("rock-1", {}, NOW), verdict=text, reason="a", evidence=[text, "b", text])
    )
    line = _report_text.csv(_report.document([entry], NOW)).splitlines()[1]
    for cells in (next(csv.reader([line])), next(csv.reader([line], delimiter=";")), line.split(";")):
        assert not [cell for cell in cells if cell.strip(' "')[:1] in tuple("=+-@\uff1d\uff0b\uff0d\uff20")]
    # Nothing is lost but what cannot be printed: without the guard it is the text.
    assert (
        next(csv.reader([line]))[2].replace("'", "").split()
        == "".join(c if c.isprintable() else " " for c in text).replace("'", "").split()
    )


def test_every_cell_is_in_quotation_marks():
    lines = _report_text.csv(_report.document(fleet_sample.records(5), NOW)).splitlines()
    assert all(line[0] == line[-1] == '"' and line.count('","') >= len(COLUMNS) - 1 for line in lines)


# -- fleet.prom
# -------------------------------------------------------------------------------------------------------------

def families(text):
    return {family.name: family for family in text_string_to_metric_families(text)}


def test_prometheus_reads_it_and_the_numbers_are_right():
    records = fleet_sample.records(60)
    found = families(_report_text.prom(_report.document(records, NOW), NOW))
    assert set(found) == set(_report_text.METRICS) and all(
        family.type == "gauge" and family.documentation for family in found.values()
    )
    assert {sample.labels["status"]: sample.value for sample in found["rkfleet_npu_boards"].samples} == {
        status: sum(entry["status"] == status for entry in records) for status in STATUSES}
    ok = {sample.labels["board"]: sample.value for sample in found["rkfleet_npu_board_healthy"].samples}
    assert ok == {entry["name"]: float(entry["status"] == "healthy") for entry in records if entry["status"] != "held"}
    seconds = {
        sample.labels["board"]: sample.value for sample in found["rkfleet_npu_board_inference_latency_seconds"].samples
    }
    assert seconds == {
        entry["name"]: pytest.approx(entry["verification"]["latency_ms"]["median"] / 1000) for entry in records
        if (entry["verification"] or {}).get("latency_ms")
    }
    assert max(seconds.values()) < 0.1
    info = {sample.labels["board"]: sample for sample in found["rkfleet_npu_board_info"].samples}
    first = info["rock-3"]
    assert first.value == 1 and first.labels == {
        "board": "rock-3", "status": "healthy", "model": "Radxa ROCK 4D", "soc": "rk3576",
        "kernel": records[2]["kernel"]["release"], "driver": records[2]["driver"]["version"], "runtime": "2.3.2",
        "plan": "none",
    }
    assert found["rkfleet_npu_report_timestamp_seconds"].samples[0].value == NOW
    verified = [sample.value for sample in found["rkfleet_npu_board_verified_timestamp_seconds"].samples]
    assert verified and all(NOW - 40 * 86400 < value < NOW for value in verified)


def test_no_board_adds_a_metric_or_a_number():
    entries = [entry for unused, entry in hostile()]
    text = _report_text.prom(_report.document(entries, NOW), NOW)
    found = families(text)
    assert set(found) <= set(_report_text.METRICS)
    assert len([line for line in text.splitlines() if not line.startswith("#")]) == sum(
        len(family.samples) for family in found.values()
    )
    assert {sample.value for sample in found["rkfleet_npu_board_info"].samples} == {1.0} and len(
        found["rkfleet_npu_board_info"].samples
    ) == len(entries)
    assert sum(sample.value for sample in found["rkfleet_npu_boards"].samples) == len(entries)
    labels = {sample.labels["model"] for sample in found["rkfleet_npu_board_info"].samples}
    assert 'a"} 1 rkfleet_npu_boards{status="healthy"} 99' in labels and "back\\slash\\" in labels


# -- fleet.html (what it does in a browser: tests/browser)
# -------------------------------------------------------------------

def test_the_page_loads_nothing_and_matches_its_policy():
    page = _report_html.html(_report.document(fleet_sample.records(20), NOW), {})
    # The link that a message names is text.
    assert page.startswith("<!DOCTYPE html>")
    assert "http" not in page.replace('http-equiv="Content-Security-Policy"', "").replace(
        " See %s<" % TROUBLESHOOTING, "<"
    )
    assert "default-src 'none'; style-src 'sha256-" in page and "unsafe" not in page and ' style="' not in page


@pytest.mark.parametrize(
    "latencies",
    [
        [2.0],
        [2.0] * 50,
        [1e-6, 3e6],
        [2.0, 2.1, 2.2, 90.0],
        [float(value) for value in range(1, 400)],
        [0.1] * 100 + [5.0],
    ],
)
def test_each_latency_is_in_one_bar(latencies):
    drawn = _report_html.histogram(latencies)
    assert (
        sum(column["count"] for column in drawn["columns"]) == drawn["boards"] == len(latencies)
        and 1 <= len(drawn["columns"]) <= 60
    )
    for column in drawn["columns"]:
        assert (
            0 <= column["x"] and column["x"] + column["width"] <= drawn["width"] and column["width"] > 0
            and 0 <= column["height"] <= drawn["height"]
        )
    assert drawn["left"] <= drawn["line"] <= drawn["width"]


def test_few_slow_boards_do_not_squeeze_the_others_into_one_bar():
    drawn = _report_html.histogram([2.0 + step / 100 for step in range(60)] + [90.0])
    assert (
        drawn["columns"][-1]["label"].startswith("more than") and drawn["columns"][-1]["count"] == 1
        and drawn["high"] == "90.0"
    )
    assert sum(column["count"] > 0 for column in drawn["columns"]) > 8


def test_the_matrix_counts_every_board_with_a_kernel():
    records = fleet_sample.records(100)
    report = _report.document(records, NOW)
    facets = {name: _report_html.facet(report["boards"], path) for name, path in _report_html.FACETS.items()}
    numbers = {name: {each["value"]: number for number, each in enumerate(found)} for name, found in facets.items()}
    matrix = _report_html.matrix(report["boards"], facets, numbers)
    cells = [cell for line in matrix["rows"] for cell in line["cells"]]
    read_ = [entry for entry in records if entry["kernel"]["release"]]
    assert sum(cell["count"] for cell in cells) == len(read_) and matrix["left_out"] == 100 - len(read_)
    assert sum(cell["healthy"] for cell in cells) == sum(entry["status"] == "healthy" for entry in records)


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
        _report.write(tmp_path, [dict(entry, checked_at=stamp(NOW + number))], NOW + number, keep=4)
    assert len(list((tmp_path / "history").iterdir())) == 4
    spells = _report.history(tmp_path / "history", [])["rock-1"]
    assert [(spell["status"], spell["times"], spell["since"], spell["until"]) for spell in spells] == [
        ("needs_work", 1, stamp(NOW + 1), stamp(NOW + 1)), ("healthy", 3, stamp(NOW + 2), stamp(NOW + 4))]
    assert "planned: dkms" in (tmp_path / "fleet.html").read_text()


def test_two_reports_of_one_moment_are_both_kept(tmp_path):
    for dummy in range(3):
        _report.write(tmp_path, [healthy(1)], NOW)
    assert len(list((tmp_path / "history").iterdir())) == 3


def test_merge_keeps_boards_that_were_not_inspected(tmp_path, schema):
    _report.write(tmp_path, [healthy(1), healthy(2)], NOW)
    _report.write(tmp_path, [dict(healthy(2), checked_at=stamp(NOW + 60)), healthy(3)], NOW + 60, merge=True)
    report = read(tmp_path)
    schema(report)
    assert [(entry["name"], entry["checked_at"]) for entry in report["boards"]] == [
        ("rock-1", stamp(NOW)), ("rock-2", stamp(NOW + 60)), ("rock-3", stamp(NOW))]
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


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path):
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


def test_new_gone_and_changed_boards():
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
