# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Modules that run as a program on a board with pipelining: the same answers, and no time limit that cuts them off."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import subprocess
import sys
import types

import pytest
from ansible.plugins.action import ActionBase
from ansible_collections.rkfleet.npu.plugins.action import npu_boot, npu_transaction
from ansible_collections.rkfleet.npu.plugins.module_utils import _program
from ansible_collections.rkfleet.npu.plugins.plugin_utils._action import payload
from ansible_collections.rkfleet.npu.plugins.plugin_utils._action.program import NoAnswer

TASKS = ("npu_boot", "npu_dkms", "npu_runtime", "npu_transaction")


@pytest.fixture(name="run", params=["module", "program"])
def run_fixture(request, tmp_path):
    """Run tasks on localhost, as modules or as programs; return the result of each."""
    def run(*tasks, check=False):
        play = [{"hosts": "localhost", "gather_facts": False, "connection": "local", "tasks": [
            {**task, "register": f"result_{number}", "ignore_errors": True, "check_mode": check}
            for number, task in enumerate(tasks)
        ] + [{"ansible.builtin.copy": {
            "content": "{{ [" + ", ".join(f"result_{number}" for number in range(len(tasks))) + "] | to_json }}",
            "dest": str(tmp_path / "results.json")}}]}]
        (tmp_path / "play.yml").write_text(json.dumps(play))
        environment = dict(
            os.environ, HOME=str(tmp_path), ANSIBLE_LOCAL_TEMP=str(tmp_path / "local"),
            ANSIBLE_REMOTE_TEMP=str(tmp_path / "remote"), ANSIBLE_PYTHON_INTERPRETER=sys.executable,
            ANSIBLE_PIPELINING=str(request.param == "program"),
        )
        done = subprocess.run(
            [sys.executable, "-m", "ansible", "playbook", "-vvv", str(tmp_path / "play.yml")], env=environment,
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=120,
            check=False, cwd=tmp_path,
        )
        assert done.returncode == 0, done.stdout
        sent = [line for line in done.stdout.splitlines() if "Using module file" in line and "rkfleet" in line]
        assert bool(sent) is (request.param == "module"), "it was not sent as it should"
        return json.loads((tmp_path / "results.json").read_text())

    return run


def test_a_file_is_installed_in_a_folder_of_the_board(run, tmp_path):
    (tmp_path / "server").write_bytes(b"a server")
    (tmp_path / "there").mkdir()
    (tmp_path / "there/rknn_server").write_bytes(b"an old one")
    task = {"rkfleet.npu.npu_runtime": {
        "source": str(tmp_path / "server"), "destination": "~/there/rknn_server", "executable": True,
        "sha256": hashlib.sha256(b"a server").hexdigest(), "state_dir": "$HOME/state"}}
    predicted, = run(task, check=True)
    assert predicted["changed"] and (tmp_path / "there/rknn_server").read_bytes() == b"an old one"
    first, second = run(task, task)
    assert (first["changed"], second["changed"]) == (True, False)
    assert (tmp_path / "there/rknn_server").read_bytes() == b"a server"
    assert os.stat(tmp_path / "there/rknn_server").st_mode & 0o777 == 0o755
    assert first["kept"].startswith(str(tmp_path / "state/backup/")) and second["kept"] is None


def test_what_cannot_be_done_is_said_in_one_sentence(run, tmp_path):
    named, without, closed, unlocked, alien = run(
        {"rkfleet.npu.npu_boot": {"module": "no name", "state_dir": str(tmp_path / "state")}},
        {"rkfleet.npu.npu_transaction": {"state": "begun", "confirm_minutes": 0}},
        {"rkfleet.npu.npu_transaction": {"state": "closed"}},
        {"rkfleet.npu.npu_transaction": {"state": "unlocked"}},
        {"rkfleet.npu.npu_boot": {"state": "absent", "state_dir": str(tmp_path / "state"), "color": "red"}},
        check=True,
    )
    assert named["failed"] and named["msg"] == "'no name' is not the name of a kernel module or an initcall: correct it"
    assert without["failed"] and without["msg"].startswith("confirm_minutes is 0: it must be at least 1")
    assert closed["failed"] and "outcome" in closed["msg"]
    assert not unlocked.get("failed") and unlocked["changed"] is False
    assert alien["failed"] and "color" in alien["msg"]


@pytest.mark.parametrize("name", TASKS)
def test_a_program_is_of_an_old_python(name):
    namespace = {}
    text = payload.compose("_program", name)
    exec(text[text.index("PACKAGE ="):text.index("\ndef add(name):\n    module")], namespace)  # pylint: disable=exec-used
    for module, source in namespace["SOURCES"]:
        ast.parse(source, module, feature_version=(3, 9))
        assert " | None" not in source, "Python 3.9 evaluates it here"


