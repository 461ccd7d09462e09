# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The report of a fleet for people: `fleet.html`, one file that asks no network for anything.

Its policy (Content-Security-Policy) runs the one script and the one style sheet whose digests it names, so that a board
whose text would get through the escaping still could not run anything.
"""

from __future__ import annotations

import base64
import collections
import hashlib
import math
import os
import time

import jinja2
from markupsafe import Markup

from .._schema import record
from .._schema.values import seconds_of
from . import text as _report_text

HERE = os.path.dirname(__file__)
# How a status is called and shown: never by its colour alone. What needs somebody comes first.
STATUSES = {
    "needs_work": {"label": "Needs work", "sign": "!"},
    "unreachable": {"label": "Unreachable", "sign": "\u00d7"},
    "unknown": {"label": "Unknown", "sign": "?"},
    "held": {"label": "On hold", "sign": "\u2016"},
    "healthy": {"label": "Healthy", "sign": "\u2713"},
}
RANK = {status: place for place, status in enumerate(STATUSES)}
NOTHING = "\u2013"
# More than these would not be looked at; all of them are in the table of boards.
MOST_KERNELS, MOST_DRIVERS, MOST_SPELLS = 40, 8, 12
FACETS = {name: record.LABELS[name] for name in ("kernel", "driver", "soc")}


def html(report, past):
    """Return the page for a report.

    Args:
        past: `{name: [spell, ...]}` as of `_report.history`.
    """
    boards = report["boards"]
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
        facets=facets, matrix=matrix(boards, facets, numbers),
        histogram=histogram([latency for latency in map(_report_text.latency_ms, boards) if latency is not None]),
        shares=shares(report["summary"]),
    )
    return page.rstrip("\n") + "\n"


def facet(boards, path):
    """Return `[{value, count}]` of what the boards have there, sorted, those that have nothing last."""
    count = collections.Counter(_hashable(record.get(entry, path)) for entry in boards)
    return [
        {"value": value, "count": count[value]}
        for value in sorted(count, key=lambda value: (value is None, _report_text.natural(str(value))))
    ]


def row(entry, spells, numbers):
    """Return what the page shows of a board.

    Args:
        numbers: `{facet: {value: number}}`. Filters know a board's values by their numbers: the texts are a board's
            own.
    """
    def get(path):
        return record.get(entry, path)

    proof = entry["verification"]
    return {
        **{name: numbers[name][_hashable(get(path))] for name, path in FACETS.items()},
        "entry": entry, "status": STATUSES[entry["status"]], "rank": RANK[entry["status"]],
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
    """Return `{drivers, rows, left_out}`: how many boards, and how many of them healthy, have which driver on which kernel."""
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


def histogram(latencies, bars=14):
    """Return the bars of the distribution of latencies in milliseconds, or None where there are none.

    Few boards that are very slow would squeeze all others into one bar: what is beyond the fence is one last bar.
    """
    if not latencies:
        return None
    values = sorted(latencies)
    median = _quantile(values, 0.5)
    fence = _quantile(values, 0.75) + 3 * max(_quantile(values, 0.75) - _quantile(values, 0.25), 0.02 * median)
    inside = [value for value in values if value <= fence] or values
    step = _step((inside[-1] - inside[0]) / bars or inside[-1] / 20)
    first = math.floor(inside[0] / step)
    counts = [0] * (math.floor(inside[-1] / step) - first + 1)
    for value in inside:
        counts[math.floor(value / step) - first] += 1
    digits = max(0, -math.floor(math.log10(step)))

    def name(number):
        return "%.*f" % (digits, (first + number) * step)

    columns = [
        {"label": "%s to %s ms" % (name(number), name(number + 1)), "from": name(number), "count": count}
        for number, count in enumerate(counts)
    ]
    beyond = len(values) - len(inside)
    if beyond:
        columns.append(
            {"label": "more than %s ms" % name(len(counts)), "from": ">" + name(len(counts)), "count": beyond}
        )
    figures = {"median": median, "low": values[0], "high": values[-1], "p95": _quantile(values, 0.95)}
    return dict(
        _drawn(columns, median, first * step, step, beyond), boards=len(values),
        **{key: "%.1f" % value for key, value in figures.items()},
    )


def shares(summary):
    """Return the parts of the bar of all boards, each with its place of 1000."""
    parts, left = [], 0.0
    for status in STATUSES:
        width = 1000 * summary[status] / summary["boards"] if summary["boards"] else 0
        if width:
            parts.append(
                {
                    "status": status, "x": round(left, 2), "width": round(width, 2), "count": summary[status],
                    "label": STATUSES[status]["label"],
                }
            )
        left += width
    return parts


def moment(text):
    """Return a time as people read it."""
    seconds = seconds_of(text)
    return NOTHING if seconds is None else time.strftime("%-d %B %Y, %H:%M UTC", time.gmtime(seconds))


def shown(value):
    """Return a value of a board as text."""
    return (
        NOTHING if value is None or value == "" else "yes" if value is True else "no" if value is False else str(value)
    )


# -- the picture
# ------------------------------------------------------------------------------------------------------------

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 440, 210, 36, 8, 22, 40


def _drawn(columns, median, start, step, beyond):
    """The bars with their places in the picture, the scale, and the line of the median."""
    highest = max(column["count"] for column in columns)
    tick = max(1, math.ceil(_step(highest / 4)))
    top = tick * math.ceil(highest / tick)
    room, wide = HEIGHT - TOP - BOTTOM, (WIDTH - LEFT - RIGHT) / max(len(columns), 6)
    for number, column in enumerate(columns):
        height = room * column["count"] / top
        column.update(
            x=round(LEFT + number * wide + 1, 2), width=round(wide - 2, 2), height=round(height, 2),
            y=round(TOP + room - height, 2), middle=round(LEFT + (number + 0.5) * wide, 2),
            edge=round(LEFT + number * wide, 2),
        )
    every = math.ceil(max(len(column["from"]) for column in columns) * 9 / wide)
    for number, column in enumerate(columns):
        column["named"] = number % every == 0 and not column["from"].startswith(">")
    if beyond:
        columns[-1]["named"] = True
        for column in columns[-every:-1]:
            column["named"] = False
    ticks = [{"value": value, "y": round(TOP + room - room * value / top, 2)} for value in range(0, top + 1, tick)]
    line = round(LEFT + (median - start) / step * wide, 2)
    return {
        "columns": columns, "ticks": ticks, "line": line, "anchor": "end" if line > WIDTH * 0.7 else "start",
        "base": TOP + room, "width": WIDTH, "height": HEIGHT, "left": LEFT, "top": TOP, "right": WIDTH - RIGHT,
    }


def _step(least):
    """The round number, 1, 2 or 5 times a power of ten, that is not below."""
    power = 10.0 ** math.floor(math.log10(least))
    return next((factor * power for factor in (1, 2, 5) if factor * power >= least * 0.999999), 10 * power)


def _quantile(values, part):
    place = part * (len(values) - 1)
    low = math.floor(place)
    return values[low] + (values[min(low + 1, len(values) - 1)] - values[low]) * (place - low)


# -- small things
# -----------------------------------------------------------------------------------------------------------

def _most(found, present, most):
    """The values that most boards have, in the order of the facet."""
    kept = sorted((each for each in found if each["value"] in present), key=lambda each: -each["count"])[:most]
    return [each["value"] for each in found if each in kept]


def _hashable(value):
    return None if value is None or value == "" else str(value)


def _read(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as stream:
        return stream.read()


def _digest(text):
    return "sha256-" + base64.b64encode(hashlib.sha256(str(text).encode("utf-8")).digest()).decode()
