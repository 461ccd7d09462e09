# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Public variables of a run: unknown names with the nearest known one, and invalid values under their public names."""

from __future__ import annotations

import os
import re

import environment
import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils import _settings, _settings_check


@pytest.fixture(scope="module")
def options():
    found = {}
    for path in (environment.ROOT / "roles").iterdir():
        found[path.name] = _settings.options_of(path.name)
    return found


@pytest.mark.parametrize("name, known", [
    ("npu_driver_verison", "npu_driver_version"), ("npu_driver_versions", "npu_driver_version"),
    ("npu_version", "npu_driver_version"),
    ("npu_driver_polcy", "npu_driver_policy"), ("npu_policy", "npu_driver_policy"),
    ("npu_strategy", "npu_driver_strategy"), ("npu_polcy", "npu_driver_policy"),
    ("npu_report_folder", "npu_report_dir"), ("npu_mirrors", "npu_mirror"), ("npu_reboot", "npu_reboot_ok"),
    ("npu_host", "npu_hosts"), ("npu_Hold", "npu_hold"), ("npu_soak_minuts", "npu_soak_minutes"),
    ("npu_compat", "npu_compatibility"),
])
def test_an_unknown_name_is_told_with_the_nearest_known_one(options, name, known):
    assert _settings_check.unknown_names([name, "npu_mirror"], options) == {name: known}


def test_known_names_and_those_of_others_are_not_reported(options):
    names = ["npu_hosts", "npu_subnet", "npu_custom_site", "npu", "my_npu_x", "__npu_plan", "ansible_host"]
    assert _settings_check.unknown_names(names, options) == {}


def test_every_variable_that_the_documents_name_is_known(options):
    """Else a user who follows the documents would be told that there is no such variable."""
    known = _settings_check.known_names(options)
    root = environment.ROOT
    for path in [root / "README.md", *(root / "docs").glob("*.md"), *(root / "roles").glob("*/README.md")]:
        for name in re.findall(r"^\s*(?:-e )?(npu_[a-z0-9_]+)[:=] ?\S", path.read_text(encoding="utf-8"), re.MULTILINE):
            assert name in known or name.startswith("npu_custom_"), (path, name)
        for name in re.findall(r"-e '?(npu_[a-z0-9_]+)=", path.read_text(encoding="utf-8")):
            assert name in known, (path, name)


def test_an_error_for_the_command_line_names_all(options):
    unknown = _settings_check.unknown_names({"npu_policy": 1, "npu_mirorr": 2}, options)
    said = _settings_check.given_sentence(unknown)
    assert "npu_mirorr is given with -e, but rkfleet.npu has no such variable: did you mean npu_mirror?" in said
    assert "did you mean npu_driver_policy?" in said and said.endswith("No board was contacted.")


@pytest.mark.parametrize("values, words", [
    ({"npu_driver_policy": "woking"}, "npu_driver_policy is 'woking': it is one of working, floor, exact"),
    ({"npu_driver_strategy": "DKMS"}, "npu_driver_strategy is 'DKMS': it is one of auto, dkms, vendor_kernel"),
    ({"npu_runtime_package": None}, "npu_runtime_package is 'None': it is one of divert, hold, replace"),
    ({"npu_driver_version": "0.9.9"},
     "npu_driver_version is '0.9.9', and the compatibility data has no such release (known: 0.7.2"),
    ({"npu_runtime_version": 2.3}, "npu_runtime_version is the number 2.3: write it with quotes"),
    ({"npu_driver_version": 1.9, "npu_compatibility": {"drivers": {
        name: {"path": "driver.tar", "sha256": "0" * 64, "runtime": "2.3.2"} for name in ("1.10b1", "1.9.0")}}},
     "npu_driver_version is the number 1.9: write it with quotes, such as \"1.10b1\""),
    ({"npu_runtime_version": "2.9"}, "add a row to npu_compatibility.runtimes"),
    ({"npu_driver_version": ["0.9.6"]}, "npu_driver_version is"),
    ({"npu_mirror": "user:secret@mirror"}, "npu_mirror is not a URL such as https://mirror.example.com"),
    ({"npu_upstream": 7}, "npu_upstream is not a URL"),
    ({"npu_mirror": "https://"}, "npu_mirror is not a URL"),
    ({"npu_compatibility": {"nodrivers": {}}}, "npu_compatibility"),
    ({"npu_compatibility": ["x"]}, "npu_compatibility must be a dictionary"),
    ({"npu_report_dir": 5}, "npu_report_dir is '5': it is the path of a folder"),
    ({"npu_verify_runs": "x"}, "npu_verify_runs is 'x': it must be a whole number"),
    ({"npu_confirm_minutes": [5]}, "npu_confirm_minutes is '[5]': it must be a whole number"),
    ({"npu_reboot_ok": "perhaps"}, "npu_reboot_ok is 'perhaps': it must be true or false"),
    ({"npu_services": {"a": 1}}, "npu_services is \"{'a': 1}\": it must be a list"),
    ({"npu_tree": "x"}, "npu_tree is 'x': it must be a dictionary"),
    # Of a rollback, too: Ansible takes a serial of 0 for all boards at once, and ends with a traceback for a word.
    ({"npu_rollout": [0]}, "npu_rollout is [0]: 0 is not a batch, a count from 1 or a percentage from 1% to 100%"),
    ({"npu_rollout": ["half"]}, "npu_rollout is ['half']: 'half' is neither a count nor a percentage such as 10%"),
    ({"npu_rollout": []}, "npu_rollout is []: it has no batch"),
])
def test_an_invalid_value_is_told_under_its_public_name(options, values, words):
    (error,) = _settings_check.errors_of([([], values)], options)
    assert words in error and "secret" not in error and "\n" not in error


