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
    On a terminal the last line is live. It shows phase, boards, time and task, and moves when a board starts or ends
    a task. Lines with no more than C(ok: [board]) or C(skipping: [board]) are counted there instead of printed; with
    C(-v) they are printed, too. A file given as C(log_path) gets them in any case.
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
import time

from ansible import constants as C
from ansible.playbook.task_include import TaskInclude
from ansible.plugins.callback.default import CallbackModule as Default
from ansible_collections.rkfleet.npu.plugins.plugin_utils import _phases

STATES = ("skipped", "ok", "changed", "unreachable", "failed")
SHOWN = ("ok", "changed", "failed", "unreachable", "skipped")
COLLECTION = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", "..")) + os.sep
COUNTED = re.compile(r"(ok|skipping): \[[^\]]+\]( => \(item=.*\) ?)?\Z", re.DOTALL)
# Printed without wrapping; the cursor stays in the first column, from where the line is cleared.
SHOW = "\r\x1b[?7l%s\x1b[K\x1b[?7h\r"


class CallbackModule(Default):
    """The default callback with phases."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "rkfleet.npu.fleet"

    def __init__(self):
        super().__init__()
        self._screen, self._phase, self._since, self._states = None, None, 0.0, {}
        self._play_phase, self._task, self._started, self._done = "", "", 0, 0
        self._is_brief, self._with_banner = False, None

    def set_options(self, *args, **kwargs):
        super().set_options(*args, **kwargs)
        # Nobody watches the terminal of derived classes, such as that of ansible-runner.
        is_wanted = self.get_option("live") == "auto" and type(self).CALLBACK_NAME == CallbackModule.CALLBACK_NAME
        is_plain = os.environ.get("TERM", "dumb") == "dumb" or os.environ.get("CI", "") not in ("", "0", "false")
        if is_wanted and not is_plain and sys.stdout.isatty():
            self._display = self._screen = _Screen(self._display)  # type: ignore[has-type]

    def v2_playbook_on_play_start(self, play):
        self._end_phase()
        super().v2_playbook_on_play_start(play)
        self._play_phase = play.get_vars().get(_phases.NAME) or play.get_name().strip()

    def v2_playbook_on_task_start(self, task, is_conditional):
        self._begin(task)
        self._is_brief = self.get_option("brief") and not self._display.verbosity and _is_ours(task)
        with self._left_out(self._is_brief):
            super().v2_playbook_on_task_start(task, is_conditional)

    def v2_playbook_on_handler_task_start(self, task):
        self._begin(task)
        super().v2_playbook_on_handler_task_start(task)

    def v2_runner_on_start(self, host, task):
        super().v2_runner_on_start(host, task)
        self._started += 1
        # Such a task prints or prompts itself.
        if not task.run_once and task.resolved_action != "ansible.builtin.pause":
            self._draw()

    def v2_runner_on_ok(self, result):
        state = "changed" if _of(result, "result").get("changed") else "ok"
        is_left_out = self._is_brief and not self._has_message(result)
        with self._left_out(is_left_out, result):
            super().v2_runner_on_ok(result)
        if is_left_out and state == "changed":
            self._display.display("changed: [%s] %s" % (_of(result, "host").get_name(), self._task),
                                  color=C.COLOR_CHANGED, screen_only=True)
        self._finished(result, state)

    def v2_runner_on_skipped(self, result):
        with self._left_out(self._is_brief and not self._has_message(result), result):
            super().v2_runner_on_skipped(result)
        self._finished(result, "skipped")

    def v2_runner_on_failed(self, result, ignore_errors=False):
        with self._left_out(False, result):
            super().v2_runner_on_failed(result, ignore_errors)
        self._finished(result, "ok" if ignore_errors else "failed")

    def v2_runner_on_unreachable(self, result):
        with self._left_out(False, result):
            super().v2_runner_on_unreachable(result)
        self._finished(result, "unreachable")

    def v2_runner_item_on_ok(self, result):
        with self._left_out(self._is_brief and not self._has_message(result), result):
            super().v2_runner_item_on_ok(result)

    def v2_runner_item_on_skipped(self, result):
        with self._left_out(self._is_brief and not self._has_message(result), result):
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

    def v2_playbook_on_stats(self, stats):
        self._end_phase()
        super().v2_playbook_on_stats(stats)

    @contextlib.contextmanager
    def _left_out(self, is_left_out, result=None):
        """Print nothing of what is inside, except to the log; else print the banner of the result's task first."""
        display = self._display
        if is_left_out:
            self._display = _Log(display)  # type: ignore[assignment]
        elif self._is_brief and result is not None and self._with_banner != _of(result, "task")._uuid:
            self._with_banner, self._last_task_banner = _of(result, "task")._uuid, None
        try:
            yield
        finally:
            self._display = display

    def _has_message(self, result):
        """Return whether the default output of a result is more than its state."""
        found = _of(result, "result")
        return bool(self._run_is_verbose(result) or found.get("warnings") or found.get("deprecations"))

    def _begin(self, task):
        phase = _phases.of_task(task) or self._play_phase
        if phase != self._phase:
            self._end_phase()
            self._phase, self._since = phase, time.monotonic()
        self._task, self._started, self._done = task.get_name(), 0, 0

    def _finished(self, result, state):
        self._done += 1
        # An include runs on no board. A board counts once, by its worst state.
        if not isinstance(_of(result, "task"), TaskInclude):
            board = _of(result, "host").get_name()
            self._states[board] = max(self._states.get(board, state), state, key=STATES.index)
        self._draw()

    def _end_phase(self):
        if self._states:
            number, seconds = len(self._states), time.monotonic() - self._since
            self._display.display("phase %s: %s (%d board%s, %.1f s)" % (
                self._phase, self._counts(), number, "" if number == 1 else "s", seconds))
        self._phase, self._states = None, {}

    def _counts(self):
        found = list(self._states.values())
        return ", ".join("%d %s" % (found.count(state), state) for state in SHOWN if state in found)

    def _draw(self):
        running = self._started - self._done
        if self._screen and running:
            minutes, seconds = divmod(int(time.monotonic() - self._since), 60)
            phase = "%s: %s | %d:%02d" % (self._phase, self._counts() or "begun", minutes, seconds)
            self._screen.show("%s | %s: %d done, %d running" % (phase, self._task, self._done, running))
        elif self._screen:
            # Between two tasks Ansible itself may print or prompt.
            self._screen.clear()


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
    """Ansible's display as this callback uses it: the live line is cleared before anything is printed."""

    def __init__(self, display):
        self._ansible, self._is_shown = display, False

    def __getattr__(self, name):
        if name != "verbosity":
            self.clear()
        return getattr(self._ansible, name)

    def display(self, msg, *args, **kwargs):
        """Print a message; a mere ok or skipped line of a board is only logged."""
        if not self._ansible.verbosity and COUNTED.match(msg):
            kwargs["log_only"] = True
        else:
            self.clear()
        self._ansible.display(msg, *args, **kwargs)

    def show(self, text):
        """Show the live line, unless the terminal is closed or belongs to another program."""
        with contextlib.suppress(OSError):
            if os.tcgetpgrp(1) == os.getpgrp():
                text = "".join(letter if letter.isprintable() else "?" for letter in text)
                width = os.get_terminal_size(1).columns - 1
                self._ansible.display(SHOW % text[:width], screen_only=True, newline=False)
                self._is_shown = True

    def clear(self):
        """Clear the live line."""
        if self._is_shown:
            self._is_shown = False
            self._ansible.display("\r\x1b[K", screen_only=True, newline=False)


def _is_ours(task):
    """Return whether a task is in a file of this collection, and not in a hook or another playbook."""
    return os.path.realpath(task.get_path() or "").startswith(COLLECTION)


def _of(result, name):
    """Return the `host`, `task` or `result` of a task's result; before ansible-core 2.19 these had an underscore."""
    return getattr(result, name) if hasattr(result, name) else getattr(result, "_" + name)
