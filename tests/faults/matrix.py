# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The matrix: what is done to boards, and what must be true afterwards.

A scenario is one or more faults, each a row of build/faults.json and docs/faults.md. After each: the board answers over ssh, on
the old driver or the new one, and that driver answers; MobileNet's answer is at least as good as before; where the upgrade was
taken back all files are as they were; one sentence says what happened. Faults of a chain follow one another on the same board
without a reset in between: each run goes on where the last one died, and the chain ends with a run that succeeds (not in `make test`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from faults.bench import MOST
from faults.scenarios.board import (
    clock_wrong,
    disk_full,
    failing_writes,
    obstacles,
    ssh_lost,
)
from faults.scenarios.controller import (
    controller_gone,
    controller_killed,
    two_controllers,
)
from faults.scenarios.drivers import bad_drivers, bad_runtime
from faults.scenarios.hangs import (
    detectors,
    kernel_updated,
    kexec_loaded,
    watch_disturbed,
)
from faults.scenarios.hostile import hostile_files, hostile_tree
from faults.scenarios.liars import hostile_answers
from faults.scenarios.loaders import OTHERS, loader_cuts, other_loader
from faults.scenarios.npu import npu_faults
from faults.scenarios.power import cuts, cuts_on_the_way_back, few_cuts, random_cuts
from faults.scenarios.rollback import rollback_later


@dataclass(frozen=True)
class Scenario:
    """A line of the matrix: about how many *minutes* with one of two cores free; *ci*: what `make test` gives it, if it runs it, too."""

    name: str
    kind: str
    work: Callable[..., None]
    given: tuple = ()
    minutes: int = 5
    ci: tuple = ()


RUNTIMES = (
    ("wrong", "runtime: wrong Top5"), ("truncated", "runtime truncated, with the right version in it"),
    ("crash", "runtime crashes when it is loaded"), ("hang", "runtime hangs in rknn_run"),
)
HEALS = (("panic", "the new driver panics at load, controller gone", True), ("submit", "the new driver binds, but submit fails", False))
STUCK = (
    ("lockup", "the new driver locks the board up at load: only the watchdog helps", False), ("hang", "the new driver hangs at load", False),
    ("oops", "the new driver oopses at load", False),
)
OVER_DKMS = (
    ("bind", "over a DKMS driver that works: the new one loads and does not bind", False),
    ("panic", "over a DKMS driver that works: the new one panics at load", False),
)
OVER_MODULE = (
    ("submit", "over the kernel's own module: the new one binds, but submit fails", False),
    ("panic", "over the kernel's own module: the new one panics at load, controller gone", True),
)
UBUNTU, RADXA = OTHERS


def back(loader: str) -> tuple[tuple[str, str, bool], ...]:
    """The two ways back from a failed trial boot, by the board and by the controller, with that boot loader."""
    return (
        ("panic", f"{loader}: the new driver panics at load, controller gone", True),
        ("submit", f"{loader}: the new driver binds, but submit fails", False),
    )


SCENARIOS = (
    Scenario("heals", "vendor", bad_drivers, ("builtin", HEALS), 9, ci=("builtin", HEALS[:1])),
    Scenario("few-cuts", "vendor", few_cuts, (), 6),
    Scenario("obstacles", "vendor", obstacles, (), 8),
    Scenario("runtimes", "vendor", bad_runtime, (RUNTIMES,), 8),
    Scenario("stuck", "vendor", bad_drivers, ("builtin", STUCK), 15),
    Scenario("over-dkms", "vendor", bad_drivers, ("dkms", OVER_DKMS), 12),
    Scenario("over-module", "module", bad_drivers, ("builtin", OVER_MODULE), 9),
    Scenario("grub-heals", "grub", bad_drivers, ("builtin", back("GRUB")), 9),
    Scenario("grub-cuts", "grub", loader_cuts, (8,), 16),
    Scenario("environment-heals", "environment", bad_drivers, ("builtin", back("ubuntuEnv.txt")), 9),
    Scenario("environment-cuts", "environment", loader_cuts, (8,), 16),
    Scenario("kernel-cmdline", "vendor", other_loader, (UBUNTU, back(UBUNTU), 8), 22),
    Scenario("update-extlinux", "vendor", other_loader, (RADXA, back(RADXA), 8), 22),
    Scenario("detectors", "stock", detectors, (), 25),
    Scenario("watch-disturbed", "vendor", watch_disturbed, (), 16),
    Scenario("kexec", "stock", kexec_loaded, (), 16),
    Scenario("controller-gone", "vendor", controller_gone, (), 6),
    Scenario("ssh-lost", "vendor", ssh_lost, (), 7),
    Scenario("controller-killed", "vendor", controller_killed, (), 12),
    Scenario("two-controllers", "vendor", two_controllers, (), 5),
    Scenario("cuts-builtin", "vendor", cuts, (MOST,), 28),
    Scenario("cuts-module", "module", cuts, (MOST // 2,), 16),
    Scenario("cuts-on-the-way-back", "vendor", cuts_on_the_way_back, (), 12),
    Scenario("random-builtin", "vendor", random_cuts, (), 16),
    Scenario("random-module", "module", random_cuts, (), 16),
    Scenario("disk-full", "vendor", disk_full, (), 15),
    Scenario("failing-writes", "vendor", failing_writes, (), 10),
    Scenario("clock", "vendor", clock_wrong, (), 6),
    Scenario("kernel-updated", "vendor", kernel_updated, (), 6),
    Scenario("hostile-tree", "vendor", hostile_tree, (), 6),
    Scenario("hostile-files", "vendor", hostile_files, (), 6),
    Scenario("hostile-answers", "vendor", hostile_answers, (), 12),
    Scenario("rollback-later", "vendor", rollback_later, (), 14),
    Scenario("npu", "vendor", npu_faults, ("0.9.6",), 22),
)


def lanes(scenarios: tuple[Scenario, ...], number: int) -> list[list[Scenario]]:
    """The scenarios dealt to *number* lanes of about the same length, those on one kind of board together."""
    dealt: list[list[Scenario]] = [[] for _lane in range(number)]
    for scenario in sorted(scenarios, key=lambda one: -one.minutes):
        min(dealt, key=lambda lane: sum(one.minutes for one in lane)).append(scenario)
    return [sorted(lane, key=lambda one: (one.kind, scenarios.index(one))) for lane in dealt]


def by_name() -> Iterator[tuple[str, Scenario]]:
    """Name and scenario."""
    return ((scenario.name, scenario) for scenario in SCENARIOS)
