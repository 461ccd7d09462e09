# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The actions that have a driver built: what they send, what they say without a board, and the logs they keep."""

from __future__ import annotations

import base64
import hashlib
import io
import pathlib
import shutil
import tarfile

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.rkfleet.npu.plugins.action import npu_dkms, npu_trial_build_info
from ansible_collections.rkfleet.npu.plugins.plugin_utils._action import driver
from ansible_collections.rkfleet.npu.plugins.plugin_utils._action.program import NoAnswer
from ansible_collections.rkfleet.npu.plugins.plugin_utils._artifact import fetch
from ansible_collections.rkfleet.npu.plugins.plugin_utils._store import store as _store
from stand_ins.boards.driver_boards import FACTS, HEADER, KERNEL, LATER, MODULE, board, evil, predicts


def test_the_full_log_of_a_failed_build_is_kept_on_the_controller(act, tmp_path):
    log = "line\n" * 5000 + "\u2018vm_flags_set\u2019 undeclared\n"
    result, dummy = act(npu_dkms, {"failed": True, "msg": "it was not built", "log": log}, kernel=KERNEL)
    kept = tmp_path / "logs" / (f"rock5b_1-rknpu-0.9.6-{KERNEL}.log")
    assert result["log_file"] == str(kept) and kept.read_text(encoding="utf-8") == log
    assert result["msg"] == f"it was not built (log: {kept})" and "log" not in result


@pytest.mark.parametrize("log, cause", [
    ("/bin/sh: 1: flex: not found\nmake[3]: *** [x] Error 127\n",
     "the program flex, which the build needs, is missing: install flex"),
    ("all is well\n", "dkms ended with 10"),
])
def test_a_build_log_is_explained_on_the_controller(act, log, cause):
    answer = {"failed": True, "msg": "it was not built: dkms ended with 10; and so on", "log": log,
              "unexplained": "dkms ended with 10"}
    result = act(npu_dkms, answer, kernel=KERNEL)[0]
    assert result["msg"].startswith(f"it was not built: {cause}; and so on (log: ") and "unexplained" not in result


def test_a_failure_that_the_board_explained_stays_as_it_is(act):
    answer = {"failed": True, "msg": "the disk is full", "log": "x.c:1:1: error: no\n", "unexplained": ""}
    assert act(npu_dkms, answer, kernel=KERNEL)[0]["msg"].startswith("the disk is full (log: ")


@pytest.mark.parametrize("missing", ["version", "source", "build_files"])
def test_a_task_without_an_argument_that_a_build_needs_is_refused_in_a_sentence(act, missing):
    for state in ({}, {"state": "present"}):
        with pytest.raises(AnsibleActionFail, match="npu_dkms needs version, source and build_files for state=present"):
            act(npu_dkms, AssertionError, kernel=KERNEL, **{missing: None}, **state)


@pytest.mark.parametrize("release, hint", [
    ("6.1.141-rk35xx-ophub", "armbian-update"), ("6.1.141", "/opt/archives/"), ("6.1.0-50-arm64", ""),
])
def test_the_preflight_says_where_headers_are_that_no_repository_has(act, release, hint):
    answer = {"kernels": [{"release": release, "verdict": "no_headers", "reason": "the headers are not installed"}]}
    result = act(npu_trial_build_info, answer, kernels=[release])[0]
    reason = result["kernels"][0]["reason"]
    assert hint in reason and reason.startswith("the headers are not installed")


@pytest.mark.parametrize("reason, log, explained", [
    ("module rknpu does not build: make ended with 2", "x.c:1: error: 'rockchip_opp_set_low_length' undeclared here\n",
     "module rknpu does not build: this BSP kernel has no rockchip_opp_set_low_length"),
    ("module rknpu does not build: make ended with 2", "all is well\n", "does not build: make ended with 2"),
    ("module rknpu does not build: make ended with 2", "", "does not build: make ended with 2"),
    ("module rknpu does not build: it has another name", "x.c:1: error: x\n", "it has another name"),
    ("module a does not build: make ended with 2. And more", "x.c:1: error: x\n", "make ended with 2. And more"),
])
def test_the_log_of_a_trial_build_is_explained_on_the_controller(act, reason, log, explained):
    answer = {"kernels": [{"release": KERNEL, "verdict": "fails", "reason": reason, "log": log}]}
    assert explained in act(npu_trial_build_info, answer, kernels=[KERNEL])[0]["kernels"][0]["reason"]


def test_a_log_is_not_written_through_a_link(act, tmp_path):
    (tmp_path / "logs").mkdir()
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "logs" / (f"rock5b_1-rknpu-0.9.6-{KERNEL}.log")).symlink_to(tmp_path / "mine")
    with pytest.raises(
        AnsibleActionFail, match="the build log cannot be written: .* Set npu_log_dir to a folder of yours"
    ):
        act(npu_dkms, {"failed": True, "msg": "it was not built", "log": "PWNED"}, kernel=KERNEL)
    assert (tmp_path / "mine").read_text() == "mine"


