# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The scripts that the roles keep and the modules install: all of them are sent, and only where they are installed."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import types

import pytest
from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.parameters import remove_values
from ansible_collections.rkfleet.npu.plugins.action import npu_boot, npu_transaction
from ansible_collections.rkfleet.npu.plugins.module_utils._board import files as _files
from ansible_collections.rkfleet.npu.plugins.module_utils._boot.menus import default_kernel_paths
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction import guard as _guard
from ansible_collections.rkfleet.npu.plugins.modules import npu_boot as boot_module
from ansible_collections.rkfleet.npu.plugins.modules import npu_transaction as transaction_module
from ansible_collections.rkfleet.npu.plugins.plugin_utils._action import board_files

GUARD = {"guard", "rkfleet-npu-guard.service", "rkfleet-npu-watch.service"}
DEFAULT_KERNEL = {"kernel-default", "u-boot.conf", "grub.conf", "00-rkfleet-npu", "zz-rkfleet-npu", "rkfleet-npu.conf",
                  "zz-rkfleet-npu-kernel.cfg"}


def test_all_that_a_module_installs_is_a_file_of_a_role():
    assert set(board_files.guard()) == GUARD == set(map(os.path.basename, _guard.FILES))
    assert set(board_files.default_kernel()) == DEFAULT_KERNEL == set(map(os.path.basename, default_kernel_paths.FILES))
    folder = board_files.ROLES / "driver/files/default-kernel"
    assert {path.name for path in folder.iterdir()} == DEFAULT_KERNEL


@pytest.fixture
def sent(monkeypatch):
    """Return a function that runs an action and gives what it sends its module beside the options of the task."""
    def run(plugin, **args):
        action = object.__new__(type("Action", (plugin.ActionModule,), {
            "run_task": lambda self, module, arguments, args, task_vars, internal: {"internal": internal}}))
        action._task = types.SimpleNamespace(args=args)
        return action.act({}, {"inventory_hostname": "rock"})["internal"]

    return run


@pytest.mark.parametrize("state", ["begun", "alive", "paused", "committed", "restored", "closed", "unlocked"])
def test_the_guard_is_sent_where_it_is_installed(sent, state):
    args = sent(npu_transaction, state=state)
    assert ("guard" in args) is (state in ("begun", "committed", "restored"))
    assert "guard" not in args or json.loads(args["guard"]) == board_files.guard()
    assert args["owner"]["board"] == "rock"


@pytest.mark.parametrize(
    "args, expected", [({}, True), ({"state": "present"}, True), ({"state": None}, True), ({"state": "absent"}, False)]
)
def test_what_chooses_the_default_kernel_is_sent_where_it_is_installed(sent, args, expected):
    args = sent(npu_boot, **args)
    assert ("scripts" in args) is expected
    assert not expected or json.loads(args["scripts"]) == board_files.default_kernel()


def test_a_value_of_the_task_is_not_installed(sent):
    assert json.loads(sent(npu_boot, _internal={"scripts": "{}"})["scripts"]) == board_files.default_kernel()
    assert json.loads(sent(npu_transaction, state="begun", _internal={"guard": "{}"})["guard"]) == board_files.guard()


@pytest.mark.parametrize("files, gone", [
    (board_files.guard, "guard/files/guard"), (board_files.guard, "guard/files/rkfleet-npu-watch.service"),
    (board_files.default_kernel, "driver/files/default-kernel/kernel-default"),
])
def test_an_incomplete_collection_is_reported(monkeypatch, tmp_path, files, gone):
    for name in ("guard", "driver"):
        shutil.copytree(board_files.ROLES / name, tmp_path / name)
    monkeypatch.setattr(board_files, "ROLES", pathlib.Path(tmp_path))
    assert json.loads(board_files.as_option(files))
    place = tmp_path / gone
    shutil.rmtree(place) if place.is_dir() else place.unlink()
    with pytest.raises(AnsibleActionFail, match="cannot be read on the controller: .*%s.* Install it again" % gone):
        board_files.as_option(files)


@pytest.mark.parametrize(
    "module, state",
    [
        (boot_module, "present"),
        (transaction_module, "begun"),
        (transaction_module, "committed"),
        (transaction_module, "restored"),
    ],
)
@pytest.mark.parametrize("check_mode", [False, True])
def test_a_module_without_its_action_plugin_fails_with_one_sentence(monkeypatch, module, state, check_mode):
    class Module:
        """As AnsibleModule, with the defaults of the module."""

        def __init__(self, argument_spec, **unused):
            self.params = dict({name: spec.get("default") for name, spec in argument_spec.items()}, state=state)
            self.check_mode = check_mode

        def fail_json(self, msg):
            raise SystemExit(msg)

    name = module.__name__.rsplit(".", 1)[-1]
    monkeypatch.setattr(module, "AnsibleModule", Module)
    with pytest.raises(
        SystemExit,
        match="^%s cannot run without its action plugin, .*: call it as rkfleet.npu.%s in a task$" % (name, name),
    ):
        module.main()


@pytest.mark.parametrize("option", [None, "", "{}", "no JSON", "[]", '{"guard": 1}'])
def test_what_is_not_the_files_is_refused(option):
    with pytest.raises(ValueError, match="without its action plugin"):
        _files.sent_files("npu_transaction", option, ["guard"])


def test_a_module_gets_what_was_sent():
    option = board_files.as_option(board_files.default_kernel)
    assert _files.sent_files("npu_boot", option, DEFAULT_KERNEL) == board_files.default_kernel()


def test_the_option_is_kept_out_of_logs_and_nothing_else():
    """With no_log Ansible masks the option's value wherever it appears in the answer: the diff must stay readable."""
    diff = [{"after": text} for text in board_files.default_kernel().values()]
    assert remove_values(diff, {board_files.as_option(board_files.default_kernel)}) == diff
