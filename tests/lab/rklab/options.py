# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The commands of the lab and their options."""

from __future__ import annotations

import argparse

from . import boards, npu
from .fleets import fleet, rollout, rollout_run
from .fleets.kinds import DEFAULT_KIND, KINDS


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(prog="lab", description="Emulated ROCK 5B boards with a stand-in NPU driver and runtime (not the vendor's).")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")

    def limited(command: argparse.ArgumentParser) -> None:
        command.add_argument("--limit", type=float, default=boards.BOOT_LIMIT, metavar="SECONDS", help="how long a boot may take (%(default)s)")

    command = add("up", "start boards (rock5b-1 unless named), building what is not in the cache, and write the inventory")
    command.add_argument("names", nargs="*", metavar="NAME")
    command.add_argument("--count", type=int, default=1, help="start rock5b-1 to rock5b-COUNT (or another kind's)")
    command.add_argument("--kind", choices=KINDS, help=f"what new boards are made of ({DEFAULT_KIND}); for good")
    limited(command)
    command = add("down", "stop boards (all unless named); their disks stay")
    command.add_argument("names", nargs="*", metavar="NAME")
    command.add_argument("--purge", action="store_true", help="remove their disks too")
    command.add_argument("--everywhere", action="store_true", help="the boards and light boards of all tests of this checkout, too")
    add("status", "say what runs").add_argument("--json", action="store_true")
    command = add("ssh", "log in to a board, or run a command there")
    command.add_argument("name", metavar="NAME")
    command.add_argument("words", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    command = add("reset", "put boards back to how they were after their first boot, in seconds")
    command.add_argument("names", nargs="+", metavar="NAME")
    command.add_argument("--cold", action="store_true", help="a new disk and a whole boot instead")
    limited(command)
    command = add("power-cut", "stop boards as by pulling the plug")
    command.add_argument("names", nargs="+", metavar="NAME")
    command.add_argument("--restart", action="store_true", help="and power them on again")
    limited(command)
    npu.add_arguments(add("npu", "have a board's NPU work, or fail in one of these ways, until it is reset"))
    command = add("build", "fill the cache, start nothing")
    command.add_argument(
        "--kind", nargs="+", choices=[*KINDS, "all"], default=[DEFAULT_KIND],
        help=f"for which kinds of boards, in this order, and for light ones where there are several ({DEFAULT_KIND})")
    command = add("fleet", "hundreds of light boards: an sshd each, recorded device trees (root)")
    what = command.add_subparsers(dest="what", required=True, metavar="WHAT")
    start = what.add_parser("up", help="start them, in the place of those that run, and write fleet.yml")
    start.add_argument("--count", type=int, default=100)
    start.add_argument("--mix", default="mixed", help="mixed, healthy (nothing to do), rollout (upgradable), or kinds with commas between (%(default)s)")
    for name, (otherwise, what_for) in rollout_run.SETTINGS.items():
        start.add_argument(f"--{name}", type=float, default=otherwise, metavar="SECONDS", help=f"of upgradable boards: {what_for} (%(default)s)")
    start.add_argument("--network", choices=fleet.NETWORKS, help="the first two numbers of their addresses (the first on which nobody listens)")
    what.add_parser("down", help="stop all")
    fault = what.add_parser("fault", help="let an upgradable board have a fault, from now on")
    fault.add_argument("name", metavar="NAME")
    fault.add_argument("fault", choices=rollout.boot_model.FAULTS)
    what.add_parser("journal", help="print what happened on upgradable boards: boots, builds, states").add_argument("--json", action="store_true")
    what.add_parser("status", help="say what runs, of which kinds, and what memory it takes").add_argument("--json", action="store_true")
    add("doctor", "check this machine and say what is missing").add_argument("--json", action="store_true")
    add("install-host-packages", "install the Debian packages that are missing (root or sudo), and fetch promtool")
    return top