def test_the_preflight_reports_known_kernels_without_a_build_and_keeps_each_log(act, tmp_path):
    answer = {"kernels": [{"release": KERNEL, "verdict": "fails", "reason": "x", "log": "the log"}]}
    result, sent = act(
        npu_trial_build_info, answer, check_mode=True, kernels=[LATER, KERNEL, LATER],
        compatibility={
            "kernels": {
                "6.16": {
                    "supported": False, "reason": "the test says no", "remedy": "Boot another.", "source": "x",
                    "confidence": "I",
                }
            }
        },
    )
    assert sent[0]["kernels"] == [KERNEL] and sent[0]["packages"][KERNEL] == "linux-headers-" + KERNEL
    assert not {"source", "build_files", "log_dir", "compatibility"} & set(sent[0])
    assert [entry["release"] for entry in result["kernels"]] == [LATER, KERNEL] and result["changed"] is False
    assert result["kernels"][0]["verdict"] == "unsupported"
    assert result["kernels"][0]["reason"] == "driver 0.9.6 does not support it: the test says no. Boot another."
    kept = tmp_path / "logs" / (f"rock5b_1-preflight-0.9.6-{KERNEL}.log")
    assert result["kernels"][1]["log_file"] == str(kept) and kept.read_text() == "the log"


def test_the_layout_is_compared_with_an_empty_module_and_without_the_source(act, tmp_path, monkeypatch):
    # As without pipelining.
    monkeypatch.setattr(npu_trial_build_info.ActionModule, "can_run_programs", lambda self: False)
    answer = {"kernels": [{"release": KERNEL, "verdict": "fails", "reason": "x", "layout": "compared", "log": "log"}]}
    result, sent = act(npu_trial_build_info, answer, only_layout=True, source=None, kernels=[KERNEL], store="/unused")
    assert sent[0]["module"] == "rkfleet_layout" and sent[0]["archive"] == "/tmp/there/tree.tar"
    with tarfile.open(fileobj=io.BytesIO(act.uploads["tree.tar"])) as tar:
        assert sorted(tar.getnames()) == ["Kbuild", "rkfleet_layout.c"]
    kept = str(tmp_path / "logs" / (f"rock5b_1-layout-0.9.6-{KERNEL}.log"))
    assert result["kernels"] == [{
        "release": KERNEL, "verdict": "fails", "reason": "x", "layout": "compared", "headers": None, "probes": [],
        "losses": [], "log_file": kept,
    }]


@pytest.mark.parametrize("symbols, proven", [
    (57, True), (0, False), (-1, False), (True, False), ("57", False), (None, False), (1 << 40, False),
])
def test_headers_that_are_proven_need_no_empty_module(act, monkeypatch, symbols, proven):
    asked = []
    monkeypatch.setattr(npu_trial_build_info.ActionModule, "can_run_programs", lambda self: True)
    monkeypatch.setattr(npu_trial_build_info.ActionModule, "run_program",
                        lambda self, *args: asked.append(args[:2]) or {"symbols": symbols})
    answer = {"kernels": [{"release": KERNEL, "verdict": "builds", "reason": "x", "layout": "compared", "log": ""}]}
    result, sent = act(npu_trial_build_info, answer, only_layout=True, source=None, kernels=[KERNEL])
    assert asked == [("headers", {"release": KERNEL})] and len(sent) == (not proven)
    found = result["kernels"][0]
    assert found["verdict"] == "builds" and result["changed"] is False and found["log_file"] is None
    assert found["layout"] == ("nothing was built: the headers have the kernel's configuration, and the versions of 57 "
                               "symbols that its own modules need" if proven else "compared")


def test_a_board_that_cannot_say_whether_its_headers_are_proven_builds(act, monkeypatch):
    def fails(*unused):
        raise NoAnswer("it did not answer within 60 s")

    monkeypatch.setattr(npu_trial_build_info.ActionModule, "can_run_programs", lambda self: True)
    monkeypatch.setattr(npu_trial_build_info.ActionModule, "run_program", fails)
    answer = {"kernels": [{"release": KERNEL, "verdict": "fails", "reason": "x", "layout": "", "log": ""}]}
    result, sent = act(npu_trial_build_info, answer, only_layout=True, source=None, kernels=[KERNEL])
    assert len(sent) == 1 and result["kernels"][0]["verdict"] == "fails"


def test_if_all_kernels_are_known_the_board_is_not_contacted(act):
    result, sent = act(npu_trial_build_info, AssertionError, kernels=["4.19.1"])
    assert sent == [] and result["kernels"][0]["verdict"] == "unsupported"


