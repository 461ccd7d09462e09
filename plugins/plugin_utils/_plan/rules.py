# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Rules of the compatibility data: which row applies to a kernel or a board. Pure functions."""

from __future__ import annotations

import re

from ...module_utils._board import version as _version
from ...module_utils._facts import apt_kernels


def headers_package(release, rules):
    """Return the name of the package with a kernel's headers."""
    return headers_rule(release, rules)[0]


def headers_rule(release, rules):
    """Return (package with a kernel's headers, hint where to find it if no repository has it).

    Args:
        release: kernel release, as `6.1.115-vendor-rk35xx`.
        rules: section `headers`: the first row whose `match` fits the release counts.
    """
    for rule in rules:
        match = re.match(rule["match"], release)
        if match:
            return match.expand(rule["package"]), rule.get("hint", "")
    return "linux-headers-" + release, ""


def kernel_row(release, kernels):
    """Return the row with the highest version at or below a kernel release.

    Args:
        kernels: section `kernels`.

    Raises:
        ValueError: if the release does not begin with a version.
    """
    version = _version.kernel(release)
    below = [key for key in kernels if _version.kernel(key) <= version]
    if not below:
        return {"supported": False, "reason": "no row covers it", "remedy": None}
    return kernels[max(below, key=_version.kernel)]


def soc_of(board, device, socs):
    """Return the key of a board's SoC: by its name, else by the compatible strings of its NPU node; None for neither.

    Args:
        board: `facts.board`.
        device: `facts.device`.
        socs: section `socs`.
    """
    if board.get("soc") in socs:
        return board["soc"]
    matching = [key for key in sorted(socs) if socs[key]["compatible"] in device.get("compatible", ())]
    matching.sort(key=lambda key: "family" in socs[key])
    return matching[0] if matching else None


def series(release):
    """Return the kernel series of a release: `6.1` for `6.1.115-vendor-rk35xx`."""
    return ".".join(str(part) for part in _version.kernel(release)[:2])


def vendor_kernels(names, rules, soc=None):
    """Return `[{package, release, driver_version}]`, newest first, of the packages with a known driver.

    names: facts.repository.kernels; rules: `vendor_kernels` of the compatibility data, of which the first whose
    `match` fits the whole name counts; soc: leave out kernels that a rule says are for other SoCs.
    """
    found = []
    for name in apt_kernels.newest_first(names or ()):
        rule = next((rule for rule in rules if re.fullmatch(rule["match"], name)), None)
        if rule and soc and soc not in rule.get("socs", (soc,)):
            continue
        if rule and apt_kernels.NAME.match(name):
            found.append({"package": name, "release": name[len(apt_kernels.PREFIX):], "driver_version": rule["driver"]})
    return found
