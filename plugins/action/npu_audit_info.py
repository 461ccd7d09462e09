# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Contacts a board once, plans on the controller, runs MobileNet on request: see plugins/modules/npu_audit_info.py."""

from __future__ import annotations

import hashlib
import json
import os
import time

from ansible import constants as C
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible.module_utils.parsing.convert_bool import boolean

from ..module_utils._board.paths import STATE_DIR
from ..module_utils._board.tree import clean, clean_tree
from ..module_utils._inference import record
from ..plugin_utils import _clock, _settings
from ..plugin_utils._action import payload
from ..plugin_utils._action.board import one_line, path_of
from ..plugin_utils._action.from_variables import options_from
from ..plugin_utils._action.inference import MobilenetAction, files
from ..plugin_utils._action.program import GRACE, TREE, NoAnswer, accepted
from ..plugin_utils._answers import gate
from ..plugin_utils._answers.limits import MalformedAnswer
from ..plugin_utils._artifact.fetch import ArtifactError, fetch, private_copy
from ..plugin_utils._plan import compatibility, planner, predicates
from ..plugin_utils._report import board_record, hostvars
from ..plugin_utils._rollout import run_owner
from ..plugin_utils._rollout import select as _select
from ..plugin_utils._schema.answers import JUDGED
from ..plugin_utils._schema.values import dictionary

ARGUMENTS = dict(
    argument_spec=dict(
        tree=TREE,
        select=dict(type="str", default=""),
        wanted=dict(type="dict", default={}),
        compatibility=dict(type="dict", default={}),
        assume_root=dict(type="bool", default=False),
        verify=dict(type="str", choices=["never", "needed", "always"], default="never"),
        keep_model=dict(type="bool", default=False),
        resolve=dict(type="bool", default=False),
        from_variables=dict(type="str", choices=["audit", "upgrade"]),
        inference=dict(type="dict", default={}, apply_defaults=True, aliases=["proof"], options=dict(
            runs=dict(type="int", default=10),
            timeout=dict(type="int", default=60),
            local_folder=dict(type="path"),
            mirrors=dict(type="list", elements="str", default=[]),
            cache_dir=dict(type="path", default="~/.cache/rkfleet-npu"),
            users=dict(type="list", elements="str", default=[]),
            services=dict(type="list", elements="str", default=[]),
            force=dict(type="bool", default=False),
        )),
        timeout=dict(type="int", default=120),
    )
)
NEEDED_OF_PROOF = [name for name in JUDGED if name != "log"]


