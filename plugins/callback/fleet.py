# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ansible's default output with the phases of a run; plugin_utils/_phases.py defines a phase."""

from __future__ import annotations

DOCUMENTATION = r"""
name: fleet
type: stdout
short_description: Ansible's default output, with a line for each phase and a live line on a terminal
version_added: 1.3.0
author:
  - rkfleet.npu contributors (@rkfleet)
description:
  - >-
    Prints what P(ansible.builtin.default#callback) prints, and at the end of each phase of a run a line with its boards
    and seconds. The playbooks of this collection name their phases. In other playbooks each role is one, else the play.
  - >-
    On a terminal the last line is live. It shows how many boards are done, running and failed, the time, and about how
    long the rest takes, and moves when a board starts or ends a task. Lines with no more than C(ok: [board]) or
    C(skipping: [board]) are counted there instead of printed; with C(-v) they are printed, too. A file given as
    C(log_path) gets them in any case.
  - >-
    Of the tasks of this collection it prints what happens: a line for each change, and failures, warnings and messages
    as usual. Tasks that change nothing or are skipped are printed with C(-v), and always in C(log_path).
extends_documentation_fragment: [ansible.builtin.default_callback, ansible.builtin.result_format_callback]
options:
  live:
    description: V(auto) shows the live line if the output is a terminal, unless E(TERM) is V(dumb) or E(CI) is set.
    type: str
    choices: [auto, never]
    default: auto
    env: [{name: RKFLEET_NPU_LIVE}]
    ini: [{section: callback_fleet, key: live}]
  brief:
    description:
      - Whether tasks of this collection that change nothing are left out. All tasks of other playbooks and of hooks are
        printed in any case.
    type: bool
    default: true
    version_added: 2.0.0
    env: [{name: RKFLEET_NPU_BRIEF}]
    ini: [{section: callback_fleet, key: brief}]
"""

import contextlib
import os
import re
import sys
import threading
import time

from ansible import constants as C
from ansible import context
from ansible.errors import AnsibleError
from ansible.playbook.task_include import TaskInclude
from ansible.plugins.callback.default import CallbackModule as Default
from ansible_collections.rkfleet.npu.plugins.plugin_utils import _phases, _progress
from ansible_collections.rkfleet.npu.plugins.plugin_utils._schema.values import number_of

STATES = ("skipped", "ok", "changed", "unreachable", "failed")
SHOWN = ("ok", "changed", "failed", "unreachable", "skipped")
COLLECTION = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", "..")) + os.sep
COUNTED = re.compile(r"(ok|skipping): \[[^\]]+\]( => \(item=.*\) ?)?\Z", re.DOTALL)
# Printed without wrapping; the cursor stays in the first column, from where the line is cleared.
SHOW = "\r\x1b[?7l%s\x1b[K\x1b[?7h\r"
# A variable of a play in which boards are upgraded in a rolling window: the groups of all its boards.
WINDOW = "__npu_window"
# The last task of a board in it.
LAST = "rkfleet.npu.npu_rollout_record"


