# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The public variables of all roles, resolved before a board is contacted and used only from there.

Ansible turns the facts of any module's answer into host variables that win over the inventory and the defaults of
roles. That way a board could choose hook files, folders and mirrors of the controller. So a run reads its values from
files in its own temporary folder on the controller: no variable that a board can set, and no task result, holds them.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os

import yaml
from ansible import constants as C
from ansible.errors import AnsibleError

from ..module_utils._board.tree import clean
from . import _settings_check
from ._action import payload
from ._answers import gate

try:
    from ansible.template import trust_as_template
except ImportError:  # ansible-core 2.18, which trusts all text

    def trust_as_template(value):
        """Return the value."""
        return value

ROLES = os.path.join(os.path.dirname(__file__), "..", "..", "roles")


def options():
    """Return the options of all roles: `{role: {variable: {type, default, choices}}}`."""
    text = payload.cached_text(
        os.path.join(C.DEFAULT_LOCAL_TMP, "rkfleet-npu-options.json"),
        lambda: json.dumps({role: options_of(role) for role in sorted(os.listdir(ROLES))}))
    return json.loads(text)


def options_of(role):
    """Return the options of a role from its argument specifications: `{variable: {type, default, choices}}`."""
    with open(os.path.join(ROLES, role, "meta", "argument_specs.yml"), encoding="utf-8") as stream:
        specs = yaml.safe_load(stream)["argument_specs"]
    return {name: {key: option.get(key) for key in ("type", "default", "choices")}
            for entry in specs.values() for name, option in (entry.get("options") or {}).items()}


def refuse_injected(variables):
    """Raise ValueError if a board has facts named like variables of this collection."""
    name = gate.hostile(variables.get("ansible_facts"))
    if name:
        raise ValueError(gate.hostile_sentence(name))


class _NoFacts:
    """A fact cache without facts."""

    def get(self, *dummy):
        """Return no facts."""
        return {}


@contextlib.contextmanager
def without_hostile_facts(task, variables):
    """Yield the variables of a task for the whole run, as they are without the facts of a board that sets hostile ones.

    A task that runs once runs as the first board. Facts that it has from an earlier play or a fact cache must not keep
    the others from their upgrade: it fails at its own first task. Templates that are resolved inside see no facts of
    any board.
    """
    facts = variables.get("ansible_facts")
    if not gate.hostile(facts):
        yield variables
        return
    # Ansible has no public way to tell facts from the variables that they replace.
    manager = variables["hostvars"]._variable_manager
    name = variables["ansible_play_batch"][0] if "inventory_hostname" in facts else variables["inventory_hostname"]
    kept, manager._fact_cache = manager._fact_cache, _NoFacts()
    try:
        found = manager.get_vars(play=task._parent._play, host=manager._inventory.get_host(name), task=task)
        of_play = ("ansible_play_hosts_all", "ansible_play_hosts", "ansible_play_batch")
        yield {**found, **{one: variables[one] for one in of_play}}
    finally:
        manager._fact_cache = kept


def raw_variables(variables):
    """Return the variables of the boards of a run, `{board: {name: value}}`; values may be templates.

    Args:
        variables: those of a task; its own board also has the variables of the play.
    """
    hostvars = variables.get("hostvars") or {}
    # A board may claim the name of another one.
    this = None if "inventory_hostname" in (variables.get("ansible_facts") or ()) else variables["inventory_hostname"]
    raw = getattr(hostvars, "raw_get", hostvars.get)
    return {board: variables if board == this else raw(board) or {}
            for board in variables.get("ansible_play_hosts_all") or [this]}


def honest(raw):
    """Return the boards without hostile facts. Others must not have a say in settings that are checked for all.

    Args:
        raw: as of `raw_variables`.
    """
    return [board for board, known in raw.items() if not gate.hostile(known.get("ansible_facts"))]


def tags_message(variables):
    """Return why a run is refused that is limited by tags; empty if it is not. Its steps depend on each other."""
    given = [tag for tag in variables.get("ansible_run_tags") or [] if tag != "all"]
    # Molecule always skips its own tags, which no task here has.
    given += [tag for tag in variables.get("ansible_skip_tags") or [] if tag not in ("molecule-notest", "notest")]
    return (
        "The playbooks of rkfleet.npu do not support --tags and --skip-tags (given: %s), because their steps depend "
        "on each other. No board was contacted. To gather facts only, run audit_npu; to try a build, preflight_npu; "
        "to verify only, verify_npu; to choose boards, use --limit or npu_select." % clean(", ".join(map(str, given)))
    ) if given else ""


