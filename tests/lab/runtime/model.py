# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Write the lab's stand-in mobilenet_v1.rknn (not the vendor's model).

    model.py --version 1.6.0 --output FILE

The frame is that of a real .rknn: "RKNN", four zero bytes, u64 format version, u64 size
of the data, 40 bytes, the data, u64 size of the JSON, the JSON. The data is our own: an
affine classifier over the means of 16x16 pixel blocks, which only the stand-in runtime
understands. A feature is the block mean's distance from its value in the lab's picture in
steps of 16 levels, so the lab's picture (within several levels) has all features 0 and
answers with the biases, the mission's Top5; any other picture moves all 1001 classes.
"""
from __future__ import annotations

import argparse
import hashlib
import json
import math
import pathlib
import struct
import sys
import zlib

import picture

FORMAT_VERSION = 6
CLASSES = 1001
BLOCK = 16
GRID = picture.SIDE // BLOCK
FEATURES = GRID * GRID * 3
WEIGHT_SCALE = 0.002
# Class: quanta of 1/256 that the vendor's MobileNet gives for its cat picture.
TOP5 = {283: 120, 282: 62, 286: 27, 464: 23, 264: 5}


def zero_points(rgb: bytes) -> list[int]:
    """Sums over the 256 pixels of each block and channel of a raw RGB picture."""
    sums = [0] * FEATURES
    for position, level in enumerate(rgb):
        pixel, channel = divmod(position, 3)
        y, x = divmod(pixel, picture.SIDE)
        sums[((y // BLOCK) * GRID + x // BLOCK) * 3 + channel] += level
    return sums


def biases() -> list[float]:
    """Logits whose softmax, rounded to 1/256, is TOP5 and 0 for every other class."""
    rest = (256 - sum(TOP5.values())) / (CLASSES - len(TOP5))
    return [math.log(TOP5.get(index, rest) / 256) for index in range(CLASSES)]


def model(version: str) -> bytes:
    """The whole file for a toolkit version such as 1.6.0."""
    weights = hashlib.shake_256(b"rkfleet.npu stand-in weights").digest(CLASSES * FEATURES)
    checked = struct.pack("<IIf", FEATURES, CLASSES, WEIGHT_SCALE)
    checked += struct.pack(f"<{FEATURES}H", *zero_points(picture.draw()))
    checked += struct.pack(f"<{CLASSES}f", *biases()) + weights
    data = struct.pack("<8s40sI", b"\0\0\0\0RKNN", b"stand-in model, not the vendor's", zlib.crc32(checked)) + checked
    description = json.dumps({
        "version": version,
        "target_platform": ["rk3588"],
        "network_platform": "rkfleet.npu stand-in",
        "ori_network_platform": "TensorFlow",
        "layout": "NHWC",
        "comment": "stand-in model of the rkfleet.npu lab, not the vendor's",
    }, separators=(",", ":")).encode()
    header = struct.pack("<8sQQ40s", b"RKNN", FORMAT_VERSION, len(data), b"")
    return header + data + struct.pack("<Q", len(description)) + description


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", default="1.6.0", help="toolkit version the file names (default 1.6.0)")
    parser.add_argument("--output", required=True, type=pathlib.Path, metavar="FILE")
    arguments = parser.parse_args()
    arguments.output.write_bytes(model(arguments.version))
    return 0


if __name__ == "__main__":
    sys.exit(main())
