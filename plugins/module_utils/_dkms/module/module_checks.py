# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check a kernel module's file with modinfo, before it is used."""

from __future__ import annotations

import os


def module_problem(run, path, kernel, module):
    """Return one sentence if a module was built for another kernel or has another name, or None."""
    for field, wanted in (("vermagic", kernel), ("name", module)):
        rc, out, dummy = run(["modinfo", "-F", field, path])
        found = (out.split() or [""])[0]
        if rc != 0 or found != wanted:
            return f"{field} of {path} is {found!r}, expected {wanted!r}"
    return None


def alias_problem(run, path):
    """Return one sentence if udev would load a module by itself, or None.

    The guard counts a boot before the module is loaded by name, and udev would load it earlier.
    """
    rc, out, dummy = run(["modinfo", "-F", "alias", path])
    aliases = [alias for alias in out.split() if alias.startswith("of:")] if rc == 0 else []
    if not aliases:
        return None
    return (f"{os.path.basename(path)} has the device-tree alias {aliases[0][:80]}, so udev would load it before a "
            "failed boot can be noticed: choose a driver whose source has no MODULE_DEVICE_TABLE")
