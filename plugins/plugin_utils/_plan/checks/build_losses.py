# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a build of the driver can leave out, and the effect on the NPU. The build says `left out NAME: CAUSE`."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..._schema.values import dictionary, sequence

MOST_CAUSE = 200


class Loss(NamedTuple):
    """A part that a build left out: its name in sentences, and the effect, one clause each."""

    title: str
    effect: str


LOSSES = {
    "devfreq": Loss(
        "frequency scaling",
        "the NPU keeps the clock that the device tree assigns, on RK3588 200 MHz instead of up to 1 GHz",
    ),
    "sram": Loss("SRAM", "models cannot use the SoC's SRAM for intermediate results"),
    "iommu_domains": Loss(
        "several IOMMU domains", "all models share one domain of 4 GiB, which programs with several large models notice"
    ),
    "fence": Loss("fences", "a job cannot wait for another device's fence, or signal one"),
}
"""The only place of these names beside roles/driver/files/dkms/Kbuild, which a test compares."""


def losses(entries):
    """Return `[{name, cause, effect}, ...]` of known losses, from what a board answered; anything else is dropped.

    Args:
        entries: `[{name, cause}, ...]`.
    """
    found = {}
    for entry in sequence(entries):
        name, cause = (entry.get(key) if isinstance(entry, dict) else None for key in ("name", "cause"))
        if isinstance(name, str) and name in LOSSES and isinstance(cause, str):
            found[name] = {"name": name, "cause": cause[:MOST_CAUSE], "effect": LOSSES[name].effect}
    return [found[name] for name in LOSSES if name in found]


def of_facts(facts):
    """Return the losses of the driver that DKMS has installed for the running kernel, if that is the driver in use.

    Args:
        facts: `ansible_facts.npu`.
    """
    if not dictionary(facts.get("driver")).get("module"):
        return []
    release = dictionary(facts.get("kernel")).get("release")
    modules = [dictionary(entry) for entry in sequence(dictionary(facts.get("dkms")).get("modules"))]
    texts = [str(text) for entry in modules if entry.get("kernel") == release and entry.get("state") == "installed"
             for text in sequence(entry.get("left_out"))]
    split = [text.partition(": ") for text in texts]
    return losses([{"name": name, "cause": cause} for name, dummy, cause in split])


def sentences(entries):
    """Return one sentence for each loss of `losses()`, with its cause and effect."""
    return [
        "the driver is built without {} ({}): {}".format(LOSSES[entry["name"]].title, entry["cause"], entry["effect"])
        for entry in losses(entries)
    ]


def named_by(kbuild):
    """Return the names of the losses that a Kbuild file reports."""
    return re.findall(r"\$\(call (?:\\\n\s*)?rkfleet-without,([a-z_]+),", kbuild)
