# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What ansible-playbook prints, with a line for each phase; what a phase is, is in plugin_utils/_phases.py."""

from __future__ import annotations

DOCUMENTATION = r"""
name: fleet
type: stdout
short_description: Ansible's default output, and one live line a phase
version_added: 1.3.0
author:
  - rkfleet.npu contributors (@rkfleet)
description:
  - Prints what P(ansible.builtin.default#callback) prints, and at the end of each phase of a run one line with the boards and the seconds it took.
  - >-
    On a terminal the last line is alive: the phase, a bar, how many boards are ok, changed, failed, unreachable or skipped, the time, an estimate
    of what is left, and the task. Lines that say no more than C(ok: [board]) or C(skipping: [board]) are counted there instead of printed; with
    C(-v) they are printed, too. A file given as C(log_path) gets them in any case.
  - >-
    Everywhere else (a pipe, a file, a CI job, E(TERM=dumb)) the output is that of P(ansible.builtin.default#callback), line by line, and the lines of
    the phases.
  - >-
    The phases are those of the playbooks of this collection (C(detect), C(fetch), C(plan), C(begin), C(build), C(activate), C(runtime), C(verify), C(commit),
    C(rollback), C(report) and others). In other playbooks each role is one, and each play for what is in no role.
  - Control characters in what boards answered are spelt out (C(\\x1b)) where the output is a terminal. Colours are those of Ansible, and by its rules
    (E(NO_COLOR), E(ANSIBLE_NOCOLOR), E(ANSIBLE_FORCE_COLOR)).
extends_documentation_fragment:
  - ansible.builtin.default_callback
  - ansible.builtin.result_format_callback
options:
  live:
    description:
      - Whether there is a live line.
      - V(auto) has one where the output is a terminal, unless E(TERM) is V(dumb) or E(CI) is set.
      - V(never) prints all lines everywhere.
    type: str
    choices:
      - auto
      - never
    default: auto
    env:
      - name: RKFLEET_NPU_LIVE
    ini:
      - section: callback_fleet
        key: live
requirements:
  - set as stdout_callback in configuration
notes:
  - >-
    For fewer lines on a terminal there is O(display_ok_hosts=false) and O(display_skipped_hosts=false): the banner of a task is then printed only
    where the task has something to say.
  - With ansible-core 2.18 the line moves only when a board is done, not each second, as ssh may ask something on the terminal meanwhile.
"""

EXAMPLES = r"""
# ansible.cfg
#   [defaults]
#   stdout_callback = rkfleet.npu.fleet
#
# What a run leaves on the terminal, beside what Ansible prints:
#   phase detect: 96 ok, 4 unreachable (100 boards, 5.1 s)
#   phase build: 2 changed (2 boards, 41.3 s)
"""

import atexit
import contextlib
import os
import sys
import threading
import time

from ansible import constants as C
from ansible.executor.process.worker import WorkerProcess
from ansible.playbook.task_include import TaskInclude
from ansible.plugins.callback.default import CallbackModule as DefaultCallback
from ansible.utils.color import stringc
from ansible_collections.rkfleet.npu.plugins.plugin_utils import _phases

COLLECTION = "rkfleet.npu"
OUR_PLAYBOOKS = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__)))), "playbooks")
# Seconds.
TICK = 0.5
AT_MOST_EVERY = 0.05
# Back to the first column, where the cursor waits, and clear from there: a line that wrapped when the window shrank goes as a whole.
WIPE = "\r\x1b[J"
# Nothing wraps that was made for a wider window a moment ago.
SHOW = "\r\x1b[?7l%s\x1b[J\x1b[?7h\r"