class ActionModule(MobilenetAction):
    """Inspect a board: facts, plan and verification."""

    _checking = False
    _busy = False

    def act(self, result, task_vars):
        params = self.validate_argument_spec(**ARGUMENTS)[1]
        name = task_vars["inventory_hostname"]
        result.update(changed=False, not_selected=None)
        query = None
        try:
            settings = {}
            # Settings are resolved before the board is contacted.
            if params["resolve"]:
                settings = _settings.resolve_and_save(self._templar, task_vars)
            elif not self.is_rolling_back():
                _settings.refuse_injected(task_vars)
            if params["from_variables"]:
                values = settings or _settings.resolve(self._templar, task_vars, ("detect",))
                params.update(options_from(values, params["from_variables"], ARGUMENTS["argument_spec"]))
            data = compatibility.checked(params["compatibility"])
            query = _select.query_of(params["select"])
            self._audit(result, params, data, query, task_vars)
            if getattr(self._connection, "transport", "") == "local":
                refuse_own_reboot(result, settings, task_vars.get("__npu_rollback_to") == "origin")
        except (AnsibleConnectionFailure, MalformedAnswer, NoAnswer, AnsibleActionFail) as error:
            result.update(self.unread(task_vars, *self.why(error)))
        except ValueError as error:  # invalid options
            result.update(failed=True, msg="%s: %s" % (name, error))
        if result.get("failed") and is_not_selected(
            result, query, name, {"__npu_error": result["msg"], "__npu_cause": result.get("cause")}
        ):
            # A board that is not selected must not fail the run.
            result["failed"] = False
        return result

    def _audit(self, result, params, data, query, task_vars):
        self._checking = self._task.check_mode
        facts, extra = self._facts(params, data, task_vars, False)
        plan = self._plan(facts, params, data)
        if not extra["asked"] and _depends_on_repository(plan, params):
            facts, extra = self._facts(params, data, task_vars, True)
            plan = self._plan(facts, params, data)
        verification, unverified = None, None
        skipped = is_not_selected(
            result, query, task_vars["inventory_hostname"], {"ansible_facts": {"npu": facts}, "__npu_plan": plan},
            params["from_variables"] == "upgrade",
        )
        quiet = predicates.needs_nothing(plan, facts)
        is_needed = params["verify"] == "needed" and (quiet or plan["baseline"])
        wanted = not skipped and (params["verify"] == "always" or is_needed)
        hold = None if self.is_rolling_back() else hostvars.held(facts)
        locked = self._locked_by_other(facts, task_vars)
        if wanted and hold:
            # Somebody at the board needs its NPU.
            unverified = "it is on hold: %s" % hold["reason"]
        elif wanted and locked:
            unverified = locked
        elif wanted:
            _clock.mark("verify", task_vars)
            verification, unverified = self._verify(
                facts, plan, dict(params, **extra), task_vars, quiet or params["verify"] == "always"
            )
        if verification and not (quiet and params["verify"] == "needed"):
            plan = self._plan(
                dict(facts, verification=predicates.verification_now(facts, verification)), params, data
            )
            if (
                not quiet and params["verify"] == "needed" and verification["diagnosis"] == "ok"
                and predicates.needs_nothing(plan, facts)
            ):
                # The board stays unchanged, so it is verified in full, and the model may stay there for the next time.
                quiet = True
                again, unverified = self._verify(facts, plan, dict(params, **extra), task_vars, True)
                verification = again or verification
        # A board that works by its record is not interrupted.
        works = (
            (self._busy or (wanted and not hold and bool(locked))) and quiet and params["verify"] == "needed"
            and predicates.current_diagnosis(facts) == "ok"
        )
        if verification:
            # A verification that only decides what to do leaves nothing on the board.
            result["changed"] = (
                verification.pop("changed") and params["keep_model"] and (quiet or params["verify"] == "always")
            )
        result.update(
            facts=facts, plan=plan, verification=verification, unverified=None if works else unverified,
            on_hold=hostvars.held(facts), busy=self._busy, locked=locked,
            settled=works or (
                predicates.needs_nothing(plan, facts) and bool(verification) and verification["diagnosis"] == "ok"
                and is_recorded(facts, verification)
            ),
        )
        python = path_of(extra.get("python"))
        if python and not self._task.delegate_to and self._interpreter(task_vars) is None:
            # Same as after running a module.
            result["ansible_facts"] = {"discovered_interpreter_python": python}
        if self._task.action.endswith("npu_audit"):
            # The deprecated name still sets the fact.
            result.setdefault("ansible_facts", {})["npu"] = facts

    def _locked_by_other(self, facts, task_vars):
        """Return one sentence without a full stop if the board's NPU must not be used because of another run's lock.

        The verification of that run would find the NPU in use by this one, and roll the board back.
        """
        upgrade = facts.get("upgrade") or {}
        if not upgrade.get("locked_by") or self.is_rolling_back():
            return None
        breaks = boolean(str(self._templar.template(task_vars.get("npu_break_lock", False))), strict=False)
        lock, me = dictionary(upgrade.get("lock")), run_owner.owner(os.getppid())
        if breaks or not run_owner.may_be_running(lock.get("run"), me) or run_owner.has_ended(lock, me):
            return None
        return (
            "another run works on the board: it is locked by %s. To verify it, wait until that run has ended; if it "
            "ended without releasing the lock, rerun with -e npu_break_lock=true" % upgrade["locked_by"]
        )

    def _facts(self, params, data, task_vars, ask_repository):
        """Return `(facts, {asked, python, library, state_dir})`; asked: whether repositories were queried."""
        if self.can_run_programs():
            answer = self.run_program(
                "facts",
                {
                    "tree": params["tree"], "ask_repository": ask_repository,
                    "driver_version": params["wanted"].get("driver_version") or data["defaults"]["driver"],
                },
                task_vars, params["timeout"],
            )
            facts = accepted(gate.facts_of, answer.pop("facts", None))
            return facts, {
                "asked": answer.get("asked") is True, "python": answer.get("python"),
                "library": str(answer.get("library")), "state_dir": str(answer.get("state_dir")),
            }
        answer = self.run_module("npu_facts", params["tree"], task_vars, params["timeout"] + GRACE)
        if answer.get("failed"):
            raise NoAnswer(one_line(answer.get("msg") or "no answer", 500))
        facts = answer["ansible_facts"]["npu"]
        return facts, {"asked": True, "library": facts["runtime"]["path"], "state_dir": STATE_DIR}

    def _plan(self, facts, params, data):
        if params["assume_root"]:
            facts = dict(facts, privileged=True)
        return planner.npu_plan(facts, params["wanted"], data)

    def _verify(self, facts, plan, params, task_vars, full):
        """Return `(verification, why it was impossible)`, one of them None; a single run unless `full`."""
        current = plan["current"]
        if not current:
            return None, "its current setup cannot be verified: %s" % _why_unverifiable(facts, plan)
        try:
            paths, digests, dummy = prepared(current["model"], params["inference"])
        except ValueError as error:
            return None, str(error)
        model = current["model"]
        args = dict(
            library=params["library"], expected_top5=model["expected_top5"],
            tolerance=1 / 256 if model["tolerance"] is None else model["tolerance"],
            wanted_driver=plan["driver"]["version"], runs=params["inference"]["runs"] if full else 1,
            timeout=params["inference"]["timeout"], state_dir=params["state_dir"], cores=model["cores"],
            # Whether other users may use the NPU says nothing about the driver.
            users=params["inference"]["users"] if full else [],
            # Services are not stopped for what the board's record says already.
            services=params["inference"]["services"] if not self._checking and (
                params["verify"] == "always" or predicates.current_diagnosis(facts) != "ok") else [],
            force=params["inference"]["force"] and not self._checking,
        )
        keep = params["keep_model"] and full and not self._checking
        # In check mode the module does not keep the files.
        self._task.check_mode = not keep
        try:
            answer = self.infer(
                dict(args, model=paths["model"], picture=paths["picture"]), digests, paths, task_vars, keep
            )
        except (NoAnswer, AnsibleActionFail) as error:
            return None, str(error)
        if answer.get("diagnosis") == "busy":
            self._busy = True
            return None, "%s. To verify it, %s" % (answer["evidence"], answer["remedy"])
        if not isinstance(answer.get("diagnosis"), str):
            return None, clean(str(answer.get("msg") or "it returned no diagnosis"), 500)
        return dict({key: answer.get(key) for key in NEEDED_OF_PROOF}, changed=answer.get("changed") is True), None


