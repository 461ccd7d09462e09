# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The option that only an action plugin sets."""

from __future__ import annotations

import importlib
import types

import pytest
import yaml
from ansible_collections.rkfleet.npu.plugins.module_utils import _internal, _runtime_install
from ansible_collections.rkfleet.npu.plugins.plugin_utils._action import board

MODULES = ("npu_boot", "npu_dkms", "npu_runtime", "npu_transaction", "npu_trial_build_info", "rknn_mobilenet")


class Failed(Exception):
    """The module ended with this message."""


class Module:
    """As AnsibleModule, without an action plugin."""

    check_mode = False

    def __init__(self, argument_spec, **unused):
        self.params = {name: option.get("default") for name, option in argument_spec.items()}

    def fail_json(self, msg):
        """End the module."""
        raise Failed(msg)


@pytest.mark.parametrize("name", MODULES)
def test_a_module_without_its_action_plugin_fails_with_one_sentence(monkeypatch, name):
    module = importlib.import_module(f"ansible_collections.rkfleet.npu.plugins.modules.{name}")
    monkeypatch.setattr(module, "AnsibleModule", Module)
    sentence = f"^{name} cannot run without its action plugin, .*: call it as rkfleet.npu.{name} in a task$"
    with pytest.raises(Failed, match=sentence):
        module.main()
    assert "rkfleet.npu._options.internal" in yaml.safe_load(module.DOCUMENTATION)["extends_documentation_fragment"]


def test_what_the_action_plugin_sets_is_laid_over_the_options():
    option = _internal.option("npu_dkms", {"archive": "/x"})
    module = types.SimpleNamespace(params={"version": "0.9.6", "_internal": option})
    found = _internal.parameters(module, "npu_dkms", archive=None, collect=False)
    assert found == {"version": "0.9.6", "archive": "/x", "collect": False}


@pytest.mark.parametrize("state", ["pending", "restoring", "none"])
@pytest.mark.parametrize("name", ["npu_boot", "npu_runtime"])
def test_nothing_is_changed_once_the_board_has_rolled_itself_back(monkeypatch, tmp_path, name, state):
    """A controller that slept through npu_confirm_minutes continues with its next task, without a restore point."""
    module = importlib.import_module(f"ansible_collections.rkfleet.npu.plugins.modules.{name}")
    if state != "none":
        (tmp_path / "pending").mkdir()
    if state == "restoring":
        (tmp_path / "pending/restoring").write_text("")

    class Begun(Module):
        def __init__(self, argument_spec, **unused):
            super().__init__(argument_spec)
            self.params.update(state_dir=str(tmp_path), _internal=_internal.option(name, {"begun": True}))
            self.params.update(module="no name", diverted=[], destination=str(tmp_path / "x"))

    monkeypatch.setattr(module, "AnsibleModule", Begun)
    past = types.SimpleNamespace(undiverted=lambda names: {}["past it"])
    monkeypatch.setattr(_runtime_install, "package_files", past)
    if state == "pending":
        with pytest.raises((Failed, KeyError), match="past it|is not the name of a kernel module"):
            module.main()
        # With hundreds of boards the time from the reboot to the commit is long.
        assert (tmp_path / "pending/heartbeat").exists() is (name == "npu_runtime")
    else:
        with pytest.raises(Failed, match="has rolled itself back in the meantime, so nothing was changed: rerun the"):
            module.main()


@pytest.mark.parametrize("variables, check_mode, delegate_to, begun", [
    ({"__npu_begun": {"changed": True}}, False, None, True), ({}, False, None, False),
    ({"__npu_begun": {"changed": True}}, True, None, False),
    ({"__npu_begun": {"changed": True}}, False, "builder", False),
    # Refused, or ended.
    ({"__npu_begun": {"failed": True, "changed": False}}, False, None, False),
    ({"__npu_begun": {"changed": True}, "__npu_committed": {}}, False, None, False),
])
def test_when_a_restore_point_must_be_there(variables, check_mode, delegate_to, begun):
    action = object.__new__(board.BoardAction)
    action._task = types.SimpleNamespace(check_mode=check_mode, delegate_to=delegate_to)
    assert action.has_begun(variables) is begun
