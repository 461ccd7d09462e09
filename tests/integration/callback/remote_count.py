# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writes as JSON what a run did on each board: the tasks that executed something there, and Ansible's own statistics."""

from __future__ import annotations

DOCUMENTATION = r"""
name: remote_count
type: notification
short_description: Count the tasks that execute something on a board
description: Used by the tests. Not part of the collection.
options:
  path:
    description: File to write.
    env:
      - name: REMOTE_COUNT_FILE
    required: true
    type: path
"""

import json

from ansible.plugins.callback import CallbackBase

# These run on the controller: no board is contacted.
LOCAL = {
    "ansible.builtin.add_host", "ansible.builtin.assert", "ansible.builtin.debug", "ansible.builtin.fail", "ansible.builtin.include_role",
    "ansible.builtin.include_tasks", "ansible.builtin.meta", "ansible.builtin.set_fact",
    "ansible.builtin.validate_argument_spec", "rkfleet.npu.npu_artifact", "rkfleet.npu.npu_fail", "rkfleet.npu.npu_recap", "rkfleet.npu.npu_report",
    "rkfleet.npu.npu_settings", "rkfleet.npu.npu_staging",
}


class CallbackModule(CallbackBase):
    """Counts."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "remote_count"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self):
        super().__init__()
        self.executed = {}

    def _count(self, result, *dummy, **kwargs):
        task, host = result._task, result._host.get_name()
        if task.resolved_action not in LOCAL:
            self.executed.setdefault(host, []).append(task.resolved_action)

    v2_runner_on_ok = v2_runner_on_failed = v2_runner_on_unreachable = _count

    def v2_playbook_on_stats(self, stats):
        boards = {host: dict(stats.summarize(host), remote=self.executed.get(host, [])) for host in stats.processed}
        with open(self.get_option("path"), "w", encoding="utf-8") as stream:
            json.dump(boards, stream)