def acting(monkeypatch, plugin, answer, **args):
    """Run an action whose board answers as told; return its result and how the program was run."""
    calls = []

    def run_program(self, function, params, task_vars, seconds, *more, is_cut_off=True):
        calls.append((function, params, seconds, is_cut_off))
        if isinstance(answer, Exception):
            raise answer
        return {"answer": answer}

    action = object.__new__(type("Action", (plugin.ActionModule,), {
        "can_run_programs": lambda self: True, "run_program": run_program, "has_begun": lambda self, known: False}))
    action._task = types.SimpleNamespace(args=args, check_mode=False, no_log=False, get_vars=dict, delegate_to=None)
    monkeypatch.setattr(ActionBase, "run", lambda *unused: {})
    return action.act({}, {"inventory_hostname": "rock"}), calls


def test_the_board_does_not_end_what_changes_it(monkeypatch):
    result, calls = acting(monkeypatch, npu_transaction, {"changed": False, "of": "nobody"}, state="alive")
    assert result == {"changed": False}, "an answer has only what the module documents"
    (function, params, seconds, is_cut_off), = calls
    assert (function, seconds, is_cut_off) == ("npu_transaction", 900, False)
    assert params["arguments"]["runtime"] == "/usr/lib/librknnrt.so" and params["paths"] == ["runtime"]
    assert params["arguments"]["owner"]["board"] == "rock" and "_internal" not in params["arguments"]


@pytest.mark.parametrize("no_log, known, facility", [
    (False, {}, "LOG_USER"), (True, {}, ""), (False, {"ansible_no_target_syslog": True}, ""),
    (False, {"ansible_syslog_facility": "LOG_LOCAL3"}, "LOG_LOCAL3"),
])
def test_the_log_of_the_board_is_as_ansible_is_set(no_log, known, facility):
    action = object.__new__(npu_boot.ActionModule)
    action._task = types.SimpleNamespace(no_log=no_log)
    assert action._facility(known) == facility


def test_a_program_says_in_the_log_of_the_board_what_it_was_asked(monkeypatch):
    lines = []
    monkeypatch.setattr(_program.syslog, "openlog", lambda *words: lines.append(words))
    monkeypatch.setattr(_program.syslog, "syslog", lambda *words: lines.append(words))

    def run(task, params):
        task.log("rkfleet.npu: a note")
        task.exit_json(changed=False)

    asked = {"check_mode": False, "log": "LOG_LOCAL3", "paths": [],
             "arguments": {"state": "begun\nInvoked by nobody", "services": ["a.service"], "guard": "#!/bin/sh"}}
    assert _program._answer_of("npu_transaction", run, {"guard": None}, asked) == {"answer": {"changed": False}}
    assert lines == [
        ("ansible-rkfleet.npu.npu_transaction", 0, _program.syslog.LOG_LOCAL3),
        (_program.syslog.LOG_INFO, "Invoked with state=begun Invoked by nobody services=['a.service']"),
        (_program.syslog.LOG_INFO, "rkfleet.npu: a note"),
    ]
    lines.clear()
    _program._answer_of("npu_transaction", run, {"guard": None}, dict(asked, log=""))
    assert not lines


def test_no_answer_fails_the_task(monkeypatch):
    result, dummy = acting(monkeypatch, npu_boot, NoAnswer("Python crashed", "crash"), state="absent")
    assert result == {"failed": True, "msg": "Python crashed", "cause": "crash"}


def test_a_program_without_a_time_limit_has_no_alarm(monkeypatch, capsys):
    alarms = []
    monkeypatch.setattr(_program.signal, "alarm", alarms.append)
    monkeypatch.setattr(_program.os, "_exit", lambda code: None)
    for seconds in (0, 30):
        _program.main("npu_transaction", json.dumps({
            "marker": "@", "seconds": seconds, "check_mode": True, "log": "", "paths": ["runtime"],
            "arguments": {"state": "nothing", "services": ["no unit"], "runtime": None}}))
    assert alarms == [0, 30]
    answers = [json.loads(text)["answer"]["msg"] for text in capsys.readouterr().out.split("@")[1::2]]
    assert answers == ["'no unit' is not the name of a systemd unit"] * 2


def ended(call, *args, **more):
    with pytest.raises(SystemExit) as caught:
        call(*args, **more)
    return caught.value.args[0]


def test_a_task_has_what_it_needs_of_a_module(tmp_path, monkeypatch):
    task = _program._Task("npu_boot", False, "")
    assert task.run_command(["sh", "-c", "echo told; exit 3"])[:2] == (3, "told\n")
    assert ended(task.run_command, ["sh", "-c", "echo why >&2; exit 3"], check_rc=True) == {
        "failed": True, "rc": 3, "msg": "sh ended with code 3: why"}
    assert ended(task.run_command, ["no-such-tool"])["msg"] == "the board has no program no-such-tool"
    (tmp_path / "tool").write_text("#!/bin/sh\n")
    (tmp_path / "tool").chmod(0o755)
    monkeypatch.setenv("PATH", "/nowhere")
    assert task.get_bin_path("tool", opt_dirs=[str(tmp_path)]) == str(tmp_path / "tool")
    assert task.get_bin_path("no-such-tool") is None
    assert ended(task.get_bin_path, "no-such-tool", required=True)["msg"] == "the board has no program no-such-tool"
    assert ended(task.exit_json, changed=True) == {"changed": True}
