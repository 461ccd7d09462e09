# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Versions of drivers, runtimes and kernels as things that can be compared.

The vendor writes `0.9.6`, `v0.9.6`, `2.0.0b0`; kernels are called `6.1.115-vendor-rk35xx`.
"""

from __future__ import annotations

import re

_VERSION = re.compile(r"v?(\d{1,6}(?:\.\d{1,6}){1,3})(?:-?(a|alpha|b|beta|rc)(\d{1,4}))?\Z")
_RELEASE = re.compile(r"(\d{1,4})\.(\d{1,4})(?:\.(\d{1,6}))?")
STAGES = {"a": -3, "alpha": -3, "b": -2, "beta": -2, "rc": -1}
"""How a pre-release comes before its release."""


def parse(text):
    """Return the sort key of a version, a pre-release before its release; raise ValueError for anything else."""
    match = _VERSION.match(text) if isinstance(text, str) else None
    if not match:
        raise ValueError("%r is not a version such as 0.9.6 or 2.0.0b0" % (text,))
    numbers = [int(part) for part in match.group(1).split(".")]
    numbers += [0] * (4 - len(numbers))
    return tuple(numbers) + (STAGES.get(match.group(2), 0), int(match.group(3) or 0))


def is_version(text):
    """Return whether parse() accepts the text."""
    return isinstance(text, str) and _VERSION.match(text) is not None


def at_least(version, floor):
    """Return whether version is floor or newer."""
    return parse(version) >= parse(floor)


def kernel(release):
    """Return `(major, minor, patch)` at the start of a kernel release; raise ValueError if there is none."""
    match = _RELEASE.match(release) if isinstance(release, str) else None
    if not match:
        raise ValueError("%.80r is not a kernel release such as 6.1.115-1-rk2312" % (release,))
    return int(match.group(1)), int(match.group(2)), int(match.group(3) or 0)
