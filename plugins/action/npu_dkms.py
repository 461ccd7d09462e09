# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Composes the DKMS tree on the controller, then runs the module: see plugins/modules/npu_dkms.py."""

from __future__ import annotations

import os
import re
import tempfile

from ansible.errors import AnsibleActionFail

from ..plugin_utils._driver_source import SourceError, archive, dkms_tree
from ..plugin_utils._transfer import TransferAction


class ActionModule(TransferAction):
    """Build and install a driver with DKMS."""

    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        args = dict(self._task.args)
        log_dir = args.pop("log_dir", None)
        source, build_files = args.pop("source", None), args.pop("build_files", None)
        try:
            if args.get("state", "present") == "present":
                if not source or not build_files:
                    raise AnsibleActionFail("npu_dkms needs source and build_files for state=present")
                if self._task.check_mode and not os.path.exists(source):
                    # A check run keeps nothing in the controller's cache, so the tree's digest is not known.
                    args["archive_sha256"] = "not fetched"
                else:
                    self._add_tree(args, source, build_files)
            result.update(self._execute_module(module_args=args, task_vars=task_vars))
        except SourceError as error:
            raise AnsibleActionFail("%s: %s" % (os.path.basename(source), error)) from error
        log = result.pop("log", "")
        if log and log_dir:
            result["log_file"] = write_log(log, log_dir, task_vars["inventory_hostname"], args)
            if result.get("failed"):
                result["msg"] += " (log: %s)" % result["log_file"]
        return result

    def _add_tree(self, args, source, build_files):
        content, digest = archive(dkms_tree(source, build_files, args["version"], args.get("module", "rknpu")))
        args["archive_sha256"] = digest
        if not self._task.check_mode:
            with tempfile.NamedTemporaryFile(suffix=".tar") as local:
                local.write(content)
                local.flush()
                args["archive"] = self.upload(local.name, "tree.tar")


def write_log(log, log_dir, host, args):
    """Keep a build log on the controller and return its path."""
    name = "%s-%s-%s-%s.log" % (host, args.get("package", "rknpu"), args["version"], args["kernel"])
    log_dir = os.path.expanduser(log_dir)
    os.makedirs(log_dir, exist_ok=True)
    path = os.path.join(log_dir, re.sub(r"[^\w.+-]", "_", name))
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(log)
    return path
