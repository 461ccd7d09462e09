# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Drivers and runtimes that do not work."""

from __future__ import annotations

from faults import artefacts
from faults.bench import HASTY, Bench, Broken
from faults.scenarios.controller import killed_when_down


def bad_drivers(bench: Bench, over: str, faults: tuple[tuple[str, str, bool], ...]) -> None:
    """Upgrades to drivers with a fault, one after the other, then to a good one.

    *over*: `builtin`, what the board comes with, or `dkms`, a driver that DKMS made and with which MobileNet works.
    *faults*: which fault, how to call it, and whether the board is alone with it: the controller dies with the reboot.
    """
    if over == "builtin":
        bench.fresh()
        version, wish = "0.9.6", {}
    else:
        bench.upgraded()
        version, wish = "0.9.8", {"npu_driver_version": "0.9.8", "npu_driver_policy": "exact"}
    for fault, where, alone in faults:
        variables = {**wish, **artefacts.driver(bench.board, version, fault)}
        playing = killed_when_down(bench, {**variables, **HASTY}) if alone else bench.ran(variables)
        if not alone and playing.code == 0:
            raise Broken(f"{where}: the run ended well, with a driver that cannot work")
        row = bench.judge(where, playing, alone=alone, back=True)
        # What the guard has armed for the trial boot, and not the controller's patience, has to end such a boot.
        if fault in ("oops", "panic", "lockup") and not alone and "rolled itself back" not in row["sentence"]:
            raise Broken(f"{where}: the board did not roll itself back: {row['sentence']!r}")
        if not alone and "roll" not in playing.line().lower():
            raise Broken(f"{where}: the table does not say that it was rolled back: {playing.line()!r}")
    if not bench.short:
        bench.again(wish)


def bad_runtime(bench: Bench, faults: tuple[tuple[str, str], ...]) -> None:
    """Runtimes with a fault, on a board where everything works."""
    bench.upgraded()
    for fault, where in faults:
        playing = bench.ran({"npu_runtime_version": "1.6.0", "npu_verify_timeout": 60, **artefacts.runtime(bench.board, "1.6.0", fault)})
        if playing.code == 0:
            raise Broken(f"{where}: the run ended well")
        bench.judge(where, playing, back=True)
    bench.again({"npu_runtime_version": "1.6.0"})