class CallbackModule(Default):
    """The default callback with phases."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "rkfleet.npu.fleet"

    def __init__(self):
        super().__init__()
        self._screen, self._phases, self._play_phase = None, {}, ""
        # Of the current task: started and ended runs, since when, and the boards that run it.
        self._task, self._phase, self._started, self._done, self._since, self._total = "", "", 0, 0, 0.0, None
        self._hosts, self._included = [], {}
        # Of all rolling windows of the run.
        self._boards, self._window, self._window_since = _progress.Boards(), 0, 0.0
        self._is_brief, self._with_banner = False, None

    def set_options(self, *args, **kwargs):
        super().set_options(*args, **kwargs)
        # Nobody watches the terminal of derived classes, such as that of ansible-runner.
        is_wanted = self.get_option("live") == "auto" and type(self).CALLBACK_NAME == CallbackModule.CALLBACK_NAME
        is_plain = os.environ.get("TERM", "dumb") == "dumb" or os.environ.get("CI", "") not in ("", "0", "false")
        if is_wanted and not is_plain and sys.stdout.isatty():
            self._display = self._screen = _Screen(self._display)  # type: ignore[has-type]

    def v2_playbook_on_play_start(self, play):
        self._end_phases()
        super().v2_playbook_on_play_start(play)
        variables = play.get_vars()
        self._play_phase = variables.get(_phases.NAME) or play.get_name().strip()
        self._hosts, self._included = _hosts_of(play, play.hosts), {}
        self._window = len(_hosts_of(play, variables.get(WINDOW) or [], restricted=False))
        self._window_since = self._window_since or time.monotonic() * bool(self._window)

    def v2_playbook_on_task_start(self, task, is_conditional):
        self._begin(task)
        self._is_brief = self._is_brief_for(task)
        with self._left_out(self._is_brief):
            super().v2_playbook_on_task_start(task, is_conditional)

    def v2_playbook_on_handler_task_start(self, task):
        self._begin(task)
        super().v2_playbook_on_handler_task_start(task)

    def v2_runner_on_start(self, host, task):
        super().v2_runner_on_start(host, task)
        self._started += 1
        if self._window:
            board, phase = host.get_name(), self._phase_of(task)
            if self._boards.enter(board, phase, time.monotonic()):
                self._phases.setdefault(phase, _Phase()).enter(board)
        # Such a task prints or prompts itself.
        if not task.run_once and task.resolved_action != "ansible.builtin.pause":
            self._draw()

    def v2_runner_on_ok(self, result):
        state = "changed" if _of(result, "result").get("changed") else "ok"
        is_left_out = self._is_silent(result)
        with self._left_out(is_left_out, result):
            super().v2_runner_on_ok(result)
        if is_left_out and state == "changed":
            text = "changed: [%s] %s" % (_of(result, "host").get_name(), _of(result, "task").get_name())
            self._display.display(_progress.printable(text), color=C.COLOR_CHANGED, screen_only=True)
        self._finished(result, state)

    def v2_runner_on_skipped(self, result):
        with self._left_out(self._is_silent(result), result):
            super().v2_runner_on_skipped(result)
        self._finished(result, "skipped")

    def v2_runner_on_failed(self, result, ignore_errors=False):
        with self._left_out(False, result):
            super().v2_runner_on_failed(result, ignore_errors)
        if self._window and not ignore_errors:
            self._boards.fail(_of(result, "host").get_name())
        self._finished(result, "ok" if ignore_errors else "failed")

    def v2_runner_on_unreachable(self, result):
        with self._left_out(False, result):
            super().v2_runner_on_unreachable(result)
        if self._window and not _of(result, "task").ignore_unreachable:
            # Ansible removes it from the play.
            self._boards.fail(_of(result, "host").get_name())
            self._boards.end(_of(result, "host").get_name(), time.monotonic())
        self._finished(result, "unreachable")

    def v2_runner_item_on_ok(self, result):
        with self._left_out(self._is_silent(result), result):
            super().v2_runner_item_on_ok(result)

    def v2_runner_item_on_skipped(self, result):
        with self._left_out(self._is_silent(result), result):
            super().v2_runner_item_on_skipped(result)

    def v2_runner_item_on_failed(self, result):
        with self._left_out(False, result):
            super().v2_runner_item_on_failed(result)

    def v2_on_file_diff(self, result):
        with self._left_out(False, result):
            super().v2_on_file_diff(result)

    def v2_playbook_on_include(self, included_file):
        with self._left_out(self._is_brief):
            super().v2_playbook_on_include(included_file)
        boards = self._included.setdefault(included_file._task._uuid, set())
        boards.update(host.get_name() for host in included_file._hosts)

    def v2_playbook_on_stats(self, stats):
        self._end_phases()
        super().v2_playbook_on_stats(stats)

    @contextlib.contextmanager
    def _left_out(self, is_left_out, result=None):
        """Print nothing of what is inside, except to the log; else print the banner of the result's task first."""
        display = self._display
        if is_left_out:
            self._display = _Log(display)  # type: ignore[assignment]
        elif result is not None and self._is_brief_for(task := _of(result, "task")) and self._with_banner != task._uuid:
            self._with_banner, self._last_task_banner = task._uuid, None
        try:
            yield
        finally:
            self._display = display

    def _is_brief_for(self, task):
        return self.get_option("brief") and not self._display.verbosity and _is_ours(task)

    def _is_silent(self, result):
        """Return whether a result is left out: it is of a task of ours, and its output is no more than its state."""
        found = _of(result, "result")
        has_message = self._run_is_verbose(result) or found.get("warnings") or found.get("deprecations")
        return self._is_brief_for(_of(result, "task")) and not has_message

    def _phase_of(self, task):
        return _phases.of_task(task) or self._play_phase

    def _begin(self, task):
        self._phase = self._phase_of(task)
        # In a rolling window each board is in a phase of its own.
        if not self._window and self._phase not in self._phases:
            self._end_phases()
        self._phases.setdefault(self._phase, _Phase())
        include = _include_of(task)
        hosts = self._hosts if include is None else self._included.get(include._uuid) or []
        self._task, self._started, self._done, self._total = task.get_name(), 0, 0, len(hosts)
        self._since = time.monotonic()

    def _finished(self, result, state):
        self._done += 1
        task, board = _of(result, "task"), _of(result, "host").get_name()
        # An include runs on no board. A board counts once, by its worst state.
        if not isinstance(task, TaskInclude):
            self._phases.setdefault(self._phase_of(task), _Phase()).add(board, state)
        if self._window and task.resolved_action == LAST:
            self._boards.end(board, time.monotonic())
        self._draw()

    def _end_phases(self):
        for name, phase in self._phases.items():
            if phase.states:
                self._display.display(_progress.printable("phase %s: %s (%s, %.1f s)" % (
                    name, phase.counts(), number_of(len(phase.states), "board"),
                    phase.seconds() if self._window else time.monotonic() - phase.since)))
        self._phases = {}

    def _draw(self):
        if not self._screen:
            return
        now, running = time.monotonic(), self._started - self._done
        if self._window and self._boards.running:
            forks = int(context.CLIARGS.get("forks") or C.DEFAULT_FORKS)
            self._screen.show(_progress.of_boards(self._boards, self._window, now, self._window_since, forks))
        elif running > 0 and not self._window:
            phase = self._phases[self._phase]
            self._screen.show(_progress.of_task(
                self._phase, self._task, self._done, self._total, running, phase.failed(), now - phase.since,
                now - self._since))
        else:
            # Between two tasks Ansible itself may print or prompt.
            self._screen.clear()


