# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What changed in a fleet since an earlier report. Boards with the same change are grouped, for hundreds of boards."""

from __future__ import annotations

import textwrap

from ansible import constants as C

from ...module_utils._board.tree import clean
from .._schema.record import RANK
from .._schema.values import number_of
from .text import natural

FIELDS = ("status", "driver", "kernel", "runtime", "plan")
WIDTH = 100


def changes(before, after, inventory=()):
    """Return `{new, gone, unseen, changed}` between two `{name: state}`.

    `changed` is a list of `{change, boards}`, `change` as `{field: [before, after]}`. `unseen` are boards of the
    inventory that the run did not inspect.
    """
    groups = {}
    for name in sorted(set(before) & set(after), key=natural):
        change = _change(before[name], after[name])
        if change:
            groups.setdefault(tuple((field, *pair) for field, pair in change.items()), []).append(name)

    def order(item):
        to = {field: then for field, dummy, then in item[0]}
        return (RANK.get(to.get("status"), len(RANK)), -len(item[1]), natural(item[1][0]))

    missing = sorted(set(before) - set(after), key=natural)
    return {
        "new": sorted(set(after) - set(before), key=natural),
        "gone": [name for name in missing if name not in inventory],
        "unseen": [name for name in missing if name in inventory],
        "changed": [
            {"change": {field: [previous, then] for field, previous, then in key}, "boards": names}
            for key, names in sorted(groups.items(), key=order)
        ],
    }


def render(found, after, source, when):
    """Return the text for `--diff`.

    Args:
        found: what `changes` returned.
        after: `{name: state}` of the new report.
        source: the earlier report, and `when` it was written.
    """
    count = len(found["new"]) + len(found["gone"]) + sum(len(group["boards"]) for group in found["changed"])
    lines = ["fleet: %s since %s of %s" % (
        "%s changed" % number_of(count, "board") if count else "nothing changed", source, when)]
    new = {}
    for name in found["new"]:
        new.setdefault(after[name]["status"], []).append(name)
    for status in (status for status in RANK if status in new):
        lines += _group("+", "new, %s" % _words("status", status), new[status])
    lines += _group("-", "gone", found["gone"])
    for group in found["changed"]:
        words = [
            "%s %s \u2192 %s" % (field, _words(field, previous), _words(field, then))
            for field, (previous, then) in group["change"].items()
        ]
        lines += _group("~", ", ".join(words), group["boards"])
    if found["unseen"]:
        lines.append("  not inspected this time: %s" % number_of(len(found["unseen"]), "board"))
    return "\n".join(lines) + "\n"


def colored(text):
    """Return the lines of `render`, each with the color that Ansible uses for such a line of a diff."""
    colors = {"+": C.COLOR_DIFF_ADD, "-": C.COLOR_DIFF_REMOVE, "~": C.COLOR_DIFF_LINES}
    lines, color = [], None
    for line in text.splitlines():
        # Indented names belong to the line above.
        color = color if line.startswith("    ") else colors.get(line[:1])
        lines.append((line, color))
    return lines


def _change(previous, now):
    """Return `{field: (before, after)}` of the differences."""
    both = previous["kernel"] is not None and now["kernel"] is not None
    change = {}
    for field in FIELDS:
        # If a board could not be read, only its status has changed.
        if previous[field] != now[field] and (both or field == "status"):
            change[field] = (previous[field], now[field])
    return change


def _group(mark, title, names):
    """Return the lines for boards with the same change."""
    if not names:
        return []
    names = ", ".join(clean(name).replace(" ", "\u00a0") for name in names)
    head = "%s %s: " % (mark, title)
    if len(head) + len(names) <= WIDTH:
        return [head + names]
    return [
        head.rstrip(),
        *textwrap.wrap(
            names, WIDTH, initial_indent="    ", subsequent_indent="    ", break_long_words=False,
            break_on_hyphens=False,
        ),
    ]


def _words(field, value):
    if value is None:
        return "none"
    if field == "status" and value in RANK:
        return value.replace("_", " ")
    return clean(str(value))
