# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which boards are upgraded, which of them first, and when no further one is. Pure functions: variables in, decisions out.

A staging board stands for all boards with the same key: what an upgrade of one of them shows is true of the others,
too.
"""

from __future__ import annotations

import re
import statistics

from ansible.module_utils.parsing.convert_bool import boolean

from .._plan.predicates import needs_nothing
from .._schema.values import number
from . import select as _select

KEY = ("kernel", "soc", "driver", "source", "runtime")
# The only variables of a board that are read: 400 boards have many.
VARIABLES = (
    "ansible_facts", "__npu_before", "__npu_plan", "__npu_error", "__npu_left", "__npu_is_committed", "npu_build_ok",
)
SETTINGS = ("rollout", "max_failed", "soak_minutes", "require_staging", "select", "check")
# What a board can have: of mhz, which is that of all its cores together, of cores, and of memory in MiB. No SoC with
# this NPU has half of it.
PLAUSIBLE = {"mhz": 40_000, "cores": 16, "memory": 65_536}


def errors_of(settings):
    """Return a sentence for each invalid setting; settings as for `decide`."""
    errors = []
    for check, name in (
        (_batches, "rollout"),
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
        _select.check(settings["select"])
    except ValueError as error:
        errors.append(str(error))
    return errors


def decide(boards, settings, proven=(), staging_group=()):
    """Return the decision for every board, before any of them is changed.

    Args:
        boards: `{name: variables}` in the inventory's order, after all were looked at. Read are `ansible_facts.npu`,
            `__npu_plan`, `__npu_error` of a board that cannot be upgraded and `__npu_left` of one that is held.
        settings: `{rollout, max_failed, soak_minutes, require_staging, select, check}` as the owner wrote them, and
            `store_agree`, by default 1.
        proven: entries with at least `KEY`, `board` and `since`: what is on record.
        staging_group: names of the boards that go first where there is one with the kernel in question.

    Returns:
        `{errors, message, boards, staging, rollout, serial, allowed, check, summary}`; `boards` is for each one `{part,
        reason, key, staging, builds}`, part being held, not selected, failed, right, staging or rollout; builds is
        whether what it builds is for the others, too, where the owner has named nobody. Where there are errors there is
        nothing else but the `message` of them all.
    """
    errors = errors_of(settings)
    if errors:
        message = _select.message(errors, "No board was changed.")
        return {
            "errors": errors, "message": message, "boards": {}, "staging": [], "rollout": [], "serial": [1],
            "allowed": 0, "check": False, "summary": [],
        }
    check = _flag(settings["check"])
    result = {name: _entry(variables) for name, variables in boards.items()}
    todo = [name for name, entry in result.items() if entry["part"] == "rollout"]
    alike = {}
    for name in todo:
        alike.setdefault(_tuple(result[name]["key"]), []).append(name)
    summary = []
    agree = _hosts(settings.get("store_agree", 1))
    for key, names in alike.items():
        known = next((entry for entry in proven if _tuple(entry) == key), None)
        staged = not known and _flag(settings["require_staging"])
        # The first ones build for the others: see _store. Where none goes first, they are those whose turn comes first.
        first = (
            _builders(names, boards, staging_group) if staged else sorted(names, key=lambda name: _build_obstacles(boards[name]))
        )
        for name in first[:agree]:
            result[name]["builds"] = True
        if known:
            reason = "%s is proven (%s, %s)" % (named(known), known["board"], known["since"])
        elif not staged:
            reason = "%s is not proven, and npu_require_staging is false" % named(result[names[0]]["key"])
        else:
            reason = _stage(result, first, proven)
            summary.append("staged first: %s" % reason)
            continue
        for name in names:
            result[name]["reason"] = reason
        summary.append("%s: %s" % (_count(len(names), "board"), reason))
    return {
        "errors": [], "message": "", "boards": result, "check": check, "summary": summary,
        "staging": [name for name in todo if result[name]["part"] == "staging"],
        "rollout": [name for name in todo if result[name]["part"] == "rollout"],
        "serial": ["100%"] if check else _batches(settings["rollout"]),
        "allowed": _allowed(settings["max_failed"], len(todo)),
    }


def gate(decision, boards, stage=False):
    """Return for each board that is to be upgraded whether it may start now: `{board: {go, verdict, reason, fine}}`.

    `fine` is whether a board may be left that way without the run having failed.

    Args:
        decision: what `decide` said.
        boards: `{name: variables}` as they are now. Read are `__npu_error` and `__npu_is_committed`.
        stage: whether only staging boards are upgraded in this run.
    """
    todo = decision["staging"] + decision["rollout"]
    failed = [name for name in todo if has_failed(boards[name])]
    answer = {}
    for name in todo:
        entry = decision["boards"][name]
        answer[name] = {"go": True, "verdict": "", "reason": "", "fine": True}
        if decision["check"] and not (stage and entry["part"] == "rollout"):
            continue
        first = entry["staging"]
        if first not in (None, name) and not (boards[first].get("__npu_is_committed") or decision["check"]):
            how = "failed" if first in failed else "is not committed"
            reason = "%s is not proven, as its staging board %s %s" % (named(entry["key"]), first, how)
            reason += ". Mend that one and run stage-npu.yml, or set npu_require_staging to false to go on without"
            answer[name] = {"go": False, "verdict": "waiting", "reason": reason, "fine": False}
        elif stage and entry["part"] == "rollout":
            reason = "its staging board is %s" % first if first else entry["reason"]
            answer[name] = {
                "go": False, "verdict": "waiting", "reason": "%s; upgrade-npu.yml takes it" % reason, "fine": True,
            }
        elif len(failed) > decision["allowed"]:
            answer[name] = {
                "go": False, "verdict": "not touched",
                "reason": "%s failed (%s), and npu_max_failed allows %d"
                % (_count(len(failed), "board"), _some(failed), decision["allowed"]), "fine": False,
            }
    return answer


def has_failed(variables):
    """Return whether the upgrade of a board failed, or the board was lost during it."""
    return bool(variables.get("__npu_error"))


def committed(decision, boards):
    """Return `KEY` and `board` of each of these boards whose upgrade was committed, one per key: what this run has proven."""
    found = {}
    for name, variables in boards.items():
        entry = decision["boards"].get(name) or {}
        if variables.get("__npu_is_committed") and entry.get("key"):
            found.setdefault(_tuple(entry["key"]), dict(entry["key"], board=name))
    return list(found.values())


def named(key):
    """Return a key as an owner would say it."""
    return "kernel %s (%s) with driver %s" % (key["kernel"], key["soc"], key["driver"])


def _entry(variables):
    """What one board is in for; all that is to be upgraded is 'rollout' at first."""
    left = variables.get("__npu_left")
    if left:
        return {"part": left["verdict"], "reason": left["reason"], "key": None, "staging": None, "builds": False}
    plan, facts = variables.get("__npu_plan"), (variables.get("ansible_facts") or {}).get("npu")
    if variables.get("__npu_error") or not plan or not facts:
        return {
            "part": "failed", "reason": variables.get("__npu_error") or "it was lost on the way", "key": None,
            "staging": None, "builds": False,
        }
    if needs_nothing(plan, facts):
        return {"part": "right", "reason": plan["reason"], "key": None, "staging": None, "builds": False}
    return {"part": "rollout", "reason": "", "key": _key(plan, facts), "staging": None, "builds": False}


def _builders(names, boards, staging_group):
    """Boards with one key in the order in which they are asked to build: the staging group's first, then those that have all it takes.

    Of these the fastest. A board reports itself how fast it is, so what is more than a board can have counts as
    nothing, and what is more than half of them have is of no advantage: no single board comes first by what it claims.
    """
    claims = {name: _claims(boards[name]) for name in names}
    usual = {
        what: statistics.median_low([claim[what] for claim in claims.values() if claim[what]] or [0])
        for what in PLAUSIBLE
    }

    def rank(name):
        return (
            name not in staging_group, *_build_obstacles(boards[name]),
            *(-min(claims[name][what], usual[what]) for what in PLAUSIBLE),
        )

    # All are alike where nothing is built.
    builds = boards[names[0]]["__npu_plan"]["action"] in ("dkms", "dkms_over_builtin")
    return sorted(names, key=rank if builds else lambda name: name not in staging_group)


def _claims(variables):
    """What a board reports of its speed and size; 0 where it is not known, or not plausible."""
    hardware = variables["ansible_facts"]["npu"].get("hardware") or {}
    found = {what: hardware.get(what) for what in PLAUSIBLE}
    return {
        what: value if 0 < value <= PLAUSIBLE[what] else 0
        for what, value in ((what, number(value) or 0) for what, value in found.items())
    }


def _build_obstacles(variables):
    """Whether a board is not to build, and whether it lacks what a build takes."""
    facts = variables["ansible_facts"]["npu"]
    tools = facts.get("tools") or {}
    has_all = facts["kernel"].get("headers") and all(tools.get(tool) for tool in ("dkms", "make", "compiler"))
    return not boolean(str(variables.get("npu_build_ok", True)), strict=False), not has_all


def _key(plan, facts):
    """What an upgrade proves, as text: the kernel that runs, the SoC, the driver and where it comes from, the runtime."""
    driver, runtime = plan["driver"], plan["runtime"]
    kernel = facts["kernel"]["release"]
    ours = any(entry["name"] == "rknpu" and entry["kernel"] == kernel and entry["version"] == driver["version"]
               for entry in (facts.get("dkms") or {}).get("modules") or [])
    if plan["action"] == "vendor_kernel":
        source = " ".join(plan["packages"])
    elif plan["action"] == "none" and not ours:
        source = "the kernel's own"
    else:
        source = _checksum(driver)
    library = _checksum(runtime) if runtime["install"] else (facts["runtime"].get("sha256") or "")
    return {
        name: str(value or "") for name, value in zip(KEY, (kernel, plan["soc"], driver["version"], source, library))
    }


def _checksum(row):
    return row.get("sha256") or row.get("git_blob") or ""


def _tuple(key):
    return tuple(key[name] for name in KEY)


def _stage(result, names, proven):
    """Have the first of the boards with one key go first, tell them all, and return it as a sentence."""
    first = names[0]
    key = result[first]["key"]
    others = len(names) - 1
    why = "%s, for %s; %s for it" % (
        first, named(key),
        "nobody else waits" if not others else "%s %s" % (_count(others, "board"), "waits" if others == 1 else "wait"),
    )
    # The kernel of a board may have been updated since: then what was proven is of another one.
    before = sorted({entry["kernel"] for entry in proven if _tuple(entry)[1:] == _tuple(key)[1:]})
    if before:
        why += " (proven is this driver with kernel %s only, and that is not the kernel now)" % ", ".join(before)
    for name in names:
        result[name].update(staging=first, reason="its staging board is %s" % first)
    result[first].update(part="staging", reason=why)
    return why


def _count(number, what):
    return "%d %s%s" % (number, what, "" if number == 1 else "s")


def _some(names):
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")


def _batches(value):
    """The steps of a rollout as Ansible's `serial` takes them."""
    steps = value if isinstance(value, (list, tuple)) else [value]
    if not steps:
        raise ValueError("it names no batch; try [1, \"10%\", \"100%\"]")
    answer = []
    for step in steps:
        number, percent = _number(step)
        if number < 1 or percent and number > 100:
            raise ValueError("%r is no batch, which is a count from 1 or a percentage from 1%% to 100%%" % (step,))
        answer.append("%d%%" % number if percent else number)
    return answer


def _allowed(value, boards=0):
    """How many of so many boards may fail; a part of a board is none."""
    number, percent = _number(value)
    if percent and number > 100:
        raise ValueError("a percentage is from 0% to 100%")
    return boards * number // 100 if percent else number


def _minutes(value):
    number, percent = _number(value)
    if percent:
        raise ValueError("it is a number of minutes")
    return number


def _hosts(value):
    number, percent = _number(value)
    if percent or number < 1:
        raise ValueError("it is a number of hosts, at least 1")
    return number


def _number(value):
    """`(number, whether it is a percentage)` of what the owner wrote."""
    match = re.fullmatch(r"\s*(\d{1,6})\s*(%?)\s*", str(value))
    if not match:
        raise ValueError("%r is neither a count nor a percentage such as 10%%" % (value,))
    return int(match[1]), bool(match[2])


def _flag(value):
    try:
        return boolean(str(value))
    except TypeError:
        raise ValueError("it is true or false") from None
