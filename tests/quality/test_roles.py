# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Each role's defaults, argument specs and README say the same."""

from __future__ import annotations

import re

import environment
import pytest
import yaml

ROLES = sorted(path for path in (environment.ROOT / "roles").iterdir() if path.is_dir())
pytestmark = pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)


def load(path):
    return (yaml.safe_load(path.read_text()) or {}) if path.exists() else {}


def options(role):
    """Return the options of all entry points of a role; one that several have must be the same in each."""
    specs = load(role / "meta" / "argument_specs.yml")["argument_specs"]
    merged = {}
    for entry in specs.values():
        for name, option in (entry.get("options") or {}).items():
            assert merged.setdefault(name, option) == option, f"{name} differs between entry points"
    return merged


def test_specs_and_defaults_agree(role):
    specs = {name: option["default"] for name, option in options(role).items() if "default" in option}
    assert specs == load(role / "defaults" / "main.yml")


def test_what_has_no_default_is_required(role):
    assert not [name for name, option in options(role).items() if "default" not in option and not option.get("required")]


def test_names(role):
    assert not [name for name in options(role) if not name.startswith("npu_")]
    private = load(role / "vars" / "main.yml")
    assert not [name for name in private if not name.startswith("__npu_")]


def test_readme_names_every_option(role):
    readme = (role / "README.md").read_text()
    assert not [name for name in options(role) if f"`{name}`" not in readme]


def test_entry_points_of_others_have_a_spec_or_are_internal(role):
    """Every tasks_from that a playbook or another role uses is in argument_specs, or the README calls it internal."""
    used = set()
    for path in [*environment.ROOT.glob("playbooks/*.yml"), *environment.ROOT.glob("roles/*/tasks/**/*.yml")]:
        used |= set(re.findall(rf"name: rkfleet\.npu\.{role.name}\n +tasks_from: (\w+)", path.read_text()))
    listed = re.search(r"^Internal entry points: ([^.]*)\.", (role / "README.md").read_text(), re.MULTILINE)
    internal = set(re.findall(r"`(\w+)`", listed[1])) if listed else set()
    specs = set(load(role / "meta" / "argument_specs.yml")["argument_specs"])
    assert used <= specs | internal and not specs & internal
    assert all((role / "tasks" / f"{name}.yml").exists() for name in specs | internal)


def test_same_option_means_the_same_in_every_role(role):
    for other in ROLES:
        theirs = options(other)
        for name, option in options(role).items():
            if name in theirs:
                assert (option["type"], option.get("default")) == (theirs[name]["type"], theirs[name].get("default")), (name, other.name)
