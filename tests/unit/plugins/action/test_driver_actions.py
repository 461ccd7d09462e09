# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The actions that have a driver built: what they send, what they say without a board, and the logs they keep."""

from __future__ import annotations

import io
import pathlib
import tarfile
import types

import pytest
from ansible.errors import AnsibleActionFail

from ansible_collections.rkfleet.npu.plugins.action import npu_dkms, npu_preflight
from ansible_collections.rkfleet.npu.plugins.plugin_utils import _transfer

ROOT = pathlib.Path(__file__).parents[4]
HEADER = b"#define DRIVER_MAJOR 0\n#define DRIVER_MINOR 9\n#define DRIVER_PATCHLEVEL 6\n"
KERNEL, LATER = "6.1.84-12-rk2410", "6.16.1-arm64"


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
    def run(plugin, answer, check_mode=False, **args):
        sent = []

        class Action(plugin.ActionModule):
            def __init__(self):
                self._task = types.SimpleNamespace(
                    args=dict({"version": "0.9.6", "source": source, "build_files": str(ROOT / "roles/driver/files/dkms"),
                               "log_dir": str(tmp_path / "logs")}, **args), check_mode=check_mode)

            def upload(self, local, name):
                return "/tmp/there/" + name

            def _execute_module(self, module_args=None, **unused):
                sent.append(module_args)
                return answer

        monkeypatch.setattr(_transfer.ActionBase, "run", lambda *unused: {})
        return Action().run(task_vars={"inventory_hostname": "rock5b/1"}), sent

    return run


def test_the_full_log_of_a_failed_build_is_kept_on_the_controller(act, tmp_path):
    log = "line\n" * 5000 + "\u2018vm_flags_set\u2019 undeclared\n"
    result, dummy = act(npu_dkms, {"failed": True, "msg": "it was not built", "log": log}, kernel=KERNEL)
    kept = tmp_path / "logs" / ("rock5b_1-rknpu-0.9.6-%s.log" % KERNEL)
    assert result["log_file"] == str(kept) and kept.read_text(encoding="utf-8") == log
    assert result["msg"] == "it was not built (log: %s)" % kept and "log" not in result


def test_the_preflight_tells_what_the_data_knows_without_a_build_and_keeps_each_log(act, tmp_path):
    answer = {"kernels": [{"release": KERNEL, "verdict": "fails", "reason": "x", "log": "the log"}]}
    result, sent = act(npu_preflight, answer, check_mode=True, kernels=[LATER, KERNEL, LATER], compatibility={
        "kernels": {"6.16": {"supported": False, "reason": "the test says no", "remedy": "Boot another.", "source": "x", "confidence": "I"}}})
    assert sent[0]["kernels"] == [KERNEL] and sent[0]["packages"][KERNEL] == "linux-headers-" + KERNEL
    assert not {"source", "build_files", "log_dir", "compatibility"} & set(sent[0])
    assert [entry["release"] for entry in result["kernels"]] == [LATER, KERNEL] and result["changed"] is False
    assert result["kernels"][0]["verdict"] == "unsupported"
    assert result["kernels"][0]["reason"] == "driver 0.9.6 does not support it: the test says no. Boot another."
    kept = tmp_path / "logs" / ("rock5b_1-preflight-0.9.6-%s.log" % KERNEL)
    assert result["kernels"][1]["log_file"] == str(kept) and kept.read_text() == "the log"


def test_where_the_data_knows_it_all_the_board_is_not_asked(act):
    result, sent = act(npu_preflight, AssertionError, kernels=["4.19.1"])
    assert sent == [] and result["kernels"][0]["verdict"] == "unsupported"


@pytest.mark.parametrize("args, said", [
    ({"kernels": []}, "needs kernels"), ({"kernels": ["latest"]}, "'latest' is not a kernel release"),
    ({"kernels": [KERNEL], "compatibility": {"kernels": 1}}, "npu_compatibility: "),
    ({"kernels": [KERNEL], "version": "0.9.8"}, "it is driver 0.9.6, wanted is 0.9.8"),
])
def test_what_cannot_be_tried_is_said(act, args, said):
    with pytest.raises(AnsibleActionFail, match=said):
        act(npu_preflight, AssertionError, **args)
