# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs Ansible's own reboot with limits on each call of the board: see plugins/modules/npu_reboot.py."""

from __future__ import annotations

import contextlib
import shlex
import time

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action.reboot import ActionModule as Reboot
from ansible.plugins.action.reboot import TimedOutException
from ansible.plugins.action.wait_for_connection import ActionModule as Wait

from ..plugin_utils._action.board import BoardAction, GuardedAction, one_line, readable
from ..plugin_utils._answers import gate
from ..plugin_utils._rollout.run_owner import RunEnded, this_run

ARGUMENTS = dict(
    argument_spec=dict(
        reboot=dict(type="bool", default=True),
        delay=dict(type="int", default=0),
        reboot_command=dict(type="str"),
        reboot_timeout=dict(type="int", default=600),
        msg=dict(type="str", default="Reboot initiated by Ansible"),
        test_command=dict(type="str", default="true"),
    ),
)


# systemd runs this, so it outlives the run. It waits for the process of the run, and some seconds for what ansible-pull
# does after that.
AFTER_RUN = "while kill -0 \"$0\" 2>/dev/null; do sleep 1; done; sleep 5; exec \"$@\""


PAUSE = 12
"""The longest pause between attempts to reach a board, in seconds."""


class ActionModule(BoardAction):
    """Reboot a board."""

    def act(self, result, task_vars):
        params = self.validate_argument_spec(**ARGUMENTS)[1]
        delay, is_reboot = params.pop("delay"), params.pop("reboot")
        self._task.args = {name: value for name, value in params.items() if value is not None}
        result.update(rebooted=False, scheduled=False, elapsed=0)
        own = (self._task, self._connection, self._play_context, self._loader, self._templar, self._shared_loader_obj)
        if not is_reboot:
            self._task.args = {"delay": delay, "timeout": params["reboot_timeout"], "sleep": 5}
            returned = _Wait(*own).run(task_vars=task_vars)
            returned["msg"] = one_line(returned.get("msg", ""))
            result.update(gate.validated("npu_reboot", dict(returned, changed=False)))
            return result
        if getattr(self._connection, "transport", "") == "local":
            self._schedule(result, params["reboot_command"])
            return result
        reboot = _Reboot(*own)
        with readable():
            returned = reboot.run(task_vars=task_vars)
        if "reboot" in returned and reboot.lost:
            # The connection failed before the reboot was requested.
            raise reboot.lost
        if "msg" in returned:
            returned["msg"] = one_line(returned["msg"])
        result.update(gate.validated("npu_reboot", returned))
        if result.get("failed"):
            # Ansible's own says "rebooted" of a board that has not answered since.
            result["rebooted"] = False
        return result

    def _schedule(self, result, command):
        """Reboot the machine that runs Ansible, once this run has ended."""
        if self._task.check_mode:
            result.update(changed=True, scheduled=True)
            return
        words = (command or "systemctl reboot").split()
        try:
            run = this_run()
        except RunEnded as error:
            raise AnsibleError(str(error)) from error
        answer = self._low_level_execute_command(shlex.join(
            ["systemd-run", "--quiet", "--collect", "--unit=rkfleet-npu-reboot", "/bin/sh", "-c", AFTER_RUN, str(run),
             *words]))
        if answer.get("rc") != 0:
            why = one_line(answer.get("stderr") or answer.get("stdout") or "no reason given", 300)
            result.update(failed=True, msg="the reboot cannot be scheduled: %s" % why)
            return
        result.update(changed=True, scheduled=True)


class _Wait(GuardedAction, Wait):
    """Ansible's own waiting, whose answers are limited as well: a failed answer only means another attempt."""

    CALL = (120, *gate.USUAL[1:])
    _keys = ("changed", "failed", "msg", "ping", "rc")


class _Reboot(GuardedAction, Reboot):
    """Ansible's own reboot without the modules that it runs to identify the system and find the shutdown command."""

    # A board that shuts down may accept a connection and never answer; the next attempt is what counts.
    CALL = (120, *gate.USUAL[1:])
    lost = None
    """The error of the last attempt to read the boot ID, if its connection failed."""

    def do_until_success_or_timeout(self, action, reboot_timeout, action_desc, distribution, action_kwargs=None):
        """Try again and again. A board that is back is noticed after a tenth of the time that it took, at most."""
        began = time.monotonic()
        while True:
            try:
                action(distribution=distribution, **(action_kwargs or {}))
                return
            except Exception as error:  # pylint: disable=broad-exception-caught
                passed = time.monotonic() - began
                if passed >= reboot_timeout:
                    raise TimedOutException(
                        "Timed out waiting for %s (timeout=%s)" % (action_desc, reboot_timeout)) from error
                if isinstance(error, AnsibleConnectionFailure):
                    with contextlib.suppress(AnsibleConnectionFailure):
                        self._connection.reset()
                # Ansible's own pauses double each time, up to 12 s.
                time.sleep(min(max(1, passed / 10), PAUSE))

    def get_system_boot_time(self, distribution):
        self.lost = None
        try:
            return super().get_system_boot_time(distribution)
        except AnsibleConnectionFailure as error:
            self.lost = error
            raise

    def get_distribution(self, task_vars):
        return {"name": "debian", "version": "", "family": "debian"}

    def get_shutdown_command(self, task_vars, distribution):
        return self._task.args.get("reboot_command", "/sbin/shutdown").split(" ", 1)[0]
