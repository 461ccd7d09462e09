# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The order in which boards are upgraded, so that a slow one holds up as few as possible."""

from __future__ import annotations

import statistics

# A board is slow if its inspection took this many times the median of all, and as many seconds longer. Less is chance.
TIMES, SECONDS = 3, 2


def slow_begin_the_last_batch(names, serial, seconds):
    """Return boards in the order in which they begin: as given, but slow ones at the beginning of the last batch.

    A batch ends with its slowest board. In the earlier batches, which are small, all others would wait for it. At the
    end of the last one, it would be upgraded alone. The page about rollouts has the figures.

    Args:
        names: the boards in the inventory's order.
        serial: the batches in the form of Ansible's `serial`, validated; the last one is repeated.
        seconds: `{board: duration of its inspection in seconds}`, of those that are known.
    """
    last = slow(names, seconds)
    usual = [name for name in names if name not in last]
    before = sum(size(step, len(names)) for step in serial[:-1])
    return [*usual[:before], *last, *usual[before:]]


def slow(names, seconds):
    """Return which of these boards are slow, the slowest first; arguments as of `slow_begin_the_last_batch`."""
    known = [seconds[name] for name in names if name in seconds]
    if not known:
        return []
    median = statistics.median(known)
    limit = max(TIMES * median, median + SECONDS)
    return sorted((name for name in names if seconds.get(name, 0) > limit), key=lambda name: -seconds[name])


def builders_first(names, keys, builders):
    """Return boards in the same order, except that builders begin before all boards with their key.

    A board that begins before them would find no module in the store, and build one for itself alone.

    Args:
        names: the boards in the order in which they would begin.
        keys: `{board: key}`; boards with the same key use the same module.
        builders: those that build for the others.
    """
    places = {}
    for place, name in enumerate(names):
        places.setdefault(keys[name], []).append(place)
    result = list(names)
    for taken in places.values():
        # Each key keeps the places that its boards have.
        group = sorted((names[place] for place in taken), key=lambda name: name not in builders)
        for place, name in zip(taken, group):
            result[place] = name
    return result


def size(step, boards):
    """Return how many of `boards` a step of Ansible's `serial` is: a count or a percentage, at least one."""
    text = str(step)
    return max(1, int(int(text[:-1]) * boards / 100)) if text.endswith("%") else int(text)
