# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ansible's default output with the phases of a run; plugin_utils/_phases.py says what a phase is."""

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
    and seconds. The playbooks of this collection name their phases. Elsewhere each role is one, else the play.
  - >-
    On a terminal the last line is live. It shows phase, boards, time and task, and moves when a board starts or ends
    a task. Lines with no more than C(ok: [board]) or C(skipping: [board]) are counted there instead of printed; with
    C(-v) they are printed, too. A file given as C(log_path) gets them in any case.
extends_documentation_fragment: [ansible.builtin.default_callback, ansible.builtin.result_format_callback]
options:
  live:
    description: V(auto) shows the live line where the output is a terminal, unless E(TERM) is V(dumb) or E(CI) is set.
    type: str
    choices: [auto, never]
    default: auto
    env: [{name: RKFLEET_NPU_LIVE}]
    ini: [{section: callback_fleet, key: live}]
"""

import contextlib
import os
import re
import sys
import time

from ansible.playbook.task_include import TaskInclude
from ansible.plugins.callback.default import CallbackModule as Default
from ansible_collections.rkfleet.npu.plugins.plugin_utils import _phases

STATES = ("skipped", "ok", "changed", "unreachable", "failed")
SHOWN = ("ok", "changed", "failed", "unreachable", "skipped")
COUNTED = re.compile(r"(ok|skipping): \[[^\]]+\]( => \(item=.*\) ?)?\Z", re.DOTALL)
# Written without wrapping; the cursor waits in the first column, and from there the line is cleared.
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

    def set_options(self, *args, **kwargs):
        super().set_options(*args, **kwargs)
        # A class derived from this one, such as ansible-runner's, has a terminal that nobody looks at.
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
        super().v2_playbook_on_task_start(task, is_conditional)

    def v2_playbook_on_handler_task_start(self, task):
        self._begin(task)
        super().v2_playbook_on_handler_task_start(task)

    def v2_runner_on_start(self, host, task):
        super().v2_runner_on_start(host, task)
        self._started += 1
        # Such a task prints or asks something itself.
        if not task.run_once and task.resolved_action != "ansible.builtin.pause":
            self._draw()

    def v2_runner_on_ok(self, result):
        state = "changed" if _of(result, "result").get("changed") else "ok"
        super().v2_runner_on_ok(result)
        self._finished(result, state)

    def v2_runner_on_skipped(self, result):
        super().v2_runner_on_skipped(result)
        self._finished(result, "skipped")

    def v2_runner_on_failed(self, result, ignore_errors=False):
        super().v2_runner_on_failed(result, ignore_errors)
        self._finished(result, "ok" if ignore_errors else "failed")

    def v2_runner_on_unreachable(self, result):
        super().v2_runner_on_unreachable(result)
        self._finished(result, "unreachable")

    def v2_playbook_on_stats(self, stats):
        self._end_phase()
        super().v2_playbook_on_stats(stats)

    def _begin(self, task):
        phase = _phases.of_task(task) or self._play_phase
        if phase != self._phase:
            self._end_phase()
            self._phase, self._since = phase, time.monotonic()
        self._task, self._started, self._done = task.get_name(), 0, 0

    def _finished(self, result, state):
        self._done += 1
        # An include happens to no board. A board counts once, as the worst that happened to it.
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
            # Between two tasks Ansible itself may print or ask something.
            self._screen.clear()


class _Screen:
    """Ansible's display as this callback uses it: the live line is cleared before anything is printed."""

    def __init__(self, display):
        self._ansible, self._is_shown = display, False

    def __getattr__(self, name):
        if name != "verbosity":
            self.clear()
        return getattr(self._ansible, name)

    def display(self, msg, *args, **kwargs):
        """Print a message, or count it and only log it where it says no more than that a board is ok or skipped."""
        if not self._ansible.verbosity and COUNTED.match(msg):
            kwargs["log_only"] = True
        else:
            self.clear()
        self._ansible.display(msg, *args, **kwargs)

    def show(self, text):
        """Show the live line, unless the terminal is gone, or another program's now."""
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


def _of(result, name):
    """Return the `host`, `task` or `result` of a task's result; before ansible-core 2.19 these had an underscore."""
    return getattr(result, name) if hasattr(result, name) else getattr(result, "_" + name)
