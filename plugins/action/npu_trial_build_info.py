# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks the compatibility data, uploads the tree, runs the module: see plugins/modules/npu_trial_build_info.py."""

from __future__ import annotations

import re

from ansible.errors import AnsibleActionFail
from ansible.module_utils.parsing.convert_bool import boolean

from ..module_utils._dkms.causes.build_log import explain
from ..plugin_utils._action.driver import StoreAction, seconds_of, write_log
from ..plugin_utils._action.program import NoAnswer, ProgramAction
from ..plugin_utils._answers import gate
from ..plugin_utils._answers.limits import MalformedAnswer
from ..plugin_utils._artifact import driver_source
from ..plugin_utils._plan import compatibility as _compatibility
from ..plugin_utils._plan import rules
from ..plugin_utils._store import store as _store

PROOF_SECONDS = 60
_ENDED = re.compile(r"(?<=does not build: )make ended with -?\d+\Z")


class ActionModule(StoreAction, ProgramAction):
    """Test whether a driver builds for kernels."""

    def act(self, result, task_vars):
        args = dict(self._task.args)
        log_dir, seconds = args.pop("log_dir", None), seconds_of(args)
        hosts, dummy, agree = self.store_policy(args, task_vars)
        folder, keep, digest = (args.pop(name, None) for name in ("store", "store_keep", "source_digest"))
        source, build_files, compatibility = (
            args.pop(name, None) for name in ("source", "build_files", "compatibility")
        )
        kernels = args.get("kernels")
        kernels = [kernels] if isinstance(kernels, str) else list(dict.fromkeys(map(str, kernels or [])))
        only_layout = boolean(args.get("only_layout") or False, strict=False)
        if not (source or only_layout) or not build_files or not kernels or not args.get("version"):
            raise AnsibleActionFail("npu_trial_build_info needs kernels, version, source and build_files")
        known, packages, hints = known_results(kernels, args["version"], compatibility)
        args["kernels"] = [release for release in kernels if release not in known]
        if args["kernels"]:
            seconds = (seconds or gate.limits("npu_trial_build_info")[0]) * len(args["kernels"])
            if only_layout and len(args["kernels"]) == len(kernels) == 1:
                proven = self.proven(kernels[0], task_vars)
                if proven:
                    result.update(changed=False, kernels=[proven])
                    return result
            if only_layout:
                args["module"], folder = driver_source.LAYOUT_MODULE, None
                content, digest_of_tree = driver_source.archive(driver_source.layout_tree(build_files))
            else:
                tarball, digest = self.read_source(source, digest)
                content, digest_of_tree = self.tree(args, source, build_files, tarball)
            internal = {"archive": self.send_tree(content), "archive_sha256": digest_of_tree, "packages": packages}
            if folder:
                about = dict(args, kernel=kernels[0])
                store, wanted = self.store_and_inputs(about, folder, keep, digest, build_files, task_vars)
                if len(kernels) != 1 or not wanted:
                    raise AnsibleActionFail(
                        "npu_trial_build_info with a store builds only for the running kernel. Run npu_facts first"
                    )
                if not self.build(result, args, internal, store, wanted, seconds, task_vars, hosts, agree):
                    return result
            else:
                result.update(self.run_module("npu_trial_build_info", args, task_vars, seconds, internal))
            if result.get("failed"):
                return result
        # An answer must not name other kernels: their logs become files on the controller.
        tried = {
            entry["release"]: entry for entry in result.get("kernels") or () if entry.get("release") in args["kernels"]
        }
        missing = [release for release in args["kernels"] if "verdict" not in tried.get(release, ())]
        if missing:
            raise MalformedAnswer("it has no result for kernel %s" % missing[0])
        for entry in tried.values():
            log = entry.pop("log", "")
            entry.pop("built", None)
            for name, nothing in (("reason", ""), ("headers", None), ("probes", []), ("losses", []), ("layout", None),
                                  ("log_file", None)):
                entry.setdefault(name, nothing)
            if log:
                # What build logs mean does not have to be sent to boards.
                cause = explain(log)
                ended = _ENDED.search(entry["reason"])
                if cause and ended:
                    entry["reason"] = entry["reason"][:ended.start()] + cause
            if entry["verdict"] == "no_headers" and hints[entry["release"]]:
                entry["reason"] = "%s. %s" % (entry["reason"].rstrip("."), hints[entry["release"]])
            if log and log_dir:
                entry["log_file"] = write_log(
                    log, log_dir, task_vars["inventory_hostname"], "layout" if only_layout else "preflight",
                    args["version"], entry["release"],
                )
        result.update(changed=False, kernels=[known.get(release) or tried[release] for release in kernels])
        return result

    def proven(self, release, task_vars):
        """Return the result for a kernel whose installed headers need no build to be proven, None for any other."""
        if not self.can_run_programs():
            return None
        try:
            symbols = self.run_program("headers", {"release": release}, task_vars, PROOF_SECONDS).get("symbols")
        except NoAnswer:
            # The build says what is wrong.
            return None
        if not isinstance(symbols, int) or isinstance(symbols, bool) or not 0 < symbols < 1 << 20:
            return None
        return {
            "release": release, "verdict": "builds", "headers": "the headers that are installed", "probes": [],
            "losses": [], "log_file": None, "reason": "the headers that are installed are the kernel's",
            "layout": "nothing was built: the headers have the kernel's configuration, and the versions of %d symbols "
                      "that its own modules need" % symbols,
        }

    def build(self, result, args, internal, store, wanted, seconds, task_vars, hosts, agree):
        """Build for the store; return whether a build was started."""
        tree = internal["archive_sha256"]
        host = str(self._task.delegate_to or task_vars["inventory_hostname"])
        if hosts is not None and host not in hosts:
            raise AnsibleActionFail(
                "%s does not build for other boards: it is not in npu_store_from. Add it there, or unset npu_builder."
                % host
            )
        try:
            with store.lock(wanted, seconds) as held:
                if not held:
                    raise AnsibleActionFail("another run has been building the same driver for %d s" % seconds)
                entry = store.find(wanted, tree, agree=agree, hosts=hosts) or store.built_by(host, wanted, tree)
                if entry:
                    result.update(changed=False, kernels=[], stored=_store.summary(entry))
                    return False
                result.update(
                    self.run_module("npu_trial_build_info", args, task_vars, seconds, dict(internal, collect=True)),
                    stored=None,
                )
                for tried in result.get("kernels") or ():
                    built = tried.pop("built", None)
                    if built:
                        entry = store.put(
                            wanted, built, host, tried.get("log") or "", tried.get("probes"), tree, self.certificate,
                            hosts,
                        )
                        result["stored"] = _store.summary(entry)
                        if store.disagreement(entry, hosts):
                            raise AnsibleActionFail(store.disagreement(entry, hosts))
        except _store.StoreError as error:
            raise AnsibleActionFail(str(error)) from error
        return True


def known_results(kernels, version, compatibility):
    """Return `(results of kernels that the data marks as unsupported, header packages, hints on them)`, by release.

    A package is None where the headers are in none, and a hint is empty without one.

    Raises:
        AnsibleActionFail: for an invalid kernel release or invalid data.
    """
    try:
        data = _compatibility.checked(compatibility)
        rows = {release: rules.kernel_row(release, data["kernels"]) for release in kernels}
    except ValueError as error:
        raise AnsibleActionFail(str(error)) from error
    known = {
        release: {
            "release": release, "verdict": "unsupported", "headers": None, "probes": [], "losses": [],
            "layout": None, "log_file": None,
            "reason": "driver %s does not support it: %s. %s"
            % (version, row.get("reason") or "see the compatibility data", row.get("remedy") or ""),
        }
        for release, row in rows.items() if not row["supported"]
    }
    found = {release: rules.headers_rule(release, data["headers"]) for release in kernels}
    return known, {release: rule[0] for release, rule in found.items()}, {
        release: rule[1] for release, rule in found.items()}
