# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The alerts and the dashboard of extensions/monitoring ask for metrics and labels that fleet.prom has, and fire."""

from __future__ import annotations

import json
import re

import fleet_sample
import pytest
import yaml
from ansible_collections.rkfleet.npu.plugins.plugin_utils._report.text import METRICS

from .conftest import MONITORING, SCRAPE, samples

RULES = yaml.safe_load((MONITORING / "rules.yml").read_text(encoding="utf-8"))
ALERTS = {rule["alert"]: rule for group in RULES["groups"] for rule in group["rules"]}
DASHBOARD = json.loads((MONITORING / "grafana-dashboard.json").read_text(encoding="utf-8"))
# PromQL's own words that stand where a metric or label could.
WORDS = {
    "by", "on", "group_left", "and", "sum", "max", "count", "quantile", "topk", "sort_desc", "time", "label_values",
    "label_replace"}


def fleet():
    """Return records of boards that work, six of each SoC with several cores and two of another, as of the last run."""
    kinds = {number: fleet_sample.record(number, "healthy") for number in range(200)}
    found = [
        entry for soc, count in (("rk3588", 6), ("rk3576", 6), ("rk3568", 2))
        for entry in [each for each in kinds.values() if each["board"]["soc"] == soc][:count]]
    for entry in found:
        entry["verification"]["latency_ms"]["median"] = fleet_sample.LATENCY[entry["board"]["soc"]]
    return found


def change(entry, **changes):
    """Set values at paths, such as verification__diagnosis, of a record."""
    for path, value in changes.items():
        *above, name = path.split("__")
        place = entry
        for each in above:
            place = place[each]
        place[name] = value
    return entry


def slow(entry):
    change(entry, verification__latency_ms__median=1.6 * fleet_sample.LATENCY[entry["board"]["soc"]])


def one_core_fails(entry):
    change(entry, status="needs_work", verification__diagnosis="driver", verification__cores=[0],
           verification__evidence="core 1 of the NPU: failed to submit!, op id: 1", verification__latency_ms=None)


# alert; what happens to the first board; minutes after which it fires, and after which it does not yet; its labels
CASES = [
    ("NpuNotHealthy", lambda entry: change(entry, status="needs_work"), 70, 50, {}),
    ("NpuCoreFailed", one_core_fails, 10, None, {"core": "1", "result": "driver"}),
    ("NpuSuspect", lambda entry: change(entry, suspect="2 jobs of the NPU failed"), 10, None, {}),
    ("NpuUpgradePending", lambda entry: change(entry, upgrade__pending=True), 130, 110, {}),
    ("NpuSlow", slow, 10, None, {"soc": "rk3588"}),
]


@pytest.mark.parametrize(("alert", "happens", "late", "early", "labels"), CASES, ids=[case[0] for case in CASES])
def test_an_alert_fires_for_its_board_alone(promtool, alert, happens, late, early, labels):
    records = fleet()
    happens(records[0])
    rules = {"groups": [{"name": "one", "rules": [ALERTS[alert]]}]}
    expected = {alert: [{"board": records[0]["name"], **SCRAPE, **labels}]}
    promtool(rules, recent(records, late), late, expected)
    if early:
        promtool(rules, recent(records, early), early, {})


def recent(records, minutes):
    """Return the samples of a report that was just written at the end of a test, whose time begins at 0."""
    return [(name, labels, 60 * minutes if name == "rkfleet_npu_report_timestamp_seconds" else value)
            for name, labels, value in samples(records)]


def test_no_alert_fires_for_a_fleet_that_works(promtool):
    """Though an RK3568 takes three times as long as an RK3588, and a board on hold is not verified."""
    records = fleet()
    records.append(fleet_sample.record(700, "held"))
    change(records[1], verification__latency_ms__median=1.4 * fleet_sample.LATENCY[records[1]["board"]["soc"]])
    promtool(RULES, recent(records, 180), 180, {})


def test_a_slow_board_is_compared_with_others_of_its_soc(promtool):
    records = fleet()
    of_soc = [entry for entry in records if entry["board"]["soc"] == "rk3576"]
    change(of_soc[2], verification__latency_ms__median=1.6 * fleet_sample.LATENCY["rk3576"])
    promtool(RULES, recent(records, 60), 60, {"NpuSlow": [{"board": of_soc[2]["name"], "soc": "rk3576", **SCRAPE}]})


def test_two_controllers_may_have_a_board_of_one_name(promtool):
    both = [(name, dict(labels, instance=instance), value) for instance in ("a:9100", "b:9100")
            for name, labels, value in recent(fleet(), 60)]
    promtool(RULES, both, 60, {})


@pytest.mark.parametrize(("hours", "fires"), [(47, False), (49, True)])
def test_an_old_report_is_told(promtool, hours, fires):
    series = [(name, labels, 0 if name == "rkfleet_npu_report_timestamp_seconds" else value)
              for name, labels, value in samples(fleet())]
    promtool(RULES, series, 60 * hours, {"NpuAuditIsOld": [SCRAPE]} if fires else {})


def test_every_alert_has_a_case_and_says_what_to_do():
    assert set(ALERTS) == {case[0] for case in CASES} | {"NpuAuditIsOld"}
    assert all(set(rule["annotations"]) == {"summary", "description"} and rule["labels"]["severity"]
               for rule in ALERTS.values())


