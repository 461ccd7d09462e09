# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Environment files of U-Boot: a boot script reads one, and gives one of its variables to the kernel."""

from __future__ import annotations

import re

from .. import boot_files
from ..description import Description
from ..text_file import LIMIT

SYNTAX = {name: ("environment", key) for name, (dummy, key) in boot_files.ENVIRONMENTS.items()}


def recognize(tree, unused_cmdline):
    """Yield a Description for each environment file; its `rootdev` is the kernel's root."""
    for name, (path, key) in boot_files.ENVIRONMENTS.items():
        if tree.exists(path):
            text = tree.text(path, LIMIT) or ""
            root = read(text, "rootdev", "")
            yield Description(name, path, "{} {}".format(root and "root=" + root, read(text, key, "")))


def lines(text, key):
    """Return the matches of all lines that set a variable: the value is group 1, and the last one counts."""
    return list(re.finditer(rf"^[ \t]*{re.escape(key)}=([^\r\n]*)", text, re.M))


def read(text, key, unused_default):
    """Return the value of a variable."""
    found = lines(text, key)
    return found[-1].group(1).strip() if found else ""
