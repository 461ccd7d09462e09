# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A grub.cfg as grub-mkconfig makes it: which entry boots by default, with which kernel and arguments.

The functions raise ValueError, one sentence for the operator, if the default entry cannot be identified.
"""

from __future__ import annotations

import re

_ITEM = re.compile(r"^[ \t]*(menuentry|submenu)\s+(?:'((?:[^']|'\\'')*)'|\"([^\"]*)\"|(\S+))(.*)$")
_ID = re.compile(r"(?:\$menuentry_id_option|--id)[ =]+['\"]?([^'\" ]+)")
_LINUX = re.compile(r"^[ \t]*linux(?:16|efi)?[ \t]+(\S+)[ \t]*(.*)$")
_DEFAULT = re.compile(r"^[ \t]*set[ \t]+default=[\"']?([^\"'\n]*)", re.M)


def default_arguments(text, saved=None):
    """Return the kernel arguments of the entry that boots by default, as one line."""
    return default_entry(text, saved)[1]


def default_entry(text, saved=None):
    """Return (file of the kernel, its arguments) of the entry that boots by default.

    Args:
        saved: saved_entry of GRUB's environment, for GRUB_DEFAULT=saved.
    """
    # The first `set default` of Debian's header is the one of an entry that boots once.
    wanted = [name for name in _DEFAULT.findall(text) if "next_entry" not in name]
    name = wanted[-1] if wanted else "0"
    if "saved_entry" in name:
        name = saved or "0"
    items = _items(text)
    for part in name.split(">"):
        chosen = next((item for number, item in enumerate(items) if part in (str(number), item[0], item[1])), None)
        if chosen is None:
            raise ValueError("the default entry of grub.cfg is \"%s\", which it does not have" % name[:80])
        items = chosen[3]
    while not chosen[2] and chosen[3]:
        chosen = chosen[3][0]
    if not chosen[2]:
        raise ValueError("the default entry of grub.cfg boots no kernel")
    return chosen[2][0]


def entries(text):
    """Return [(file of the kernel, its arguments)] of all entries."""
    return [match.groups() for match in map(_LINUX.match, text.splitlines()) if match]


def _items(text):
    """Return the entries as nested lists [title, id, [(kernel, arguments)], entries below it]."""
    top = ["", "", [], []]
    stack = [top]
    for line in text.splitlines():
        item = _ITEM.match(line)
        if item:
            title = next(filter(None, item.groups()[1:4]), "").replace("'\\''", "'")
            identity = _ID.search(item.group(5))
            stack[-1][3].append([title, identity.group(1) if identity else None, [], []])
            stack.append(stack[-1][3][-1])
        elif line.rstrip().endswith("{"):
            stack.append(["", None, [], []])  # a function of the header
        elif line.strip() == "}":
            del stack[max(1, len(stack) - 1):]
        else:
            linux = _LINUX.match(line)
            if linux:
                stack[-1][2].append(linux.groups())
    return top[3]
