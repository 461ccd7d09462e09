# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What ansible-playbook prints with the callback rkfleet.npu.fleet: on a terminal, in a pipe, and against the default callback."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys

import environment
import pytest
import terminal
from ansible_collections.rkfleet.npu.plugins.plugin_utils import _phases

# One of each: what the default callback has a line for, and what a board might want to do to a terminal.
PLAYBOOK = r"""
- name: All there is
  hosts: boards
  gather_facts: false
  tasks:
    - name: Nothing to say
      ansible.builtin.set_fact:
        here: true
    - name: Skipped
      ansible.builtin.set_fact:
        here: false
      when: number == 0
    - name: Changed
      warns:
        changed: true
      notify: A handler
    - name: Warned of, and else ok
      warns:
        warnings: ["mind the gap \e]0;gap\a on {{ inventory_hostname }}"]
        deprecations: [{msg: "gone soon", version: "9.9", collection_name: ansible.builtin}]
    - name: Said
      ansible.builtin.debug:
        msg: "hello \e[2J {{ inventory_hostname }}"
    - name: Hostile {{ '\e[31mred' }}
      warns:
        changed: true
      loop: ["\e[2Jitem", "\u009b2Jitem"]
    - name: Items of all kinds
      warns:
        changed: "{{ item == 'changed' }}"
        failed: "{{ item == 'failed' and number == 3 }}"
      when: item != 'skipped'
      loop: [ok, changed, skipped, failed]
      ignore_errors: true
    - name: A difference
      warns:
        changed: true
        diff: {before: "a\n\e[2Jb\n", after: "a\nc\n", before_header: "\e[2Jold"}
      diff: true
    - name: Again and again
      warns:
      register: tried
      until: tried.changed
      retries: 2
      delay: 0
      ignore_errors: true
      run_once: true
    - name: In the background
      ansible.builtin.command: "true"
      async: 20
      poll: 1
      run_once: true
    - name: More
      ansible.builtin.include_tasks: more.yml
      when: number in [1, 2]
    - name: Try
      block:
        - name: Fails
          ansible.builtin.fail:
            msg: "bad \e[31m {{ number }}"
          when: number == 2
      rescue:
        - name: Rescued
          ansible.builtin.debug:
            msg: rescued
    - name: Not there
      ansible.builtin.ping:
      vars:
        ansible_connection: ssh
        ansible_host: 127.0.0.1
        ansible_port: 9
      when: number == 3
  handlers:
    - name: A handler
      ansible.builtin.set_fact:
        handled: true

- name: Nobody
  hosts: nobody
  gather_facts: false
  tasks: []

- name: In turns
  hosts: boards
  serial: 1
  gather_facts: false
  tasks:
    - name: Turn
      ansible.builtin.set_fact:
        turn: true
    - name: Broken
      ansible.builtin.fail:
        msg: broken
      when: number == 2
"""
# So that what happens is in the playbook, without anything to run.
WARNS = '''
from ansible.plugins.action import ActionBase
class ActionModule(ActionBase):
    _requires_connection = False
    def run(self, tmp=None, task_vars=None):
        return dict({"changed": False}, **self._task.args)
'''
SLOW = """
- name: Slow
  hosts: boards
  gather_facts: false
  tasks:
    - name: Sleep
      ansible.builtin.command: sleep {{ (number | int) * 4 }}
      changed_when: false
"""
ASKS = """
- name: Asks
  hosts: boards
  gather_facts: false
  tasks:
    - name: Ask
      ansible.builtin.pause:
        prompt: Go on
"""
CORES = [None, *environment.CORES]
MERE = re.compile(r"^(ok|skipping): \[[^\]]+\]( => \(item=.*\) ?)?$")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("output")
    (folder / "action").mkdir()
    (folder / "action/warns.py").write_text(WARNS)
    for name, text in {"all": PLAYBOOK, "slow": SLOW, "asks": ASKS}.items():
        (folder / f"{name}.yml").write_text("---" + text)
    (folder / "more.yml").write_text("- name: More of it\n  ansible.builtin.debug:\n    msg: more\n")
    boards = "\n".join(f"board{number} number={number}" for number in range(1, 4))
    (folder / "inventory").write_text(f"[boards]\n{boards}\n[boards:vars]\nansible_connection=local\nansible_python_interpreter=/usr/bin/python3\n")
    (folder / "ansible.cfg").write_text("[defaults]\nstdout_callback = rkfleet.npu.fleet\n")
    return folder


