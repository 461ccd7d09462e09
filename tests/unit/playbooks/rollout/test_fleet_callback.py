# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What ansible-playbook prints with the callback rkfleet.npu.fleet: on a terminal, in a pipe, and against the default callback."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess

import cores
import pytest
import terminal
from ansible_collections.rkfleet.npu.plugins.plugin_utils import _progress

# One of each of what the default callback has a line for.
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
        warnings: ["mind the gap on {{ inventory_hostname }}"]
        deprecations: [{msg: "gone soon", version: "9.9", collection_name: ansible.builtin}]
    - name: Said
      ansible.builtin.debug:
        msg: "hello \e[2J {{ inventory_hostname }}"
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
        diff: {before: "a\nb\n", after: "a\nc\n", before_header: "old"}
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
            msg: "bad {{ number }}"
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

- name: Asks before
  hosts: boards
  gather_facts: false
  vars_prompt:
    - name: word
      prompt: Say a word
      private: false
  tasks:
    - name: Repeat
      ansible.builtin.debug:
        msg: "{{ word }}"
"""
CORES = cores.parameters(pytest.mark.faults_only, None)  # None: that of .venv, with which all other tests run
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


def settings(folder, **more) -> dict[str, str]:
    unwanted = ("CI", "NO_COLOR", "ANSIBLE_NOCOLOR", "ANSIBLE_STDOUT_CALLBACK", "ANSIBLE_FORCE_COLOR", "TMUX")
    base = {name: value for name, value in os.environ.items() if name not in unwanted}
    return {
        **base, "ANSIBLE_CONFIG": str(folder / "ansible.cfg"), "ANSIBLE_ACTION_PLUGINS": str(folder / "action"), "TERM": "xterm", "LC_ALL": "C.UTF-8",
        "ANSIBLE_LIBRARY": str(folder / "action"), "ANSIBLE_LOCALHOST_WARNING": "0", **more,
    }


def words(folder, playbook, core, *more) -> list[str]:
    # One after the other: the same order each time.
    return [str(cores.programs(core) / "ansible-playbook"), "-i", str(folder / "inventory"), "-f", "1", str(folder / f"{playbook}.yml"), *more]


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
    assert without_phases(seen) == [line for line in default if not MERE.match(line)]
    assert [re.sub(r"[\d.]+ s", "N s", line) for line in seen if line.startswith("phase ")] == phases
    # Phase, boards, time and task. Which moments are seen depends on the machine.
    frame = r"(All there is|In turns): \d of [123] done, [123] running(, \d failed)? \| 0:\d\d\b"
    assert any(re.match(frame, line) for line in there.frames), there.frames
    # Sequences on the terminal are Ansible's colours and ours.
    sequences = set(re.findall(rb"\x1b(?!\[[0-9;]*m)[^\x1b\r\n]{0,3}|\xc2[\x80-\x9f]", there.raw))
    assert {sequence[:3] for sequence in sequences} <= {b"\x1b[K", b"\x1b[?"}, sequences


def test_verbose_prints_all(folder, on_terminal):
    default = piped(folder, "all", None, "-v", ANSIBLE_STDOUT_CALLBACK="default")
    there = on_terminal(words(folder, "all", None, "-v"), settings(folder), columns=80, rows=900, canvas=900)
    assert not there.until()
    assert without_phases(plain(there.lines())) == default


def test_what_is_folded_is_in_the_log(folder, on_terminal, tmp_path):
    there = on_terminal(words(folder, "all", None), settings(folder, ANSIBLE_LOG_PATH=str(tmp_path / "log")), columns=200, rows=400)
    assert not there.until()
    assert "ok: [board1]" not in there.lines()
    assert re.search(r"\| ok: \[board1\]$", (tmp_path / "log").read_text(), re.MULTILINE)
    assert re.search(r"\| phase In turns: ", (tmp_path / "log").read_text())


@pytest.mark.parametrize("more", [{"TERM": "dumb"}, {"CI": "true"}, {"RKFLEET_NPU_LIVE": "never"}], ids=lambda more: next(iter(more)))
def test_no_live_line_unless_it_is_wanted(folder, on_terminal, more):
    there = on_terminal(words(folder, "slow", None, "--limit", "board1", "-e", "number=0"), settings(folder, **more))
    assert not there.until()
    assert b"\x1b[K" not in there.raw
    assert "ok: [board1]" in there.lines()


@pytest.mark.parametrize("more", [{"NO_COLOR": "1"}, {"ANSIBLE_NOCOLOR": "1"}, {}], ids=lambda more: next(iter(more), "colours"))
def test_colours(folder, on_terminal, more):
    there = on_terminal(words(folder, "slow", None, "--limit", "board1", "-e", "number=1"), settings(folder, **more))
    assert not there.until()
    assert bool(re.search(rb"\x1b\[[0-9;]*m", there.raw)) == (not more)


def test_narrow_resized_interrupted(folder, on_terminal):
    there = on_terminal(words(folder, "slow", None, "-f", "3", "-e", "number=4"), settings(folder), columns=100)
    assert there.until(lambda last: re.fullmatch(r"Slow: 0 of 3 done, 3 running \| 0:\d\d \| Sleep", last)), there.frames
    there.resize(30)
    assert there.until(lambda last: re.match(r"Slow: [12] of 3 done, ", last)), there.frames
    assert all(len(frame) < 30 for frame in there.frames if re.match(r"Slow: [12] of 3", frame)), there.frames
    assert not there.until()
    there = on_terminal(words(folder, "slow", None, "-f", "3", "-e", "number=15"), settings(folder), columns=100)
    assert there.until(lambda last: last.startswith("Slow: 0 of 3 done, 3 running")), there.frames
    # Once all is quiet: in the middle of a fork Ansible itself does not end well.
    with pytest.raises(AssertionError, match="too long"):
        there.until(lambda last: False, limit=3)
    there.type(b"\x03")
    assert not there.until()
    assert there.code == 99
    # ^C is what the terminal echoed where the line was. Nothing of the line is left.
    assert "User interrupted execution" in there.lines()[-1] and "running" not in "".join(there.lines())
    assert there.screen.cursor.x == 0


def test_the_name_of_a_task_does_not_break_its_line(folder, on_terminal, tmp_path):
    (tmp_path / "play.yml").write_text((folder / "slow.yml").read_text().replace("name: Sleep", r'name: "Sleep \e[2J\n"'))
    there = on_terminal(words(folder, tmp_path / "play", None, "--limit", "board1", "-e", "number=0"), settings(folder))
    assert not there.until()
    assert any(re.search(r"1 running \| 0:\d\d \| Sleep \?\[2J", frame) for frame in there.frames), there.frames


def test_a_question_is_not_disturbed(folder, on_terminal):
    there = on_terminal(words(folder, "asks", None, "--limit", "board1"), settings(folder))
    assert there.until(lambda last: last == "Go on:"), there.frames
    with pytest.raises(AssertionError, match="too long"):
        there.until(lambda last: last != "Go on:", limit=2)
    there.type(b"\r")
    assert there.until(lambda last: last.endswith("Say a word:")), there.frames
    with pytest.raises(AssertionError, match="too long"):
        there.until(lambda last: not last.endswith("Say a word:"), limit=2)
    there.type(b"mellon\r")
    assert not there.until() and there.code == 0
    assert any('"msg": "mellon"' in line for line in there.lines())


@pytest.mark.parametrize("core", CORES)
def test_phases_are_named_by_a_variable_or_by_the_role(folder, core, tmp_path):
    (tmp_path / "roles/mine/tasks").mkdir(parents=True)
    (tmp_path / "roles/mine/tasks/main.yml").write_text("- name: Of the role\n  warns:\n- name: Of an include\n  ansible.builtin.include_tasks: more.yml\n"
                                                        "  vars: {__npu_phase: inner}\n- name: Of it again\n  warns:\n")
    (tmp_path / "roles/mine/tasks/more.yml").write_text("- name: More of it\n  warns: {changed: true}\n")
    (tmp_path / "play.yml").write_text("""
