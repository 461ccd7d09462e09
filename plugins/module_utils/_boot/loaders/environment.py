# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Environment files of U-Boot: a boot script reads one, and gives one of its variables to the kernel."""

from __future__ import annotations

import re

from .. import boot_files
from ..description import Description

SYNTAX = {name: ("environment", key) for name, (dummy, key) in boot_files.ENVIRONMENTS.items()}


def recognize(tree, unused_cmdline):
    """Yield a Description for each environment file; its `rootdev` is the kernel's root.

    If U-Boot's script names one beside it, the others there were left by another system.
    """
    script = tree.text(boot_files.SCRIPT, 4 * boot_files.LIMIT) or ""
    found = [(name, *rest) for name, rest in boot_files.ENVIRONMENTS.items() if tree.exists(rest[0])]
    named = [path for dummy, path, dummy in found if path.rpartition("/")[2] in script]
    for name, path, key in found:
        text = tree.text(path, boot_files.LIMIT) or ""
        root, given = read(text, "rootdev", ""), read(text, key, "")
        # Without bootargs, U-Boot has others: ours would replace them.
        if (named and path not in named and path.count("/") == 2) or (key == "bootargs" and not given):
            continue
        loader = Description(name, path, "{} {}".format(root and "root=" + root, given))
        if key == "extraargs" and re.search("setenv +bootargs", script) and key not in script:
            # An owner's script, or one for another kind of board.
            loader = loader._replace(config=None, error=f"{boot_files.SCRIPT} does not give {key} of {path} to the "
                                     "kernel")
        yield loader


def lines(text, key):
    """Return the matches of all lines that set a variable: the value is group 1, and the last one counts."""
    return list(re.finditer(rf"^[ \t]*{re.escape(key)}=([^\r\n]*)", text, re.M))


def read(text, key, unused_default):
    """Return the value of a variable."""
    found = lines(text, key)
    return found[-1].group(1).strip() if found else ""