def resolve(templar, variables, roles=()):
    """Return the values of the public variables of these roles, or of all.

    Args:
        templar: that of the action or lookup plugin.
        variables: those of the task.

    Raises:
        ValueError: if a value cannot be resolved, or the board has facts named like variables of this collection.
    """
    refuse_injected(variables)
    known = options()
    every = {name: option for role in known.values() for name, option in role.items()}
    wanted = {name: option for role in roles or known for name, option in known[role].items()}
    available = {name: trust_as_template(option["default"]) if isinstance(option["default"], str) else option["default"]
                 for name, option in every.items()}
    available.update(variables)
    templar = templar.copy_with_new_env(available_variables=available)
    values = {}
    for name, option in wanted.items():
        try:
            # Most values are not templates; skipping them saves a few milliseconds for each board.
            value = available[name] if _is_plain(available[name]) else templar.template(available[name])
        except AnsibleError as error:
            raise ValueError(
                "%s cannot be resolved before the board is contacted: %s. Set it to a value that does not depend on "
                "what the run finds out." % (name, " ".join(str(error).split()).rstrip("."))
            ) from error
        if value == "" and option["type"] in ("bool", "int") and not _is_plain(available[name]):
            value = None  # what ansible-core 2.18 makes of a template whose value is null
        try:
            values[name] = _settings_check.converted(value, option["type"])
        except (TypeError, ValueError) as error:
            if not _is_plain(available[name]):
                # Others were checked at the start of the run.
                raise ValueError(_settings_check.type_error(name, value, option["type"])) from error
            values[name] = value
    return values


def resolve_and_save(templar, variables, whole_run=False):
    """Resolve the variables of all roles with those of a task, and save them for its board or for the whole run.

    Raises:
        ValueError: as `resolve`.
    """
    # The report belongs to the whole run, and its list of boards is long.
    roles = () if whole_run else [role for role in options() if role != "report"]
    values = resolve(templar, variables, roles)
    save(values, None if whole_run else variables["inventory_hostname"])
    return values


def set_variables(variables, raw=None):
    """Return the variables that inventory, play and command line set for the boards of a run: `{board: {name: value}}`.

    Facts and results of tasks are left out. Values may be templates.

    Args:
        variables: those of a task.
        raw: as of `raw_variables`, if that is known.
    """
    found, hostvars = {}, variables.get("hostvars") or {}
    # Ansible has no public way to tell results of tasks from other variables.
    results = getattr(getattr(hostvars, "_variable_manager", None), "_nonpersistent_fact_cache", None) or {}
    for board, known in (raw or raw_variables(variables)).items():
        hidden = {*results.get(board, ()), *(known.get("ansible_facts") or ())}
        found[board] = {name: known[name] for name in known if name.startswith("npu_") and name not in hidden}
    return found


def check_run(variables, given, values, raw=None):
    """Return `(warnings, message)`: what has no effect in the inventory or a play, and what is wrong.

    Args:
        variables: those of a task.
        given: the variables of the command line.
        values: the resolved variables of the run.
        raw: as of `raw_variables`, if that is known.
    """
    known = options()
    unknown = _settings_check.unknown_names(given, known)
    boards = set_variables(variables, raw)
    names = {name for own in boards.values() for name in own} - set(unknown)
    warnings = [
        _settings_check.inventory_sentence(*pair) for pair in _settings_check.unknown_names(names, known).items()
    ]
    if unknown:
        return warnings, _settings_check.given_sentence(unknown)
    others = list(_other_values(boards, values))
    warnings += _settings_check.different_sentences(others, values, variables["inventory_hostname"], known)
    errors = _settings_check.errors_of([([], values), *others], known)
    return warnings, _settings_check.message(errors) if errors else ""


def _other_values(boards, values):
    """Yield `([board], {name: value})` of boards with values of their own; templates are resolved with their board."""
    for board, own in boards.items():
        other = {name: value for name, value in own.items()
                 if name in values and value != values[name] and (name == "npu_compatibility" or _is_plain(value))}
        if other:
            # Wanted releases are compared with the compatibility data of the same board.
            yield [board], {"npu_compatibility": values["npu_compatibility"], **other}


def _is_plain(value):
    """Return whether a value contains no template."""
    if isinstance(value, str):
        return "{" not in value
    if isinstance(value, dict):
        return all(_is_plain(key) and _is_plain(item) for key, item in value.items())
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, (bool, int, float))


def save(values, board=None):
    """Save the values of a board, or of the whole run, until they are resolved again or the run ends."""
    payload.put_text(_path(board), json.dumps(values, default=str))


def load(board=None):
    """Return the values saved for a board, or for the whole run.

    Raises:
        ValueError: if nothing was saved.
    """
    try:
        with open(_path(board), encoding="utf-8") as stream:
            return json.load(stream)
    except FileNotFoundError:
        raise ValueError("the variables of rkfleet.npu were not resolved at the start of this run. "
                         "Use the playbooks of the collection, or task rkfleet.npu.npu_settings.") from None


def of_report(templar, variables):
    """Return the values saved for the whole run; if none were saved, those of the role report, resolved now.

    Raises:
        ValueError: as `resolve`.
    """
    try:
        return load()
    except ValueError:
        return resolve(templar, variables, ("report",))


def _path(board):
    name = "run" if board is None else "board-%s" % hashlib.sha256(board.encode("utf-8")).hexdigest()
    return os.path.join(C.DEFAULT_LOCAL_TMP, "rkfleet-npu-settings-%s.json" % name)
