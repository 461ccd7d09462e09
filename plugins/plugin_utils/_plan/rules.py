# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Rules of the compatibility data: which row applies to a kernel or a board. Pure functions."""

from __future__ import annotations

import re

from ...module_utils._board import version as _version
from ...module_utils._facts.installed import apt_kernels


def headers_rule(release, rules):
    """Return (package with a kernel's headers, or None if they are in no package, hint where to find them).

    Args:
        release: kernel release, as `6.1.115-vendor-rk35xx`.
        rules: section `headers`: the first row whose `match` fits the release counts.
    """
    for rule in rules:
        match = re.match(rule["match"], release)
        if match:
            return _debian_name(match.expand(rule["package"])) if rule.get("package") else None, rule.get("hint", "")
    return _debian_name("linux-headers-" + release), ""


def _debian_name(package):
    """Return the name of a package as Debian allows it: a release may have capitals and underscores, a name may not."""
    return package.lower().replace("_", "-")


def kernel_version(kernel):
    """Return the version of Linux that a kernel is made of, as `6.1.170`.

    Debian's and Ubuntu's releases, such as `6.1.0-56-arm64`, count their own changes instead: Debian states the version
    in the build that `uname -v` prints, Ubuntu in `/proc/version_signature`.

    Args:
        kernel: `facts.kernel`.
    """
    release = kernel["release"]
    stated = re.search(r"\bDebian (?:\d+:)?(\d+\.\d+\.\d+)", kernel.get("build") or "") or re.search(
        r" (\d+\.\d+\.\d+)\Z", kernel.get("signature") or "")
    return stated.group(1) if stated and series(stated.group(1)) == series(release) else release


def updated_driver(package, version, rows):
    """Return the driver in a version of a kernel package that replaces the previous one in place, or None if unknown.

    Args:
        package: name of the package, as `linux-image-vendor-rk35xx`.
        version: the version of Linux in it, as `6.1.115`, or a kernel release that begins with one.
        rows: section `updated_kernels`: the matching row with the highest `from` at or below the version counts.
    """
    parsed = _version.kernel(version)
    known = [row for row in rows if re.fullmatch(row["match"], package) and _version.kernel(row["from"]) <= parsed]
    return max(known, key=lambda row: _version.kernel(row["from"]))["driver"] if known else None


def rkllm_floor(version, rows):
    """Return the oldest driver that a version of librkllmrt.so works with, or None if it is unknown.

    Args:
        version: as `1.1.2`.
        rows: section `rkllm`: the row with the highest `version` at or below it counts.
    """
    known = [row for row in rows if _version.at_least(version, row["version"])] if version else []
    return max(known, key=lambda row: _version.parse(row["version"]))["driver_min"] if known else None


def runtime_model(version, runtimes):
    """Return the key of the model for a version of the runtime, or None.

    An unknown one takes that of the newest known release before it: a runtime accepts models of older ones.

    Args:
        runtimes: section `runtimes`.
    """
    known = [key for key in runtimes if key == version or (
        _version.is_version(version) and _version.at_least(version, key))]
    return runtimes[max(known, key=_version.parse)].get("model") if known else None


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

    A variant has a longer name: the RK3568B2 is an RK3568.

    Args:
        board: `facts.board`.
        device: `facts.device`.
        socs: section `socs`.
    """
    named = [key for key in socs if (board.get("soc") or "").startswith(key)]
    if named:
        return max(named, key=len)
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
