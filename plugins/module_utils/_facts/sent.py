# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files that a board sends as they are: the controller makes facts of them (plugins/plugin_utils/_facts)."""

from __future__ import annotations

from .._board.paths import FACT_FILE, HOLD_FILE, STATE_DIR

_WATCHDOG = "/sys/class/watchdog"
_FILES = (
    "/etc/os-release", "/usr/lib/os-release", "/proc/version", "/proc/meminfo", "/sys/kernel/security/lockdown",
    "/sys/module/module/parameters/sig_enforce", "/sys/kernel/kexec_loaded", "/proc/sys/kernel/kexec_load_disabled",
    "/etc/default/kexec", _WATCHDOG + "/watchdog0/timeout", _WATCHDOG + "/watchdog0/nowayout",
    _WATCHDOG + "/watchdog0/state", FACT_FILE, STATE_DIR + "/state.json", STATE_DIR + "/lock.json", HOLD_FILE)
_PRESENT = ("/etc/init.d/kexec-load", "/sbin/kexec", _WATCHDOG, _WATCHDOG + "/watchdog0", STATE_DIR + "/pending",
            STATE_DIR + "/pending/manifest", STATE_DIR + "/origin/manifest")
"""Of these only the existence counts."""
_LIMIT = 1 << 16
_DEBUG = "/sys/kernel/debug/"
DOMAINS = _DEBUG + "pm_genpd/pm_genpd_summary"


def read(tree, device=None):
    """Return [{path, text}] of the files that the board has; text is None if it cannot be read.

    Args:
        device: the NPU's name below /sys/bus/platform/devices. Its debugfs file `freq` is not read: it wakes the NPU.
    """
    files, present = list(_FILES), list(_PRESENT)
    if device:
        files += [f"/sys/class/devfreq/{device}/{name}" for name in
                  ("cur_freq", "min_freq", "max_freq", "available_frequencies", "governor")]
        files += [f"/sys/bus/platform/devices/{device}/power/runtime_status", "/proc/rknpu/load",
                  _DEBUG + "rknpu/load", DOMAINS]
        present.append(f"/sys/bus/platform/devices/{device}/iommu_group")
    found = {path: tree.text(path, _LIMIT) for path in files if tree.exists(path)}
    found.update((path, "") for path in present if tree.exists(path))
    if found.get(DOMAINS):
        found[DOMAINS] = "".join(line for line in found[DOMAINS].splitlines(True) if "npu" in line)
    if tree.live:
        # A running board without this folder has no watchdog, a recorded tree may lack it.
        found[_WATCHDOG] = ""
    return [{"path": path, "text": text} for path, text in found.items()]