- name: A play
  hosts: boards
  gather_facts: false
  tasks:
    - {name: Of no role, warns: {}}
    - ansible.builtin.include_role: {name: mine}
    - ansible.builtin.include_role: {name: mine}
      vars: {__npu_phase: outer}
    - name: Of a block
      vars: {__npu_phase: block}
      block:
        - {name: Within, warns: {}, when: number == 1}
- name: Another play
  hosts: board1
  gather_facts: false
  vars: {__npu_phase: of the play}
  tasks:
    - {name: Of no role, warns: {}}
""")
    ours = piped(folder, tmp_path / "play", core)
    assert [re.sub(r", [\d.]+ s\)$", ")", line) for line in ours if line.startswith("phase ")] == [
        "phase A play: 3 ok (3 boards)", "phase mine: 3 ok (3 boards)", "phase inner: 3 changed (3 boards)", "phase mine: 3 ok (3 boards)",
        "phase outer: 3 ok (3 boards)", "phase inner: 3 changed (3 boards)", "phase outer: 3 ok (3 boards)", "phase block: 1 ok, 2 skipped (3 boards)",
        "phase of the play: 1 ok (1 board)"]


def test_every_phase_of_the_playbooks_is_named(root):
    """Return no phase that the clock and the callback would call by a play or by role rollout."""
    named = set()
    for path in [*root.glob("roles/*/tasks/*.yml"), *root.glob("playbooks/*.yml")]:
        named |= set(re.findall(r"^ +__npu_phase: (\w+)$", path.read_text(), re.MULTILINE))
    assert named == {"check", "detect", "fetch", "baseline", "plan", "begin", "build", "kernel", "activate", "runtime", "verify", "soak", "commit",
                     "rollback", "preflight"}


def test_wide_and_hostile_names_on_a_narrow_terminal(folder, on_terminal, tmp_path):
    """The line keeps to the columns of the terminal, and no board or message sends it a sequence."""
    (tmp_path / "boards.yml").write_text(
        '{all: {hosts: {"evil\\ec\\x9b2J": {}, "%s": {}}, vars: {ansible_connection: local}}}' % ("\u677f" * 12))
    (tmp_path / "play.yml").write_text("""
- name: \u677f\u677f
  hosts: all
  gather_facts: false
  tasks:
    - name: Change
      warns: {changed: true, warnings: ["a warning \\e]0;title\\a"]}
""")
    argv = [*words(folder, tmp_path / "play", None), "-i", str(tmp_path / "boards.yml"), "--limit", "!boards"]
    there = on_terminal(argv, settings(folder), columns=24)
    assert not there.until() and there.code == 0
    sequences = set(re.findall(rb"\x1b(?!\[[0-9;]*m)[^\x1b\r\n]{0,3}|\xc2[\x80-\x9f]|\x07", there.raw))
    assert {sequence[:3] for sequence in sequences} <= {b"\x1b[K", b"\x1b[?"}, sequences
    assert "evil?c?2J" in there.raw.decode() and "a warning ?]0;title?" in re.sub(r"\s*\r\n", " ", there.raw.decode())
    shown = re.findall(r"\x1b\[\?7l(.*?)\x1b\[K", there.raw.decode())
    assert shown and all(sum(map(_progress.columns_of, text)) < 24 for text in shown), shown
