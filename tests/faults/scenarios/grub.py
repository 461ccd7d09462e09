# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""GRUB on a board with UEFI firmware: the power goes before, during and after the change of the boot configuration."""

from __future__ import annotations

import re

from faults.bench import Bench, Broken
from faults.points import around
from faults.scenarios.power import cut_chain, writes

#: What is GRUB's: the settings, and what grub-mkconfig makes of them.
FILES = re.compile(r"/etc/default/grub|/boot/grub\b")


def grub_cuts(bench: Bench, most: int) -> None:
    """Power cuts when the drop-in and grub.cfg are written: GRUB must find a configuration that boots each time."""
    found = around(writes(bench), FILES, most)
    if not found:
        raise Broken("the upgrade writes nothing of GRUB's")
    cut_chain(bench, found)
