# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The part of a file that a recording keeps, by the rules of the controller: see plugin_utils/_recording/rules.py."""

from __future__ import annotations

import fnmatch
import gzip
import re
import zlib

FILE_LIMIT = 64 << 10
NAMES_LIMIT = 300
_BANNER = re.compile(rb"[\w-]{3,20} version: [\x20-\x7e]{1,80}")


def is_library(path):
    """Return whether a path is named like a shared library."""
    return re.search(r"\.so(?:\.\d[\d.]*)?\Z", path) is not None


def is_allowed(path, rules):
    """Return whether the content of a file may be in a recording."""
    if any(fnmatch.fnmatchcase(path.lower(), pattern) for pattern in rules["never"]):
        return False
    path = path[4:] if path.startswith("/usr/lib/modules/") else path
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in rules["allowed"])


def excerpt(path, data, rules):
    """Return `(what a recording keeps of a file's content, whether that is all of it)`."""
    kept = data
    if is_library(path):
        # The head of a library and the lines with its version; of a file that is something else the first line.
        kept = (data[:64] + b"".join(b"\0" + banner for banner in _BANNER.findall(data)[:5]) + b"\0"
                if data.startswith(b"\x7fELF") else data.split(b"\n")[0][:64] + b"\n")
    else:
        path = path[4:] if path.startswith("/usr/lib/modules/") else path
        rule = next((rule for pattern, rule in rules["excerpts"] if fnmatch.fnmatchcase(path, pattern)), None)
        if rule and path.endswith(".gz"):
            try:
                kept = gzip.compress(_select(zlib.decompressobj(31).decompress(data, 4 << 20), *rule), mtime=0)
            except zlib.error:
                kept = data[:64]
        elif rule:
            kept = _select(data, *rule)
    if len(kept) > FILE_LIMIT:
        # Build logs tell the reason at their end, all others are read from the start.
        kept = kept[-FILE_LIMIT:] if path.endswith(".log") else kept[:FILE_LIMIT]
    return kept, kept == data


def _select(data, separator, wanted, fields=None):
    """Return the entries of a file that match a pattern, of these the lines that match `fields`."""
    separator, pattern = separator.encode(), re.compile(wanted.encode(), re.MULTILINE)
    found = [entry for entry in data.split(separator) if entry and pattern.search(entry)]
    if fields:
        found = [b"\n".join(line for line in entry.split(b"\n") if re.match(fields.encode(), line)) for entry in found]
    return b"".join(entry + separator for entry in found)


def is_binary(data):
    """Return whether a content is neither text nor the strings of a device tree property."""
    try:
        return any(ord(character) < 9 and character != "\0" for character in data.decode("utf-8"))
    except UnicodeDecodeError:
        return True


def listing(names, read, rules):
    """Return the names in a folder that a recording keeps: all of a short one, else what was read or is related."""
    if len(names) <= NAMES_LIMIT:
        return list(names)
    return [name for name in names if name in read or re.search(rules["related"], name, re.IGNORECASE)][:NAMES_LIMIT]
