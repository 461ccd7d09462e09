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
# A version with whatever is hung on it, as kernels have it; a number alone is one too where it is only put in order.
_LOOSE = re.compile(r"v?(\d{1,9}(?:\.\d{1,9}){0,5})((?:[-+~_.a-zA-Z][\w.+~-]{0,100})?)\Z", re.ASCII)
_STAGE = re.compile(r"-?(a|alpha|b|beta|rc)(\d{1,4})(?![A-Za-z0-9])")
_STAGES = {"a": -3, "alpha": -3, "b": -2, "beta": -2, "rc": -1}


def parse(text):
    """Return the sort key of a version, a pre-release before its release; raise ValueError for anything else."""
    match = _VERSION.match(text) if isinstance(text, str) else None
    if not match:
        raise ValueError("%r is not a version such as 0.9.6 or 2.0.0b0" % (text,))
    numbers = [int(part) for part in match.group(1).split(".")]
    numbers += [0] * (4 - len(numbers))
    return tuple(numbers) + (_STAGES.get(match.group(2), 0), int(match.group(3) or 0))


def is_version(text):
    """Return whether parse() accepts the text."""
    return isinstance(text, str) and _VERSION.match(text) is not None


def at_least(version, floor):
    """Return whether version is floor or newer."""
    return parse(version) >= parse(floor)


def order(text):
    """Return the sort key of any version, also of kernel releases such as 6.1.43-15-rk2312, or None.

    Numbers count as numbers, a pre-release comes before its release and what hangs on a version after it. Two keys are
    equal where the texts mean the same version: v0.9.6 and 0.9.6, 2.0 and 2.0.0.
    """
    match = _LOOSE.match(text) if isinstance(text, str) else None
    if not match or not ("." in match.group(1) or text.isdigit()):
        return None
    numbers = [int(part) for part in match.group(1).split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    rest, stage = match.group(2), (0, 0)
    found = _STAGE.match(rest)
    if found:
        rest, stage = rest[found.end():], (_STAGES[found.group(1)], int(found.group(2)))
    elif rest.startswith("~"):
        stage = (min(_STAGES.values()) - 1, 0)
    # A number is newer than a word in its place, and never compared with one.
    words = tuple((1, int(word), "") if word.isdigit() else (0, 0, word)
                  for word in re.findall(r"[0-9]+|[A-Za-z]+", rest))
    return (tuple(numbers), stage, words, rest)


def kernel(release):
    """Return `(major, minor, patch)` at the start of a kernel release; raise ValueError if there is none."""
    match = _RELEASE.match(release) if isinstance(release, str) else None
    if not match:
        raise ValueError("%.80r is not a kernel release such as 6.1.115-1-rk2312" % (release,))
    return int(match.group(1)), int(match.group(2)), int(match.group(3) or 0)
