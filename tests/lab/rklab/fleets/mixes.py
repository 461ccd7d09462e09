# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""All kinds of light boards, and which ones a fleet has."""

from __future__ import annotations

import itertools

from .. import LabError
from . import light, rollout


def kinds() -> dict[str, dict]:
    """Every kind of light board, by name; the upgradable ones last."""
    return {**light.kinds(), **rollout.kinds()}


def take(mix: str, count: int) -> list[str]:
    """The kinds of *count* boards of a mix: one of light.take(), `rollout`, or upgradable kinds with commas between."""
    upgradable = rollout.kinds()
    if mix == "rollout":
        return list(itertools.islice(light.deal(upgradable), count))
    if not set(mix.split(",")) & set(upgradable):
        return light.take(mix, count)
    known = kinds()
    if unknown := [name for name in mix.split(",") if name not in known]:
        raise LabError(f"There is no light board of kind {', '.join(unknown)}.")
    if not set(mix.split(",")) <= set(upgradable):
        raise LabError(
            "Upgradable light boards and others cannot be in one fleet.", "Start each in a state folder of its own.")
    return list(itertools.islice(light.deal({name: known[name] for name in mix.split(",")}), count))
