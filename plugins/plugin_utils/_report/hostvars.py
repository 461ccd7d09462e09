# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The variables of a board: those that a task has set, else what module npu_audit_info returned.

set_fact costs as much as contacting a board, so an audit stores everything in one registered variable, `__npu_audit`.
"""

from __future__ import annotations

from collections.abc import Mapping

from ansible.module_utils.parsing.convert_bool import boolean

from .._answers import failure, gate
from .._plan.predicates import has_work
from .._schema.values import LONGEST, dictionary

HELD = "npu_hold is set in the inventory"
NOT_SELECTED = "not selected"
HOLD_FILE = "/etc/rkfleet-npu/hold is on the board"
_DICTIONARIES = (
    "ansible_facts", "__npu_before", "__npu_plan", "__npu_verification", "__npu_skipped", "__npu_driver_target",
    "__npu_build",
    "__npu_builder_did",
)
_TEXTS = ("__npu_error", "__npu_cause", "__npu_outcome", "__npu_rolled_back")
# Read below, but not returned.
_READ = ("__npu_gate", "__npu_batch", "__npu_rollout", "__npu_audit", "inventory_hostname")
SET = (*_DICTIONARIES, *_TEXTS, "__npu_is_committed", "npu_hold")


def board_variables(variables, only=SET):
    """Return the known variables of a board, validated; those that no task has set come from the audit.

    Args:
        only: names of the variables to return; the others cost time.
    """
    known = {name: _of_its_kind(name, value) for name, value in _known(_without_facts(variables, only), only).items()}
    fact = gate.hostile(known.get("ansible_facts"))
    if fact:
        # The upgrade of such a board does not count as verified, and only the owner puts it on hold.
        known.pop("__npu_is_committed", None)
        if "npu_hold" in known["ansible_facts"]:
            known.pop("__npu_skipped", None)
        sentence, error = gate.hostile_sentence(fact), str(known.get("__npu_error") or "")
        known.update(
            __npu_error=error if sentence in error else " ".join([sentence, error]).strip(), __npu_cause=failure.HOSTILE
        )
    return known


def _without_facts(variables, only):
    """Return the variables without those that are facts of the board: no honest board has facts with these names."""
    facts = dictionary(registered(variables, "ansible_facts"))
    # What a task has set wins over a fact.
    injected = {name for name in (*only, *_READ) if name in facts and registered(variables, name) == facts[name]}
    return _Without(variables, injected) if injected else variables


class _Without:
    """Variables without some of them. Only those that are read are templated."""

    def __init__(self, variables, names):
        self._variables, self._names = variables, names

    def __contains__(self, name):
        return name not in self._names and name in self._variables

    def __getitem__(self, name):
        return self._variables[name]

    def get(self, name, default=None):
        """Return a variable, as a dictionary does."""
        return self._variables.get(name, default) if name not in self._names else default


def _of_its_kind(name, value):
    """Return a value of the right kind, else an empty one: variables that a task has set may come from the board."""
    if name == "__npu_skipped":
        known = dictionary(value)
        texts = {key: _printable(known[key]) for key in ("verdict", "reason") if isinstance(known.get(key), str)}
        return {**known, **texts} if len(texts) == 2 else {}
    if name in _DICTIONARIES:
        return dictionary(value)
    return str(value) if name in _TEXTS and value else value


def _printable(text):
    return "".join(letter if letter.isprintable() else "?" for letter in text[:LONGEST])


def _known(variables, only):
    known = {name: variables[name] for name in only if name in variables}
    # A board that began a batch of the rollout and was lost before its end: see roles/rollout/tasks/upgrade.yml.
    is_lost = "__npu_gate" in variables and "__npu_batch" not in variables
    if is_lost and "__npu_error" in only and not known.get("__npu_error"):
        known["__npu_error"] = "%s: the connection was lost during the upgrade" % failure.UNREACHABLE
        known["__npu_cause"] = failure.NO_ANSWER
    if "__npu_error" in only and not known.get("__npu_error"):
        # A task that sets it for each board would cost all runs more than this.
        refused = dictionary(dictionary(registered(variables, "__npu_rollout")).get("refused"))
        if refused and variables.get("inventory_hostname") in refused:
            known["__npu_error"] = refused[variables["inventory_hostname"]]
    audit = dictionary(registered(variables, "__npu_audit"))
    if not audit:
        if is_held(variables) and not was_contacted(variables):
            known.setdefault("__npu_skipped", {"verdict": "held", "reason": HELD})
        return known
    facts = dictionary(audit.get("facts"))
    values: dict = {}
    if audit.get("skipped"):
        values = {"__npu_skipped": {"verdict": "held", "reason": HELD}}
    elif audit.get("failed") or audit.get("unreachable"):
        values.update(__npu_error=str(failure.reason_of(audit)), __npu_cause=failure.cause_of(audit))
    else:
        plan = dictionary(audit.get("plan"))
        values.update(__npu_plan=plan, __npu_before=facts, __npu_skipped=audit.get("on_hold"))
        # If there is work to do, the verification was of the setup that is about to change.
        values["__npu_verification"] = None if has_work(plan) else audit.get("verification")
    if audit.get("not_selected") and not values.get("__npu_skipped"):
        values["__npu_skipped"] = {"verdict": NOT_SELECTED, "reason": str(audit["not_selected"]), "fine": True}
    if facts and not variables.get("__npu_before"):
        # No later task of this run has gathered facts. Those in ansible_facts may come from a fact cache.
        known["ansible_facts"] = dict(dictionary(known.get("ansible_facts")), npu=facts)
    for name, value in values.items():
        if value is not None and name in only:
            known.setdefault(name, value)
    return known


def registered(variables, name):
    """Return a result that a task registered, as it is: Ansible searches each of its values for templates at each use.

    For the thousand values of an audit that took ten times as long as to make the board's record of them.

    Args:
        variables: a dictionary, or a board's entry of Ansible's `hostvars`.
    """
    # Ansible has no public way to read a variable of another host without templating it.
    own = getattr(variables, "_vars", None)
    return own[name] if isinstance(own, Mapping) and name in own else variables.get(name)


def held(facts):
    """Return verdict and reason of a board that is on hold by a file on it, or None."""
    hold = facts["upgrade"]["hold"]
    return None if hold is None else {"verdict": "held", "reason": "%s%s" % (HOLD_FILE, ": %s" % hold if hold else "")}


def is_held(variables):
    """Return whether npu_hold of the inventory keeps the board on hold."""
    return boolean(str(variables.get("npu_hold", False)), strict=False)


def was_contacted(variables):
    """Return whether a task of this run has contacted the board, although it is on hold: see npu_hold_anyway.

    Facts alone do not show it: they may come from a cache.
    """
    return any(variables.get(name) for name in ("__npu_before", "__npu_error", "__npu_outcome"))


def is_not_selected(variables):
    """Return whether npu_select does not select the board."""
    skipped = board_variables(variables, ("__npu_skipped",)).get("__npu_skipped")
    return dictionary(skipped).get("verdict") == NOT_SELECTED