def refuse_own_reboot(result, settings, is_rollback=False):
    """Raise ValueError if a local connection would reboot the machine that runs Ansible in the middle of the run.

    Args:
        result: that of the inspection.
        settings: the resolved variables; empty if nothing is upgraded.
        is_rollback: whether the board is rolled back to before the first change.
    """
    if is_rollback and result["on_hold"] is None and result["facts"]["upgrade"]["origin"]:
        raise ValueError(
            "a rollback to before the first change reboots the board and is confirmed after that, and with a local "
            "connection the reboot would end Ansible itself. Nothing was changed. Run the playbook from another "
            "machine over ssh, or type on the board as root: sh %s/origin/guard restore origin && reboot" % STATE_DIR)
    is_upgraded = settings and not result["not_selected"] and result["on_hold"] is None
    if is_upgraded and result["plan"]["reboot"] and settings["npu_reboot_ok"]:
        raise ValueError(
            "driver %s requires a reboot, and with a local connection that would end Ansible itself in the middle of "
            "the upgrade. Nothing was changed. Run the playbook from another machine over ssh, or set npu_reboot_ok to "
            "false and reboot the board yourself." % result["plan"]["driver"]["version"])


def is_not_selected(result, query, name, known, resumes=False):
    """Return whether the query excludes a board, by what is known before a verification, and note it in the result.

    Args:
        resumes: whether a board with a pending upgrade is also selected by the driver it had before.
    """
    if query is None:
        return False
    tried, facts = [known], known["ansible_facts"]["npu"] if resumes else {}
    upgrade = facts.get("upgrade") or {}
    if upgrade.get("pending") and upgrade.get("driver"):
        # Or a query such as driver.version < '0.9.6' would leave an upgrade that was interrupted to the guard.
        before = dict(facts, driver=dict(facts["driver"], version=upgrade["driver"].get("from")))
        tried.append(dict(known, ansible_facts={"npu": before}))
    skipped = all(query.matches(board_record.record(name, one, time.time())) is False for one in tried)
    if skipped:
        result["not_selected"] = "npu_select is %s" % clean(query.text, 500)
    return skipped


def prepared(model, inference):
    """Return model and picture as `files` does, fetched if necessary, and cached for the other workers of this run.

    Raises:
        ValueError: if they cannot be obtained.
    """
    key = hashlib.sha256(json.dumps([model, inference], sort_keys=True).encode()).hexdigest()[:16]

    def make():
        cache, paths = inference["cache_dir"], {}
        for name, row in (("model", model["file"]), ("picture", model["picture"])):
            pins = {pin: row[pin] for pin in ("sha256", "git_blob", "size") if row.get(pin)}
            file = fetch(pins, row["path"], cache, inference["local_folder"], inference["mirrors"])[0]
            paths[name] = private_copy(file, pins, C.DEFAULT_LOCAL_TMP)
        return json.dumps(files(paths, model["platform"], cache))

    try:
        # All boards wait at once for a mirror that does not answer, and not one after the other.
        path = os.path.join(C.DEFAULT_LOCAL_TMP, "rkfleet-npu-model-%s.json" % key)
        return json.loads(payload.cached_text(path, make, patience=10))
    except (ArtifactError, OSError) as error:
        raise ValueError(str(error)) from error


def is_recorded(facts, verification):
    """Return whether the record on the board has this verification and is recent, so that none has to be written."""
    recorded = facts["verification"] or {}
    new = record.stable(record.compose(facts, verification))["verification"]
    of = predicates.setup_of(facts)
    return dict(clean_tree(new), **of) == {key: recorded.get(key) for key in (*new, *of)} and not record.is_stale(
        {"verification": recorded}, 24)


def _depends_on_repository(plan, params):
    """Return whether the packages in a repository could change a plan."""
    return plan["action"] != "none" and params["wanted"].get("driver_strategy") != "dkms"


def _why_unverifiable(facts, plan):
    if not facts["driver"]["version"] or not facts["driver"]["render_node"]:
        return "no driver answers"
    if not facts["runtime"]["path"]:
        return "librknnrt.so is not installed"
    return "no model with a checksum is known for %s with runtime %s" % (
        plan["soc"] or "this SoC", facts["runtime"]["version"] or "of an unknown version",
    )