class CallbackModule(DefaultCallback):
    """The default callback with phases."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "rkfleet.npu.fleet"

    def __init__(self):
        super().__init__()
        self._screen = self._phase = self._current = None
        self._usual = {}  # phase -> seconds it took the last time
        self._play_name, self._one_phase, self._boards, self._lost, self._included = "", False, set(), set(), {}

    def set_options(self, *args, **kwargs):
        super().set_options(*args, **kwargs)
        if self._screen is None:
            # What is made of this class elsewhere (ansible-runner's awx_display) has a terminal that nobody looks at.
            wanted = self.get_option("live") == "auto" and type(self).CALLBACK_NAME == CallbackModule.CALLBACK_NAME
            self._screen = _Screen(self._display, self._line, wanted)

    # What happens, in the order of a run

    def v2_playbook_on_play_start(self, play):
        self._end_phase()
        super().v2_playbook_on_play_start(play)
        with self._screen.lock:
            self._play_name = play.get_name().strip()
            # There the boards do not wait for each other: a task, or a phase, has no end.
            self._one_phase = play.strategy.rpartition(".")[2] in ("free", "host_pinned")
            self._boards = set(play.get_variable_manager().get_vars(play=play).get("ansible_play_batch") or [])
            self._lost, self._included, self._current = set(), {}, None

    def v2_playbook_on_task_start(self, task, is_conditional):
        self._begin(task)
        super().v2_playbook_on_task_start(task, is_conditional)

    def v2_playbook_on_handler_task_start(self, task):
        self._begin(task)
        super().v2_playbook_on_handler_task_start(task)

    def v2_playbook_on_include(self, included_file):
        super().v2_playbook_on_include(included_file)
        with self._screen.lock:
            self._included.setdefault(included_file._task._uuid, set()).update(host.get_name() for host in included_file._hosts)

    def v2_runner_on_start(self, host, task):
        super().v2_runner_on_start(host, task)
        with self._screen.lock:
            self._lost.discard(host.get_name())
            if self._current:
                self._current.started.add(host.get_name())
        self._screen.draw()

    def v2_runner_on_ok(self, result):
        changed = _data(result).get("changed", False)
        with self._folded(result):
            super().v2_runner_on_ok(result)
        self._done(result, "changed" if changed else "ok")

    def v2_runner_on_skipped(self, result):
        with self._folded(result):
            super().v2_runner_on_skipped(result)
        self._done(result, "skipped")

    def v2_runner_on_failed(self, result, ignore_errors=False):
        super().v2_runner_on_failed(result, ignore_errors)
        self._done(result, "ok" if ignore_errors else "failed")

    def v2_runner_on_unreachable(self, result):
        super().v2_runner_on_unreachable(result)
        self._done(result, "unreachable")

    def v2_runner_item_on_ok(self, result):
        with self._folded(result):
            super().v2_runner_item_on_ok(result)

    def v2_runner_item_on_skipped(self, result):
        with self._folded(result):
            super().v2_runner_item_on_skipped(result)

    def v2_on_file_diff(self, result):
        with self._screen.own_colours():
            super().v2_on_file_diff(result)

    def v2_playbook_on_stats(self, stats):
        self._end_phase()
        with self._screen.own_colours():
            super().v2_playbook_on_stats(stats)

    def _get_diff(self, difflist):
        if self._screen.terminal:
            parts = difflist if isinstance(difflist, list) else [difflist]
            difflist = [{key: _phases.printable(value) if isinstance(value, str) else value for key, value in part.items()} for part in parts]
        return super()._get_diff(difflist)

    # The phases

    def _begin(self, task):
        name, silent = self._phase_of(task)
        if not (self._phase and (name is None or self._phase.name == _phases.one_line(name))):
            self._end_phase()
        now = time.monotonic()
        with self._screen.lock:
            if self._phase is None:
                self._phase = _phases.Phase(name or self._play_name, now, silent)
            boards = next((self._included[link._uuid] for link in _chain(task)[1:] if link._uuid in self._included), self._boards)
            due = 1 if task.run_once is True else len(boards - self._lost)
            self._current = _phases.Task(task.get_name(), now, due)
        self._screen.draw()

    def _phase_of(self, task):
        """Return a task's phase (None: the one that is on), and whether it is no phase of its own should none be on."""
        if self._one_phase:
            return self._play_name, False
        chain = _chain(task)
        roles = [link for link in chain if link._role]
        ours = [link for link in roles if link._role._role_collection == COLLECTION]
        name = _phases.phase_of({_phases.place(link.get_path()) for link in ours})
        if name:
            return name, False
        if ours or any(_is_our_playbook(link.get_path()) for link in chain):
            return None, True
        return roles[-1]._role.get_name() if roles else self._play_name, False

    def _end_phase(self):
        with self._screen.lock:
            phase, self._phase, self._current, now = self._phase, None, None, time.monotonic()
        if phase is None:
            return
        if phase.boards:
            self._usual[phase.name] = now - phase.started
        if phase.line(now):
            self._display.display(phase.line(now))
        self._screen.draw()

    def _done(self, result, state):
        task, board = _task(result), _host(result).get_name()
        with self._screen.lock:
            if state in ("failed", "unreachable"):
                self._lost.add(board)
            if self._current:
                self._current.done.add(board)
            # That something was included happened to no board.
            if self._phase and not isinstance(task, TaskInclude):
                self._phase.note(board, state)
        self._screen.draw()

    @contextlib.contextmanager
    def _folded(self, result):
        if not self._screen.live or self._run_is_verbose(result):
            yield
            return
        with self._screen.folded():
            yield

    def _line(self, width):
        """Return the live line; None while there is nothing to show."""
        if self._phase is None:
            return None
        return _phases.live_line(
            self._phase, self._current, time.monotonic(), width, self._usual.get(self._phase.name), self._screen.unicode, _paint)


