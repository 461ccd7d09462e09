# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which packages a build of the driver needs, and whether the kernel's headers can be used."""

from __future__ import annotations

import re

from ...module_utils._dkms import headers_problem
from .checks.board_state import Unsupported
from .rules import headers_rule

_IMAGE = re.compile(r"(?:linux-image|(pve|proxmox)-kernel)-(?:unsigned-)?([a-z0-9][a-z0-9+.-]{0,100}?)"
                    r"(?:-unsigned|-signed)?")
_TOOLS = (("dkms", "dkms"), ("make", "make"), ("compiler", "gcc"))


def packages(board):
    """Return the packages that the build needs and that are not installed.

    Raises:
        Unsupported: if the headers that are there cannot be used, or no package can bring them.
    """
    needed = [package for tool, package in _TOOLS if not board.tools.get(tool)]
    if not board.kernel["headers"]:
        needed.append(_headers(board))
    return needed


def _headers(board):
    kernel, release = board.kernel, board.release
    package, hint = headers_rule(release, board.data["headers"])
    beside = _beside_the_kernel(board)
    if beside and beside != package:
        package, hint = beside, _hint_of_branch(hint, package, beside)
    found = None
    if kernel.get("headers_path"):
        found = {"lacks": kernel.get("headers_lack") or [], "release": kernel.get("headers_release"),
                 "machine": kernel.get("headers_machine")}
    others = kernel.get("headers_others") or []
    replaced = any(entry["package"] == package for entry in others)
    # Older facts do not say what is wrong with headers that are there.
    problem = headers_problem.describe(release, found, others, package) if found or replaced or not package else None
    if problem:
        raise Unsupported(problem[0], hint if not package else " ".join(filter(None, (problem[1], hint))))
    board.notes.extend([hint] if hint else [])
    return package


def _hint_of_branch(hint, package, beside):
    """Return a hint on where an image has a package for another branch of its kernels, empty if it names no branch."""
    wanted, found = (re.fullmatch(r"linux-headers-([a-z]+)-(.+)", name or "") for name in (package, beside))
    if not (wanted and found and wanted.group(2) == found.group(2) and f"-{wanted.group(1)}-" in hint):
        return ""
    return hint.replace(f"-{wanted.group(1)}-", f"-{found.group(1)}-")


def _beside_the_kernel(board):
    """Return the headers package of the same build as the package that owns the running kernel, or None.

    It is better proof than the release: owners and vendors put their own words into a release
    (6.1.115-ceralive-vendor-rk35xx, 6.1.43-rt14-rockchip-rk3588).
    """
    for entry in (board.facts.get("packages") or {}).get("kernel") or []:
        image = _IMAGE.fullmatch(entry["name"])
        if image and entry["part"] in ("image", "modules"):
            return "{}-headers-{}".format(image.group(1) or "linux", image.group(2))
    return None
