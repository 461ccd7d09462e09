# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asks a board once, plans on the controller, and has MobileNet run where that is wanted: see plugins/modules/npu_audit_info.py for the documentation."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import time

from ansible import constants as C
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure

from ..module_utils._board.paths import STATE_DIR
from ..module_utils._board.tree import clean, clean_tree
from ..module_utils._inference import record
from ..plugin_utils import _settings
from ..plugin_utils._action import payload
from ..plugin_utils._action.board import PATH, one_line
from ..plugin_utils._action.inference import MobilenetAction, files
from ..plugin_utils._action.program import GRACE, NoAnswer, ProgramAction, run_file
from ..plugin_utils._answers import gate
from ..plugin_utils._answers.failure import cannot_read
from ..plugin_utils._answers.limits import MalformedAnswer
from ..plugin_utils._artifact.fetch import ArtifactError, fetch, private_copy
from ..plugin_utils._plan import compatibility, planner, predicates
from ..plugin_utils._report import board_record, hostvars
from ..plugin_utils._rollout import select as _select
from ..plugin_utils._schema.answers import ANSWERS
from ..plugin_utils import _clock

TREE = ("root", "proc", "sys", "dev", "boot", "etc", "lib", "usr", "var")
ARGUMENTS = dict(
    argument_spec=dict(
        # Paths of the board: nothing of the controller is filled in.
        tree=dict(type="dict", default={}, options={area: dict(type="str") for area in TREE}),
        select=dict(type="str", default=""),
        wanted=dict(type="dict", default={}),
        compatibility=dict(type="dict", default={}),
        assume_root=dict(type="bool", default=False),
        verify=dict(type="str", choices=["never", "needed", "always"], default="never"),
        keep_model=dict(type="bool", default=False),
        resolve=dict(type="bool", default=False),
        proof=dict(type="dict", default={}, apply_defaults=True, options=dict(
            runs=dict(type="int", default=10),
            timeout=dict(type="int", default=60),
            local_folder=dict(type="path"),
            mirrors=dict(type="list", elements="str", default=[]),
            cache_dir=dict(type="path", default="~/.cache/rkfleet-npu"),
        )),
        timeout=dict(type="int", default=120),
    )
)
NEEDED_OF_PROOF = [name for name in ANSWERS["rknn_mobilenet"] if name not in ("log", "skip_reason")]


