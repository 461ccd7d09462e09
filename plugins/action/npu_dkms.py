# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Composes the DKMS tree, looks up the store, then runs the module: see plugins/modules/npu_dkms.py."""

from __future__ import annotations

from ansible.errors import AnsibleActionFail

from ..module_utils._dkms.causes.build_log import explain
from ..module_utils._dkms.probes import losses, probe_lines
from ..modules.npu_dkms import ARGUMENTS
from ..plugin_utils._action.driver import StoreAction, seconds_of, write_log
from ..plugin_utils._store import store as _store
from ..plugin_utils._store import votes


class ActionModule(StoreAction):
    """Build and install a driver with DKMS, or take it from the store."""

    def act(self, result, task_vars):
        args, internal = dict(self._task.args), {"begun": self.has_begun(task_vars)}
        log_dir, seconds = args.pop("log_dir", None), seconds_of(args)
        who = self.store_policy(args, task_vars)
        source, build_files, folder, keep, digest = (
            args.pop(name, None) for name in ("source", "build_files", "store", "store_keep", "source_digest")
        )
        store = wanted = None
        if args.get("state", "present") == "present":
            if not source or not build_files or not args.get("version"):
                raise AnsibleActionFail("npu_dkms needs version, source and build_files for state=present")
            # Check mode stores nothing in the cache, so the tarball may be missing and the tree's digest unknown.
            tarball, digest = self.read_source(source, digest, may_be_missing=self._task.check_mode)
            if folder:
                store, wanted = self.store_and_inputs(args, folder, keep, digest, build_files, task_vars)
            if tarball is None:
                internal["archive_sha256"] = "not fetched"
            else:
                content, internal["archive_sha256"] = self.tree(args, source, build_files, tarball)
                if not self._task.check_mode:
                    internal["archive"] = self.send_tree(content)
        if wanted:
            try:
                self.from_store(result, args, internal, store, wanted, seconds, task_vars, *who)
            except _store.StoreError as error:
                raise AnsibleActionFail(str(error)) from error
        else:
            result.update(self.run_dkms(args, task_vars, seconds, internal))
        result.pop("built", None)
        result.pop("refused", None)
        log, unexplained = result.pop("log", ""), result.pop("unexplained", "")
        if result.get("failed") and unexplained:
            # What build logs mean does not have to be sent to boards.
            result["msg"] = (result.get("msg") or "").replace(unexplained, explain(log or "") or unexplained, 1)
        if log and log_dir:
            result["log_file"] = write_log(
                log, log_dir, task_vars["inventory_hostname"], args.get("package", "rknpu"), args["version"],
                args["kernel"],
            )
            if result.get("failed"):
                result["msg"] = "%s (log: %s)" % (result.get("msg"), result["log_file"])
        return result

    def run_dkms(self, args, task_vars, seconds, internal):
        """Run the module on the board and return its answer, with what its build log says of probes and losses."""
        answer = self.run_task("npu_dkms", ARGUMENTS, args, task_vars, internal, seconds)
        for name, lines in (("probes", probe_lines), ("losses", losses)):
            answer[name] = lines(answer.get("log") or "")
        return answer

    def from_store(self, result, args, internal, store, wanted, seconds, task_vars, hosts, fills, agree):
        """Install a module from the store, or build it and store the build if this host may fill the store.

        Args:
            hosts: the hosts whose builds count; None for all.
            fills: whether this host is one of them.
            agree: number of hosts that must have built the same module.
        """
        refused, entry = {}, None
        tree = "" if internal["archive_sha256"] == "not fetched" else internal["archive_sha256"]
        while True:
            if self._task.check_mode:
                entry = store.find(wanted, tree, agree=agree, hosts=hosts)
                binary = {"name": entry["file"], "sha256": entry["sha256"]} if entry else None
                result.update(self.run_dkms(args, task_vars, seconds, dict(internal, binary=binary)))
                break
            with store.lock(wanted, seconds) as held:
                entry = store.find(wanted, tree, refused, agree, hosts)
                # A board that refused a module must not replace it in the store by its own build, nor one that did
                # not wait for the build of another run.
                shares = fills and held and not refused
                if not entry and shares:
                    result.update(self.run_dkms(args, task_vars, seconds, dict(internal, collect=True)))
                    self.put(
                        result, store, wanted, internal["archive_sha256"], task_vars["inventory_hostname"], hosts, agree
                    )
                    break
                module, log = store.read(entry) if entry else (None, None)
            if not entry:
                result.update(self.run_dkms(args, task_vars, seconds, internal))
                break
            binary = {
                "name": entry["file"], "sha256": entry["sha256"], "path": self.send(module, entry["file"]),
                "log": log.decode("utf-8", "replace"),
            }
            answer = self.run_dkms(args, task_vars, seconds, dict(internal, binary=binary))
            if not answer.get("refused"):
                result.update(answer)
                break
            refused[entry["key"]] = "the module that %s built was not used: %s" % (entry["board"], answer["refused"])
        if refused:
            result["notes"] = [*refused.values(), *(result.get("notes") or ())]
            if result.get("failed"):
                result["msg"] = "%s (%s)" % (result.get("msg"), "; ".join(refused.values()))
        if entry and "load" in (result.get("steps") or ()):
            result["stored"] = _store.summary(entry)
        result.setdefault("stored", None)

    def put(self, result, store, wanted, tree, board, hosts, agree):
        """Store what a board has just built. A failure is only noted, as another board can build it again."""
        built = result.pop("built", None)
        if not built:
            return
        try:
            entry = store.put(
                wanted, built, board=board, log=result.get("log") or "", probes=result.get("probes"), tree=tree,
                certificate=self.certificate, hosts=hosts,
            )
            result["stored"] = _store.summary(entry)
            note = store.disagreement(entry, hosts) or votes.still_needed(entry, agree, hosts)
        except _store.StoreError as error:
            note = str(error)
        if note:
            result["notes"] = [*(result.get("notes") or ()), note]
