# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the board's packages have to do with an upgrade: who owns librknnrt.so, and which kernel apt would bring."""

from __future__ import annotations

import re

from ....module_utils._board import version as _version
from ....module_utils._facts import runtime as _runtime
from ..._schema.values import dictionary
from .. import rules
from .board_state import Unsupported

RUNTIME_PACKAGE = ("divert", "hold", "replace")


def plan_runtime_package(board, runtime):
    """Add to the plan's `runtime` what becomes of the package that owns the library, and return the changes in words.

    Adds `package`, its name or None; `package_policy`, one of RUNTIME_PACKAGE if the package is affected, else None;
    `diverted`, the names of the library that are diverted after the change.

    Raises:
        Unsupported: if the library cannot be diverted.
    """
    installed = board.runtime
    package, packaged = installed.get("package"), installed.get("packaged") or []
    diverted = installed.get("diverted") or []
    if not any(name.endswith("/" + _runtime.NAME) for name in [*packaged, *diverted]):
        packaged = diverted = []  # a package has the library's old name only, which is no place for it
    runtime.update(package=package, package_policy=None, diverted=list(diverted))
    if diverted:
        board.notes.append(
            f"librknnrt.so of package {package or '?'} is diverted (dpkg-divert --list): upgrades of the package do "
            f"not replace {diverted[0]}. A rollback gives the package its file back.")
    if not packaged:
        return []
    if not runtime["install"]:
        if not _is_on_hold(board, package):
            board.notes.append(
                f"librknnrt.so {installed.get('version') or 'of an unknown version'} belongs to package {package}: an "
                "upgrade of the package can bring another version.")
        return []
    policy = board.wanted["runtime_package"]
    runtime["package_policy"] = policy
    if policy == "divert":
        if installed.get("diverted_by"):
            raise Unsupported("{} cannot be diverted: package {} has diverted it already.".format(
                packaged[0], installed["diverted_by"]), "Set npu_runtime_package to hold or replace.")
        runtime["diverted"] = list(dict.fromkeys([*packaged, *diverted]))
        return [(f"divert librknnrt.so of package {package} (dpkg-divert), so that upgrades of the package do not "
                 f"replace {runtime['version']}")]
    if policy == "hold":
        board.notes.append(f"librknnrt.so belongs to package {package}, which is not upgraded while it is on hold.")
        return [] if _is_on_hold(board, package) else [f"put package {package} on hold"]
    board.notes.append(
        f"librknnrt.so belongs to package {package}: the next upgrade of the package replaces {runtime['version']} by "
        "its own version. Set npu_runtime_package to divert or hold to prevent that.")
    return []


def note_runtimes(board, runtime):
    """Note the other copies of the library that programs use instead, and models that may need the current version."""
    installed = board.runtime
    for other in (installed.get("others") or [])[:5]:
        same = (other["version"] == runtime["version"] if runtime["install"]
                else other["sha256"] == installed.get("sha256"))
        if not same:
            programs = other.get("programs") or []
            board.notes.append("Another librknnrt.so, {}, is {}: programs that open it do not use {}{}.".format(
                other["path"], "version {}".format(other["version"]) if other["version"] else "of an unknown version",
                runtime["version"], " (now: {})".format(", ".join(programs[:5])) if programs else ""))
    previous = installed.get("version")
    if runtime["install"] and previous in board.data["runtimes"] and previous != runtime["version"]:
        board.notes.append(f"A model that works with librknnrt.so {previous} only no longer does: set "
                           f"npu_runtime_version to {previous} to keep it.")


def check_kernel_packages(board, packages):
    """Note what apt would do to the running kernel, and refuse headers that are for another one.

    Args:
        packages: the plan's packages to install.

    Raises:
        Unsupported: if the headers in the repositories are for another kernel than the running one.
    """
    kernel = (board.facts.get("packages") or {}).get("kernel") or []
    candidates = _candidates(board)
    image = next((entry for entry in kernel if entry["part"] == "image"), None)
    held = [entry["name"] for entry in kernel if entry["hold"]]
    unhold = "apt-mark unhold {}; ".format(" ".join(held)) if held else ""
    for name in packages:
        release = (candidates.get(name) or {}).get("release")
        if release and release != board.release:
            raise Unsupported(
                "Package {} in the board's repositories is for kernel {}, and kernel {} runs{}.".format(
                    name, release, board.release, ", with {} on hold".format(" and ".join(held)) if held else ""),
                "Update both (apt-get update; {}apt install {} {}), reboot, and rerun the playbook.".format(
                    unhold, image["name"] if image else "linux-image-...", name))
    headers = next((entry for entry in kernel if entry["part"] == "headers"), None)
    if image and headers and _family(image) == _family(headers) and image["version"] != headers["version"]:
        board.notes.append("Package {} has version {} and {} version {}: the headers may not match the kernel{}".format(
            image["name"], image["version"], headers["name"], headers["version"],
            ", because {} is on hold.".format(image["name"]) if image["hold"] else "."))
    if held:
        board.notes.append("On hold: {}. An OS upgrade keeps kernel {} until apt-mark unhold.".format(
            ", ".join(held), board.release))


def note_newer_kernel(board):
    """Note a newer version of the running kernel's own package whose driver is known and good enough.

    It is not chosen: it replaces the running kernel, so it could not be rolled back.
    """
    for entry in (board.facts.get("packages") or {}).get("kernel") or []:
        offered = _candidates(board).get(entry["name"]) or {}
        if entry["part"] != "image" or not offered.get("release") or offered.get("version") == entry["version"]:
            continue
        try:
            newer = _version.kernel(offered["release"]) > _version.kernel(board.release)
            driver = rules.updated_driver(entry["name"], offered["release"], board.data.get("updated_kernels") or [])
        except ValueError:
            continue
        if driver and newer and board.meets_policy(driver):
            board.notes.append(
                "The board's repositories have {} {} with kernel {} and driver {}. It replaces kernel {}, so it is not "
                "installed here: {}apt install {}, reboot, and rerun the playbook.".format(
                    entry["name"], offered["version"], offered["release"], driver, board.release,
                    "apt-mark unhold {}; ".format(entry["name"]) if entry["hold"] else "", entry["name"]))


def _is_on_hold(board, package):
    return package in ((board.facts.get("packages") or {}).get("holds") or [])


def _candidates(board):
    """Return `{package: {version, release}}` that apt would install."""
    found = dictionary((board.facts.get("repository") or {}).get("candidates"))
    texts = {name: {key: value for key, value in dictionary(offered).items() if isinstance(value, str)}
             for name, offered in found.items()}
    return {name: offered for name, offered in texts.items() if offered.get("version")}


def _family(entry):
    """Return what the names of the packages of one kernel have in common."""
    return re.sub(r"^linux-(?:image|headers|dtb)-", "", entry["name"])
