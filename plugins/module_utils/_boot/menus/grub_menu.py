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
_LINUX = re.compile(r'^[ \t]*linux(?:16|efi)?[ \t]+"?([^\s"]+)"?[ \t]*(.*)$')
_DEFAULT = re.compile(r"^[ \t]*set[ \t]+default=(?:\"([^\"\n]*)|'([^'\n]*)|(\S*))", re.MULTILINE)


def default_arguments(text, saved=None):
    """Return the kernel arguments of the entry that boots by default, as one line."""
    return default_entry(text, saved)[1]


def default_entry(text, saved=None):
    """Return (file of the kernel, its arguments) of the entry that boots by default.

    Args:
        saved: saved_entry of GRUB's environment, for GRUB_DEFAULT=saved.
    """
    # The first `set default` of Debian's header is the one of an entry that boots once.
    wanted = [name for name in map("".join, _DEFAULT.findall(text)) if "next_entry" not in name]
    name = wanted[-1] if wanted else "0"
    chosen = _find(_items(text), (saved or "0") if "saved_entry" in name else name)
    if not chosen.kernels:
        raise ValueError("the default entry of grub.cfg boots no kernel")
    return chosen.kernels[0]


def _find(items, name):
    """Return the entry of a name such as `0`, `1>2` or `gnulinux-advanced-UUID>gnulinux-6.1-advanced-UUID`.

    As in GRUB it is the first one if there is none of that name, and grub-mkconfig accepts the title of an entry in a
    submenu.
    """
    chosen = _Item()
    while items:
        part, dummy, name = name.partition(">")
        nested = (item for above in items for item in above.items if part == item.title)
        chosen = next((item for number, item in enumerate(items) if part in (str(number), item.title, item.name)),
                      next(nested, items[0]))
        items = chosen.items
    return chosen


def entries(text):
    """Return [(file of the kernel, its arguments)] of all entries."""
    return [match.groups() for match in map(_LINUX.match, text.splitlines()) if match]


class _Item:
    """An entry or a submenu: its title, its name or None, [(kernel, arguments)], and what is below it."""

    def __init__(self, title="", name=None):
        self.title, self.name, self.kernels, self.items = title, name, [], []


def _items(text):
    """Return the entries, those of a submenu in it."""
    top = _Item()
    stack = [top]
    for line in text.splitlines():
        item = _ITEM.match(line)
        if item:
            title = next(filter(None, item.groups()[1:4]), "").replace("'\\''", "'")
            identity = _ID.search(item.group(5))
            entry = _Item(title, identity.group(1) if identity else None)
            stack[-1].items.append(entry)
            stack.append(entry)
        elif line.rstrip().endswith("{"):
            stack.append(_Item())  # a function of the header
        elif line.strip() == "}":
            del stack[max(1, len(stack) - 1):]
        else:
            linux = _LINUX.match(line)
            if linux:
                stack[-1].kernels.append(linux.groups())
    return top.items
