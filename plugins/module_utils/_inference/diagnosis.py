# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The diagnosis of an inference: which row of diagnoses.py applies to its outcome and log. Pure functions."""

from __future__ import annotations

import re
import signal

from .._board import version as _version
from .diagnoses import DIAGNOSES
from .librknnrt import CODES
from .top5 import compare

_PREFIX = re.compile(r"(?:[EWIDT] RKNN: )?(?:\[[0-9:.]{8,15}\] ?)?")
_NUMBER = r"(\d{1,4}\.\d{1,4}\.\d{1,4})"
_DRIVER = r"RKNN Driver Information(?:,|:) version: %s\Z" % _NUMBER
_RUNTIME = r"RKNN Runtime Information(?:,|:) librknnrt version: (\S{3,20} \(\S{8,60}\))\Z"
_RECOMMENDED = (
    r"Current driver version: %s, recommend to upgrade the driver to the new version: >= %s\Z" % (_NUMBER, _NUMBER))


def diagnose(outcome, facts):
    """Return (diagnosis, evidence, remedy) of an inference.

    The diagnosis is one of `diagnoses.NAMES`; the evidence is the line of the log (without its time) or the fact that
    shows it; the remedy is what to do, None if nothing is to be done.

    Args:
        outcome: as child.infer() returns it.
        facts: `library` (path), `expected` and `tolerance` as top5.compare() takes them, `wanted_driver`
            (version), `kernel` (release), `nodes` as drm_nodes() returns them. All may be missing.
    """
    values = dict(_of_outcome(outcome, facts), **_of_board(outcome, facts))
    for row in DIAGNOSES:
        if row.stage not in (None, values["stage"]):
            continue
        text, match = _first_match(outcome["log"], row.line) if row.line else (None, None)
        if (row.line or row.codes) and not match and values["code"] not in row.codes:
            continue
        of_row = dict(values, found=text or values["answer"], **(match.groupdict() if match else {}))
        of_row.update(_of_driver(of_row["driver"], of_row["wanted_driver"]))
        if all(of_row[name] for name in row.when):
            return row.name, row.evidence.format_map(of_row), row.remedy and row.remedy.format_map(of_row)
    raise AssertionError("the last row of the table applies to everything")


def versions(outcome):
    """Return (version and build of the runtime, version of the driver) as the runtime reports them, each or None."""
    sdk, driver = outcome.get("sdk_version"), outcome.get("driver_version")
    if not sdk:
        match = _first_match(outcome["log"], _RUNTIME)[1]
        sdk = match.group(1) if match else None
    if not driver:
        match = _first_match(outcome["log"], _DRIVER)[1] or _first_match(outcome["log"], _RECOMMENDED)[1]
        driver = match.group(1) if match else None
    return sdk, driver


def notes(outcome):
    """Return the lines of the runtime that are advice and not faults."""
    line = _first_match(outcome["log"], _RECOMMENDED)[0]
    return [line] if line else []


def _text(line):
    """Return a line without severity and time, so that it is the same in every run."""
    return line[_PREFIX.match(line).end():]


def _first_match(log, pattern):
    """Return (text, match) of the first line whose text the pattern matches at its beginning, or (None, None)."""
    for text in map(_text, log):
        match = re.match(pattern, text)
        if match:
            return text, match
    return None, None


# -- the values that conditions and sentences in diagnoses.py use --------------------------------------------------

def _of_outcome(outcome, facts):
    top, code, number = outcome["top"] or [], outcome["code"], outcome["signal"]
    values = {name: outcome[name] for name in ("code", "error", "timed_out", "stuck", "timeout", "differs")}
    values.update(stage=outcome["stage"], top=top[:5], top1="%d: %.6f" % tuple(top[0]) if top else None)
    values["answer"] = None if code is None else (
        "%s returned %s (%s)" % (outcome["stage"], code, CODES.get(code, "unknown code")))
    values["signal"] = signal.Signals(number).name if number in set(signal.Signals) else number
    values["last_line"] = _text(outcome["log"][-1]) if outcome["log"] else None
    values["difference"] = compare(top, facts.get("expected") or [], facts.get("tolerance") or 0)
    return values


def _of_board(outcome, facts):
    nodes = facts.get("nodes") or []
    closed = [node for node in nodes if not node["open"]]
    wanted, kernel = facts.get("wanted_driver"), facts.get("kernel")
    return {
        "library": facts.get("library") or "librknnrt.so",
        "driver": versions(outcome)[1],
        "wanted_driver": wanted,
        "to_wanted": " to %s" % wanted if wanted else "",
        "on_kernel": " on kernel %s" % kernel if kernel else "",
        "node": nodes[0]["path"] if nodes else None,
        "closed_nodes": " and ".join(node["path"] for node in closed),
        "closed_groups": " and the group ".join(sorted({node["group"] or "render" for node in closed})),
    }


def _of_driver(driver, wanted):
    try:
        older = bool(driver and wanted) and _version.parse(driver) < _version.parse(wanted)
    except ValueError:
        older = False
    name = "driver %s" % driver if driver else "the driver"
    return {"the_driver": name, "up_to_date": bool(driver and wanted) and not older}
