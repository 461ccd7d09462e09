# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What a board answers reaches no task as a variable, and no board holds a run up: both are seen in the files of roles and playbooks."""

from __future__ import annotations

import re

import environment
import pytest
import yaml

FILES = sorted(path for pattern in ("roles/*/tasks/**/*.yml", "roles/*/handlers/*.yml", "roles/*/vars/*.yml", "playbooks/*-npu.yml")
               for path in environment.ROOT.glob(pattern))
CONDITIONS = ("when", "that", "until", "failed_when", "changed_when", "var")
# A variable by itself or of another host; names of plugins and modules follow "npu.".
VARIABLE = re.compile(r"(?<!npu\.)(?<!__npu_settings\.)(?<!__npu_run\.)(?<!\w)npu_\w+")
# file -> variable (or *) -> why a board cannot set it, or why that does not matter
ALLOWED = {
    "roles/detect/tasks/audit.yml": {"*": "the only task that contacts a board in an audit"},
    "roles/detect/tasks/inspect.yml": {"*": "the first task that contacts a board in an upgrade; it resolves the variables itself"},
    "roles/rollout/tasks/check.yml": {"*": "before any board is contacted"},
    "roles/rollout/tasks/prepare.yml": {"npu_reboot_required": "sets the result"},
    "roles/rollout/tasks/upgrade_or_roll_back.yml": {"npu_reboot_required": "a result, which prepare.yml sets first"},
    "roles/driver/tasks/activate.yml": {"npu_reboot_required": "sets the result"},
    "roles/driver/tasks/reboot.yml": {"npu_reboot_required": "sets the result"},
    "roles/verify/tasks/main.yml": {"npu_reboot_required": "a result; decides for its own board only whether it is verified now"},
    "roles/guard/tasks/commit.yml": {"npu_reboot_required": "a result; decides for its own board only when it is committed"},
    "playbooks/audit-npu.yml": {"npu_hosts": "a play has no variables of a host",
                                "npu_report_dir": "before any board is contacted"},
    "playbooks/preflight-npu.yml": {"npu_hosts": "a play has no variables of a host"},
    "playbooks/record-npu.yml": {"npu_hosts": "a play has no variables of a host"},
    "playbooks/rollback-npu.yml": {"npu_hosts": "a play has no variables of a host", "npu_rollout": "of the settings of the run"},
    "playbooks/stage-npu.yml": {"npu_hosts": "a play has no variables of a host"},
    "playbooks/upgrade-npu.yml": {"npu_hosts": "a play has no variables of a host"},
    "playbooks/verify-npu.yml": {"npu_hosts": "a play has no variables of a host"},
}
# Built-in actions that run on the controller whatever the host is.
ON_CONTROLLER = {"set_fact", "debug", "fail", "assert", "meta", "add_host", "group_by", "validate_argument_spec", "include_role",
                 "import_role", "include_tasks", "import_tasks"}
KEYWORDS = ("block", "rescue", "always", "tasks", "handlers")


def expressions(node, is_condition=False):
    """Yield the Jinja expressions in YAML, without their string literals."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from expressions(value, key in CONDITIONS)
    elif isinstance(node, list):
        for item in node:
            yield from expressions(item, is_condition)
    elif isinstance(node, str):
        for text in [node] if is_condition else re.findall(r"\{\{(.*?)\}\}", node, re.DOTALL):
            yield re.sub(r"'[^']*'|\"[^\"]*\"", "''", text)


def bare(path, text):
    """Return the public variables that a file takes from a host's variables, without those that it may."""
    found = {name for expression in expressions(yaml.safe_load(text)) for name in VARIABLE.findall(expression)}
    allowed = ALLOWED.get(path, {})
    return set() if "*" in allowed else found - set(allowed)


def name_of(path):
    return str(path.relative_to(environment.ROOT))


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_public_variables_have_the_resolved_values(path):
    assert not bare(name_of(path), path.read_text()), "write __npu_settings.NAME, or __npu_run.NAME for what holds for the whole run"


