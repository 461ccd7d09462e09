# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Kernel configuration as text: what a fragment wants, and whether a .config has it."""

from __future__ import annotations

import re

_LINE = re.compile(r"^(?:(?P<set>CONFIG_\w+)=(?P<value>.+)|# (?P<unset>CONFIG_\w+) is not set)$")


def options(text: str) -> dict[str, str]:
    """Option to value of a fragment or .config; an option that is not set has the value ``n``."""
    found = {}
    for line in text.splitlines():
        match = _LINE.match(line.strip())
        if match:
            found[match["set"] or match["unset"]] = match["value"] or "n"
    return found


def unmet(wanted: dict[str, str], config: str) -> list[str]:
    """One line for each wanted option that *config* (the text of a .config) holds with another value.

    Kconfig drops an option silently when something it depends on is missing, or when the kernel no longer has it.
    """
    held = options(config)
    return [
        f"{option}: wanted {value}, is {held.get(option, 'n')}"
        for option, value in sorted(wanted.items())
        if held.get(option, "n") != value
    ]


def local_version(revision: int, suffix: str) -> str:
    """What follows the version of the source in the kernel's release, in the manner of a board vendor's packages."""
    return f"-{revision}-{suffix}"


def fragment(parts: list[str], revision: int, suffix: str, *, module: bool = False) -> str:
    """The parts joined, with what depends on the build; a later line overrides an earlier one. *module*: the NPU driver is one."""
    return "\n".join([
        *parts,
        *(["CONFIG_ROCKCHIP_RKNPU=m"] if module else []),
        f'CONFIG_LOCALVERSION="{local_version(revision, suffix)}"',
        "# CONFIG_LOCALVERSION_AUTO is not set",
        "",
    ])
