# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Draw the lab's stand-in for the vendor's cat picture: a 224x224 JPEG of a cat of our own.

    picture.py --output FILE

Every pixel comes from integer arithmetic, so the drawing is the same everywhere; only
the JPEG coding needs Pillow and may differ by a level or two between its builds.
"""
from __future__ import annotations

import argparse
import pathlib
import sys

SIDE = 224
FUR, DARK, PINK, GREEN, BLACK, WHITE = (214, 160, 92), (150, 98, 48), (226, 132, 140), (120, 176, 80), (24, 22, 20), (240, 236, 228)


def _ellipse(x, y, centre_x, centre_y, radius_x, radius_y):
    return ((x - centre_x) * radius_y) ** 2 + ((y - centre_y) * radius_x) ** 2 <= (radius_x * radius_y) ** 2


def _triangle(x, y, a, b, c):
    sides = [(q[0] - p[0]) * (y - p[1]) - (q[1] - p[1]) * (x - p[0]) for p, q in ((a, b), (b, c), (c, a))]
    return min(sides) >= 0 or max(sides) <= 0


def _pixel(x, y):
    mirrored = min(x, SIDE - 1 - x)  # the cat looks straight at us
    colour = (70 + y // 4, 96 + x // 8, 140 + (x + y) // 8)
    if _triangle(mirrored, y, (38, 18), (44, 96), (96, 62)):
        colour = PINK if _triangle(mirrored, y, (46, 34), (50, 84), (80, 64)) else FUR
    if _ellipse(x, y, 112, 124, 80, 72):
        colour = FUR
        if y < 96 and (mirrored // 10) % 3 == 2:
            colour = DARK
        if _ellipse(x, y, 112, 160, 40, 28):
            colour = WHITE
    if _ellipse(mirrored, y, 78, 112, 17, 13):
        colour = BLACK if _ellipse(mirrored, y, 78, 112, 5, 12) else GREEN
    if _triangle(x, y, (100, 142), (124, 142), (112, 156)):
        colour = PINK
    if 20 <= mirrored < 76 and any((y - 157 - rise * (76 - mirrored) // 5) in (0, 1) for rise in (-1, 0, 1)):
        colour = DARK
    if 156 <= y <= 168 and mirrored >= 111:
        colour = DARK
    return colour


def draw() -> bytes:
    """The picture as raw RGB, 224 rows of 224 pixels of 3 bytes (150,528 bytes)."""
    return bytes(level for y in range(SIDE) for x in range(SIDE) for level in _pixel(x, y))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", required=True, type=pathlib.Path, metavar="FILE")
    arguments = parser.parse_args()
    try:
        from PIL import Image
    except ImportError:
        print("picture.py: Pillow is needed to write the JPEG (Debian: python3-pil)", file=sys.stderr)
        return 1
    image = Image.frombytes("RGB", (SIDE, SIDE), draw())
    comment = b"rkfleet.npu lab: stand-in picture, drawn here, not the vendor's"
    image.save(arguments.output, "JPEG", quality=95, subsampling=0, comment=comment)
    return 0


if __name__ == "__main__":
    sys.exit(main())
