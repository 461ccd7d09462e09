# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The public variables of the roles: how they are resolved and kept."""

from __future__ import annotations

import stat

import pytest
from ansible import constants as C
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.rkfleet.npu.plugins.plugin_utils import _settings
from ansible_collections.rkfleet.npu.plugins.plugin_utils._answers import gate
from ansible_collections.rkfleet.npu.plugins.plugin_utils._report import hostvars


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The run's own temporary folder."""
    monkeypatch.setattr(C, "DEFAULT_LOCAL_TMP", str(tmp_path))
    return tmp_path


def resolve(roles=(), **variables):
    variables = {
        "inventory_hostname": "a", "ansible_facts": {}, "ansible_play_hosts_all": ["a", "b"],
        **{
            name: _settings.trust_as_template(value) if isinstance(value, str) else value
            for name, value in variables.items()
        },
    }
    return _settings.resolve(Templar(loader=DataLoader(), variables=variables), variables, roles)


def test_defaults_of_all_roles_are_those_of_the_specifications():
    values = resolve()
    assert values["npu_log_dir"] == "~/.cache/rkfleet-npu/logs" and values["npu_report_boards"] == ["a", "b"]
    assert (
        values["npu_confirm_minutes"] == 30 and values["npu_rollout"] == [1, "10%", "100%"]
        and values["npu_reboot_ok"] is True
    )
    assert set(values) == {name for role in _settings.options().values() for name in role}
    assert set(resolve(["report"])) == {name for name in values if name.startswith("npu_report")}


def test_a_template_may_use_the_default_of_another_role():
    assert resolve(["driver"], npu_log_dir="{{ npu_cache_dir }}/here", npu_builder="{{ machine }}", machine="m")[
        "npu_log_dir"
    ] == ("~/.cache/rkfleet-npu/here")


@pytest.mark.parametrize(
    "text, value", [("no", False), ("True", True), ("{{ 'yes' }}", True), (None, None), ("perhaps", "perhaps"), (0, 0)]
)
def test_a_flag_that_is_text_becomes_one(text, value):
    assert resolve(["driver"], npu_reboot_ok=text)["npu_reboot_ok"] == value


@pytest.mark.parametrize("name, text, value", [
    ("npu_confirm_minutes", "45", 45), ("npu_confirm_minutes", "{{ 40 + 5 }}", 45),
    ("npu_services", "a, b.service", ["a", "b.service"]),
    ("npu_confirm_minutes", "{{ '' }}", None), ("npu_reboot_ok", "{{ none }}", None),
    ("npu_services", "", []), ("npu_verify_users", "{{ ['x'] }}", ["x"]), ("npu_confirm_minutes", "soon", "soon"),
])
def test_a_value_has_the_type_of_its_variable(name, text, value):
    """With -e every value is a text. One of another type stays: it was reported before a board was contacted."""
    assert resolve(**{name: text})[name] == value


def test_a_template_whose_value_has_another_type():
    with pytest.raises(ValueError, match=r"^npu_confirm_minutes is 'soon': it must be a whole number$"):
        resolve(npu_confirm_minutes="{{ 'so' ~ 'on' }}")


def test_variables_that_cannot_be_resolved_are_named():
    with pytest.raises(
        ValueError,
        match=r"^npu_log_dir cannot be resolved before the board is contacted: .*nowhere.*\. Set it to a value",
    ):
        resolve(npu_log_dir="{{ nowhere }}/x")
    # Other roles have nothing to do with it.
    assert resolve(["report"], npu_log_dir="{{ nowhere }}/x")


@pytest.mark.parametrize("name", ["npu_log_dir", "npu_anything", "__npu_run"])
def test_a_board_with_facts_of_such_names_is_refused(name):
    with pytest.raises(ValueError, match="a module's answer set the fact %s, which no module may" % name):
        resolve(ansible_facts={"npu": {}, name: 1})
    assert resolve(ansible_facts={"npu": {}, "hostname": "a", "my_npu_rack": 1, "npuish": 2})


def test_a_name_that_a_board_chose_is_cleaned_and_short():
    name = gate.hostile({"npu_\x1b[2J" + "x" * 1000: 1})
    assert "\x1b" not in name and len(name) <= 100 and gate.hostile(None) is None


def test_values_are_kept_for_each_board_and_the_run(folder):
    with pytest.raises(ValueError, match="not resolved at the start of this run"):
        _settings.load("a")
    _settings.save({"npu_x": [1, {"y": None}]}, "../a")
    _settings.save({"npu_x": 2})
    assert _settings.load("../a") == {"npu_x": [1, {"y": None}]} and _settings.load() == {"npu_x": 2}
    _settings.save({"npu_x": 3})
    assert _settings.load() == {"npu_x": 3}
    # They may hold a password for a mirror.
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.glob("*settings*")} == {0o600} and len(
        list(folder.iterdir())
    ) == 2


def test_the_report_writes_nothing_on_a_board():
    variables = {"inventory_hostname": "a", "ansible_play_hosts_all": ["a"]}
    templar = Templar(loader=DataLoader(), variables=variables)
    _settings.resolve_and_save(templar, variables)
    _settings.resolve_and_save(templar, variables, whole_run=True)
    assert set(_settings.load()) - set(_settings.load("a")) == set(_settings.options()["report"])


def test_a_board_with_hostile_facts_has_failed():
    known = hostvars.board_variables(
        {"ansible_facts": {"npu": {}, "npu_hold": True}, "__npu_is_committed": True, "__npu_error": "a: and this"}
    )
    assert "__npu_is_committed" not in known
    assert known["__npu_error"].startswith("a module's answer set the fact npu_hold") and known["__npu_error"].endswith(
        " a: and this"
    )