def test_the_report_folder_must_be_one_that_can_be_written(options, tmp_path, monkeypatch):
    def errors(value):
        return _settings_check.errors_of([([], {"npu_report_dir": str(value)})], options)

    (tmp_path / "file").write_text("")
    assert errors(tmp_path) == errors(tmp_path / "new/new") == errors("") == []
    assert "file is not a folder" in errors(tmp_path / "file")[0] and errors(tmp_path / "file/below")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert f"you may not write to {tmp_path}" in errors(tmp_path / "new")[0]


def test_valid_values_have_no_error(options):
    data = {"drivers": {"1.2.3": {"path": "driver.tar", "sha256": "0" * 64, "runtime": "2.3.2"}}}
    values = {"npu_driver_version": "1.2.3", "npu_runtime_version": "", "npu_compatibility": data,
              "npu_mirror": "http://user:pw@10.0.0.1:80/x", "npu_upstream": "file:///srv/mirror",
              "npu_driver_policy": "floor", "npu_report_dir": "", "npu_verify_runs": "7",
              "npu_services": "a.service, b.service", "npu_reboot_ok": "yes", "npu_rollout": 5, "npu_tree": None}
    assert _settings_check.errors_of([([], values)], options) == []
    # As an inventory in INI has it, and as it is resolved.
    for batches in ("1, 10%,100%", [1, "10%", "100%"], ["1", "100 %"]):
        assert _settings_check.errors_of([(["a"], {"npu_rollout": batches})], options) == []


def test_the_same_error_of_several_boards_is_told_once(options):
    bad = {"npu_driver_policy": "x"}
    (error,) = _settings_check.errors_of([(["a"], bad), (["b"], bad), (["c"], bad), (["d"], bad)], options)
    assert error.endswith("exact (a, b, c, and 1 more)")
    said = _settings_check.message([f"e{number}" for number in range(7)])
    assert said == "e0; e1; e2; e3; e4; and 2 more. No board was contacted."


def test_a_setting_of_the_run_with_another_value_on_some_boards_is_told(options, monkeypatch, tmp_path):
    monkeypatch.setattr(_settings, "options", lambda: options)
    monkeypatch.setattr(_settings_check.compatibility.C, "DEFAULT_LOCAL_TMP", str(tmp_path))
    values = {"npu_max_failed": 0, "npu_soak_minutes": 10, "npu_compatibility": {}}
    others = {name: {"npu_max_failed": "2%", "npu_soak_minutes": 20} for name in "bcde"}
    hostvars = Hostvars({}, a={}, **others)
    variables = {"inventory_hostname": "a", "hostvars": hostvars, "ansible_play_hosts_all": list("abcde")}
    # Each board may be watched for another time.
    (warning,), message = _settings.check_run(variables, {}, values)
    assert not message and warning == (
        "npu_max_failed applies to the whole run, so 0 of a, the first board, is used, and not that of b, c, d, and 1 "
        "more: set it for all boards")
    # With -e, or in an inventory in INI, every value is a text.
    texts = {name: {"npu_require_staging": "false"} for name in "abcde"}
    same = dict(variables, hostvars=Hostvars({}, **texts), npu_require_staging="false")
    assert _settings.check_run(same, {}, {"npu_require_staging": False, "npu_compatibility": {}}) == ([], "")
    others["c"]["npu_soak_minutes"] = -1
    assert _settings.check_run(variables, {}, values)[1] == (
        "npu_soak_minutes is '-1': it must be a number of minutes (c). No board was contacted.")


class Hostvars(dict):
    """As Ansible's, with results of tasks."""

    def __init__(self, results, **boards):
        super().__init__(boards)
        self._variable_manager = type("Manager", (), {"_nonpersistent_fact_cache": results})()

    def raw_get(self, board):
        return self[board]


def test_results_of_tasks_and_facts_are_no_variables_of_the_inventory(options, monkeypatch, tmp_path):
    monkeypatch.setattr(_settings, "options", lambda: options)
    monkeypatch.setattr(_settings_check.compatibility.C, "DEFAULT_LOCAL_TMP", str(tmp_path))
    own = {"inventory_hostname": "a", "npu_facts": {}, "npu_probe": {}, "npu_wrong": 1, "npu_fact": 1,
           "ansible_facts": {"npu_fact": 1}}
    hostvars = Hostvars({"a": {"npu_facts": {}, "npu_probe": {}}, "b": {"npu_other": 1}},
                        a=own, b={"npu_other": 1, "npu_mirror": "x"})
    variables = dict(own, hostvars=hostvars, ansible_play_hosts_all=["a", "b"])
    assert _settings.set_variables(variables) == {"a": {"npu_wrong": 1}, "b": {"npu_mirror": "x"}}
    warnings, message = _settings.check_run(variables, {}, {"npu_mirror": "", "npu_compatibility": {}})
    assert len(warnings) == 1 and "npu_wrong is set in the inventory or a play" in warnings[0]
    assert message == "npu_mirror is not a URL such as https://mirror.example.com (b). No board was contacted."
    assert _settings.check_run(variables, {"npu_wrong": 1}, {})[0] == []