@pytest.mark.parametrize("args, said", [
    ({"kernels": []}, "needs kernels"), ({"kernels": ["latest"]}, "'latest' is not a kernel release"),
    ({"kernels": [KERNEL], "compatibility": {"kernels": 1}}, "npu_compatibility: "),
    ({"kernels": [KERNEL], "version": "0.9.8"}, "it is driver 0.9.6, expected 0.9.8"),
])
def test_invalid_arguments_of_a_trial_build_are_reported(act, args, said):
    with pytest.raises(AnsibleActionFail, match=said):
        act(npu_trial_build_info, AssertionError, **args)


def test_the_second_board_gets_the_build_of_the_first(dkms, act, tmp_path):
    first, sent = dkms(board="first")
    assert first["steps"] == ["tree", "install"] and first["stored"]["board"] == "first" and "built" not in first
    assert not {"store", "store_keep", "source_digest", "build_files"} & set(sent[0])
    second, sent = dkms(board="second")
    assert (
        second["steps"] == ["tree", "load"] and second["stored"] == first["stored"]
        and second["probes"] == ["probe fence: left out"]
    )
    assert "built" not in second
    assert len(sent) == 1 and act.uploads["rknpu.ko"] == MODULE
    assert sent[0]["binary"] == {
        "name": "rknpu.ko", "sha256": hashlib.sha256(MODULE).hexdigest(), "path": "/tmp/there/rknpu.ko",
        "log": "the log",
    }


def test_kernels_of_different_builds_are_built_once_each(dkms):
    kernels = ["#1 SMP", "#2 SMP", "#3 SMP"]
    steps = [
        dkms(board=f"board-{number}", facts=dict(FACTS, build=kernels[number % 3]))[0]["steps"][-1]
        for number in range(9)
    ]
    assert steps == ["install"] * 3 + ["load"] * 6


@pytest.mark.parametrize("symvers", ["5", "6"])
def test_a_board_that_refuses_the_module_builds_only_for_itself(dkms, tmp_path, symvers):
    honest = dkms(board="first")[0]["stored"]
    answers = iter([{"changed": False, "refused": "this kernel has other versions of printk", "steps": []}, None])

    def picky(module_args):
        result = next(answers) or board(dict(module_args, collect=True))
        assert "collect" not in module_args
        if result.get("built"):
            result["built"].update(evil(), symvers=symvers * 64)
        return result

    no_headers = dict(FACTS, symvers_digest=None)
    result, sent = dkms(picky, board="second", facts=no_headers)
    assert (
        result["steps"] == ["tree", "install"] and result["stored"] is None and "built" not in result and len(sent) == 2
    )
    assert result["notes"] == ["the module that first built was not used: this kernel has other versions of printk"]
    assert [manifest["board"] for manifest in _store.Store(str(tmp_path / "store")).manifests()] == ["first"]
    for facts in (FACTS, no_headers):
        assert dkms(board="third", facts=facts)[0]["stored"] == honest


def test_the_tarball_is_read_once(act, source, monkeypatch):
    opened = []

    def swap(path, pins):
        content = fetch.read(path, pins)
        opened.append(path)
        pathlib.Path(path).write_bytes(b"swapped")
        return content

    monkeypatch.setattr(driver, "read", swap)
    act(
        npu_dkms, {"steps": []}, kernel=KERNEL,
        source_digest=hashlib.sha256(pathlib.Path(source).read_bytes()).hexdigest(),
    )
    assert opened == [source] and HEADER in act.uploads["tree.tar"]


def test_a_board_that_refuses_and_cannot_build_reports_both(dkms):
    dkms()
    answers = iter(
        [{"refused": "its symbols differ", "steps": []}, {"failed": True, "msg": "the headers of kernel x are missing"}]
    )
    result, dummy = dkms(lambda module_args: next(answers), facts=dict(FACTS, symvers_digest=None))
    assert (
        result["failed"] and result["msg"]
        == "the headers of kernel x are missing (the module that rock5b/1 built was not used: its symbols differ)"
    )


def test_a_failed_build_is_not_stored_and_the_next_board_builds(dkms):
    dkms({"failed": True, "msg": "it was not built", "log": "x"}, board="first")
    assert dkms(board="second")[0]["steps"] == ["tree", "install"]


def test_a_build_of_a_run_that_was_killed_is_stored_by_the_next_run(dkms):
    # The board has finished it without a controller: nothing is left to do, and the module is returned.
    result, dummy = dkms(lambda module_args: dict(board(module_args), steps=[], changed=False), board="first")
    assert result["steps"] == [] and result["stored"]["board"] == "first"
    assert dkms(board="second", store_fill=False)[0]["steps"] == ["tree", "load"]


