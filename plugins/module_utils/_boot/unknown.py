# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is recognized on a board whose running kernel no known configuration has started; the controller asks for it."""

from __future__ import annotations

from .._board.tree import clean
from . import evidence
from .boot_files import ENVIRONMENTS
from .description import UNKNOWN
from .registry import VENDOR
from .sources import OTHERS

_UBUNTU = ENVIRONMENTS["ubuntu"][0]


def describe(tree, cmdline, others, error):
    """Return the Description; the arguments are those of explain in registry.recognize()."""
    if tree.exists("/sys/firmware/efi") or "BOOT_IMAGE=" in cmdline:
        return UNKNOWN._replace(name="efi")
    if not error and not others and tree.exists(_UBUNTU):
        error = f"{_UBUNTU} does not set bootargs"
    named = None if others else next(filter(tree.exists, OTHERS), None)
    # The SDK's root partition, where a menu may have it, too.
    if (VENDOR.search(cmdline) or "partuuid=614e0000-0000" in cmdline.lower()) and not (error or named):
        return UNKNOWN._replace(name="boot-image")
    if not error and named:
        error = f"{named}, which U-Boot may read, is not edited by this collection"
    if not error and others:
        found = others[0]
        running = evidence.by_name(cmdline)
        missed = next((min(words) for name, words in evidence.by_name(found.gives).items()
                       if not words & running.get(name, set())), "")[:100]
        error = f"the running kernel does not have {missed} of {found.made or found.config or found.name}"
    return UNKNOWN._replace(error=error and clean(error))
