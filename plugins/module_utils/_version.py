# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Versions of drivers, runtimes and kernels as things that can be compared.

The vendor writes `0.9.6`, `v0.9.6`, `2.0.0b0`; kernels are called `6.1.115-vendor-rk35xx`. None of
them is a version number this collection knows by itself: they come from the board or from the data.
"""

from __future__ import annotations

import re

_VERSION = re.compile(r"v?(\d{1,6}(?:\.\d{1,6}){1,3})(?:-?(a|alpha|b|beta|rc)(\d{1,4}))?\Z")
_RELEASE = re.compile(r"(\d{1,4})\.(\d{1,4})(?:\.(\d{1,6}))?")
_STAGES = {"a": -3, "alpha": -3, "b": -2, "beta": -2, "rc": -1}


def parse(text):
    """Sort key of a version; a pre-release sorts before its release. Raises ValueError on anything else."""
    match = _VERSION.match(text) if isinstance(text, str) else None
    if not match:
        raise ValueError("%r is not a version such as 0.9.6 or 2.0.0b0" % (text,))
    numbers = [int(part) for part in match.group(1).split(".")]
    numbers += [0] * (4 - len(numbers))
    return tuple(numbers) + (_STAGES.get(match.group(2), 0), int(match.group(3) or 0))


def is_version(text):
    """Whether parse() takes it."""
    return isinstance(text, str) and _VERSION.match(text) is not None


def at_least(version, floor):
    """Whether version is floor or newer."""
    return parse(version) >= parse(floor)


def kernel(release):
    """(major, minor, patch) at the head of a kernel release; ValueError where there is none."""
    match = _RELEASE.match(release) if isinstance(release, str) else None
    if not match:
        raise ValueError("%r is not a kernel release such as 6.1.115-1-rk2312" % (release,))
    return int(match.group(1)), int(match.group(2)), int(match.group(3) or 0)


def from_number(value):
    """Text of the number the driver answers to GET_DRV_VERSION: major*10000 + minor*100 + patch."""
    return "%d.%d.%d" % (value // 10000, value // 100 % 100, value % 100)
