# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A board whose root has replaced python3, with a real ansible-playbook: it harms neither the controller nor other boards, whatever it answers."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

# The resource use of one run, that of its workers included.
MEASURED = "import json, resource, subprocess, sys; done = subprocess.run(sys.argv[2:]); " \
           "json.dump({'rc': done.returncode, 'peak': resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss}, open(sys.argv[1], 'w'))"
MARKS = ("npu_post_tasks_file", "npu_pre_tasks_file", "npu_store", "npu_log_dir", "npu_signing_key", "npu_builder", "npu_compatibility",
         "npu_mirror", "npu_hold")
SWITCHED = {
    "ansible_facts": dict({name: "HOSTILE" for name in MARKS}, ansible_connection="local", marker="HOSTILE", tpl="{{ lookup('pipe', 'id') }}"),
    "add_host": {"host_name": "good", "groups": ["npu_staging"], "host_vars": {"marker": "HOSTILE"}}, "add_group": "npu_staging",
    "ansible_stats": {"data": {"marker": "HOSTILE"}, "per_host": False, "aggregate": True}, "include": "/tmp/x", "include_args": {},
    "warnings": ["\x1b[2J\x1b[31mHOSTILE-WARNING\x07"], "deprecations": [{"msg": "HOSTILE-DEPRECATION\x1b[31m", "version": "9"}],
    "exception": "\x1b[31mHOSTILE-TRACEBACK", "diff": {"prepared": "\x1b[31mHOSTILE-DIFF"}, "_ansible_notify": ["x"], "_ansible_no_log": True,
    "invocation": {"module_args": {"x": "\x1b"}},
}
TASKS = {
    "npu_boot": {}, "npu_apt": {"name": ["x"]}, "npu_record": {"facts": {}, "verification": {}}, "npu_transaction": {"state": "alive"},
    "npu_dkms": {"state": "absent", "version": "0.9.6", "kernel": "6.1.0"}, "npu_facts": {},
    "npu_audit_info": {"wanted": {
        "driver_version": "auto", "driver_policy": "minimum", "driver_strategy": "auto", "runtime_version": "auto",
        "signing": False}},
}


@pytest.fixture
def play(tmp_path):
    """Run tasks on a hostile board and a good one; give the output and the largest process' size in MiB."""
    def run(says, tasks, *words, pipelining=True, callback="ansible.builtin.default"):
        liar = tmp_path / "python"
        liar.write_text("#!/bin/sh\n%s\n" % says)
        liar.chmod(0o755)
        hosts = {name: {"ansible_connection": "local", "ansible_python_interpreter": str(python)}
                 for name, python in (("evil", liar), ("good", sys.executable))}
        (tmp_path / "boards.json").write_text(json.dumps({"all": {"hosts": hosts}}))
        (tmp_path / "play.json").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
        environment = dict(
            os.environ, ANSIBLE_PIPELINING=str(int(pipelining)), ANSIBLE_LOCAL_TEMP=str(tmp_path / "local"), ANSIBLE_HOME=str(tmp_path / "home"),
            ANSIBLE_REMOTE_TEMP=str(tmp_path / "remote"), ANSIBLE_STDOUT_CALLBACK=callback)
        done = subprocess.run(
            [sys.executable, "-c", MEASURED, str(tmp_path / "measured.json"), sys.executable, "-m", "ansible", "playbook", "-i", str(tmp_path / "boards.json"),
             str(tmp_path / "play.json"), *words],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=300, check=False, cwd=tmp_path)
        text = done.stdout.decode("utf-8", "replace")
        assert not re.search(r"[^\x20-\x7e\n\u2192]", text), repr(text)
        assert "Traceback" not in text, text
        return text, json.loads((tmp_path / "measured.json").read_text())["peak"] // 1024

    return run


def on_evil(module, **more):
    """A task of this module on the hostile board."""
    return dict({"rkfleet.npu." + module: TASKS[module], "when": "inventory_hostname == 'evil'", "ignore_errors": True}, **more)


def answer(told):
    """A script that answers whatever it is asked with this."""
    return "cat >/dev/null\ncat <<'END'\n%s\nEND" % json.dumps(told)


def runs(path):
    """Whether the process runs whose number is in a file."""
    try:
        with open("/proc/%d/stat" % int(path.read_text()), encoding="ascii") as stream:
            return stream.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


SHOW = {"ansible.builtin.debug": {"msg": "SHOWN {{ inventory_hostname }} %s {{ group_names }}" % " ".join(
    "{{ %s | default('unset') }}" % name for name in (*MARKS, "marker", "tpl"))}}
TABLE = {"rkfleet.npu.npu_recap": {"boards": ["evil", "good"]}, "run_once": True}


@pytest.mark.parametrize("pipelining, modules", [(True, 2), (False, len(TASKS))])
def test_what_no_module_documents_has_no_effect(play, pipelining, modules):
    text, dummy = play(answer(dict(SWITCHED, changed=True)), [*map(on_evil, TASKS), SHOW, TABLE], "--diff", pipelining=pipelining)
    # What cannot be read is quoted; nothing else of it is anywhere.
    assert "HOSTILE" not in "".join(line for line in text.splitlines() if "there is no answer (" not in line), text
    unset = " ".join(["unset"] * (len(MARKS) + 2))
    for board in ("evil", "good"):
        assert "SHOWN %s %s ['ungrouped']" % (board, unset) in text
    # Of the modules each answer names the fact, and not what it is set to. The other tasks send a program.
    assert ("cannot read the board: there is no answer" in text) is pipelining
    assert text.count("a module's answer set the fact %s, which no module may" % MARKS[0]) >= modules


