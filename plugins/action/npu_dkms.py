# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Composes the DKMS tree on the controller, then runs the module: see plugins/modules/npu_dkms.py."""

from __future__ import annotations

import os

from ansible.errors import AnsibleActionFail

from ..plugin_utils._driver_action import DriverAction, write_log


class ActionModule(DriverAction):
    """Build and install a driver with DKMS."""

    def act(self, result, task_vars):
        args = dict(self._task.args)
        log_dir = args.pop("log_dir", None)
        source, build_files = args.pop("source", None), args.pop("build_files", None)
        if args.get("state", "present") == "present":
            if not source or not build_files:
                raise AnsibleActionFail("npu_dkms needs source and build_files for state=present")
            if self._task.check_mode and not os.path.exists(source):
                # A check run keeps nothing in the controller's cache, so the tree's digest is not known.
                args["archive_sha256"] = "not fetched"
            else:
                content, args["archive_sha256"] = self.tree(args, source, build_files)
                if not self._task.check_mode:
                    args["archive"] = self.send_tree(content)
        result.update(self._execute_module(module_args=args, task_vars=task_vars))
        log = result.pop("log", "")
        if log and log_dir:
            result["log_file"] = write_log(log, log_dir, task_vars["inventory_hostname"], args.get("package", "rknpu"), args["version"], args["kernel"])
            if result.get("failed"):
                result["msg"] += " (log: %s)" % result["log_file"]
        return result