def test_what_a_build_left_out_is_read_from_its_log(dkms):
    log = "rkfleet: probe fence: left out\nrkfleet: left out devfreq: not here: governor.h\n"
    told = {"steps": ["install"], "log": log, "notes": []}
    result, dummy = dkms(told, store_fill=False)
    assert "probe fence: left out" in result["probes"]
    assert result["losses"] == [{"name": "devfreq", "cause": "not here: governor.h"}]


def test_a_build_that_cannot_be_stored_is_a_note(dkms):
    def odd(module_args):
        result = board(module_args)
        result["built"]["name"] = "../x"
        return result

    result, dummy = dkms(odd)
    assert "failed" not in result and result["stored"] is None
    assert result["notes"] == ["the build could not be kept in the store: '../x' is not the name of a module's file"]


def test_check_mode_predicts_load_from_the_store_and_creates_nothing(dkms, tmp_path):
    result, sent = dkms(predicts, check_mode=True)
    assert result["steps"] == ["tree", "install"] and not (tmp_path / "store").exists()
    dkms()
    result, sent = dkms(predicts, check_mode=True)
    assert (
        result["steps"] == ["tree", "load"] and "path" not in sent[0]["binary"]
        and result["stored"]["board"] == "rock5b/1"
    )
    # Where the source is not there yet its pinned checksum tells, too.
    digest = hashlib.sha256((tmp_path / "driver.tar.bz2").read_bytes()).hexdigest()
    result, sent = dkms(predicts, check_mode=True, source=str(tmp_path / "none"), source_digest=digest)
    assert result["steps"] == ["tree", "load"] and sent[0]["archive_sha256"] == "not fetched"


@pytest.mark.parametrize("facts", ["text", ["text"], dict(FACTS, build={"a": 1}), dict(FACTS, compiler=["x"] * 9)])
def test_replaced_facts_do_not_get_into_the_store(act, tmp_path, facts):
    result, sent = act(npu_dkms, {"steps": ["install"]}, facts=facts, kernel=KERNEL, store=str(tmp_path / "store"))
    assert result["failed"] and "the board's answer is malformed: the fact npu.kernel" in result["msg"] and not sent
    assert not list((tmp_path / "store/builds").iterdir())


@pytest.mark.parametrize("facts", [None, {}, dict(FACTS, build=None), dict(FACTS, release="5.10.1")])
def test_without_facts_of_this_kernel_the_board_builds_for_itself(dkms, facts, tmp_path):
    result, sent = dkms({"steps": ["tree", "install"], "built": None}, facts=facts)
    assert result["steps"] == ["tree", "install"] and "collect" not in sent[0]
    assert _store.Store(str(tmp_path / "store")).manifests() == []


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl")
def test_modules_signed_with_another_certificate_are_different_builds(dkms, signer):
    signed = {"signing_key": "/k", "signing_cert": "/c", "certificates": {"/c": signer.certificate}}

    def signs(module_args):
        result, content = board(module_args), signer.sign(MODULE)
        if result["built"]:
            result["built"].update(
                content=base64.b64encode(content).decode(), sha256=hashlib.sha256(content).hexdigest()
            )
        return result

    dkms()
    assert dkms(signs, **signed)[0]["steps"] == ["tree", "install"]
    assert dkms(signs, **signed)[0]["steps"] == ["tree", "load"]
    # A board whose certificate is another one gets nothing of that.
    assert dkms(signs, **dict(signed, certificates={"/c": signer.other_certificate}))[0]["steps"] == ["tree", "install"]


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl")
@pytest.mark.parametrize(
    "forge",
    [
        lambda signer: signer.sign(MODULE).replace(bytes(9), b"evil code", 1), lambda signer: MODULE,
        lambda signer: signer.sign(MODULE, other=True),
        lambda signer: MODULE + b"evil code" + signer.sign(MODULE)[len(MODULE) :],
    ],
)
def test_a_module_with_an_invalid_signature_is_not_shared(dkms, signer, forge, tmp_path):
    def forges(module_args):
        result, content = board(module_args), forge(signer)
        result["built"].update(content=base64.b64encode(content).decode(), sha256=hashlib.sha256(content).hexdigest())
        return result

    result, dummy = dkms(forges, signing_key="/k", signing_cert="/c", certificates={"/c": signer.certificate})
    assert result["steps"] == ["tree", "install"] and result["stored"] is None and len(result["notes"]) == 1
    assert "its signature is not valid" in result["notes"][0] or "it is not signed" in result["notes"][0]
    assert _store.Store(str(tmp_path / "store")).manifests() == []


def test_a_store_that_others_can_write_to_fails_before_contact(dkms, tmp_path):
    (tmp_path / "store").mkdir(mode=0o777)
    (tmp_path / "store").chmod(0o777)
    with pytest.raises(AnsibleActionFail, match="other users can write"):
        dkms(AssertionError)