# -- names ------------------------------------------------------------------------------------------------------------

def everything():
    """Return `{metric: its labels}` of a fleet in which every metric has a sample."""
    records = fleet_sample.records(60)
    found = {}
    for name, labels, unused in samples(records):
        found.setdefault(name, set()).update(labels)
    assert set(found) == set(METRICS)
    return found


def expressions():
    """Return `{where: expression}` of the alerts and of the dashboard."""
    found = {f"alert {name}": rule["expr"] for name, rule in ALERTS.items()}
    found.update({f"panel {panel['title']}": target["expr"] for panel in panels() for target in panel["targets"]})
    found.update({f"variable {each['name']}": each["query"]["query"] for each in DASHBOARD["templating"]["list"]
                  if each["type"] == "query"})
    return found


def panels():
    return DASHBOARD["panels"]


@pytest.mark.parametrize("where", expressions())
def test_an_expression_asks_for_what_there_is(where):
    there, expression = everything(), expressions()[where]
    plain = re.sub(r'"[^"]*"', "", expression)
    names = set(re.findall(r"[a-z_]\w*", plain)) - WORDS
    assert names & set(there), expression
    labels = names - set(there)
    assert labels <= set().union(*(there[name] for name in names & set(there))), expression
    for metric, selector in re.findall(r"(\w+)\{([^}]*)\}", plain):
        assert set(re.findall(r"[a-z_]\w*", selector)) <= there[metric], expression


def test_columns_and_legends_of_the_dashboard_are_labels():
    known = set().union(*everything().values())
    for panel in panels():
        fields = panel["fieldConfig"]
        for target in panel["targets"]:
            assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= known, panel["title"]
        assert set(re.findall(r"__field\.labels\.(\w+)", fields["defaults"].get("displayName", ""))) <= known
        for step in panel.get("transformations", ()):
            options = step["options"]
            # Without an order, columns are in that of the labels' names, and the status is not to be seen.
            assert set(options["indexByName"]) == set(options["renameByName"]) <= known, panel["title"]
            assert set(options["excludeByName"]) <= known | {"Time", "Value", "__name__"}, panel["title"]
            columns = {each["matcher"]["options"] for each in fields["overrides"]}
            assert columns <= set(options["renameByName"].values()), panel["title"]
    colors = {each["matcher"]["options"] for panel in panels() if panel["type"] != "table"
              for each in panel["fieldConfig"]["overrides"]}
    assert colors == {sample[1]["status"] for sample in samples([]) if sample[0] == "rkfleet_npu_boards"}


def test_lines_and_bars_begin_at_zero_and_no_number_is_red_by_default():
    """Grafana begins at the smallest value, and colors what is above 80 red."""
    for panel in panels():
        defaults = panel["fieldConfig"]["defaults"]
        if panel["type"] in ("timeseries", "bargauge"):
            assert defaults["min"] == 0, panel["title"]
        if panel["type"] == "bargauge":
            assert defaults["thresholds"]["steps"], panel["title"]


def test_every_bar_has_a_name(promtool):
    """A board that was not inspected has no driver and no kernel."""
    records = [*fleet(), fleet_sample.record(800, "unreachable")]
    names = {
        "Boards by driver": [{"driver": name} for name in
                             {"not known", *(entry["driver"]["version"] for entry in records[:-1])}],
        "Healthy boards by kernel": [{"kernel": name} for name in {each["kernel"]["release"] for each in records[:-1]}],
    }
    rules = [{"alert": panel["title"], "expr": panel["targets"][0]["expr"].replace("$soc", ".*")}
             for panel in panels() if panel["title"] in names]
    promtool({"groups": [{"name": "bars", "rules": rules}]}, recent(records, 30), 30, names)


def test_panels_have_their_own_place_and_number():
    numbers = [panel["id"] for panel in panels()]
    assert len(set(numbers)) == len(numbers) and all(panel["description"] for panel in panels())
    cells = [(x, y) for panel in panels() for place in [panel["gridPos"]]
             for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])]
    assert len(set(cells)) == len(cells) and max(x for x, unused in cells) < 24


def test_every_panel_shows_something(promtool):
    records = fleet()
    change(records[0], status="needs_work")
    one_core_fails(records[1])
    rules = [{"alert": f"P{panel['id']}", "expr": "count({}) > 0".format(
        panel["targets"][0]["expr"].replace("$soc", ".*"))} for panel in panels()]
    promtool({"groups": [{"name": "panels", "rules": rules}]}, recent(records, 30), 30,
             {rule["alert"]: [{}] for rule in rules})


def test_the_documentation_names_every_metric_with_its_labels_and_every_alert(root):
    page = (root / "docs/report.md").read_text(encoding="utf-8")
    cells = "".join(re.findall(r"^\|( `rkfleet_npu_[^|]*)\|", page, re.MULTILINE))
    told = {name: set(filter(None, labels.strip("{}").split(", ")))
            for name, labels in re.findall(r"`(rkfleet_npu_\w+)(\{[\w, ]*\})?`", cells)}
    assert told == {name: labels - set(SCRAPE) for name, labels in everything().items()}
    assert set(re.findall(r"^\| `(Npu\w+)` \|", page, re.MULTILINE)) == set(ALERTS)
    assert "extensions/monitoring/rules.yml" in page and "extensions/monitoring/grafana-dashboard.json" in page
    assert DASHBOARD["title"] in page
