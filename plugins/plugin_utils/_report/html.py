# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The report of a fleet for people: `fleet.html`, one file that loads nothing from the network.

Its Content-Security-Policy allows only the script and the style sheet with the digests that it names, so text
of a board that passed the escaping still could not run.
"""

from __future__ import annotations

import base64
import collections
import hashlib
import os
import time

import jinja2
from markupsafe import Markup

from .._schema import record
from .._schema.values import seconds_of
from . import latency as _latency
from . import text as _report_text
from .groups import groups

HERE = os.path.dirname(__file__)
# Label and sign of each status, as color alone is not accessible. In the order of RANK.
STATUSES = {
    "needs_work": {"label": "Needs work", "sign": "!"},
    "unreachable": {"label": "Unreachable", "sign": "\u00d7"},
    "unknown": {"label": "Unknown", "sign": "?"},
    "held": {"label": "On hold", "sign": "\u2016"},
    "healthy": {"label": "Healthy", "sign": "\u2713"},
}
NOTHING = "\u2013"
# Limits for readability; the table of boards has everything.
MOST_KERNELS, MOST_DRIVERS, MOST_SPELLS, MOST_GROUPS = 40, 8, 12, 20
FACETS = dict({name: record.LABELS[name] for name in ("kernel", "driver", "soc")}, verdict="verdict")


def html(report, past):
    """Return the page for a report, with the boards that need attention first.

    Args:
        past: `{name: [spell, ...]}` as of `_report.history`.
    """
    boards = sorted(report["boards"], key=lambda entry: record.RANK[entry["status"]])
    problems = groups(boards)
    facets = {name: facet(boards, path) for name, path in FACETS.items()}
    numbers = {name: {each["value"]: number for number, each in enumerate(found)} for name, found in facets.items()}
    style, script = Markup(_read("fleet.css")), Markup(_read("fleet.js"))
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(time=moment, shown=shown)
    page = environment.get_template("fleet.html.j2").render(
        report=report, statuses=STATUSES, style=style, script=script, style_digest=_digest(style),
        script_digest=_digest(script), rows=[row(entry, past.get(entry["name"], []), numbers) for entry in boards],
        facets=facets, numbers=numbers, matrix=matrix(boards, facets, numbers), shares=shares(report["summary"]),
        groups=problems[:MOST_GROUPS], more_groups=len(problems[MOST_GROUPS:]), strips=_latency.strips(boards),
        slow=_latency.SLOW, low=_latency.LOW, high=_latency.HIGH,
    )
    return page.rstrip("\n") + "\n"


def facet(boards, path):
    """Return `[{value, count}]` of a field of all boards, sorted, missing values last."""
    count = collections.Counter(_hashable(record.get(entry, path)) for entry in boards)
    return [
        {"value": value, "count": count[value]}
        for value in sorted(count, key=lambda value: (value is None, _report_text.natural(str(value))))
    ]


def row(entry, spells, numbers):
    """Return the values of a board on the page.

    Args:
        numbers: `{facet: {value: number}}`. Filters use numbers, as the texts come from boards.
    """
    def get(path):
        return record.get(entry, path)

    proof = entry["verification"]
    return {
        **{name: numbers[name][_hashable(get(path))] for name, path in FACETS.items()},
        "entry": entry, "status": STATUSES[entry["status"]], "rank": record.RANK[entry["status"]],
        "latency": _report_text.latency_ms(entry),
        "plan": shown(get("plan.action")).replace("_", " "),
        "facts": [
            (label, get(path)) for label, path in record.TITLES.items() if get(path) not in (None, "", "unknown")
        ],
        "top5": [(pair["index"], pair["score"]) for pair in (proof or {}).get("top5") or []],
        "spells": [dict(spell, label=STATUSES[spell["status"]]["label"]) for spell in reversed(spells[-MOST_SPELLS:])],
        "earlier": max(len(spells) - MOST_SPELLS, 0),
    }


def matrix(boards, facets, numbers):
    """Return `{drivers, rows, left_out}`: the number of boards and of healthy boards by kernel and driver."""
    cells = {}
    for entry in boards:
        if entry["kernel"]["release"] is None:
            continue
        cell = cells.setdefault(
            (_hashable(entry["kernel"]["release"]), _hashable(entry["driver"]["version"])), {"count": 0, "healthy": 0}
        )
        cell["count"] += 1
        cell["healthy"] += entry["status"] == "healthy"
    kernels = _most(facets["kernel"], {key[0] for key in cells}, MOST_KERNELS)
    drivers = _most(facets["driver"], {key[1] for key in cells}, MOST_DRIVERS)
    rows = []
    for kernel in kernels:
        line = [
            dict(cells.get((kernel, driver), {"count": 0, "healthy": 0}), driver=numbers["driver"][driver])
            for driver in drivers
        ]
        rows.append({"kernel": kernel, "number": numbers["kernel"][kernel], "cells": line})
    inside = sum(cell["count"] for line in rows for cell in line["cells"])
    return {"drivers": drivers, "rows": rows, "left_out": len(boards) - inside}


def shares(summary):
    """Return the segments of the bar of all boards, with a total width of 1000."""
    parts, offset = [], 0.0
    for status in STATUSES:
        width = 1000 * summary[status] / summary["boards"] if summary["boards"] else 0
        if width:
            parts.append(
                {
                    "status": status, "x": round(offset, 2), "width": round(width, 2), "count": summary[status],
                    "label": STATUSES[status]["label"],
                }
            )
        offset += width
    return parts


def moment(text):
    """Return a time in human-readable form."""
    seconds = seconds_of(text)
    return NOTHING if seconds is None else time.strftime("%-d %B %Y, %H:%M UTC", time.gmtime(seconds))


def shown(value):
    """Return a value of a board as text."""
    return (
        NOTHING if value is None or value == "" else "yes" if value is True else "no" if value is False else str(value)
    )


# -- small things
# -----------------------------------------------------------------------------------------------------------

def _most(found, present, most):
    """Return the most frequent values, in the order of the facet."""
    kept = sorted((each for each in found if each["value"] in present), key=lambda each: -each["count"])[:most]
    return [each["value"] for each in found if each in kept]


def _hashable(value):
    return None if value is None or value == "" else str(value)


def _read(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as stream:
        return stream.read()


def _digest(text):
    return "sha256-" + base64.b64encode(hashlib.sha256(str(text).encode("utf-8")).digest()).decode()
