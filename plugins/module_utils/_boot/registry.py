# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The supported boot loaders, each a file of loaders/, and their common code.

Each of these files has:

SYNTAX: {name in the facts: (how its configuration is written, the variable with the kernel arguments or None)}.
recognize(tree, cmdline): yields the Description of each configuration of this kind that the board has.
read(text, variable, default): the kernel arguments that the configuration asks for, as one line.

All functions raise ValueError, one sentence for the operator, if a configuration cannot be parsed.
"""

from __future__ import annotations

import re

from .._board.tree import clean
from . import evidence
from .description import UNKNOWN, Description
from .loaders import environment, extlinux, grub, radxa, u_boot_menu, update_extlinux

LOADERS = (grub, radxa, u_boot_menu, update_extlinux, extlinux, environment)
"""Of configurations that agree with the running kernel equally well the first one wins."""
VENDOR = re.compile(r"(?:^|\s)(?:storagemedia=|androidboot\.mode=)")
"""What the U-Boot of Rockchip's SDK adds to the arguments, wherever it has taken them from."""


def recognize(tree, cmdline, explain=None):
    """Return the Description of the boot loader that started the running kernel.

    Args:
        cmdline: the arguments of the running kernel.
        explain: function (tree, cmdline, configurations that did not start it, error or None) that returns the
            Description if none did; see unknown.
    """
    if evidence.from_network(cmdline):
        return Description("network")
    efi = tree.exists("/sys/firmware/efi")
    best, chosen, others, error = None, None, [], None
    for loader in LOADERS:
        try:
            for found in loader.recognize(tree, cmdline):
                if found.gives is None:
                    return found
                if found.name != "grub" and (efi or ("BOOT_IMAGE=" in cmdline and "BOOT_IMAGE=" not in found.gives)):
                    continue
                fit = evidence.fit(found.gives, cmdline)
                if fit is None:
                    others.append(found)
                elif best is None or fit > best:
                    best, chosen = fit, found
        except ValueError as problem:
            error = error or clean(str(problem))
    # Two descriptions of one menu, by its tool and by itself, are one configuration.
    single = len({found.made or found.config for found in others}) == 1 and "root=" in cmdline
    if chosen is None and single and not (efi or error or "BOOT_IMAGE=" in cmdline or VENDOR.search(cmdline)):
        # Changed since the kernel was started.
        best, chosen = (0, 0), None if evidence.contradict(others[0].gives, cmdline) else others[0]
    # A menu whose tool has a configuration that cannot be parsed is not kept by hand.
    if chosen is None or (error and (best[0] == 0 or chosen.name == "extlinux")):
        return explain(tree, cmdline, others, error) if explain else UNKNOWN._replace(error=error)
    return chosen


def configured(name, text, default):
    """Return the kernel arguments that a configuration of a boot loader asks for."""
    loader = find(name)
    return loader.read(text, loader.SYNTAX[name][1], default)


def find(name):
    """Return the file of loaders/ for a boot loader's name in the facts."""
    for loader in LOADERS:
        if name in loader.SYNTAX:
            return loader
    raise ValueError("no way is known to set kernel arguments with the boot loader %r" % (name,))
