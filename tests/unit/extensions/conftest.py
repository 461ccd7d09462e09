# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Prometheus's own test program, and the samples of a fleet as it takes them."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import sys

import fleet_sample
import pytest
import yaml
from ansible_collections.rkfleet.npu.plugins.plugin_utils._report import files as report_files
from ansible_collections.rkfleet.npu.plugins.plugin_utils._report import text as report_text
from prometheus_client.parser import text_string_to_metric_families

CHECKOUT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(CHECKOUT / "tests/lab"))

from rklab import host  # noqa: E402

MONITORING = CHECKOUT / "extensions/monitoring"
SCRAPE = {"instance": "controller:9100", "job": "node"}
"""The labels that Prometheus adds when it reads the node exporter."""


def samples(records):
    """Return `[(metric, labels, value)]` as Prometheus has them of a report with these records."""
    text = report_text.prom(report_files.document(records, fleet_sample.NOW), fleet_sample.NOW)
    return [(sample.name, {**sample.labels, **SCRAPE}, sample.value)
            for family in text_string_to_metric_families(text) for sample in family.samples]


@pytest.fixture
def promtool(tmp_path):
    """Return a function that runs `promtool test rules`.

    It takes rules, samples, minutes and `{alert: [its labels]}`, and fails unless exactly these alerts fire then.
    """
    program = host.promtool()
    if not program:
        pytest.skip("promtool is not installed: make host fetches it, without the rest of Debian's package prometheus")

    def run(rules, series, minutes, firing):
        (tmp_path / "rules.yml").write_text(yaml.safe_dump(rules), encoding="utf-8")
        alerts = {rule["alert"]: rule for group in rules["groups"] for rule in group["rules"]}
        cases = [
            {"eval_time": f"{minutes}m", "alertname": name, "exp_alerts": [
                {"exp_labels": {**labels, **rule.get("labels", {})}, "exp_annotations": annotations(rule, labels)}
                for labels in firing.get(name, [])]}
            for name, rule in alerts.items()]
        inputs = [
            {"series": "{}{{{}}}".format(name, ",".join(f"{key}={json.dumps(each)}" for key, each in labels.items())),
             "values": f"{value:.9g}x{minutes // 10}"} for name, labels, value in series]
        content = {
            "rule_files": ["rules.yml"], "evaluation_interval": "10m",
            "tests": [{"interval": "10m", "alert_rule_test": cases, "input_series": inputs}],
        }
        (tmp_path / "test.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
        done = subprocess.run(
            [program, "test", "rules", str(tmp_path / "test.yml")], check=False, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)
        assert done.returncode == 0, done.stdout

    return run


def annotations(rule, labels):
    """Return the texts of an alert for the labels of a board."""
    return {
        name: re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda match: labels[match.group(1)], text)
        for name, text in rule.get("annotations", {}).items()}