TEMPLATES = sorted(environment.ROOT.glob("roles/*/templates/*.j2"))


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_templates_have_the_resolved_values_too(path):
    text = " ".join(re.findall(r"\{[{%](.*?)[%}]\}", path.read_text(), re.DOTALL))
    assert not VARIABLE.findall(re.sub(r"'[^']*'|\"[^\"]*\"", "''", text)), "write __npu_settings.NAME"


def test_no_exception_is_stale():
    for name, allowed in ALLOWED.items():
        assert "*" in allowed or not set(allowed) - _names(name), name


def _names(name):
    content = (environment.ROOT / name).read_text()
    return set(re.findall(r"npu_\w+", content))


@pytest.mark.parametrize("text", [
    "- a: '{{ npu_log_dir }}'", "- when: npu_store is truthy", "- when: [x, not npu_hold | bool]", "- a: '{{ hostvars[x].npu_log_dir }}'",
    "- a: {vars: {b: \"{{ [__npu_settings.npu_store, npu_log_dir] }}\"}}", "- that: [npu_x]", "- loop: '{{ x }} and {{npu_y}}'"])
def test_one_that_is_not_is_found(text):
    assert bare("roles/driver/tasks/new.yml", text)


@pytest.mark.parametrize("text", [
    "- a: '{{ __npu_settings.npu_log_dir }}'", "- msg: set npu_log_dir", "- a: '{{ x | rkfleet.npu.npu_plan(y) }}'",
    "- when: \"'npu_now' in groups\"", "- rkfleet.npu.npu_rollout_record: {path: '{{ __npu_run.npu_staging_file }}'}", "- a: '{{ ansible_facts.npu.driver }}'"])
def test_what_is_none_is_not_found(text):
    assert not bare("roles/driver/tasks/new.yml", text)


def test_roles_use_only_resolved_values():
    """Each name after __npu_settings is an option of a role that vars/main.yml looks up; an upgrade resolves those of all roles."""
    specs = {path.parts[-3]: {name for entry in yaml.safe_load(path.read_text())["argument_specs"].values() for name in entry.get("options") or {}}
             for path in environment.ROOT.glob("roles/*/meta/argument_specs.yml")}
    every = set().union(*specs.values())
    for role in specs:
        variables = yaml.safe_load((environment.ROOT / "roles" / role / "vars/main.yml").read_text())
        roles = re.findall(r"'(\w+)'", variables.get("__npu_settings", "").partition(",")[2])
        known = set().union(*(specs[name] for name in roles)) if roles else every
        used = set()
        for path in (environment.ROOT / "roles" / role).glob("*/*.yml"):
            used |= set(re.findall(r"__npu_(?:settings|run)\.(npu_\w+)", path.read_text()))
        # Read with a default: it is that of another role.
        assert not used - known - ({"npu_require_staging"} if role == "driver" else set()), role


def tasks(node):
    """Yield all tasks of a file."""
    for item in node if isinstance(node, list) else []:
        yield item
        for key in KEYWORDS:
            yield from tasks(item.get(key))


def without_timeout(text):
    """Return the built-in modules that a file runs on a board without a timeout."""
    found = []
    for task in tasks(yaml.safe_load(text)):
        modules = {key.rpartition(".")[2] for key in task if key.startswith(("ansible.builtin.", "ansible.legacy."))} - ON_CONTROLLER
        if modules and not task.get("timeout") and task.get("delegate_to") != "localhost":
            found += modules
    return found


@pytest.mark.parametrize("path", [path for path in FILES if "vars" not in path.parts], ids=name_of)
def test_a_built_in_module_on_a_board_has_a_timeout(path):
    # The built-in reboot reads without a bound what a board answers; npu_reboot does not.
    assert "ansible.builtin.reboot" not in path.read_text()
    assert not without_timeout(path.read_text())


def test_a_missing_timeout_is_found():
    task = "ansible.builtin.copy: {src: a, dest: b}"
    assert without_timeout("- block: [{name: x, block: [{%s}]}]" % task) == ["copy"]
    assert without_timeout("- hosts: all\n  tasks: [{%s}]" % task) == ["copy"]
    assert not without_timeout("- {%s, timeout: 300}" % task) and not without_timeout("- {%s, delegate_to: localhost}" % task)
