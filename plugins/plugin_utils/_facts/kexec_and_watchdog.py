# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a reboot of the board depends on: a loaded kexec kernel and the hardware watchdog."""

from __future__ import annotations

import re

from ...module_utils._board.paths import STATE_DIR
from ...module_utils._boot.editing import shell_file

SHORTEST_WATCHDOG = 20
"""Shortest timeout in seconds of a hardware watchdog that is used: a busy board could miss a shorter one."""


def read_kexec(tree):
    """Return how the next reboot bypasses the boot loader, or None.

    `loaded` is a loaded kernel, `locked` one that cannot be unloaded, `reboot` one that kexec-tools will load.
    """
    if tree.line("/sys/kernel/kexec_loaded", 8) == "1":
        return "locked" if tree.line("/proc/sys/kernel/kexec_load_disabled", 8) == "1" else "loaded"
    if tree.exists("/etc/init.d/kexec-load") and tree.exists("/sbin/kexec"):
        try:
            value = shell_file.variable(tree.text("/etc/default/kexec", 65536) or "", "LOAD_KEXEC")
        except ValueError as error:
            tree.note("/etc/default/kexec", error)
            return None
        return "reboot" if value == "true" else None
    return None


def read_watchdog(tree):
    """Return `{usable, problem, timeout}` of the hardware watchdog; usable is None if that is unknown."""
    folder = "/sys/class/watchdog"
    if not tree.exists(folder):
        return {"usable": None, "problem": None, "timeout": None}
    device = folder + "/watchdog0"
    timeout = tree.line(device + "/timeout", 12) or ""
    timeout = int(timeout) if re.match(r"\d{1,9}\Z", timeout) else None
    problem = None
    if not tree.exists(device):
        problem = "there is none"
    elif tree.line(device + "/nowayout", 8) != "0":
        problem = "it cannot be stopped again (nowayout)"
    elif timeout is not None and timeout < SHORTEST_WATCHDOG:
        problem = f"it waits for {timeout} seconds only"
    elif tree.line(device + "/state", 16) == "active" and not tree.exists(STATE_DIR + "/pending"):
        problem = "another program uses it"
    return {"usable": problem is None, "problem": problem, "timeout": timeout}
