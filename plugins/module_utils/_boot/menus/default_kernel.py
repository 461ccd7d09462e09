# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Default-kernel pinning: keep a board on a kernel that has its NPU module, with u-boot-update and with GRUB.

The scripts are files of role driver, which the action plugin of npu_boot sends. They store nothing that could become
stale: each u-boot-update or grub-mkconfig asks `kernel-default` anew which entry is to be the default. So it does not
matter which package's hook failed before it, or in which order packages were set up.
"""

from __future__ import annotations

import os
import re

from ..._board.paths import SUFFIXES
from .default_kernel_paths import FILES, FRAGMENT, LINE, OF_GRUB, OF_U_BOOT


def tool(update):
    """Return the name of a boot loader's update tool if it chooses the default kernel, else ""."""
    name = os.path.basename(update or "")
    return name if name in ("u-boot-update", "grub-mkconfig") else ""


def files(texts, name, reads_fragments):
    """`{path: (content, mode)}` of the files, the content being None for a file that is to be removed.

    Args:
        texts: `{base name: text}` as the action plugin sends them; empty to remove all.
        name: Of the tool(), that chooses the default kernel.
        reads_fragments: Whether u-boot-update reads the fragment. If not, `/etc/default/u-boot` gets its line.
    """
    others = OF_U_BOOT if name == "grub-mkconfig" else OF_GRUB
    wanted = {path: texts[os.path.basename(path)] for path in FILES
              if texts and path not in others and (path != FRAGMENT or reads_fragments)}
    return {path: (wanted[path].encode() if path in wanted else None, mode) for path, mode in FILES.items()}


def with_line(text, present):
    """The content of `/etc/default/u-boot` with our line, or without it; every other byte stays."""
    if not present:
        return re.sub(r"^%s\r?\n?" % re.escape(LINE), "", text, flags=re.M)
    if re.search(r"^%s\r?$" % re.escape(LINE), text, re.M):
        return text
    return "%s%s%s\n" % (text, "" if not text or text.endswith("\n") else "\n", LINE)


def module_kernels(root, module):
    """Return the releases of the installed kernels that have the module and accept it."""
    found = set()
    base = os.path.join(root, "lib/modules")
    for release in os.listdir(base) if os.path.isdir(base) else ():
        place = os.path.join(base, release)
        installed = any(os.path.isfile(os.path.join(place, "updates/dkms", module + ".ko" + suffix))
                        for suffix in SUFFIXES)
        bootable = os.path.isfile(os.path.join(root, "boot", "vmlinuz-" + release))
        if installed and bootable and not _built_in(place, module):
            found.add(release)
    return found


def _built_in(place, module):
    try:
        with open(os.path.join(place, "modules.builtin"), encoding="utf-8", errors="replace") as stream:
            return any(line.rstrip().endswith("/%s.ko" % module) for line in stream)
    except FileNotFoundError:
        return False
