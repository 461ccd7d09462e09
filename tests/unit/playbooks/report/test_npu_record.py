# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""npu_record writes the same by a program and, without pipelining, by its module."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

FACTS = {"board": {"model": "Radxa ROCK 5B", "soc": "rk3588"}, "kernel": {"release": "6.1.84"}}
VERIFICATION = {"diagnosis": "ok", "latency_ms": 4.7, "cores": [0, 1, 2]}


@pytest.fixture(params=["1", "0"], ids=["a program", "a module"])
def put(request, tmp_path):
    """Return a function that records on this machine as the board; it returns `(failed, answer, output)`."""
    def run(*words, path=tmp_path / "facts.d/npu.fact", **verification):
        task = {"rkfleet.npu.npu_record": {
            "facts": FACTS, "verification": {**VERIFICATION, **verification}, "path": str(path)}, "register": "answer"}
        show = {"ansible.builtin.copy": {"content": "{{ answer }}", "dest": str(tmp_path / "answer.json")},
                "check_mode": False, "diff": False}
        (tmp_path / "play.yml").write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [
            dict(task, ignore_errors=True), show]}]))
        command = ["ansible-playbook", "-i", "localhost,", "-c", "local", "play.yml", *words]
        environment = {"ANSIBLE_PIPELINING": request.param, "ANSIBLE_HOME": str(tmp_path / "home"),
                       "ANSIBLE_PYTHON_INTERPRETER": sys.executable, "HOME": str(tmp_path)}
        done = subprocess.run(
            command, cwd=tmp_path, text=True, check=False, timeout=300, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, **environment})
        answer = json.loads((tmp_path / "answer.json").read_text())
        return answer["failed"], answer, done.stdout

    return run


def test_what_changed_is_written_and_a_second_run_changes_nothing(put, tmp_path):
    failed, answer, dummy = put("--check")
    assert not failed and answer["changed"] and not (tmp_path / "facts.d").exists()
    failed, answer, output = put("--diff")
    written = json.loads((tmp_path / "facts.d/npu.fact").read_text())
    assert answer["changed"] and not answer["refreshed"] and written == answer["record"]
    assert written["board"]["soc"] == "rk3588" and written["verification"]["cores"] == [0, 1, 2]
    assert re.search(r'^\+ +"diagnosis": "ok"', output, re.MULTILINE)
    assert (tmp_path / "facts.d/npu.fact").stat().st_mode & 0o777 == 0o644
    before = (tmp_path / "facts.d/npu.fact").stat().st_mtime_ns
    failed, answer, dummy = put(latency_ms=9.9)
    assert not failed and not answer["changed"] and (tmp_path / "facts.d/npu.fact").stat().st_mtime_ns == before
    assert put(diagnosis="no_driver")[1]["changed"]


def test_a_path_below_the_users_folder(put, tmp_path):
    assert put(path="~/mine.fact")[1]["changed"] and (tmp_path / "mine.fact").exists()


def test_a_record_that_cannot_be_written_fails_with_its_path(put, tmp_path):
    (tmp_path / "file").write_text("no folder")
    failed, answer, dummy = put(path=tmp_path / "file/npu.fact")
    assert failed and answer["msg"].startswith(f"{tmp_path}/file/npu.fact cannot be written: ")
