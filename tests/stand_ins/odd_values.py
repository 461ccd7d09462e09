# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Values that no honest board answers, and answers with them."""

from __future__ import annotations

import copy
import json

import fleet_sample
from stand_ins.nested import places

HUGE = "printed as 1e400"


def deep(levels, leaf="x"):
    """A value that many others are around."""
    for number in range(levels):
        leaf = [leaf] if number % 2 else {"a": leaf}
    return leaf


ODD = (
    None,
    True,
    False,
    0,
    -1,
    7,
    1 << 53,
    1 << 70,
    -(1 << 200),
    1.5,
    1e308,
    float("nan"),
    float("inf"),
    "",
    "ok",
    "none",
    "x" * 70000,
    "\x1b[2J\x1b]0;x\x07",
    "\x9b31m",
    "\ud800\udfff",
    "a\u202eb\u2066",
    "\x00",
    "line\nPLAY RECAP ****\nevil : ok=1",
    "\r\x1b[1Agood  healthy",
    [],
    {},
    [[]],
    [None],
    [1, "a", None, {}],
    {"a": 1},
    {"": ""},
    {"\x1b[2J": "\x1b[2J"},
    [{}] * 1500,
    ["x"] * 1500,
    {str(number): number for number in range(1500)},
    deep(30),
    deep(200),
    deep(60, "\x1b[2J"),
    {"__ansible_type": "x"},
    {"__ansible_unsafe": "{{ 1 }}"},
    {"__ansible_vault": "x"},
    "{{ lookup('pipe', 'id') }}",
    *fleet_sample.HOSTILE,  # Numbers: HUGE is printed as 1e400, which json reads as infinite.
    -0.0,
    HUGE,
    -(1 << 63),
    1 << 64,
    5e-324,
    # What other programs take for more than text.
    "{% raw %}{{ x }}",
    "{# x #}",
    "!unsafe x",
    "!vault |",
    "../../../etc/cron.d/x",
    "/etc/passwd\n/tmp/x",
    "..",
    "~root/x",
    "-rf",
    "$(id)`id`;id|id&",
    "a\x08\x08b",
    "a\rgood  ok",
    "\x1b]8;;https://example.com\x07x\x1b]8;;\x07",
    "\u200b=1+1",
    "\ufeff",
    "\uff1d1+1",
    "x\t=1+1",
    "a;=1+1",
    "| a | b |\n|-|-|",
    "[x](javascript:alert(1))",
    "<svg/onload=alert(1)>",
    "&lt;script&gt;",
    "%s%n%(x)s{0}{x}",
    "e\u0301",
    "\u00e9",
    "\u0130",
    "\ufb01",
    "\U0001f4a9" * 200,
    "a" * 255 + "/" + "b" * 4000,
    "9" * 5000,
    "1_000",
    "\u0663",
    " true ",
    "None",
    "rolled back",
    "ROLLBACK FAILED",
    "unreachable",
    # Answers of Ansible's own within a value.
    {"verdict": "\x1b[2J", "reason": 1},
    {"verdict": "ok", "reason": "x", "fine": True, "go": True},
    {"results": [{"failed": True, "msg": {"a": 1}}]},
    {"failed": True, "msg": ["x"], "results": 5},
    {"unreachable": [1]},
    {"timedout": 1, "msg": {}},
    [{"msg": 1}],
    {"a": {"A": 1, "\u00e0": 2, "a\u0300": 3}},
    {"x" * 5000: "x"},
    deep(5),
    deep(6),
    deep(7),
    deep(8),
    deep(300),
)

HOSTILE_KEYS = (
    "ansible_facts",
    "add_host",
    "add_group",
    "ansible_stats",
    "include",
    "include_args",
    "warnings",
    "deprecations",
    "exception",
    "diff",
    "invocation",
    "results",
    "stdout",
    "stdout_lines",
    "rc",
    "msg",
    "failed",
    "skipped",
    "unreachable",
    "changed",
    "_ansible_no_log",
    "_ansible_parsed",
    "_ansible_delegated_vars",
    "failed_when_result",
    "skip",
    "locked",
    "cause",
    "timedout",
    "results",
    "ansible_failed_result",
    "__ansible_unsafe",
    "Changed",
    "FAILED",
    "item",
    "attempts",
    "retries",
    "ansible_job_id",
    "npu_store",
    "\x1b[2J",
)


def odd(good, dice):
    """An answer with something wrong."""
    told = copy.deepcopy(good)
    for dummy in range(dice.choice((1, 1, 2, 4))):
        spots = list(places(told, deepest=6))
        if dice.random() < 0.2 or not spots:
            told[dice.choice(HOSTILE_KEYS)] = dice.choice(ODD)
            continue
        *path, last = dice.choice(spots)
        part = told
        for key in path:
            part = part[key]
        if dice.random() < 0.2:
            del part[last]
        else:
            part[last] = copy.deepcopy(dice.choice(ODD))
    return dice.choice(ODD) if dice.random() < 0.02 else told


def printed(told, dice):
    """What the board's Python prints of it."""
    text = json.dumps(told, ensure_ascii=dice.random() < 0.8).replace(json.dumps(HUGE), "1e400")
    if dice.random() < 0.05 and text.startswith("{") and len(text) > 2:
        # The last of two equal keys counts.
        name, value = (json.dumps(dice.choice(words)) for words in ((*told, *HOSTILE_KEYS), ODD))
        text = f"{{{name}: {value}, {text[1:]}"
    dices = dice.random()
    if dices < 0.05:
        return text[: dice.randrange(len(text) + 1)]
    return (
        dice.choice(("", "\ufeff", "Welcome\x1b[2J\n", "{\n")) + text + dice.choice(("", "\n", "\n\x1b[2Jlogout\n}"))
        if dices < 0.2
        else text
    )


def texts(value):
    """All texts inside, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from texts(key)
            yield from texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from texts(item)