class ActionModule(ProgramAction, MobilenetAction):
    """Look at a board: facts, plan, and verification."""

    _checking = False

    def act(self, result, task_vars):
        params = self.validate_argument_spec(**ARGUMENTS)[1]
        name = task_vars["inventory_hostname"]
        result.update(changed=False, not_selected=None)
        query = None
        try:
            data = compatibility.checked(params["compatibility"])
            query = _select.Query(params["select"]) if _select.is_set(params["select"]) else None
            # Before the board is contacted.
            if params["resolve"]:
                _settings.resolve_and_save(self._templar, task_vars)
            else:
                _settings.refuse_injected(task_vars)
            self._audit(result, params, data, query, task_vars)
        except (AnsibleConnectionFailure, MalformedAnswer, NoAnswer, AnsibleActionFail) as error:
            reason, cause = self.why(error)
            result.update(
                failed=True, msg=cannot_read(name, self._connection.become is not None, reason, cause), cause=cause
            )
        except ValueError as error:  # what is wanted is wrong
            result.update(failed=True, msg="%s: %s" % (name, error))
        if result.get("failed") and is_not_selected(
            result, query, name, {"__npu_error": result["msg"], "__npu_cause": result.get("cause")}
        ):
            # Whatever is wrong with it is no affair of this run.
            result["failed"] = False
        return result

    def _audit(self, result, params, data, query, task_vars):
        self._checking = self._task.check_mode
        facts, told = self._facts(params, data, task_vars, False)
        plan = self._plan(facts, params, data)
        if not told["asked"] and _depends_on_repository(plan, params):
            facts, told = self._facts(params, data, task_vars, True)
            plan = self._plan(facts, params, data)
        proof, unverified = None, None
        left = is_not_selected(
            result, query, task_vars["inventory_hostname"], {"ansible_facts": {"npu": facts}, "__npu_plan": plan}
        )
        quiet = predicates.needs_nothing(plan, facts)
        if not left and (params["verify"] == "always" or params["verify"] == "needed" and (quiet or plan["baseline"])):
            _clock.mark("verify", task_vars)
            proof, unverified = self._verify(
                facts, plan, dict(params, **told), task_vars, quiet or params["verify"] == "always"
            )
        if proof and not (quiet and params["verify"] == "needed"):
            plan = self._plan(
                dict(facts, verification=dict(predicates.setup_of(facts), diagnosis=proof["diagnosis"])), params, data
            )
            if (
                not quiet and params["verify"] == "needed" and proof["diagnosis"] == "ok"
                and predicates.needs_nothing(plan, facts)
            ):
                # It is left alone, and so proven like any other on which nothing is to be done: what that takes stays
                # there for the next time.
                quiet = True
                again, unverified = self._verify(facts, plan, dict(params, **told), task_vars, True)
                proof = again or proof
        if proof:
            # What is run only to find out what to do leaves nothing behind.
            result["changed"] = (
                proof.pop("changed") and params["keep_model"] and (quiet or params["verify"] == "always")
            )
        result.update(
            facts=facts, plan=plan, verification=proof, unverified=unverified, left=hostvars.held(facts),
            settled=predicates.needs_nothing(plan, facts) and bool(proof) and proof["diagnosis"] == "ok"
            and is_recorded(facts, proof),
        )
        python = path_of(told.get("python"))
        if python and not self._task.delegate_to and self._interpreter(task_vars) is None:
            # As a module's run would have it.
            result["ansible_facts"] = {"discovered_interpreter_python": python}
        if self._task.action.endswith("npu_audit"):
            # What the deprecated name has always returned.
            result.setdefault("ansible_facts", {})["npu"] = facts

    def _facts(self, params, data, task_vars, ask_repository):
        """`(facts, what else was told)` of the board."""
        tree = {area: path for area, path in params["tree"].items() if path}
        if self.can_run_programs():
            told = self.run_program(
                "facts",
                {
                    "tree": tree, "ask_repository": ask_repository,
                    "driver_version": params["wanted"].get("driver_version") or data["defaults"]["driver"],
                },
                task_vars, params["timeout"],
            )
            facts = facts_of(told.pop("facts", None))
            return facts, {
                "asked": told.get("asked") is True, "python": told.get("python"), "library": str(told.get("library")),
                "state_dir": str(told.get("state_dir")),
            }
        told = self.run_module("npu_facts", tree, task_vars, params["timeout"] + GRACE)
        if told.get("failed"):
            raise NoAnswer(one_line(told.get("msg") or "no answer", 500))
        facts = told["ansible_facts"]["npu"]
        return facts, {"asked": True, "library": facts["runtime"]["path"], "state_dir": STATE_DIR}

    def _plan(self, facts, params, data):
        if params["assume_root"]:
            facts = dict(facts, privileged=True)
        return planner.npu_plan(facts, params["wanted"], data)

    def _verify(self, facts, plan, params, task_vars, full):
        """`(what MobileNet said, why it could not be run)`, one of them None. full: with as many runs as are wanted, else a single one."""
        here = plan["here"]
        if not here:
            return None, "nothing is known to run on it as it is: %s" % _why_unverifiable(facts, plan)
        try:
            paths, digests, dummy = prepared(here["model"], params["proof"])
        except ValueError as error:
            return None, str(error)
        model = here["model"]
        args = dict(
            library=params["library"], expected_top5=model["expected_top5"], tolerance=model["tolerance"],
            wanted_driver=plan["driver"]["version"], runs=params["proof"]["runs"] if full else 1,
            timeout=params["proof"]["timeout"], state_dir=params["state_dir"],
        )
        keep = params["keep_model"] and full and not self._checking
        # What the module is told when the files have to be sent: in check mode it keeps none.
        self._task.check_mode = not keep
        ask = None
        if self.can_run_programs():
            def ask(arguments, along):
                # Without a file on the board: Ansible's own folder for such would stay there.
                sent = {name: encoded(path) for name, path in along.items()}
                arguments = dict(arguments, model_upload=None, picture_upload=None)
                answer = self.run_program(
                    "proof", {"arguments": arguments, "keep": keep, "sent": sent}, task_vars,
                    params["proof"]["timeout"] + GRACE,
                )
                return gate.validated("rknn_mobilenet", answer.get("proof"))
        args["tolerance"] = 1 / 256 if args["tolerance"] is None else args["tolerance"]
        try:
            answer = self.infer(
                dict(args, model=paths["model"], picture=paths["picture"]), digests, paths, task_vars, ask
            )
        except (NoAnswer, AnsibleActionFail) as error:
            return None, str(error)
        if not isinstance(answer.get("diagnosis"), str):
            return None, clean(str(answer.get("msg") or "it gave no diagnosis"), 500)
        return dict({key: answer.get(key) for key in NEEDED_OF_PROOF}, changed=answer.get("changed") is True), None


