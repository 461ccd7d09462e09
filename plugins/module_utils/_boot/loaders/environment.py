# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""U-Boot's environment files of Armbian, Orange Pi and DietPi: `extraargs=` goes to the kernel."""

from __future__ import annotations

import re

from .. import menu
from ..description import Description
from ..text_file import append_line, drop_line, LIMIT

FILES = {"armbian": "/boot/armbianEnv.txt", "orangepi": "/boot/orangepiEnv.txt", "dietpi": "/boot/dietpiEnv.txt"}
NAMES = tuple(FILES)
_ARGUMENTS = re.compile(r"^[ \t]*extraargs=([^\r\n]*)", re.M)


def recognize(tree, cmdline):
    """Return the Description of the first environment file, None if an extlinux.conf started the running kernel."""
    for name, path in FILES.items():
        if tree.exists(path):
            return None if _started_by_menu(tree, cmdline) else Description(name, "environment", path, read)
    return None


def _started_by_menu(tree, cmdline):
    """Return whether the running kernel has all the arguments of extlinux.conf."""
    try:
        words = menu.default_arguments(tree.text(menu.PATH, LIMIT) or "").split()
    except ValueError:
        return False
    return bool(words) and set(words) <= set(cmdline.split())


def read(text, unused_default):
    """Return the configured arguments."""
    found = _ARGUMENTS.findall(text)
    return found[-1].strip() if found else ""


def edit(text, change, unused_default):
    """Return the text with change() applied to the last `extraargs=`, which is the one that U-Boot takes."""
    matches = list(_ARGUMENTS.finditer(text))
    if not matches:
        changed = change("")
        return append_line(text, len(text), "extraargs=" + changed) if changed else text
    match = matches[-1]
    changed = change(match.group(1))
    if changed == match.group(1):
        return text
    if not changed.strip() and len(matches) == 1:
        return drop_line(text, match.start(), match.end())
    return text[:match.start(1)] + changed + text[match.end(1):]
