# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The guard of a board: a script and two units that roll an upgrade back unless it is committed.

They are files of role guard, which the action plugin of npu_transaction sends. The script is the only implementation of
a restore: the controller calls it, and so does the board itself. It needs no Python, no network and no free space, and
can be interrupted at any point and run again. It restores the entries of `pending/manifest`, one a line, as
`KIND COPY SHA256 PATH`:

`file` is a file with the content of `pending/copies/COPY`, `tree` a folder with everything below it. `nofile` and
`notree` did not exist, and neither did `nofolder`, which is removed only if it is empty. `menu`, `shell`,
`environment`, `words` and `grub` are files of the boot loader, which other programs and the owner change, too (COPY is
`-` for a file that did not exist). The copy of such a file is restored only if this collection was the last to write
it, according to a digest in `pending/left`. Otherwise only what this collection wrote into it is removed.

Beside the manifest are `identity`, the root file system and machine of the copies; `kernels`, digests of the kernel
images; and `outcome`, the state to report after a restore if it is not `rolled_back`.
"""

from __future__ import annotations

FOLDER = "/usr/lib/rkfleet-npu"
SCRIPT = FOLDER + "/guard"
UNITS = "/etc/systemd/system"
BOOT_UNIT = "rkfleet-npu-guard.service"
WATCH_UNIT = "rkfleet-npu-watch.service"
FILES = {SCRIPT: 0o755, "%s/%s" % (UNITS, BOOT_UNIT): 0o644, "%s/%s" % (UNITS, WATCH_UNIT): 0o644}
"""`{path: mode}` of the guard's files, in the order of writing. Each is sent under its base name."""
STATES = ("begun", "committed", "restored")
"""States of npu_transaction that install one of these files."""


def links():
    """Return `{path: target}` of the links that make systemd start the units at boot."""
    return {"%s/sysinit.target.wants/%s" % (UNITS, unit): "%s/%s" % (UNITS, unit) for unit in (BOOT_UNIT, WATCH_UNIT)}
