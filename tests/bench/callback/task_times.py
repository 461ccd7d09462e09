# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writes as JSON where the time of a run went, seconds by task, and what DKMS was asked for on which board."""

from __future__ import annotations

DOCUMENTATION = r"""
name: task_times
type: notification
short_description: Seconds by task
description: Used by the benchmark. Not part of the collection.
options:
  path:
    description: File to write.
    env:
      - name: TASK_TIMES_FILE
    required: true
    type: path
"""

import json
import time

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    """A task lasts until the next one starts: what Ansible does in between, such as templates of includes, is part of it."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "task_times"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self):
        super().__init__()
        self.rows, self.play, self.now = {}, "", ("before the first task", "")
        self.since = time.monotonic()
        self.boards, self.dkms = {}, {}

    def _next(self, what):
        now = time.monotonic()
        self.rows[self.now] = self.rows.get(self.now, 0) + now - self.since
        self.since, self.now = now, what

    def v2_playbook_on_play_start(self, play):
        self.play = play.get_name()
        self._next((self.play, "start of the play"))

    def v2_playbook_on_task_start(self, task, is_conditional):
        self._next((self.play, task.get_name()))

    def _count(self, result, *dummy, **kwargs):
        self.boards[self.now] = self.boards.get(self.now, 0) + 1
        if result._task.resolved_action == "rkfleet.npu.npu_dkms":
            # After the reboot an older driver may be taken away, in a task that is skipped for most: it says nothing of the build.
            self.dkms.setdefault(result._host.get_name(), []).extend(result._result.get("steps") or [])

    v2_runner_on_ok = v2_runner_on_failed = v2_runner_on_unreachable = v2_runner_on_skipped = _count

    def v2_playbook_on_stats(self, stats):
        self._next(("", "after the last task"))
        rows = [{"play": key[0], "task": key[1], "seconds": round(seconds, 3), "results": self.boards.get(key, 0)} for key, seconds in self.rows.items()]
        totals = {name: sum(stats.summarize(host)[name] for host in stats.processed) for name in ("ok", "changed", "failures", "unreachable", "skipped")}
        with open(self.get_option("path"), "w", encoding="utf-8") as stream:
            json.dump({"tasks": rows, "totals": totals, "dkms": self.dkms}, stream)
