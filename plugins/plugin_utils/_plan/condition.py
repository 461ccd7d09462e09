# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Notes on the condition of the NPU: a clock that stays low, and what the kernel log says against the board."""

from __future__ import annotations

_KEEPS = {
    "rknpu_ondemand": "which keeps the clock that the NPU was started with",
    "userspace": "which keeps the clock that a program has set",
    "powersave": "which always takes the lowest clock",
    "performance": "though it takes the highest clock that it can",
}
"""Governors under which the NPU's clock does not rise with its load, and why; others may lower it while it is idle."""


CONDITION = ("Suspect: ", "The NPU's clock ")
"""How these notes begin."""


def note_condition(board):
    """Note a clock that stays below the NPU's highest, and faults in the kernel log."""
    found = board.facts.get("condition") or {}
    sentence = clock_sentence(found, board.device.get("name"))
    if sentence:
        board.notes.append(sentence)
    suspect = suspect_sentence(board.facts)
    if suspect:
        board.notes.append(CONDITION[0] + suspect)


def clock_sentence(found, device):
    """Return a sentence on a clock that stays below the highest, or None.

    Args:
        found: `condition` of the facts.
        device: name of the NPU.
    """
    hz, highest, governor = found.get("hz"), found.get("highest_hz"), found.get("governor")
    limit = found.get("limit_hz") or highest
    if not hz or not highest or not governor or hz >= highest:
        return None
    clock = f"{CONDITION[1]}stays at {hz // 10**6} of {highest // 10**6} MHz"
    folder = f"/sys/class/devfreq/{device}/"
    if limit < highest and hz >= limit:
        return f"{clock}: max_freq limits it. To lift that: echo {highest} > {folder}max_freq."
    if governor not in _KEEPS:
        return None
    remedy = ("Check temperature and supply voltage of the board" if governor == "performance"
              else f"For the highest: echo performance > {folder}governor")
    return f"{clock} under the governor {governor}, {_KEEPS[governor]}. {remedy}."


def suspect_sentence(facts):
    """Return what the kernel log says against a board, and what to do, or None."""
    log = facts.get("kernel_log") or {}
    if not log.get("suspect"):
        return None
    return f"{log['suspect']}. To do: {log['remedy']}." if log.get("remedy") else log["suspect"]
