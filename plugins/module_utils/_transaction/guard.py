# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The guard of a board: a script and two units that roll an upgrade back unless it is committed.

They are files of role guard, which the action plugin of npu_transaction sends. The script is the only implementation of
a restore: the controller calls it, and so does the board itself. The architecture page describes the
restore point.
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
