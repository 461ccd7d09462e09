# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs on the controller only: see plugins/modules/npu_store_info.py for the documentation."""

from __future__ import annotations

from ansible.errors import AnsibleActionFail

from ..plugin_utils._action.driver import StoreAction
from ..plugin_utils._store import store as _store

ARGUMENTS = dict(
    argument_spec=dict(
        store=dict(type="str", required=True),
        version=dict(type="str", required=True),
        module=dict(type="str", default="rknpu"),
        kernel=dict(type="str", required=True),
        source_digest=dict(type="str", required=True),
        build_files=dict(type="path", required=True),
        signing_cert=dict(type="path"),
        packages=dict(type="list", elements="str", default=[]),
        store_from=dict(type="list", elements="str", default=[]),
        store_agree=dict(type="int", default=1),
        wait=dict(type="bool", default=False),
        timeout=dict(type="int", default=3600),
    ),
)
FOR_ALL = ("dkms",)
"""Packages that a board needs even if its module is in the store."""


class ActionModule(StoreAction):
    """Report whether the store has a module for a board."""

    def act(self, result, task_vars):
        params = self.validate_argument_spec(**ARGUMENTS)[1]
        entry = hosts = None
        if params["store"]:
            hosts, dummy, agree = self.store_policy(params, task_vars)
            store, wanted = self.store_and_inputs(
                params, params["store"], None, params["source_digest"], params["build_files"], task_vars
            )
            try:
                if wanted and params["wait"] and not self._task.check_mode:
                    with store.lock(wanted, params["timeout"]):
                        entry = store.find(wanted, agree=agree, hosts=hosts)
                elif wanted:
                    entry = store.find(wanted, agree=agree, hosts=hosts)
            except _store.StoreError as error:
                raise AnsibleActionFail(str(error)) from error
        packages = [name for name in params["packages"] if name in FOR_ALL or not entry]
        result.update(changed=False, stored=_store.summary(entry) if entry else None, packages=packages,
                      shared_from=sorted(hosts) if hosts else None)
        return result
