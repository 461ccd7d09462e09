# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The formats of the report - JSON, CSV, Prometheus and HTML - with records of all kinds, hostile ones included."""

from __future__ import annotations

import csv
import io

import fleet_sample
import jsonschema
import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils._docs import TROUBLESHOOTING
from ansible_collections.rkfleet.npu.plugins.plugin_utils._report import (
    board_record,
    latency,
)
from ansible_collections.rkfleet.npu.plugins.plugin_utils._report import (
    files as _report,
)
from ansible_collections.rkfleet.npu.plugins.plugin_utils._report import (
    html as _report_html,
)
from ansible_collections.rkfleet.npu.plugins.plugin_utils._report import (
    text as _report_text,
)
from ansible_collections.rkfleet.npu.plugins.plugin_utils._schema.record import COLUMNS, STATUSES
from prometheus_client.parser import text_string_to_metric_families
from stand_ins.boards.report_boards import NOW, healthy, read


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
    assert latency.strips([entry]) == []


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


def test_each_core_has_its_result():
    records = fleet_sample.records(60)
    samples = families(_report_text.prom(_report.document(records, NOW), NOW))["rkfleet_npu_board_core_healthy"].samples
    assert all(set(sample.labels) == {"board", "core", "result"} for sample in samples)
    found = {(sample.labels["board"], sample.labels["core"]): (sample.labels["result"], sample.value)
             for sample in samples}
    cores = {"rk3588": 3, "rk3576": 2, "rk3568": 0}
    proofs = {entry["name"]: (entry["board"]["soc"], entry["verification"]["diagnosis"]) for entry in records
              if (entry["verification"] or {}).get("current")}
    assert len({proof for proof in proofs.values() if proof[0] != "rk3568"}) > 3
    assert found == {
        (name, str(core)): ("ok", 1.0) if diagnosis == "ok" or core < cores[soc] - 1 else (diagnosis, 0.0)
        for name, (soc, diagnosis) in proofs.items() for core in range(cores[soc])}


@pytest.mark.parametrize(("changes", "results"), [
    ({"cores": [0, 1, 2]}, {0: "ok", 1: "ok", 2: "ok"}),
    ({"cores": [0], "diagnosis": "driver", "evidence": "core 1 of the NPU: failed to submit!"}, {0: "ok", 1: "driver"}),
    ({"cores": [], "diagnosis": "timeout", "evidence": "core 0 of the NPU: no answer within 60 s"}, {0: "timeout"}),
    ({"cores": [], "diagnosis": "driver", "evidence": "failed to submit! core 1 of the NPU: "}, {}),
    ({"cores": [0, 1], "evidence": "core 1 of the NPU: all is well"}, {0: "ok", 1: "ok"}),
    ({"cores": [0], "diagnosis": None, "evidence": None}, {0: "ok"}),
    ({"cores": [0, 1, 2], "current": False}, {}),
    ({"cores": None}, {}),
])
def test_results_of_cores(changes, results):
    proof = dict({"diagnosis": "ok", "evidence": "Top1 is 283: 0.468750", "current": True}, **changes)
    assert _report_text.core_results({"verification": proof}) == results


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
        "See %s<" % TROUBLESHOOTING, "<"
    )
    assert "default-src 'none'; style-src 'sha256-" in page and "unsafe" not in page and ' style="' not in page


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
