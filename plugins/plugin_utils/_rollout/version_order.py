# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The order of any versions, as inventories have them."""

from __future__ import annotations

import re

from ...module_utils._board.version import STAGES

# A version with whatever is hung on it, as kernels have it; a number alone is one too where it is only put in order.
_LOOSE = re.compile(r"v?(\d{1,9}(?:\.\d{1,9}){0,5})((?:[-+~_.a-zA-Z][\w.+~-]{0,100})?)\Z", re.ASCII)
_STAGE = re.compile(r"-?(a|alpha|b|beta|rc)(\d{1,4})(?![A-Za-z0-9])")


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
        rest, stage = rest[found.end():], (STAGES[found.group(1)], int(found.group(2)))
    elif rest.startswith("~"):
        stage = (min(STAGES.values()) - 1, 0)
    # A number is newer than a word in its place, and never compared with one.
    words = tuple((1, int(word), "") if word.isdigit() else (0, 0, word)
                  for word in re.findall(r"[0-9]+|[A-Za-z]+", rest))
    return (tuple(numbers), stage, words, rest)
