# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The latency of boards, compared with the median of those with the same SoC: SoCs differ by a factor of four."""

from __future__ import annotations

import collections
import math

from .._schema.record import get
from . import text as _report_text

LOW, HIGH, BINS = 0.5, 2.0, 30
"""The scale in medians. What is beyond it is in the first or last bar."""
SLOW = 1.5
"""From how many medians on a board is slow, as in the alert NpuSlow."""
WIDTH, HEIGHT = 900, 100


def strips(boards):
    """Return the latency of each SoC as `[{soc, boards, slow, median, low, high, p95, bars}]`, times in ms as text.

    `bars` are `{x, y, width, height, count, label, slow}` of a picture of WIDTH and HEIGHT, None where all boards have
    one value: no picture shows that better than the number.

    Args:
        boards: records.
    """
    found = collections.defaultdict(list)
    for entry in boards:
        latency = _report_text.latency_ms(entry)
        if latency is not None:
            found[get(entry, "board.soc")].append(latency)
    return [_strip(soc, sorted(found[soc])) for soc in sorted(found, key=lambda soc: (soc is None, soc or ""))]


def _strip(soc, values):
    median = quantile(values, 0.5)
    figures = {"median": median, "low": values[0], "high": values[-1], "p95": quantile(values, 0.95)}
    return dict(
        {name: f"{value:.1f}" for name, value in figures.items()}, soc=soc, boards=len(values),
        slow=sum(value > SLOW * median for value in values),
        bars=_bars(values, median) if values[0] != values[-1] else None,
    )


def _bars(values, median):
    step = (HIGH - LOW) / BINS
    counts = collections.Counter(
        min(max(math.floor((value / median - LOW) / step + 1e-9), 0), BINS - 1) for value in values)
    highest, wide = max(counts.values()), WIDTH / BINS
    bars = []
    for place, count in sorted(counts.items()):
        # One board of a hundred is seen, too.
        height = max(100.0 * count / highest, 6)
        start, end = ((LOW + number * step) * median for number in (place, place + 1))
        label = f"{start:.1f} to {end:.1f} ms"
        if place in (0, BINS - 1):
            label = f"up to {end:.1f} ms" if place == 0 else f"{start:.1f} ms and more"
        bars.append({
            "x": round(place * wide + 2, 2), "y": round(HEIGHT - height, 2), "width": round(wide - 4, 2),
            "height": round(height, 2), "count": count, "label": label, "slow": LOW + place * step >= SLOW - 1e-9,
        })
    return bars


def quantile(values, part):
    """Return a quantile of sorted values, between two of them in proportion."""
    place = part * (len(values) - 1)
    low = math.floor(place)
    return values[low] + (values[min(low + 1, len(values) - 1)] - values[low]) * (place - low)