@pytest.fixture
def on_terminal():
    """Return a function that starts a command on a terminal; what is left of it at the end is ended."""
    terminals = []

    def start(*args, **kwargs):
        terminals.append(terminal.Terminal(*args, **kwargs))
        return terminals[-1]

    yield start
    for one in terminals:
        one.close()


def with_core(core) -> pathlib.Path:
    """Return the folder of the programs of an ansible-core."""
    if core is None:
        return pathlib.Path(sys.executable).parent
    python = environment.find_python(environment.CORES[core])
    if not python:
        pytest.skip(f"no Python {environment.CORES[core]} on this machine for ansible-core {core}")
    return environment.make_venv(python, [f"ansible-core=={core}"], print) / "bin"


def settings(folder, **more) -> dict[str, str]:
    unwanted = ("CI", "NO_COLOR", "ANSIBLE_NOCOLOR", "ANSIBLE_STDOUT_CALLBACK", "ANSIBLE_FORCE_COLOR", "TMUX")
    base = {name: value for name, value in os.environ.items() if name not in unwanted}
    return {
        **base, "ANSIBLE_CONFIG": str(folder / "ansible.cfg"), "ANSIBLE_ACTION_PLUGINS": str(folder / "action"), "TERM": "xterm", "LC_ALL": "C.UTF-8",
        "ANSIBLE_LIBRARY": str(folder / "action"), "ANSIBLE_LOCALHOST_WARNING": "0", **more,
    }


def words(folder, playbook, core, *more) -> list[str]:
    # One after the other: the same order each time.
    return [str(with_core(core) / "ansible-playbook"), "-i", str(folder / "inventory"), "-f", "1", str(folder / f"{playbook}.yml"), *more]


def piped(folder, playbook, core, *more, **env) -> list[str]:
    done = subprocess.run(
        words(folder, playbook, core, *more), env=settings(folder, **env), text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, timeout=300, check=False)
    return plain(done.stdout.splitlines())


def plain(lines) -> list[str]:
    """Return lines without what differs from run to run, or with the width of the window."""
    lines = [re.sub(r"\*{3,}$", "***", re.sub(r"\d+:\d\d:\d\d[.\d]*|j?\d{9,}\.\d+|\d{4}-\d\d-\d\d", "N", line)).rstrip() for line in lines]
    return [line for line in lines if line and not line.startswith("ASYNC POLL")]


def without_phases(lines) -> list[str]:
    return [line for line in lines if not line.startswith("phase ")]


