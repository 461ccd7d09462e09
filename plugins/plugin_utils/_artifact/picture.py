# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Decode the test picture once, on the controller, so that no board needs an image library."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import os

from ...module_utils._board.files import ensure_dir, read_file, write_file
from ...module_utils._inference.librknnrt import HEIGHT, PICTURE_BYTES, WIDTH
from .._private import cache_problem

RAW_SUFFIX = ".rgb"
ENCODED = (".jpg", ".jpeg", ".png")
_LARGEST = 16 << 20


class PictureError(Exception):
    """A picture that cannot be used: one sentence why."""


def cache_dir(configured=None):
    """Return the controller's cache folder: the one given, or `rkfleet-npu` below the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.expanduser(configured) if configured else os.path.join(base, "rkfleet-npu")


def require_decoder(path, cache):
    """Check without effect on a board whether raw_file() will be able to decode a file, if it is a picture.

    Args:
        path: a file that was downloaded, or in check mode will be.

    Raises:
        PictureError: if Pillow is missing, and the decoded picture is not cached.
    """
    if not path.endswith(ENCODED) or importlib.util.find_spec("PIL"):
        return
    if os.path.exists(path):
        raw_file(path, cache)
    else:
        decode(path, b"")


def raw_file(path, cache):
    """Return a file with the picture as raw RGB, 224 rows of 224 pixels of 3 bytes.

    A file named `*.rgb` is used unchanged. The decoded picture is cached in `cache` by the digest of the file.

    Raises:
        PictureError: if it is not a JPEG or PNG of that size, or Pillow is missing.
    """
    if path.endswith(RAW_SUFFIX):
        if os.path.getsize(path) != PICTURE_BYTES:
            raise PictureError("%s has %d bytes, a raw picture has %d" % (path, os.path.getsize(path), PICTURE_BYTES))
        return path
    with open(path, "rb") as stream:
        picture = stream.read(_LARGEST)
    kept = os.path.join(cache, "pictures", hashlib.sha256(picture).hexdigest() + RAW_SUFFIX)
    # The decoded pixels have no pinned checksum, so no other user may write to their folder.
    problem = cache_problem(cache, os.path.dirname(kept))
    if problem:
        raise PictureError(problem)
    content = read_file(kept)
    if content is None or len(content) != PICTURE_BYTES:
        ensure_dir(os.path.dirname(kept))
        write_file(kept, decode(path, picture), 0o644)
    return kept


def decode(path, picture=None):
    """Return a JPEG or PNG of 224x224 pixels as raw RGB, 150,528 bytes.

    Args:
        picture: the bytes of the file, if they are already read.

    Raises:
        PictureError: as raw_file().
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise PictureError(
            "Pillow, which decodes the test picture, is missing on the controller, in the Python that runs Ansible."
            " Install it (pip install pillow, or the package python3-pil)"
        ) from error
    try:
        # The size is checked before decoding, so that a small file cannot expand to a huge picture.
        with Image.open(path if picture is None else io.BytesIO(picture), formats=("JPEG", "PNG")) as image:
            if image.size != (WIDTH, HEIGHT):
                raise PictureError(
                    "%s has %dx%d pixels, MobileNet needs %dx%d" % ((path,) + image.size + (WIDTH, HEIGHT))
                )
            return image.convert("RGB").tobytes()
    except (OSError, SyntaxError, ValueError) as error:
        raise PictureError("%s cannot be decoded as a picture: %s" % (path, error)) from error
