# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The whole task with Ansible, on this machine, against the stand-in runtime with a pretended device."""

from __future__ import annotations

import importlib.util
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

pytest.importorskip("PIL")
pytestmark = pytest.mark.skipif(
    not shutil.which("gcc") or not importlib.util.find_spec("ansible"), reason="gcc or ansible-core is not installed")

LAB = pathlib.Path(__file__).resolve().parents[4] / "tests/lab/runtime"
TOP5 = [[283, 0.46875], [282, 0.242188], [286, 0.105469], [464, 0.089844], [264, 0.019531]]


@pytest.fixture(scope="module", name="files")
def files_fixture(tmp_path_factory):
    """Library, model and picture of the lab."""
    folder = tmp_path_factory.mktemp("lab")
    for words in (
        ["build.py", "--version", "1.6.0", "--native", "--fake-device", "--output", folder],
        ["model.py", "--version", "1.6.0", "--output", folder / "mobilenet_v1.rknn"],
        ["picture.py", "--output", folder / "cat_224x224.jpg"],
    ):
        subprocess.run([sys.executable, "-B", LAB / words[0], *map(str, words[1:])], check=True, stdout=subprocess.DEVNULL)
    return folder


@pytest.fixture(name="task", params=["module", "program"])
def task_fixture(files, tmp_path, request):
    """Run the task on localhost, as a module or with pipelining as a program; give what it returned and the return code."""
    def run(*words, driver="0.9.6", submit="ok", dead_core=0, **args):
        arguments = dict({
            "model": str(files / "mobilenet_v1.rknn"), "picture": str(files / "cat_224x224.jpg"),
            "library": str(files / "librknnrt.so"), "state_dir": str(tmp_path / "state"), "cache_dir": str(tmp_path / "cache"),
            "expected_top5": TOP5, "wanted_driver": "0.9.6", "timeout": 30,
        }, **args)
        play = [{"hosts": "localhost", "gather_facts": False, "connection": "local", "tasks": [
            {"rkfleet.npu.rknn_mobilenet": arguments, "register": "proof"},
        ]}]
        (tmp_path / "play.yml").write_text(json.dumps(play))
        environment = dict(
            os.environ, RKFLEET_FAKE_DRIVER=driver, RKFLEET_FAKE_SUBMIT=submit, RKFLEET_FAKE_DEAD_CORE=str(dead_core),
            ANSIBLE_STDOUT_CALLBACK="ansible.builtin.default",
            ANSIBLE_LOCAL_TEMP=str(tmp_path / "local"), ANSIBLE_REMOTE_TEMP=str(tmp_path / "remote"), ANSIBLE_NOCOLOR="1",
            ANSIBLE_PYTHON_INTERPRETER=sys.executable, ANSIBLE_PIPELINING=str(run.is_program),
        )
        done = subprocess.run(
            [sys.executable, "-m", "ansible", "playbook", "-vvv", str(tmp_path / "play.yml"), *words], env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=120, check=False, cwd=tmp_path,
        )
        start = done.stdout.find("=> {")
        answer = json.JSONDecoder().raw_decode(done.stdout[start + 3:])[0] if start >= 0 else {}
        return answer, done

    run.is_program = request.param == "program"
    return run


def calls(done):
    """How often the module ran on the board."""
    return done.stdout.count("Using module file")


def sent(done):
    """What was sent to the board for it."""
    return re.findall(r"^<\S+> PUT \S+ TO \S+/(model|picture)$", done.stdout, re.MULTILINE)