@pytest.mark.parametrize("core", CORES)
def test_nothing_is_lost(folder, on_terminal, core):
    default = piped(folder, "all", core, ANSIBLE_STDOUT_CALLBACK="default")
    kinds = (
        "changed: ", "fatal: ", "failed: ", "skipping: ", "ok: ", "included: ", "FAILED - RETRYING", "ASYNC OK", "...ignoring", "RUNNING HANDLER", "--- ",
        "PLAY RECAP")
    for kind in (*kinds, "[WARNING]: mind", "[DEPRECATION WARNING]"):
        assert any(line.startswith(kind) for line in default), kind

    ours = piped(folder, "all", core)
    assert without_phases(ours) == default
    phases = [re.sub(r"[\d.]+ s", "N s", line) for line in ours if line.startswith("phase ")]
    assert phases == [
        "phase All there is: 1 changed, 1 failed, 1 unreachable (3 boards, N s)",
        "phase In turns: 1 ok (1 board, N s)",
        "phase In turns: 1 failed (1 board, N s)",
    ]

    there = on_terminal(words(folder, "all", core), settings(folder), columns=80, rows=800, canvas=900)
    assert not there.until()
    seen = plain(there.lines())
    assert without_phases(seen) == [_phases.printable(line) for line in default if not MERE.match(line)]
    assert [re.sub(r"[\d.]+ s", "N s", line) for line in seen if line.startswith("phase ")] == phases
    assert any(re.match(r"All there is [█░]{15,} [0-3]/[123] changed [123] ", frame) for frame in there.frames), there.frames
    # Sequences on the terminal are Ansible's colours and ours, whatever the boards said.
    sequences = set(re.findall(rb"\x1b(?!\[[0-9;]*m)[^\x1b\r\n]{0,3}|\xc2[\x80-\x9f]", there.raw))
    assert {sequence[:3] for sequence in sequences} <= {b"\x1b[J", b"\x1b[?"}, sequences


def test_verbose_prints_all(folder, on_terminal):
    default = piped(folder, "all", None, "-v", ANSIBLE_STDOUT_CALLBACK="default")
    there = on_terminal(words(folder, "all", None, "-v"), settings(folder), columns=80, rows=900, canvas=900)
    assert not there.until()
    assert without_phases(plain(there.lines())) == [_phases.printable(line) for line in default]


def test_what_is_folded_is_in_the_log(folder, on_terminal, tmp_path):
    there = on_terminal(words(folder, "all", None), settings(folder, ANSIBLE_LOG_PATH=str(tmp_path / "log")), columns=200, rows=400)
    assert not there.until()
    assert "ok: [board1]" not in there.lines()
    assert re.search(r"\| ok: \[board1\]$", (tmp_path / "log").read_text(), re.MULTILINE)
    assert re.search(r"\| phase In turns: ", (tmp_path / "log").read_text())


@pytest.mark.parametrize("more", [{"TERM": "dumb"}, {"CI": "true"}, {"RKFLEET_NPU_LIVE": "never"}], ids=lambda more: next(iter(more)))
def test_no_live_line_where_nobody_wants_it(folder, on_terminal, more):
    there = on_terminal(words(folder, "slow", None, "--limit", "board1", "-e", "number=0"), settings(folder, **more))
    assert not there.until()
    assert b"\x1b[J" not in there.raw
    assert "ok: [board1]" in there.lines()


@pytest.mark.parametrize("more", [{"NO_COLOR": "1"}, {"ANSIBLE_NOCOLOR": "1"}, {}], ids=lambda more: next(iter(more), "colours"))
def test_colours(folder, on_terminal, more):
    there = on_terminal(words(folder, "slow", None, "--limit", "board1", "-e", "number=1"), settings(folder, **more))
    assert not there.until()
    assert bool(re.search(rb"\x1b\[[0-9;]*m", there.raw)) == (not more)


def test_a_terminal_without_utf_8(folder, on_terminal):
    there = on_terminal(
        words(folder, "slow", None, "--limit", "board1,board2"), settings(folder, PYTHONIOENCODING="ascii"))
    assert there.until(lambda last: re.match(r"Slow \[#+-+\] 1/2 ok 1 ", last)), there.frames
    assert not there.until()
    assert there.raw.isascii()


def test_narrow_resized_interrupted(folder, on_terminal):
    there = on_terminal(words(folder, "slow", None, "-e", "number=15"), settings(folder), columns=100)
    assert there.until(lambda last: re.match(r"Slow ░{19} 0/3 0:0\d Sleep$", last)), there.frames
    there.resize(30)
    assert there.until(lambda last: re.match(r"Slow ░{8} 0/3 0:\d\d$", last)), there.frames
    there.resize(12)
    assert there.until(lambda last: last == "Slow 0/3"), there.frames
    there.resize(80)
    assert there.until(lambda last: re.match(r"Slow ░{15} 0/3 0:\d\d Sleep$", last)), there.frames
    there.type(b"\x03")
    assert not there.until()
    assert there.code == 99
    # ^C is what the terminal echoed where the line was.
    assert "User interrupted execution" in there.lines()[-1]
    assert not [line for line in there.lines() if "░" in line]
    assert there.screen.cursor.x == 0


