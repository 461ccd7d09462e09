# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The inventories in examples/ are read by Ansible, and set variables that exist to values that are accepted."""

from __future__ import annotations

import json
import re
import subprocess

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.rkfleet.npu.plugins.plugin_utils._rollout import select
from environment import ROOT

EXAMPLES = sorted((ROOT / "examples").glob("*.yml"))


def options():
    """Return `{variable: {type, choices, elements}}` of the options of all roles."""
    found = {}
    for path in ROOT.glob("roles/*/meta/argument_specs.yml"):
        for entry in yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"].values():
            for name, option in entry["options"].items():
                found[name] = {key: option[key] for key in ("type", "choices", "elements") if key in option}
    return found


@pytest.fixture(scope="module", params=EXAMPLES, ids=[path.stem for path in EXAMPLES])
def hosts(request, tmp_path_factory):
    """Return `{host: its variables}` of an example, as `ansible-inventory` reads it."""
    content = yaml.safe_load(request.param.read_text(encoding="utf-8"))
    inventory = request.param
    if "all" not in content:
        # Variables of an inventory that is kept elsewhere.
        folder = tmp_path_factory.mktemp("inventory")
        inventory = folder / "boards.yml"
        inventory.write_text(json.dumps({"all": {"hosts": {"rock5b-1": {}}, "vars": content}}), encoding="utf-8")
    command = ["ansible-inventory", "-i", str(inventory), "--list"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "WARNING" not in done.stderr, done.stderr
    listed = json.loads(done.stdout)
    names = {host for group in listed.values() for host in group.get("hosts", ())}
    assert names
    return {name: listed["_meta"]["hostvars"].get(name, {}) for name in names}


def test_variables_of_an_example_exist_and_are_accepted(hosts):
    known = options()
    for host, variables in hosts.items():
        ours = {name: value for name, value in variables.items() if name.startswith("npu_")}
        assert set(ours) <= set(known), host
        result = ArgumentSpecValidator({name: known[name] for name in ours}).validate(ours)
        assert not result.error_messages, host
        if "npu_select" in ours:
            select.query_of(ours["npu_select"])


def test_every_example_is_in_the_list_and_names_what_to_type(root):
    page = (root / "examples/README.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^\| \[([\w.-]+)\]", page, re.MULTILINE)) == [path.name for path in EXAMPLES]
    for path in EXAMPLES:
        for name in re.findall(r"rkfleet\.npu\.(\w+)", path.read_text(encoding="utf-8")):
            assert (root / f"playbooks/{name}.yml").exists(), path.name