def test_files_are_sent_once_and_one_call_does_all(task, tmp_path):
    first, done = task()
    assert (first["verdict"], first["diagnosis"], first["changed"]) == ("verified", "ok", True), done.stdout
    assert [[entry["index"], entry["score"]] for entry in first["top5"]] == TOP5
    assert first["latency_ms"]["runs"] == 10
    once = (0, [], []) if task.is_program else (1, ["model", "picture"], ["picture"])
    assert (calls(done), sent(done)) == once[:2]
    second, done = task()
    assert (second["verdict"], second["changed"]) == ("verified", False)
    assert (calls(done), sent(done)) == (once[0], [])
    # One that is damaged there is as good as none.
    kept = next((tmp_path / "state/models").glob("*.rgb"))
    kept.write_bytes(kept.read_bytes()[:-1])
    third, done = task()
    assert (third["verdict"], third["changed"]) == ("verified", True)
    assert (calls(done), sent(done)) == (once[0], once[2])


def test_the_missions_failure(task, files):
    answer, done = task(driver="0.9.3", submit="fail", required=True)
    assert done.returncode != 0
    assert answer["diagnosis"] == "driver"
    assert answer["evidence"].startswith("failed to submit!, op id: 1, op name: Conv:MobilenetV1/")
    assert "driver 0.9.3 cannot run jobs" in answer["msg"] and "upgrade it to 0.9.6" in answer["remedy"]


@pytest.mark.parametrize(("cores", "dead_core", "diagnosis", "answered", "evidence"), [
    (3, 0, "ok", [0, 1, 2], "Top1 is 283"),
    (3, 2, "driver", [0], "core 1 of the NPU: failed to submit!, op id: 1"),
    (3, 4, "driver", [0, 1], "core 2 of the NPU: failed to submit!, op id: 1"),
    (1, 2, "ok", [], "Top1 is 283"),
])
def test_each_core_of_the_npu_is_tried(task, cores, dead_core, diagnosis, answered, evidence):
    """Drivers 0.9.2 and 0.9.3 on 6.1 kernels: the first core works, the others do not."""
    answer, done = task(cores=cores, dead_core=dead_core, runs=1)
    assert (answer["diagnosis"], answer["cores"]) == (diagnosis, answered), done.stdout
    assert answer["evidence"].startswith(evidence) and answer["notes"] == []


def test_check_mode_runs_the_inference_stores_nothing_and_does_not_fail(task, tmp_path):
    answer, done = task("--check", required=True)
    assert (done.returncode, answer["verdict"], answer["changed"]) == (0, "verified", True), done.stdout
    assert not (tmp_path / "state").exists()
    answer, done = task("--check", model=str(tmp_path / "missing.rknn"))
    assert "not on the controller yet" in answer["skip_reason"]
    task()
    answer, done = task("--check", driver="0.9.3", submit="fail", required=True)
    assert (done.returncode, answer["diagnosis"], answer["changed"]) == (0, "driver", False)


def test_a_bad_expectation_is_refused(task):
    answer, done = task(expected_top5=["283"])
    assert done.returncode != 0
    assert "is not a class with its score" in done.stdout


@pytest.mark.parametrize(("change", "platform", "sentence"), [
    (lambda model: model[:-1], "rk3588", "is truncated: it has"),
    (lambda model: b"<!DOCTYPE html><html>404", None, "is not a .rknn model but a web page"),
    (lambda model: model, "RK3566_RK3568", "is a model for rk3588, but the board needs one for rk3566 or rk3568"),
])
@pytest.mark.parametrize("words", [(), ("--check",)])
def test_a_model_that_is_none_never_reaches_the_board(task, files, tmp_path, change, platform, sentence, words):
    path = tmp_path / "other.rknn"
    path.write_bytes(change((files / "mobilenet_v1.rknn").read_bytes()))
    answer, done = task(*words, model=str(path), target_platform=platform)
    assert done.returncode != 0
    assert sentence in answer["msg"]
    assert calls(done) == 0


def test_the_answer_names_the_model(task):
    answer, done = task(target_platform="rk3588")
    assert answer["verdict"] == "verified", done.stdout
    assert answer["model_file"]["toolkit"] == "1.6.0" and answer["model_file"]["target_platforms"] == ["rk3588"]
