# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Decide which boards are upgraded, in which order, and when to stop. Pure functions: variables in, decisions out.

A staging board stands for all boards with the same key: what its upgrade shows applies to the others, too.
"""

from __future__ import annotations

import re
import statistics

from ansible.module_utils.parsing.convert_bool import boolean

from .._plan.predicates import needs_nothing
from .._schema.values import number, number_of
from . import order, same_machine
from . import select as _select

KEY = ("kernel", "build", "soc", "driver", "source", "build_files", "runtime")
BUILDS = ("dkms", "dkms_over_builtin")
# The only variables of a board that are read: 400 boards have many.
VARIABLES = (
    "ansible_facts", "__npu_before", "__npu_plan", "__npu_error", "__npu_skipped", "__npu_is_committed", "npu_build_ok",
)
SETTINGS = ("rollout", "max_failed", "soak_minutes", "require_staging", "select", "check")
# The most a board can have: MHz of all cores together, cores, and memory in MiB. No SoC with this NPU has half of it.
PLAUSIBLE = {"mhz": 40_000, "cores": 16, "memory": 65_536}


def errors_of(settings):
    """Return a sentence for each invalid setting; settings as for `decide`."""
    errors = []
    for check, name in (
        (batches, "rollout"),
        (_allowed, "max_failed"),
        (_minutes, "soak_minutes"),
        (_flag, "require_staging"),
        (_hosts, "store_agree"),
    ):
        try:
            check(settings.get(name, 1) if name == "store_agree" else settings[name])
        except ValueError as error:
            errors.append("npu_%s is %r: %s" % (name, settings[name], error))
    try:
        _select.query_of(settings["select"])
    except ValueError as error:
        errors.append(str(error))
    return errors


def decide(boards, settings, verified=(), staging_group=(), seconds=None, build_files=""):
    """Return the decision for every board, before any of them is changed.

    Args:
        boards: `{name: variables}` in the inventory's order, after all were inspected. Read are `ansible_facts.npu`,
            `__npu_plan`, `__npu_error` of a board that cannot be upgraded and `__npu_skipped` of one that is held.
        settings: `{rollout, max_failed, soak_minutes, require_staging, select, check}` as the user wrote them, and
            `store_agree`, by default 1.
        verified: entries on record, each with at least `KEY`, `board` and `since`. Older ones without `build` or
            `build_files` match no board.
        staging_group: names of the boards that are preferred as staging boards.
        seconds: how long the inspection of each board took, as the controller measured it; only of those known.
        build_files: digest of the files with which this release builds drivers.

    Returns:
        `{errors, message, boards, refused, staging, rollout, serial, allowed, check, summary}`. `boards` has for each
        board `{part, reason, key, staging, builds}`: part is held, not selected, failed, right, staging or rollout;
        builds is whether its module is also for the others, if the user named no builder. If there are errors, all
        except `errors` and `message` is empty. `rollout` is in the order in which the boards begin. `refused` is
        `{board: sentence}` of those that this function itself fails, before anything is changed.
    """
    errors = errors_of(settings)
    if errors:
        message = _select.message(errors, "No board was changed.")
        return {
            "errors": errors, "message": message, "boards": {}, "refused": {}, "staging": [], "rollout": [],
            "serial": [1], "allowed": 0, "check": False, "summary": [],
        }
    check = _flag(settings["check"])
    result = {name: _entry(variables, build_files) for name, variables in boards.items()}
    refused = _refused(result, boards)
    todo = [name for name, entry in result.items() if entry["part"] == "rollout"]
    alike = {}
    for name in todo:
        alike.setdefault(_tuple(result[name]["key"]), []).append(name)
    summary = list(refused.values())
    serial = ["100%"] if check else batches(settings["rollout"])
    slow = order.slow(todo, seconds or {})
    agree = _hosts(settings.get("store_agree", 1))
    for key, names in alike.items():
        known = next((entry for entry in verified if _tuple(entry) == key), None)
        staged = not known and _flag(settings["require_staging"])
        # The first ones build for the others: see _store.
        if staged:
            first = _builders(names, boards, staging_group)
        else:
            first = sorted(names, key=lambda name: (*_build_obstacles(boards[name]), name in slow))
        for name in first[:agree]:
            result[name]["builds"] = True
        if known:
            reason = "%s is verified (%s, %s)" % (named(known), known["board"], known["since"])
        elif not staged:
            reason = "%s is not verified, and npu_require_staging is false" % named(result[names[0]]["key"])
        else:
            reason = _stage(result, first, verified)
            summary.append("staged first: %s" % reason)
            continue
        for name in names:
            result[name]["reason"] = reason
        summary.append("%s: %s" % (number_of(len(names), "board"), reason))
    rollout = [name for name in todo if result[name]["part"] == "rollout"]
    return {
        "errors": [], "message": "", "boards": result, "refused": refused, "check": check, "summary": summary,
        "staging": [name for name in todo if result[name]["part"] == "staging"],
        "rollout": order.builders_first(
            order.slow_begin_the_last_batch(rollout, serial, seconds or {}),
            {name: _tuple(result[name]["key"]) for name in rollout},
            [name for name in rollout if result[name]["builds"] and boards[name]["__npu_plan"]["action"] in BUILDS],
        ),
        "serial": serial,
        "allowed": _allowed(settings["max_failed"], len(todo)),
    }


def gate(decision, boards, stage=False, names=None, failed=(), recorded=None):
    """Return for each board to be upgraded whether it may start now: `{board: {go, verdict, reason, fine}}`.

    `fine` is whether the board can be skipped without failing the run.

    Args:
        decision: what `decide` returned.
        boards: `{name: variables}` as they are now. Read are `__npu_error` and `__npu_is_committed`.
        stage: whether only staging boards are upgraded in this run.
        names: the boards to answer for, by default all; then `boards` needs only their staging boards.
        failed: boards that are known to have failed, beside those whose variables say so.
        recorded: function that returns the entries on record now. It is called only before a board is told to wait:
            another run may have verified its kernel meanwhile.
    """
    todo = decision["staging"] + decision["rollout"]
    failed = [name for name in todo if name in failed or (boards.get(name) or {}).get("__npu_error")]
    answer = {}
    for name in todo if names is None else names:
        entry = decision["boards"][name]
        answer[name] = {"go": True, "verdict": "", "reason": "", "fine": True}
        # The groups of a run keep the boards of an earlier playbook of the same ansible-playbook.
        if name not in todo:
            answer[name] = _stop("skipped", "it is not among the boards that this playbook decided to upgrade")
            continue
        if decision["check"] and not (stage and entry["part"] == "rollout"):
            continue
        first = entry["staging"]
        is_verified = (
            first in (None, name) or decision["check"] or (boards.get(first) or {}).get("__npu_is_committed")
            or (recorded and any(_tuple(known) == _tuple(entry["key"]) for known in recorded()))
        )
        if not is_verified:
            is_skipped = bool((boards.get(first) or {}).get("__npu_skipped"))
            how = "failed" if first in failed else "was skipped" if is_skipped else "is not committed"
            reason = "%s is not verified: its staging board %s %s" % (named(entry["key"]), first, how)
            reason += (
                ". Rerun the playbook" if is_skipped else
                ". Fix that board and run stage-npu.yml, or set npu_require_staging to false"
            )
            answer[name] = _stop("waiting", reason)
        elif stage and entry["part"] == "rollout":
            reason = "its staging board is %s" % first if first else entry["reason"]
            answer[name] = _stop("waiting", "%s; upgrade-npu.yml upgrades it" % reason, fine=True)
        elif len(failed) > decision["allowed"]:
            answer[name] = _stop("skipped", "%s failed (%s), and npu_max_failed allows %d" % (
                number_of(len(failed), "board"), _some(failed), decision["allowed"]))
    return answer


def _stop(verdict, reason, fine=False):
    return {"go": False, "verdict": verdict, "reason": reason, "fine": fine}


def committed(decision, boards):
    """Return `KEY` and `board` of the committed upgrades among these boards, one per key: what this run verified."""
    found = {}
    for name, variables in boards.items():
        entry = decision["boards"].get(name) or {}
        if variables.get("__npu_is_committed") and entry.get("key"):
            found.setdefault(_tuple(entry["key"]), dict(entry["key"], board=name))
    return list(found.values())


def named(key):
    """Return a key as text for messages."""
    return "kernel %s (%s) with driver %s" % (key["kernel"], key["soc"], key["driver"])


def _refused(result, boards):
    """Return `{board: sentence}` of boards to be upgraded that are one machine, and mark them as failed."""
    facts = {name: boards[name]["ansible_facts"]["npu"] for name, entry in result.items() if entry["part"] == "rollout"}
    refused = {}
    for names in same_machine.names_of_one(facts):
        for name in names:
            refused[name] = "%s: %s" % (name, same_machine.refusal(names))
            result[name].update(part="failed", reason=refused[name], key=None)
    return refused


def _entry(variables, build_files):
    """Return the decision for one board; boards to be upgraded are 'rollout' at first."""
    entry = {"part": "rollout", "reason": "", "key": None, "staging": None, "builds": False}
    skipped = variables.get("__npu_skipped")
    if skipped:
        return dict(entry, part=skipped["verdict"], reason=skipped["reason"])
    plan, facts = variables.get("__npu_plan"), (variables.get("ansible_facts") or {}).get("npu")
    if variables.get("__npu_error") or not plan or not facts:
        return dict(entry, part="failed", reason=variables.get("__npu_error") or "the connection was lost")
    if needs_nothing(plan, facts):
        return dict(entry, part="right", reason=plan["reason"])
    return dict(entry, key=_key(plan, facts, build_files))


def _builders(names, boards, staging_group):
    """Return boards with one key in the order in which they should build: staging group, then those that can build.

    Among those the fastest first. Speed is only what a board claims, so implausible values count as 0, and values above
    the median count as the median: no single board comes first by its claims.
    """
    claims = {name: _claims(boards[name]) for name in names}
    medians = {
        what: statistics.median_low([claim[what] for claim in claims.values() if claim[what]] or [0])
        for what in PLAUSIBLE
    }

    def rank(name):
        return (
            name not in staging_group, *_build_obstacles(boards[name]),
            *(-min(claims[name][what], medians[what]) for what in PLAUSIBLE),
        )

    # Speed matters only if something is built.
    builds = boards[names[0]]["__npu_plan"]["action"] in BUILDS
    return sorted(names, key=rank if builds else lambda name: name not in staging_group)


def _claims(variables):
    """Return the speed and size that a board reports; 0 for values that are unknown or not plausible."""
    hardware = variables["ansible_facts"]["npu"].get("hardware") or {}
    found = {what: hardware.get(what) for what in PLAUSIBLE}
    return {
        what: value if 0 < value <= PLAUSIBLE[what] else 0
        for what, value in ((what, number(value) or 0) for what, value in found.items())
    }


def _build_obstacles(variables):
    """Return whether a board must not build, and whether it lacks tools or headers for a build, as a sort key."""
    facts = variables["ansible_facts"]["npu"]
    tools = facts.get("tools") or {}
    has_all = facts["kernel"].get("headers") and all(tools.get(tool) for tool in ("dkms", "make", "compiler"))
    return not boolean(str(variables.get("npu_build_ok", True)), strict=False), not has_all


def _key(plan, facts, build_files):
    """Return what an upgrade verifies, as text: running kernel, SoC, driver and what it is built from, runtime.

    A distribution may build a kernel again under the same release, and a release of this collection may change the
    files that a driver is built with. The module store treats both as different builds, too.
    """
    driver, runtime = plan["driver"], plan["runtime"]
    kernel = facts["kernel"]["release"]
    ours = any(entry["name"] == "rknpu" and entry["kernel"] == kernel and entry["version"] == driver["version"]
               for entry in (facts.get("dkms") or {}).get("modules") or [])
    recipe = ""
    if plan["action"] == "vendor_kernel":
        source = " ".join(plan["packages"])
    elif plan["action"] == "none" and not ours:
        source = "the kernel's own"
    else:
        source, recipe = _checksum(driver), build_files
    library = _checksum(runtime) if runtime["install"] else (facts["runtime"].get("sha256") or "")
    values = (kernel, facts["kernel"].get("build"), plan["soc"], driver["version"], source, recipe, library)
    return {name: str(value or "") for name, value in zip(KEY, values)}


def _checksum(row):
    return row.get("sha256") or row.get("git_blob") or ""


def _tuple(key):
    return tuple(key.get(name) for name in KEY)


def _stage(result, names, verified):
    """Make the first of the boards with one key the staging board, and return that as a sentence."""
    first = names[0]
    key = result[first]["key"]
    others = len(names) - 1
    why = "%s, for %s; %s for it" % (
        first, named(key),
        "%s wait%s" % (number_of(others, "board"), "s" if others == 1 else "") if others else "no other board waits",
    )
    why += _verified_before(key, verified)
    for name in names:
        result[name].update(staging=first, reason="its staging board is %s" % first)
    result[first].update(part="staging", reason=why)
    return why


def _verified_before(key, verified):
    """Return in parentheses what the record has of this driver and runtime instead, or an empty text."""
    alike = [entry for entry in verified if all(
        entry[name] == key[name] for name in ("soc", "driver", "source", "runtime"))]
    before = sorted({entry["kernel"] for entry in alike})
    if not before:
        return ""
    if key["kernel"] not in before:
        # The kernel may have been updated since: then the verification is of another kernel.
        return " (this driver is verified only with kernel %s, which is not the running kernel)" % ", ".join(before)
    alike = [entry for entry in alike if entry["kernel"] == key["kernel"]]
    if any(entry.get("build") == key["build"] for entry in alike):
        return " (it is verified only with other build files, of another release of rkfleet.npu)"
    if all(entry.get("build") is None for entry in alike):
        return " (it is verified only by an older release of rkfleet.npu, which did not record the kernel's build)"
    return " (it is verified only with another build of this kernel)"


def _some(names):
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")


def batches(value):
    """Return the steps of a rollout in the form of Ansible's `serial`."""
    steps = value if isinstance(value, (list, tuple)) else [value]
    if not steps:
        raise ValueError("it has no batch. Use for example [1, \"10%\", \"100%\"]")
    answer = []
    for step in steps:
        number, percent = _number(step)
        if number < 1 or percent and number > 100:
            raise ValueError("%r is not a batch, a count from 1 or a percentage from 1%% to 100%%" % (step,))
        answer.append("%d%%" % number if percent else number)
    return answer


def _allowed(value, boards=0):
    """Return how many of `boards` may fail, rounded down."""
    number, percent = _number(value)
    if percent and number > 100:
        raise ValueError("a percentage must be from 0% to 100%")
    return boards * number // 100 if percent else number


def _minutes(value):
    number, percent = _number(value)
    if percent:
        raise ValueError("it must be a number of minutes")
    return number


def _hosts(value):
    number, percent = _number(value)
    if percent or number < 1:
        raise ValueError("it must be a number of hosts, at least 1")
    return number


def _number(value):
    """Return `(number, whether it is a percentage)` of a setting."""
    match = re.fullmatch(r"\s*(\d{1,6})\s*(%?)\s*", str(value))
    if not match:
        raise ValueError("%r is neither a count nor a percentage such as 10%%" % (value,))
    return int(match[1]), bool(match[2])


def _flag(value):
    try:
        return boolean(str(value))
    except TypeError:
        raise ValueError("it must be true or false") from None
