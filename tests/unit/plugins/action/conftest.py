# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Actions of the driver's modules whose module answers as told."""

from __future__ import annotations

import io
import json
import pathlib
import tarfile
import types

import pytest
from ansible_collections.rkfleet.npu.plugins.action import npu_dkms
from ansible_collections.rkfleet.npu.plugins.plugin_utils._action import board as _transfer
from stand_ins.boards.driver_boards import FACTS, HEADER, KERNEL, ROOT, board


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "driver.tar.bz2"
    with tarfile.open(path, "w:bz2") as tar:
        member = tarfile.TarInfo("drivers/rknpu/include/rknpu_drv.h")
        member.size = len(HEADER)
        tar.addfile(member, io.BytesIO(HEADER))
    return str(path)


@pytest.fixture
def act(monkeypatch, source, tmp_path):
    """Run an action whose module answers as told; `sent` has the arguments that the module was called with."""
    def run(plugin, answer, check_mode=False, facts=None, board="rock5b/1", **args):
        sent, certificates = [], args.pop("certificates", {})

        class Action(plugin.ActionModule):
            def __init__(self):
                self._task = types.SimpleNamespace(
                    delegate_to=args.pop("delegate_to", None),
                    args=dict(
                        {
                            "version": "0.9.6", "source": source, "build_files": str(ROOT / "roles/driver/files/dkms"),
                            "log_dir": str(tmp_path / "logs"),
                        },
                        **args,
                    ),
                    check_mode=check_mode,
                )

            def upload(self, local, name):
                uploads[name] = pathlib.Path(local).read_bytes()
                return "/tmp/there/" + name

            def remote_file(self, path):
                return certificates[path]

            def _execute_module(self, module_args=None, **unused):
                module_args = dict(module_args, **json.loads(module_args["_internal"]))
                sent.append(module_args)
                return answer(module_args) if callable(answer) else answer

        monkeypatch.setattr(_transfer.ActionBase, "run", lambda *unused: {})
        if plugin is npu_dkms:
            monkeypatch.setattr(plugin.ActionModule, "can_run_programs", lambda self: False)
        groups = {"trusted": ["other", "first"], "empty": []}
        return Action().run(
            task_vars={"inventory_hostname": board, "groups": groups, "ansible_facts": {"npu": {"kernel": facts}}}
        ), sent

    uploads = run.uploads = {}
    return run


@pytest.fixture
def dkms(act, tmp_path):
    """npu_dkms with a store, on boards that answer as told."""
    def run(answer=board, **args):
        return act(
            npu_dkms, answer, **dict({"kernel": KERNEL, "facts": FACTS, "store": str(tmp_path / "store")}, **args)
        )
    return run