def test_keys_that_no_module_documents_have_no_effect_without_hostile_facts_either(play):
    """Those refuse the whole answer. Of this one what is documented is used."""
    facts = {name: value for name, value in SWITCHED["ansible_facts"].items() if not name.startswith("npu_")}
    told = dict(SWITCHED, changed=True, packages=[], kept={}, repaired=False, unexplained=[], ansible_facts=facts)
    text, dummy = play(answer(told), [on_evil("npu_apt", register="answered"), SHOW, {
        "ansible.builtin.debug": {"msg": "KEYS {{ answered | default({}) | list | sort | join(' ') }}"}, "when": "inventory_hostname == 'evil'"}], "--diff")
    assert "HOSTILE" not in text and "KEYS changed failed kept packages" in text, text
    unset = " ".join(["unset"] * (len(MARKS) + 2))
    assert all("SHOWN %s %s ['ungrouped']" % (board, unset) in text for board in ("evil", "good"))


@pytest.mark.parametrize("callback", ["ansible.builtin.default", "rkfleet.npu.fleet"])
def test_a_fact_by_a_built_in_module_ends_it_for_that_board_only(play, callback):
    facts = {"ansible_facts": {"npu_post_tasks_file": "/tmp/HOSTILE", "__npu_x": 1}, "ping": "pong", "changed": False}
    text, dummy = play(answer(facts), [{"ansible.builtin.ping": {}}, on_evil("npu_apt"), TABLE], callback=callback)
    assert "a module's answer set the fact npu_post_tasks_file, which no module may: it is not used." in text
    rows = {line.split()[0]: re.split("  +", line)[-1] for line in text.splitlines() if re.match("(evil|good)  [^:]*$", line)}
    assert rows == {"evil": "failed", "good": "not inspected"}, text
    assert "good: a module's answer" not in text


@pytest.mark.parametrize("pipelining", [True, False])
def test_400_mb_are_cut_off_while_they_are_read(play, pipelining):
    tasks = [on_evil("npu_audit_info"), on_evil("npu_apt")]
    text, peak = play("cat >/dev/null\nhead -c 400000000 /dev/zero | tr '\\0' x", tasks, pipelining=pipelining)
    assert text.count("\"msg\": \"evil: the board's answer is malformed: it needs more than 96 MiB of memory.") == 1
    assert text.count("\"msg\": \"the board's answer is malformed: it needs more than 96 MiB") == 1
    # A worker without such an answer has about 60.
    assert peak < 250


@pytest.mark.parametrize("pipelining", [True, False])
def test_a_board_that_is_waited_for_is_limited_as_well(play, pipelining):
    """Each rollback waits for its board, a hostile one included."""
    wait = {"rkfleet.npu.npu_reboot": {"reboot": False, "reboot_timeout": 3}, "ignore_errors": True, "register": "told"}
    says = "cat >/dev/null\nhead -c 400000000 /dev/zero | tr '\\0' x"
    text, peak = play(says, [wait, {"ansible.builtin.debug": {"msg": "WAITED {{ inventory_hostname }} {{ told.failed }} {{ told.msg }}"}}],
                      pipelining=pipelining)
    assert peak < 250 and "WAITED good False" in text
    assert "WAITED evil True timed out waiting for ping module test: it needs more than 96 MiB of memory" in text, text


def test_an_answer_of_nothing_but_brackets(play):
    text, peak = play("cat >/dev/null\nprintf '{\"packages\": '\nhead -c 900000 /dev/zero | tr '\\0' '['\necho '}'", [on_evil("npu_apt")])
    assert "the board's answer is malformed: it is not JSON" in text and peak < 250


def test_a_silent_board_is_unreachable_after_its_timeout(play, tmp_path):
    build = on_evil("npu_dkms", register="__npu_build")
    build["rkfleet.npu.npu_dkms"] = dict(TASKS["npu_dkms"], timeout=2)
    kept = {"ansible.builtin.set_fact": {"__npu_error": "{{ __npu_build.msg }}", "__npu_cause": "{{ __npu_build.cause }}"},
            "when": "inventory_hostname == 'evil'"}
    text, dummy = play("echo $$ >%s\ncat >/dev/null\nexec sleep 3600" % (tmp_path / "pid"), [build, kept, SHOW, TABLE])
    assert "does not answer over ssh: it did not answer within 2 s" in text and "SHOWN good" in text
    assert re.search(r"^evil .* unreachable$", text, re.MULTILINE), text
    assert not runs(tmp_path / "pid")


def test_a_tasks_own_timeout_is_the_same_verdict(play, tmp_path):
    caught = {"block": [on_evil("npu_apt", timeout=2, ignore_errors=False)], "rescue": [
        {"ansible.builtin.set_fact": {"__npu_error": "{{ ansible_failed_result | rkfleet.npu.npu_failure }}",
                                      "__npu_cause": "{{ ansible_failed_result | rkfleet.npu.npu_cause }}"}}]}
    text, dummy = play("echo $$ >%s\ncat >/dev/null\nexec sleep 3600" % (tmp_path / "pid"), [caught, SHOW, TABLE])
    assert re.search(r"^evil .* unreachable$", text, re.MULTILINE), text
    assert not runs(tmp_path / "pid")
