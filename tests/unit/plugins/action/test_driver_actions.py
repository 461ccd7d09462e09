# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The actions that have a driver built: what they send, what they say without a board, and the logs they keep."""

from __future__ import annotations

import base64
import hashlib
import io
import pathlib
import tarfile
import types

import pytest
from ansible.errors import AnsibleActionFail

from ansible_collections.rkfleet.npu.plugins.action import npu_dkms, npu_preflight, npu_store
from ansible_collections.rkfleet.npu.plugins.plugin_utils import _store, _transfer

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
    def run(plugin, answer, check_mode=False, facts=None, board="rock5b/1", **args):
        sent = []

        class Action(plugin.ActionModule):
            def __init__(self):
                self._task = types.SimpleNamespace(
                    delegate_to=args.pop("delegate_to", None),
                    args=dict({"version": "0.9.6", "source": source, "build_files": str(ROOT / "roles/driver/files/dkms"),
                               "log_dir": str(tmp_path / "logs")}, **args), check_mode=check_mode)

            def upload(self, local, name):
                uploads[name] = pathlib.Path(local).read_bytes()
                return "/tmp/there/" + name

            def remote_digests(self, paths):
                return ["the certificate at " + path for path in paths]

            def _execute_module(self, module_args=None, **unused):
                sent.append(module_args)
                return answer(module_args) if callable(answer) else answer

        monkeypatch.setattr(_transfer.ActionBase, "run", lambda *unused: {})
        return Action().run(task_vars={"inventory_hostname": board, "ansible_facts": {"npu": {"kernel": facts}}}), sent

    uploads = run.uploads = {}
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


# -- the store ---------------------------------------------------------------------------------------------------------------

FACTS = {"release": KERNEL, "build": "#1 SMP", "machine": "aarch64", "compiler": "gcc", "config_digest": "c" * 64, "symvers_digest": "5" * 64}
MODULE = b"\x7fELF" + bytes(100) + b"vermagic=%s SMP\0" % KERNEL.encode()


def board(module_args):
    """A board that builds what it is asked to, and takes what it gets."""
    if module_args.get("binary"):
        return {"changed": True, "steps": ["tree", "load"], "probes": ["probe fence: left out"], "notes": [], "log": "the log", "built": None}
    assert module_args["collect"]
    return {"changed": True, "steps": ["tree", "install"], "probes": ["probe fence: left out"], "notes": [], "log": "the log", "built": {
        "name": "rknpu.ko", "content": base64.b64encode(MODULE).decode(), "sha256": hashlib.sha256(MODULE).hexdigest(), "symvers": "5" * 64,
        "vermagic": KERNEL + " SMP", "tools": {"dkms": "dkms-3.0.10"}}}


@pytest.fixture
def dkms(act, tmp_path):
    """npu_dkms with a store, on boards that answer as told."""
    def run(answer=board, **args):
        return act(npu_dkms, answer, **dict({"kernel": KERNEL, "facts": FACTS, "store": str(tmp_path / "store")}, **args))
    return run


def test_what_the_first_board_builds_the_second_gets(dkms, act, tmp_path):
    first, sent = dkms(board="first")
    assert first["steps"] == ["tree", "install"] and first["stored"]["board"] == "first" and "built" not in first
    assert not {"store", "store_keep", "source_digest", "build_files"} & set(sent[0])
    second, sent = dkms(board="second")
    assert second["steps"] == ["tree", "load"] and second["stored"] == first["stored"] and second["probes"] == ["probe fence: left out"]
    assert "built" not in second
    assert len(sent) == 1 and act.uploads["rknpu.ko"] == MODULE
    assert sent[0]["binary"] == {"name": "rknpu.ko", "sha256": hashlib.sha256(MODULE).hexdigest(), "path": "/tmp/there/rknpu.ko", "log": "the log"}