class _Phase:
    """The worst state of each board in a phase, when the phase began, and when boards were in it, in seconds."""

    def __init__(self):
        self.states, self.since, self._spans, self._last = {}, time.monotonic(), [], {}

    def enter(self, board):
        """Note that a board comes into the phase, again or for the first time."""
        self._last[board] = [time.monotonic()] * 2
        self._spans.append(self._last[board])

    def add(self, board, state):
        """Note how a task of a board ended."""
        self.states[board] = max(self.states.get(board, state), state, key=STATES.index)
        if board in self._last:
            self._last[board][1] = time.monotonic()

    def seconds(self):
        """Return for how many seconds any board was in the phase. A board may come back to it, as after a failure."""
        return _progress.covered(self._spans)

    def counts(self):
        """Return the states with their numbers of boards as text."""
        found = list(self.states.values())
        return ", ".join("%d %s" % (found.count(state), state) for state in SHOWN if state in found)

    def failed(self):
        """Return the number of boards that have failed or are unreachable."""
        return sum(state in ("failed", "unreachable") for state in self.states.values())


class _Log:
    """Ansible's display, of which only the log gets what is printed."""

    def __init__(self, display):
        self._ansible = display

    def __getattr__(self, name):
        return getattr(self._ansible, name)

    def banner(self, msg, *args, **kwargs):
        """Log a banner."""
        self.display("\n%s" % msg)

    def display(self, msg, *args, **kwargs):
        """Log a message."""
        self._ansible.display(msg, log_only=True)


class _Screen:
    """Ansible's display on a terminal: the live line is cleared before anything is printed, by whatever part of it."""

    def __init__(self, display):
        self._ansible, self._print, self._is_shown = display, display.display, False
        # Ansible prints warnings of workers in a thread of its own.
        self._lock, self._process = threading.RLock(), os.getpid()
        display.display = self._print_alone

    def __getattr__(self, name):
        # A prompt does not go through display().
        if "prompt" in name:
            self.clear()
        return getattr(self._ansible, name)

    def display(self, msg, *args, **kwargs):
        """Print a message; a mere ok or skipped line of a board is only logged."""
        if not self._ansible.verbosity and COUNTED.match(msg):
            kwargs["log_only"] = True
        self._ansible.display(msg, *args, **kwargs)

    def show(self, text):
        """Show the live line, unless the terminal is closed or belongs to another program."""
        with self._lock, contextlib.suppress(OSError):
            if os.tcgetpgrp(1) == os.getpgrp():
                text = _progress.fit(text, os.get_terminal_size(1).columns - 1)
                self._print(SHOW % text, screen_only=True, newline=False)
                self._is_shown = True

    def clear(self):
        """Clear the live line."""
        with self._lock:
            if self._is_shown:
                self._is_shown = False
                self._print("\r\x1b[K", screen_only=True, newline=False)

    def _print_alone(self, msg, *args, **kwargs):
        msg = _progress.printable(msg) if isinstance(msg, str) else msg
        # A worker sends what it prints to the process of the live line.
        if os.getpid() != self._process or kwargs.get("log_only"):
            return self._print(msg, *args, **kwargs)
        with self._lock:
            self.clear()
            return self._print(msg, *args, **kwargs)


def _hosts_of(play, patterns, restricted=True):
    """Return the names of a play's boards that match a pattern, restricted to the current batch; none if unknown."""
    try:
        inventory = play.get_variable_manager()._inventory
        if not restricted:
            return {name for group in patterns for name in inventory.get_groups_dict().get(group, ())}
        return {host.get_name() for host in inventory.get_hosts(patterns)}
    except (AttributeError, AnsibleError):
        # The live line then has no total.
        return set()


def _include_of(task):
    """Return the include through which only some boards get a task, or None: an import is for all boards."""
    include = task.get_first_parent_include()
    while include is not None and include.statically_loaded:
        include = include.get_first_parent_include()
    return include


def _is_ours(task):
    """Return whether a task is in a file of this collection, and not in a hook or another playbook."""
    return os.path.realpath(task.get_path() or "").startswith(COLLECTION)


def _of(result, name):
    """Return the `host`, `task` or `result` of a task's result; before ansible-core 2.19 these had an underscore."""
    return getattr(result, name) if hasattr(result, name) else getattr(result, "_" + name)
