# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The option that only an action plugin sets."""

from __future__ import annotations

import importlib
import types

import pytest
import yaml
from ansible_collections.rkfleet.npu.plugins.module_utils import _internal

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
    assert "rkfleet.npu._internal" in yaml.safe_load(module.DOCUMENTATION)["extends_documentation_fragment"]


def test_what_the_action_plugin_sets_is_laid_over_the_options():
    option = _internal.option("npu_dkms", {"archive": "/x"})
    module = types.SimpleNamespace(params={"version": "0.9.6", "_internal": option})
    found = _internal.parameters(module, "npu_dkms", archive=None, collect=False)
    assert found == {"version": "0.9.6", "archive": "/x", "collect": False}