def test_kernels_of_different_builds_are_built_once_each(dkms):
    kernels = ["#1 SMP", "#2 SMP", "#3 SMP"]
    steps = [dkms(board="board-%d" % number, facts=dict(FACTS, build=kernels[number % 3]))[0]["steps"][-1] for number in range(9)]
    assert steps == ["install"] * 3 + ["load"] * 6


def test_a_board_that_refuses_the_module_builds_and_its_build_is_kept_beside(dkms, tmp_path):
    dkms(board="first")
    answers = iter([{"changed": False, "refused": "this kernel has other versions of printk", "steps": []}, None])

    def picky(module_args):
        result = next(answers) or board(module_args)
        if result.get("built"):
            result["built"]["symvers"] = "6" * 64
        return result

    no_headers = dict(FACTS, symvers_digest=None)
    result, sent = dkms(picky, board="second", facts=no_headers)
    assert result["steps"] == ["tree", "install"] and result["stored"]["board"] == "second" and len(sent) == 2
    assert result["notes"] == ["the module that first built was not used: this kernel has other versions of printk"]
    assert len(_store.Store(str(tmp_path / "store")).manifests()) == 2


def test_a_board_that_refuses_and_cannot_build_says_both(dkms):
    dkms()
    answers = iter([{"refused": "its symbols differ", "steps": []}, {"failed": True, "msg": "the headers of kernel x are missing"}])
    result, dummy = dkms(lambda module_args: next(answers), facts=dict(FACTS, symvers_digest=None))
    assert result["failed"] and result["msg"] == "the headers of kernel x are missing (the module that rock5b/1 built was not used: its symbols differ)"


def test_a_build_that_failed_is_not_kept_and_the_next_board_builds(dkms):
    dkms({"failed": True, "msg": "it was not built", "log": "x"}, board="first")
    assert dkms(board="second")[0]["steps"] == ["tree", "install"]


def test_what_cannot_be_kept_is_no_failure_but_a_note(dkms):
    def odd(module_args):
        result = board(module_args)
        result["built"]["name"] = "../x"
        return result

    result, dummy = dkms(odd)
    assert "failed" not in result and result["stored"] is None
    assert result["notes"] == ["the build could not be kept in the store: '../x' is not the name of a module's file"]


def predicts(module_args):
    return {"steps": ["tree", "load" if module_args["binary"] else "install"]}


def test_a_check_run_says_load_where_the_store_has_it_and_makes_nothing(dkms, tmp_path):
    result, sent = dkms(predicts, check_mode=True)
    assert result["steps"] == ["tree", "install"] and not (tmp_path / "store").exists()
    dkms()
    result, sent = dkms(predicts, check_mode=True)
    assert result["steps"] == ["tree", "load"] and "path" not in sent[0]["binary"] and result["stored"]["board"] == "rock5b/1"
    # Where the source is not there yet its pinned checksum tells, too.
    digest = _store.digest_of(str(tmp_path / "driver.tar.bz2"))
    result, sent = dkms(predicts, check_mode=True, source=str(tmp_path / "none"), source_digest=digest)
    assert result["steps"] == ["tree", "load"] and sent[0]["archive_sha256"] == "not fetched"


@pytest.mark.parametrize("facts", [None, {}, dict(FACTS, build=None), dict(FACTS, release="5.10.1")])
def test_without_facts_of_this_kernel_the_board_builds_for_itself(dkms, facts, tmp_path):
    result, sent = dkms({"steps": ["tree", "install"], "built": None}, facts=facts)
    assert result["steps"] == ["tree", "install"] and "collect" not in sent[0]
    assert _store.Store(str(tmp_path / "store")).manifests() == []


def test_modules_signed_with_another_certificate_are_other_builds(dkms):
    dkms()
    assert dkms(signing_key="/k", signing_cert="/c")[0]["steps"] == ["tree", "install"]
    assert dkms(signing_key="/k", signing_cert="/c")[0]["steps"] == ["tree", "load"]


