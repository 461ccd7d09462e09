# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The guard of a board: a script and two units, installed until an upgrade is committed, that roll it back otherwise.

They are files of role guard, which the action plugin of npu_transaction sends. The script is the only
implementation of a restore: the controller calls it, and so does the board itself. It needs no Python, no network
and no free space, and may be interrupted anywhere and run again. What it restores is written by _transaction to
`pending/manifest`, one entry a line, `KIND COPY SHA256 PATH`:

`file` a file with the content of `pending/copies/COPY`; `tree` a folder with all below it; `nofile`, `notree`:
there was none; `nofolder`: there was none, and it is removed when it is empty. `menu`, `shell`, `environment`
and `words` are the boot loader's files, where other programs and the owner write, too (COPY is `-` where there
was none): the copy is restored only while the file is as this collection left it, by a digest in `pending/left`;
otherwise only what this collection wrote into it is removed.

Beside the manifest: `identity`, the root file system and machine that the copies are of; `kernels`, digests of
the kernel images; `outcome`, the state to report after a restore where it is not `rolled_back`.
"""

from __future__ import annotations

FOLDER = "/usr/lib/rkfleet-npu"
SCRIPT = FOLDER + "/guard"
UNITS = "/etc/systemd/system"
BOOT_UNIT = "rkfleet-npu-guard.service"
WATCH_UNIT = "rkfleet-npu-watch.service"
FILES = {SCRIPT: 0o755, "%s/%s" % (UNITS, BOOT_UNIT): 0o644, "%s/%s" % (UNITS, WATCH_UNIT): 0o644}
"""`{path: mode}` of the guard's files, in the order in which they are written. Each is sent by its base name."""
STATES = ("begun", "committed", "restored")
"""States of npu_transaction that install one of these files."""


def links():
    """`{path: target}` of the links that have systemd start the units at boot."""
    return {"%s/sysinit.target.wants/%s" % (UNITS, unit): "%s/%s" % (UNITS, unit) for unit in (BOOT_UNIT, WATCH_UNIT)}
