# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Model of a rollout: what a slow board costs the boards beside it, with batches in step and with a rolling window.

Run this file to print the table of docs/rollout.md. A board is a list of the seconds of its tasks. The controller's own
work is not in the model.
"""

from __future__ import annotations

import heapq
import pathlib
import random
import sys

# Where `make setup` puts the collection.
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "build/collections"))

from ansible_collections.rkfleet.npu.plugins.plugin_utils._rollout import order

# Seconds of the tasks of one upgrade from the module store: restore point, module, boot configuration, reboot, facts,
# runtime, MobileNet, commit. docs/performance.md has them of an emulated board.
TASKS = (5, 10, 6, 21, 11, 4, 6, 4)


def fleet(boards=200, slow_every=12, factor=10, seed=17):
    """Return the task seconds of boards that differ by a fifth; one in `slow_every` is `factor` times slower."""
    chance = random.Random(seed)
    slow = set(chance.sample(range(boards), round(boards / slow_every)))
    return [
        [seconds * chance.uniform(0.8, 1.2) * (factor if number in slow else 1) for seconds in TASKS]
        for number in range(boards)
    ]


def stuck_fleet(boards=200, slow_every=12, stuck=600, seed=17):
    """Return the task seconds of such boards, of which one in `slow_every` is `stuck` seconds longer in one task."""
    chance = random.Random(seed)
    found = fleet(boards, boards, 1, seed)
    for number in chance.sample(range(boards), round(boards / slow_every)):
        found[number][chance.randrange(len(TASKS))] += stuck
    return found


def batches(boards, steps):
    """Yield the batches as Ansible's `serial` makes them: counts, or fractions of all boards; the last is repeated."""
    begun, step = 0, 0
    while begun < len(boards):
        size = steps[min(step, len(steps) - 1)]
        size = max(1, int(size * len(boards))) if isinstance(size, float) else size
        yield boards[begun:begun + size]
        begun, step = begun + size, step + 1


def makespan(jobs, forks):
    """Return the seconds until all jobs are done, each begun in order by the first fork that is free."""
    free = [0.0] * min(forks, len(jobs))
    for job in jobs:
        heapq.heappush(free, heapq.heappop(free) + job)
    return max(free)


def in_step(boards, steps, forks):
    """Return the seconds of a rollout in which all boards of a batch end a task before the next task begins."""
    return sum(
        sum(makespan(task, forks) for task in zip(*batch, strict=True)) for batch in batches(boards, steps)
    )


def window(boards, steps, forks):
    """Return the seconds of a rollout in which a board begins as soon as one of its batch has ended."""
    return sum(makespan([sum(board) for board in batch], forks) for batch in batches(boards, steps))


def slowest_last_batch_first(boards, steps):
    """Return the boards in the order in which the collection begins them."""
    serial = [f"{step:.0%}" if isinstance(step, float) else step for step in steps]
    seconds = {number: sum(board) for number, board in enumerate(boards)}
    return [boards[number] for number in order.slow_begin_the_last_batch(list(seconds), serial, seconds)]


def ratio(seconds, boards, forks):
    """Return a rollout's seconds to the least there can be: the sum of the boards' own seconds over the forks."""
    return seconds * forks / sum(map(sum, boards))


STEPS = {"1, 10%, 100%": [1, 0.1, 1.0], "1, 100%": [1, 1.0], "10%": [0.1], "5%": [0.05]}
FLEETS = {"one in 12 is 10 times slower": fleet, "one in 12 is stuck in one task for 10 min": stuck_fleet}


def table():
    """Return the rows `(fleet, batches, forks, in step, window, window with slow boards first)` of ratios."""
    return [
        (kind, name, forks, ratio(in_step(boards, steps, forks), boards, forks),
         ratio(window(boards, steps, forks), boards, forks),
         ratio(window(slowest_last_batch_first(boards, steps), steps, forks), boards, forks))
        for kind, boards in ((kind, make()) for kind, make in FLEETS.items())
        for name, steps in STEPS.items() for forks in (5, 20, 50)
    ]


def main():
    """Print the table as Markdown."""
    print("| boards | batches | forks | in step | rolling window | window, slow boards first |")
    print("|---|---|---|---|---|---|")
    for kind, name, forks, *ratios in table():
        print(f"| {kind} | `{name}` | {forks} | {' | '.join(f'{value:.2f}' for value in ratios)} |")


if __name__ == "__main__":
    main()
