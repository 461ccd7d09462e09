# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Options of npu_audit_info from the public variables of role detect."""

from __future__ import annotations

import copy
import pathlib

import pytest
import yaml

pytest.importorskip("ansible")

from ansible_collections.rkfleet.npu.plugins.action import npu_audit_info
from ansible_collections.rkfleet.npu.plugins.plugin_utils import _settings
from ansible_collections.rkfleet.npu.plugins.plugin_utils._action.from_variables import options_from

SPEC = npu_audit_info.ARGUMENTS["argument_spec"]
DEFAULTS = yaml.safe_load((pathlib.Path(_settings.ROLES) / "detect/defaults/main.yml").read_text())
WANTED = {"driver_version": "", "driver_policy": "working", "driver_strategy": "auto", "runtime_version": "",
          "runtime_package": "divert", "signing": False}
INFERENCE = {"runs": 10, "timeout": 60, "local_folder": "", "mirrors": ["https://raw.githubusercontent.com"],
             "users": [], "services": [], "force": False}


def options(purpose, **variables):
    return options_from(dict(copy.deepcopy(DEFAULTS), **variables), purpose, SPEC)


@pytest.mark.parametrize("purpose", ["audit", "upgrade"])
def test_the_defaults_are_those_of_the_module(purpose):
    found = options(purpose)
    assert (set(found["tree"].values()), found["select"], found["compatibility"]) == ({None}, "", {})
    cache = found["inference"].pop("cache_dir")
    assert "~" not in cache and cache.endswith("/.cache/rkfleet-npu")
    assert found["inference"] == INFERENCE
    assert found["wanted"] == dict(WANTED, **({} if purpose == "audit" else {"services": [], "force": False}))
    assert found.get("verify") == ("never" if purpose == "audit" else None)


@pytest.mark.parametrize("variables, place, value", [
    ({"npu_signing_key": "/key"}, ("wanted", "signing"), True),
    ({"npu_driver_version": "0.9.8"}, ("wanted", "driver_version"), "0.9.8"),
    ({"npu_mirror": "http://m"}, ("inference", "mirrors"), ["http://m"]),
    ({"npu_mirror": "", "npu_upstream": "http://u"}, ("inference", "mirrors"), ["http://u"]),
    ({"npu_verify_timeout": "90"}, ("inference", "timeout"), 90),
    ({"npu_force": "yes"}, ("inference", "force"), True),
    ({"npu_services": ["a.service"]}, ("inference", "services"), ["a.service"]),
    ({"npu_services": ["a.service"]}, ("wanted", "services"), ["a.service"]),
    ({"npu_tree": {"sys": "/srv/sys"}}, ("tree", "sys"), "/srv/sys"),
    ({"npu_select": "status == 'unknown'"}, ("select",), "status == 'unknown'"),
    ({"npu_compatibility": {"drivers": {}}}, ("compatibility",), {"drivers": {}}),
])
def test_a_variable_becomes_its_option(variables, place, value):
    found = options("upgrade", **variables)
    for key in place:
        found = found[key]
    assert found == value


@pytest.mark.parametrize("value, verify", [(True, "always"), ("yes", "always"), ("no", "never")])
def test_an_audit_verifies_if_it_is_told_to(value, verify):
    found = options("audit", npu_audit_verify=value, npu_services=["a.service"])
    # An audit stops no service.
    assert found["verify"] == verify and found["inference"]["services"] == []


@pytest.mark.parametrize("variables, words", [
    ({"npu_verify_runs": "many"}, "runs"), ({"npu_tree": {"moon": "/"}}, "moon"),
])
def test_a_value_of_another_type_is_refused(variables, words):
    with pytest.raises(ValueError, match=words):
        options("audit", **variables)


@pytest.mark.parametrize("value, is_plain", [
    ({"a": ["b", 1, None, {"c": False}]}, True), ({"a": ["{{ b }}"]}, False), ({"{{ a }}": 1}, False),
    ([object()], False),
])
def test_values_without_templates_are_recognized_at_any_depth(value, is_plain):
    assert _settings._is_plain(value) is is_plain