def test_a_store_of_others_is_an_error_before_anything_is_asked(dkms, tmp_path):
    (tmp_path / "store").mkdir(mode=0o777)
    (tmp_path / "store").chmod(0o777)
    with pytest.raises(AnsibleActionFail, match="others than you can write"):
        dkms(AssertionError)


def test_the_packages_of_a_build_are_not_needed_where_it_is_in_the_store(dkms, act, tmp_path, monkeypatch):
    source = hashlib.sha256((tmp_path / "driver.tar.bz2").read_bytes()).hexdigest()
    asked = {"store": str(tmp_path / "store"), "version": "0.9.6", "kernel": KERNEL, "source_digest": source,
             "build_files": str(ROOT / "roles/driver/files/dkms"), "packages": ["dkms", "gcc", "linux-headers-x"]}

    def look(**changes):
        monkeypatch.setattr(npu_store.ActionModule, "validate_argument_spec", lambda *unused, **spec: (None, dict(
            {"module": "rknpu", "signing_cert": None, "wait": False}, **asked, **changes)), raising=False)
        return act(npu_store, AssertionError, facts=FACTS)[0]

    assert look() == {"changed": False, "stored": None, "packages": ["dkms", "gcc", "linux-headers-x"]}
    built, dummy = dkms()
    assert look() == {"changed": False, "stored": built["stored"], "packages": ["dkms"]} == look(wait=True)


def built(module_args):
    """A host that builds in a folder that goes away again."""
    assert module_args["collect"] and module_args["kernels"] == [KERNEL]
    kept = board(dict(module_args, binary=None))["built"]
    return {"kernels": [{"release": KERNEL, "verdict": "builds", "reason": "fine", "probes": ["probe fence: left out"], "log": "the log", "built": kept}]}


def test_what_a_builder_builds_for_a_board_the_board_gets(act, dkms, tmp_path):
    there = {"kernels": [KERNEL], "facts": FACTS, "store": str(tmp_path / "store"), "delegate_to": "builder"}
    result, sent = act(npu_preflight, built, **there)
    assert result["stored"]["board"] == "builder" and "built" not in result["kernels"][0] and not {"store", "store_keep", "source_digest"} & set(sent[0])
    got, dummy = dkms()
    assert got["steps"] == ["tree", "load"] and got["stored"] == result["stored"]
    # For the next board it has nothing to do.
    again, sent = act(npu_preflight, AssertionError, **there)
    assert again["stored"] == result["stored"] and sent == []


def test_a_builder_with_other_symbols_builds_for_nobody(act, dkms, tmp_path):
    def elsewhere(module_args):
        result = built(module_args)
        result["kernels"][0]["built"]["symvers"] = "7" * 64
        return result

    act(npu_preflight, elsewhere, kernels=[KERNEL], facts=FACTS, store=str(tmp_path / "store"), delegate_to="builder")
    assert dkms()[0]["steps"] == ["tree", "install"]


def test_what_does_not_build_on_the_builder_is_not_kept(act, dkms, tmp_path):
    answer = {"kernels": [{"release": KERNEL, "verdict": "no_headers", "reason": "none", "log": ""}]}
    result, dummy = act(npu_preflight, answer, kernels=[KERNEL], facts=FACTS, store=str(tmp_path / "store"), delegate_to="builder")
    assert result["stored"] is None and dkms()[0]["steps"] == ["tree", "install"]


@pytest.mark.parametrize("args", [{"kernels": [KERNEL, "6.1.99-1-rk2410"]}, {"facts": {}}])
def test_for_the_store_it_is_the_kernel_of_the_boards_facts(act, tmp_path, args):
    with pytest.raises(AnsibleActionFail, match="for the kernel that runs on the task's board"):
        act(npu_preflight, AssertionError, **dict({"kernels": [KERNEL], "facts": FACTS, "store": str(tmp_path / "store")}, **args))
