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


class Rules:
    """The rules of the controller: of which file a recording has what."""

    def __init__(self, rules):
        self._allowed, self._never, self._listed, self._omitted = (
            re.compile("|".join(map(fnmatch.translate, rules[name])))
            for name in ("allowed", "never", "listed", "omitted"))
        self._excerpts = [(re.compile(fnmatch.translate(pattern)), rule) for pattern, rule in rules["excerpts"]]
        self._related = re.compile(rules["related"], re.IGNORECASE)
        self.log = rules["log"]

    def is_allowed(self, path):
        """Return whether the content of a file may be in a recording."""
        return not self._never.match(path.lower()) and self._allowed.match(_short(path)) is not None

    def is_omitted(self, path):
        """Return whether a file is not even named if nothing of its content is kept."""
        return self._omitted.match(path) is not None

    def excerpt(self, path, data):
        """Return `(what a recording keeps of a file's content, whether that is all of it)`."""
        kept = data
        rule = next((rule for pattern, rule in self._excerpts if pattern.match(_short(path))), None)
        if is_library(path):
            # The head of a library and the lines with its version; of a file that is something else the first line.
            kept = (data[:64] + b"".join(b"\0" + banner for banner in _BANNER.findall(data)[:5]) + b"\0"
                    if data.startswith(b"\x7fELF") else data.split(b"\n")[0][:64] + b"\n")
        elif rule and path.endswith(".gz"):
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

    def listing(self, folder, names, kept):
        """Return the names in a folder that a recording keeps.

        Args:
            kept: Names of which the recording has a file, or something below.
        """
        if not self._listed.match(_short(folder)):
            names = [name for name in names if name in kept or self.is_allowed(f"{folder.rstrip('/')}/{name}")]
        if len(names) > NAMES_LIMIT:
            names = [name for name in names if name in kept or self._related.search(name)]
        return names[:NAMES_LIMIT]


def _short(path):
    return path[4:] if path.startswith("/usr/lib/modules") else path


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
