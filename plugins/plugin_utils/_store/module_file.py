# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks on the controller of a kernel module that a board sent."""

from __future__ import annotations

import gzip
import hashlib
import io
import lzma
import re
import subprocess
import zlib

from ...module_utils._board.paths import kernel_module
from ...module_utils._dkms.module import signing

LARGEST = 16 << 20
"""In bytes. A stripped module has about 300 kB, one with debug information about 3 MB."""
_MOST_UNPACKED = 4 * LARGEST
_XZ_MEMORY = 256 << 20
"""In bytes. Unpacking xz -9 needs 64 MiB, but a header may request 4 GiB."""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}\Z")
_MAGIC = {"": b"\x7fELF", ".xz": b"\xfd7zXZ\0", ".zst": b"\x28\xb5\x2f\xfd", ".gz": b"\x1f\x8b"}


def is_file_name(name):
    """Return whether a text from a board can be the name of a module's file."""
    return _NAME.match(kernel_module(name) or "") is not None


def module_problem(name, content, release):
    """Return why the file that a board sent is not a module for kernel `release`, or None if it may be one."""
    if not is_file_name(name):
        return "%r is not the name of a module's file" % name[:80]
    if not 64 < len(content) <= LARGEST or not content.startswith(_MAGIC[name.partition(".ko")[2]]):
        return "%s is not a module" % name
    try:
        inner = unpacked(name, content)
    except (OSError, EOFError, ValueError, MemoryError, lzma.LZMAError, zlib.error) as error:
        return "%s is damaged (%s)" % (name, error or type(error).__name__)
    if inner is not None and b"vermagic=%s " % release.encode() not in inner:
        return "%s is not made for kernel %s" % (name, release)
    return None


def unpacked(name, content):
    """Return the module in a file of this name; None for .zst, which the library reads from Python 3.14 on only.

    Raises:
        ValueError: if it is larger than a module can be, or has trailing data. Damaged files raise what the library
            raises for them.
    """
    if name.endswith(".zst"):
        return None
    if name.endswith(".xz"):
        reader = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)
        inner = reader.decompress(content, _MOST_UNPACKED)
        if not reader.eof or reader.unused_data:
            raise ValueError("it is truncated, has more than %d bytes, or has trailing data" % _MOST_UNPACKED)
        return inner
    if name.endswith(".gz"):
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
            inner = stream.read(_MOST_UNPACKED + 1)
        if len(inner) > _MOST_UNPACKED:
            raise ValueError("it has more than %d bytes" % _MOST_UNPACKED)
        return inner
    return content


def code_digest(name, content):
    """Return the digest of the module without signature and compression, equal for hosts that built the same code.

    For .zst it is the digest of the whole file, as the controller cannot unpack it. It is comparable only with that of
    another .zst file.
    """
    inner = unpacked(name, content)
    if inner is None:
        return "zst:" + hashlib.sha256(content).hexdigest()
    return hashlib.sha256(signing.split_signature(inner)[0]).hexdigest()


def signature_problem(name, content, certificate):
    """Return why the signature of a module's file could not be verified, or None if it was."""
    inner = unpacked(name, content)
    if inner is None:
        return (
            "%s is compressed with zstd, which is not unpacked on the controller, so its signature is not verified"
            % name
        )
    try:
        return signing.signature_problem(_run, inner, certificate)
    except signing.NotVerified as error:
        return "its signature is not verified on the controller: %s" % error


def _run(command):
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False
    )
    return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
