# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A line of kernel arguments as the kernel reads it."""

from __future__ import annotations

import re

BLACKLIST = "initcall_blacklist"
INITCALL = "rknpu_init"
"""The argument that keeps a driver which is built into the kernel from starting."""
_WORD = re.compile(r'(?:[^\s"]|"[^"]*")+')


def has(arguments, name, value):
    """Return whether `name=...,value,...` is among the kernel's arguments.

    Args:
        arguments: the line, or None.
    """
    return any(value in (values(match.group(), name) or ()) for match in words(arguments or ""))


def words(arguments):
    """Yield the matches of the arguments meant for the kernel: double quotes keep blanks together, `--` ends them."""
    for match in _WORD.finditer(arguments):
        if match.group() == "--":
            return
        yield match


def values(word, name):
    """Return the comma list of one argument `name=a,b`, or None if it is another argument."""
    bare = word[1:-1] if len(word) > 1 and word[0] == word[-1] == '"' else word
    key, equals, value = bare.partition("=")
    if not equals or key.replace("-", "_") != name.replace("-", "_"):
        return None
    return [item for item in value.strip('"').split(",") if item]


def without(word, name, value):
    """Return one argument without a value of its comma list, "" if no other value is left."""
    found = values(word, name)
    if found is None or value not in found:
        return word
    kept = ",".join(item for item in found if item != value)
    return kept and f"{name}={kept}"
