# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ends ansible-playbook with what an audit found."""

from __future__ import annotations

DOCUMENTATION = r"""
name: exit_code
type: aggregate
short_description: End ansible-playbook with the exit code of an audit
version_added: 1.3.0
author:
  - rkfleet.npu contributors (@rkfleet)
description:
  - >-
    Has C(ansible-playbook) end with 0 where an audit found all boards healthy, with 2 where some need work, and with 3 where some are unreachable
    or could not be told. Without it, C(ansible-playbook) knows 0 and 2 only, and so do pipelines.
  - It looks for results of M(rkfleet.npu.npu_report) that ask for it, which are those of C(audit-npu.yml). Other runs end as ever.
  - >-
    What else goes wrong is not hidden: where a task failed or a board was unreachable that is no finding of the audit, or ansible-playbook itself
    fails, its own exit code stays.
  - Where several playbooks are given, an audit that ends with 2 or 3 is the last one that is run, as with any playbook that fails.
requirements:
  - enabled in configuration, as the last of C(callbacks_enabled) - those after it would not get the statistics of the run
"""

EXAMPLES = r"""
# ansible.cfg
#   [defaults]
#   callbacks_enabled = ansible.posix.profile_tasks, rkfleet.npu.exit_code
"""

from ansible import constants as C
from ansible.plugins.callback import CallbackBase

ACTION = "rkfleet.npu.npu_report"
ROLE = "rkfleet.npu.report"


class CallbackModule(CallbackBase):
    """Keeps what a report says of the exit code, and exits with it when all has been said."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "rkfleet.npu.exit_code"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._codes, self._findings = [], {}

    def v2_playbook_on_start(self, playbook):
        self._codes, self._findings = [], {}
        if list(C.CALLBACKS_ENABLED)[-1:] != [self.CALLBACK_NAME]:
            self._display.warning("%s is not the last of callbacks_enabled: those after it get no statistics of a run that it ends." % self.CALLBACK_NAME)

    def v2_runner_on_ok(self, result):
        data = result.result if hasattr(result, "result") else result._result
        task = result.task if hasattr(result, "task") else result._task
        if task.resolved_action == ACTION and data.get("exit_with_it") and data.get("exit_code") in (0, 2, 3):
            self._codes.append(data["exit_code"])

    def v2_runner_on_failed(self, result, ignore_errors=False):
        task = result.task if hasattr(result, "task") else result._task
        host = result.host if hasattr(result, "host") else result._host
        # The role fails the run where a board is not as it should be, for those who have no callback.
        if not ignore_errors and self._codes and task._role and task._role.get_name() == ROLE:
            self._findings[host.get_name()] = self._findings.get(host.get_name(), 0) + 1

    def v2_playbook_on_stats(self, stats):
        code = max(self._codes, default=0)
        # Rescued and ignored ones are not counted as failures there.
        others = any(count > self._findings.get(host, 0) for host, count in stats.failures.items()) or any(stats.dark.values())
        if code and not others:
            # Not an error to Ansible's callbacks: it passes through them, and what ansible-playbook does at its end is done.
            raise SystemExit(code)