def is_not_selected(result, query, name, known):
    """Whether the query does not select a board of which this is known; the result then says so. What a verification will show comes later."""
    left = query is not None and query.matches(board_record.record(name, known, time.time())) is False
    if left:
        result["not_selected"] = "npu_select is %s" % clean(query.text, 500)
    return left


def facts_of(told):
    """Facts as the gate gives them.

    Raises:
        NoAnswer: where they are none.
    """
    try:
        return gate.facts_of(told)
    except ValueError as error:
        raise NoAnswer("%s: that is no answer of this collection's program" % error) from error


def encoded(path):
    """A file's content as it can be written into a program."""
    with open(path, "rb") as stream:
        return base64.b64encode(stream.read()).decode("ascii")


def prepared(model, proof):
    """Model and picture as `files` gives them, fetched where the controller has not got them; kept for the other workers of this run.

    Raises:
        ValueError: where they cannot be had.
    """
    key = hashlib.sha256(json.dumps([model, proof], sort_keys=True).encode()).hexdigest()[:16]

    def make():
        cache = os.path.expanduser(proof["cache_dir"])
        paths = {}
        for name, row in (("model", model["file"]), ("picture", model["picture"])):
            pins = {pin: row[pin] for pin in ("sha256", "git_blob", "size") if row.get(pin)}
            file = fetch(pins, row["path"], cache, proof["local_folder"], proof["mirrors"])[0]
            paths[name] = private_copy(file, pins, C.DEFAULT_LOCAL_TMP)
        return json.dumps(files(paths, model["platform"], proof["cache_dir"]))

    try:
        return json.loads(payload.cached_text(run_file("rkfleet-npu-model-%s.json" % key), make))
    except (ArtifactError, OSError) as error:
        raise ValueError(str(error)) from error


def is_recorded(facts, proof):
    """Whether the board's own record says what was just seen, and not too long ago: then nothing is to be written."""
    recorded = facts["verification"] or {}
    new = record.stable(record.compose(facts, proof))["verification"]
    of = predicates.setup_of(facts)
    return dict(clean_tree(new), **of) == {key: recorded.get(key) for key in (*new, *of)} and not record.is_stale(
        {"verification": recorded}, 24)


def path_of(told):
    """An interpreter's path as a board told it, or None."""
    return told if isinstance(told, str) and PATH.match(told) else None


def _depends_on_repository(plan, params):
    """Whether what a repository offers could change a plan."""
    return plan["action"] != "none" and params["wanted"].get("driver_strategy") != "dkms"


def _why_unverifiable(facts, plan):
    if not facts["driver"]["version"]:
        return "no driver answers"
    if not facts["runtime"]["path"]:
        return "there is no librknnrt.so"
    return "no model with a checksum is known for %s with runtime %s" % (
        plan["soc"] or "this SoC", facts["runtime"]["version"] or "of an unknown version",
    )