class _Screen:
    """The terminal: the last line is ours, whatever Ansible prints comes above it.

    Everything that Ansible prints goes through one object, in the end through its method display. It is caught there,
    on that object alone, under its lock, which also keeps processes from being forked in the middle of it.
    """

    unicode = False

    def __init__(self, display, line, wanted):
        self.lock, self._display, self._line, self._pid = display._lock, display, line, os.getpid()
        self.terminal = any(stream.isatty() for stream in (sys.stdout, sys.stderr))
        self.live = bool(
            wanted and sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb" and os.environ.get("CI", "") in ("", "0", "false"))
        self._shown, self._mid_line, self._quiet, self._drawn = False, False, 0, 0.0
        self._here = threading.local()
        self._print = display.display
        if self.terminal:
            display.display = self._caught
        if not self.live:
            return
        self.unicode = _can_be_written("".join(_phases.BARS[True]))
        for name in ("prompt_until", "do_var_prompt"):
            setattr(display, name, self._undisturbed(getattr(display, name)))
        self._stop = threading.Event()
        self._ticker = threading.Thread(target=self._tick, name="rkfleet.npu.fleet", daemon=True)
        # From 2.19 a worker has no terminal, and so no ssh that could be asking for something there.
        if hasattr(WorkerProcess, "_detach"):
            self._ticker.start()
        atexit.register(self._close)

    def draw(self, again=False):
        """Show the live line as it is now, unless that was just done; with *again* in any case."""
        if not self.live or os.getpid() != self._pid:
            return
        with self.lock:
            at = time.monotonic()
            if self._quiet or self._mid_line or (self._shown and not again and at - self._drawn < AT_MOST_EVERY):
                return
            try:
                # A run in the background has no business there.
                if os.tcgetpgrp(1) != os.getpgrp():
                    self._shown = False
                    return
                text = self._line(max(10, os.get_terminal_size(1).columns - 1))
                if text is None:
                    self._wipe()
                else:
                    sys.stdout.write(SHOW % text)
                    sys.stdout.flush()
                    self._shown, self._drawn = True, at
            except OSError:
                # The terminal has gone; what is printed there fails as it would with any callback.
                self.live = False

    @contextlib.contextmanager
    def folded(self):
        """Keep lines to the counts that say only that a board is ok or skipped."""
        self._here.folded = True
        try:
            yield
        finally:
            self._here.folded = False

    @contextlib.contextmanager
    def own_colours(self):
        """Let colours through, as Ansible has put them into the text itself."""
        self._here.colours = True
        try:
            yield
        finally:
            self._here.colours = False

    def _caught(self, msg, color=None, stderr=False, screen_only=False, log_only=False, newline=True, **more):
        # A worker hands it to us, and then it comes here again.
        if os.getpid() != self._pid:
            return self._print(msg, color=color, stderr=stderr, screen_only=screen_only, log_only=log_only, newline=newline, **more)
        if getattr(self._here, "folded", False) and msg.startswith(("ok: [", "skipping: [")):
            log_only = not screen_only
            if screen_only:
                return None
        with self.lock:
            if (sys.stderr if stderr else sys.stdout).isatty() and isinstance(msg, str):
                msg = _phases.printable(msg.replace("\r\n", "\n"), getattr(self._here, "colours", False))
            if not log_only:
                self._wipe()
            self._print(msg, color=color, stderr=stderr, screen_only=screen_only, log_only=log_only, newline=newline, **more)
            if not log_only:
                self._mid_line = not (newline or msg.endswith("\n"))
                self.draw(again=True)
        return None

    def _undisturbed(self, ask):
        def asking(*args, **kwargs):
            if os.getpid() != self._pid:
                return ask(*args, **kwargs)
            with self.lock:
                self._quiet += 1
                self._wipe()
            try:
                return ask(*args, **kwargs)
            finally:
                self._quiet -= 1
                self.draw()

        return asking

    def _wipe(self):
        if self._shown:
            self._shown = False
            sys.stdout.write(WIPE)
            sys.stdout.flush()

    def _tick(self):
        while not self._stop.wait(TICK):
            self.draw()

    def _close(self):
        if os.getpid() != self._pid:
            return
        self._stop.set()
        if self._ticker.is_alive():
            self._ticker.join(2)
        with contextlib.suppress(OSError), self.lock:
            self._wipe()
            self.live = False


def _chain(task):
    """Return a task and all that included it, from the inside out."""
    links = []
    while task is not None:
        if hasattr(task, "action"):
            links.append(task)
        task = getattr(task, "_parent", None)
    return links


def _is_our_playbook(path):
    return bool(path) and os.path.dirname(os.path.realpath(path.rpartition(":")[0])) == OUR_PLAYBOOKS


def _paint(text, state):
    return stringc(text, {
        "ok": C.COLOR_OK, "changed": C.COLOR_CHANGED, "failed": C.COLOR_ERROR, "unreachable": C.COLOR_UNREACHABLE, "skipped": C.COLOR_SKIP,
    }[state])


def _can_be_written(text):
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeError, LookupError):
        return False
    return True


# Before ansible-core 2.19 what a result has was private.
def _data(result):
    return result.result if hasattr(result, "result") else result._result


def _task(result):
    return result.task if hasattr(result, "task") else result._task


def _host(result):
    return result.host if hasattr(result, "host") else result._host
