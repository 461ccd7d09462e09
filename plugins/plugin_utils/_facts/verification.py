# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The verdict on MobileNet and its diagnosis, from what a board has observed (module_utils/_inference/verify.py)."""

from __future__ import annotations

import statistics

from ...module_utils._board.tree import clean
from ...module_utils._inference.account import Account
from ...module_utils._inference.causes import diagnosis
from ...module_utils._inference.child import LOG_LINE, LOG_LINES
from ...module_utils._inference.quiet import NOT_RUN
from ...module_utils._inference.top5 import pairs
from ...module_utils._inference.verify import as_dicts
from .._plan import compatibility

_LIBRARY, _TOLERANCE = "/usr/lib/librknnrt.so", 1 / 256


def judged(answer, args):
    """Return the answer of module rknn_mobilenet with what judge() makes of `observed`, which it no longer has.

    Args:
        answer: validated; without `observed` it is returned as it is: no inference was tried.
        args: the module's arguments, of which `tolerance` and `library` have defaults.
    """
    observed = answer.pop("observed", None)
    if observed is None:
        return answer
    outcome = {**NOT_RUN, **_without_null(observed.get("outcome") or {})}
    outcome.update({name: pairs(outcome[name]) if outcome[name] else None for name in ("top", "differs")})
    # Not more than an honest board sends: patterns are searched in it.
    outcome["log"] = [clean(line, LOG_LINE) for line in outcome["log"][:LOG_LINES + 1]]
    outcome["error"] = outcome["error"] and clean(outcome["error"], LOG_LINE)
    tolerance = args.get("tolerance")
    params = {"library": args.get("library") or _LIBRARY, "expected_top5": args.get("expected_top5") or [],
              "tolerance": _TOLERANCE if tolerance is None else float(tolerance),
              "wanted_driver": args.get("wanted_driver")}
    nodes = [node for node in observed.get("nodes") or () if node["path"]]
    found = judge(params, outcome, nodes, observed.get("kernel"), observed.get("around"),
                  observed.get("cores") or 1, observed.get("user"), answer.get("in_use") or ())
    return {**answer, **found, "users": answer.get("users") or [] if found["diagnosis"] == "ok" else []}


def _without_null(outcome):
    """Return an outcome without what is null, also in its lists."""
    known = {name: value for name, value in outcome.items() if value is not None}
    for name in ("top", "differs"):
        known[name] = [entry for entry in known.get(name, ()) if None not in entry.values()]
    return dict(known, **{name: [item for item in known.get(name, ()) if item is not None]
                          for name in ("elapsed", "cores")})


def judge(params, outcome, nodes, kernel, around=None, cores=1, user=None, users=()):
    """Return the module's answer for an outcome of infer().

    Args:
        nodes: as device_nodes() returns them.
        kernel: release of the running kernel.
        around: as surroundings() returns it.
        cores: number of cores of the NPU.
        user: name of the user as whom it was run, None for the task's own user.
        users: the processes that have the NPU open, as holders() returns them, if it was not run.
    """
    expected = pairs(params["expected_top5"])
    facts = {
        "library": params["library"],
        "expected": expected,
        "tolerance": params["tolerance"],
        "wanted_driver": params["wanted_driver"],
        "newest_driver": compatibility.newest_driver(),
        "kernel": kernel,
        "nodes": nodes,
        "surroundings": around,
        "user": Account(user, None, None, ()) if user else None,
        "users": users,
    }
    found = diagnosis.diagnose(outcome, facts)
    sdk_version, driver_version = diagnosis.versions(outcome)
    return dict(
        verdict="verified" if found.name == "ok" else "failed",
        diagnosis=found.name,
        evidence=clean(found.evidence, 2000),
        remedy=found.remedy,
        may_change=found.may_change,
        top5=as_dicts((outcome["top"] or [])[:5]),
        expected_top5=as_dicts(expected),
        tolerance=params["tolerance"],
        latency_ms=latency(outcome["elapsed"]),
        sdk_version=sdk_version,
        driver_version=driver_version,
        cores=outcome.get("cores") or [],
        users=[],
        notes=diagnosis.notes(outcome, cores),
        log=outcome["log"],
    )


def latency(elapsed):
    """Return {runs, min, median, max} of times in ms; all but the number of runs are None if there are none."""
    if not elapsed:
        return {"runs": 0, "min": None, "median": None, "max": None}
    figures = {"min": min(elapsed), "median": statistics.median(elapsed), "max": max(elapsed)}
    return {name: round(value, 3) for name, value in figures.items()} | {"runs": len(elapsed)}
