# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""An NPU that is at fault itself, under the vendor's unmodified driver: the model beside the emulator plays it."""

from __future__ import annotations

import pytest
from builds import vendor_source
from faults.bench import Bench, Broken
from rklab.npu import Faults

#: A job's time limit is the runtime's, six seconds. A slow job is within it.
FAULTS = (
    (Faults(dead=(1,)), "NPU: core 1 ends no job (the vendor's driver)", False),
    (Faults(no_interrupt=True), "NPU: no interrupt reaches the vendor's driver", False),
    (Faults(wrong_status=True), "NPU: wrong interrupt status (the vendor's driver)", False),
    (Faults(seconds=8), "NPU: jobs end after the time limit (the vendor's driver)", False),
    (Faults(seconds=0.5), "NPU: slow jobs, within the time limit (the vendor's driver)", True),
)


def npu_faults(bench: Bench, version: str) -> None:
    """Upgrades to the vendor's driver on a board whose NPU is at fault, then on one whose NPU works.

    The NPU fails only after the reboot: with the driver that the board has MobileNet fails anyway.
    """
    board = bench.board
    try:
        variables = vendor_source.boards_variables(board.folder / "inventory.yml", board.folder / "vendor", [version])
    except vendor_source.NoSource as reason:
        pytest.skip(f"the vendor's driver {version}: {reason}")
    # Built once: the driver is the same each time.
    store = str(board.folder / "vendor/store")
    variables.update(npu_driver_version=version, npu_driver_policy="exact", npu_store=store)
    bench.fresh()
    for faults, where, works in FAULTS:
        board.npu(faults)
        playing = bench.ran(variables)
        if works != (playing.code == 0):
            raise Broken(f"{where}: the run ended with {playing.code}: {playing.sentence()}")
        bench.judge(where, playing, back=not works)
    board.npu(Faults())
    bench.again(variables)
