# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The best classes of a MobileNet and their comparison with the expected ones.

The expected Top5 is data: `expected_top5` and `tolerance` of a row of `models` in
plugins/plugin_utils/_plan/compatibility.yml. Here a Top5 is `[[index, score], ...]`, best first. Pure functions.
"""

from __future__ import annotations

import math

# More classes than are compared: the expected fifth may come out sixth within the tolerance.
KEPT = 20
# Scores are multiples of 1/256, computed in float32: only a difference beyond their rounding counts.
ROUNDING = 1e-6


def top_scores(scores, count=5):
    """Return the best classes as [[index, score], ...]; of equal scores the lower index comes first.

    Args:
        scores: score of each class, by its index.

    Raises:
        ValueError: if a score is not a finite number.
    """
    if not all(math.isfinite(score) for score in scores):
        raise ValueError("the output holds values that are not numbers")
    best = sorted(range(len(scores)), key=lambda index: (-scores[index], index))[:count]
    return [[index, round(scores[index], 6)] for index in best]


def pairs(top):
    """Return [[index, score], ...] from such pairs or from dicts with `index` and `score`.

    Raises:
        ValueError: if an entry is neither.
    """
    result = []
    for entry in top:
        values = [entry.get("index"), entry.get("score")] if isinstance(entry, dict) else entry
        try:
            index, score = values
            result.append([int(index), float(score)])
        except (TypeError, ValueError) as error:
            raise ValueError("%r is not a class with its score, such as [283, 0.46875]" % (entry,)) from error
    return result


def compare(top, expected, tolerance):
    """Return in one sentence how the scores differ from the expected Top5, or None if they match.

    Args:
        top: the best classes of the inference; more than five of them make the comparison more exact.
        expected: the expected Top5. Its first class must be first, and each of its scores within `tolerance`.
    """
    if not top:
        return "there are no scores"
    if not expected:
        return None
    if top[0][0] != expected[0][0]:
        return "Top1 is %d: %.6f, expected %d: %.6f" % (tuple(top[0]) + tuple(expected[0]))
    found = dict(top)
    for index, score in expected:
        if index not in found:
            # Its score is at most that of the last class kept, which may still be within the tolerance.
            if score - top[-1][1] > tolerance + ROUNDING:
                return "class %d is not among the first %d, expected %.6f" % (index, len(top), score)
        elif abs(found[index] - score) > tolerance + ROUNDING:
            return "class %d is %.6f, expected %.6f within %.6f" % (index, found[index], score, tolerance)
    return None
