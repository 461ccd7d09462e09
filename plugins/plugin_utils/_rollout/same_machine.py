# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Recognize one machine under several names of the inventory, for example for its wired and its wireless address."""

from __future__ import annotations


def names_of_one(facts):
    """Return groups of names that are certainly the same machine, in the given order.

    The kernel draws `boot_id` at random at each boot, so a copy of an SD card has another one. Containers have that of
    their host, so whatever else is known of the machine must be equal, too.

    Args:
        facts: `{name: facts}` as the boards returned them when they were inspected in this run.

    Returns:
        `[[name, name, ...], ...]`, only of machines with several names. Boards without `boot_id` are in none.
    """
    found = {}
    for name, known in facts.items():
        kernel, board, system = (known.get(part) or {} for part in ("kernel", "board", "os"))
        if kernel.get("boot_id"):
            machine = (
                kernel["boot_id"], kernel.get("release"), kernel.get("build"), board.get("serial"), board.get("model"),
                system.get("container"),
            )
            found.setdefault(machine, []).append(name)
    return [names for names in found.values() if len(names) > 1]


def refusal(names):
    """Return one sentence without the name of a board: these are one machine."""
    return (
        f"the inventory names one machine {len(names)} times ({', '.join(names)}), and this run would upgrade it that "
        "many times at once: they answered with the same boot ID. Nothing was changed on it. Remove all but one of "
        "these names from the inventory, or limit the run to one of them"
    )