def test_estimate_from_the_batch_before():
    phase, task = _phases.Phase("build", 100.0), _phases.Task("Build", 100.0, 10)
    line = _phases.live_line(phase, task, 130.0, 100, usual=41.5)
    assert "0/10 0:30 about 0:11 left Build" in line
    for board in "abcde":
        phase.note(board, "changed")
        task.done.add(board)
    assert "5/10 changed 5 0:20 about 0:20 left" in _phases.live_line(phase, task, 120.0, 100)


def test_a_question_is_not_disturbed(folder, on_terminal):
    there = on_terminal(words(folder, "asks", None, "--limit", "board1"), settings(folder))
    assert there.until(lambda last: last == "Go on:"), there.frames
    with pytest.raises(AssertionError, match="too long"):
        there.until(lambda last: last != "Go on:", limit=2)


def test_the_line_fits():
    phase, task = _phases.Phase("激活 activate", 0.0), _phases.Task("Reboot into the new driver 重启", 0.0, 100)
    for number, state in enumerate(_phases.STATES * 9):
        phase.note(f"board{number}", state)
        task.done.add(f"board{number}")
    for width in range(1, 160):
        line = _phases.live_line(phase, task, 3700.0, width)
        assert _phases.columns(line) <= width
        assert line.startswith("激活 activate" if width > 13 else "")
    assert re.search(r" 45/100 ok 9 changed 9 failed 9 unreachable 9 skipped 9 1:01:40 about 1:15:22 left Reboot into the new", line)


def test_the_worst_of_a_board_counts():
    phase = _phases.Phase("build", 0.0)
    for state in ("skipped", "ok", "failed", "changed"):
        phase.note("a", state)
    phase.note("b", "skipped")
    assert phase.line(1.23) == "phase build: 1 failed, 1 skipped (2 boards, 1.2 s)"
    assert _phases.Phase("x", 0.0).line(1.0) == ""


@pytest.mark.parametrize("places, phase", [
    (["detect/main", "rollout/look_closer"], "detect"),
    (["detect/main", "driver/reboot", "driver/activate", "driver/main", "rollout/change"], "activate"),
    (["verify/here", "verify/baseline", "driver/fetch"], "baseline"),
    (["driver/fetch", "rollout/look_closer"], "fetch"),
    (["verify/prove", "verify/soak_round", "verify/soak"], "soak"),
    (["detect/main", "guard/rollback", "rollout/change"], "rollback"),
    (["report/audit"], "report"),
    (["report/show", "report/main"], "report"),
    (["rollout/board"], None),
    ([], None),
])
def test_phases(places, phase):
    assert _phases.phase_of(places) == phase


def test_every_file_of_a_role_has_a_phase_or_goes_with_that_of_another(root):
    listed = {name for dummy, files in _phases.PHASES for name in files}
    there = {f"{path.parts[-3]}/{path.stem}" for path in root.glob("roles/*/tasks/*.yml")}
    assert there - listed == {
        "driver/builder", "driver/main", "driver/stored", "rollout/board", "rollout/change", "rollout/check", "rollout/look", "rollout/look_closer",
        "rollout/main", "rollout/upgrade", "runtime/rknn_server", "runtime/toolkit_lite2", "verify/here", "verify/prove", "verify/soak_round"}


def test_the_files_of_the_phases_are_there(root):
    for dummy, files in _phases.PHASES:
        for name in files:
            role, dummy, file = name.partition("/")
            assert (root / "roles" / role / "tasks" / f"{file}.yml").exists(), name
