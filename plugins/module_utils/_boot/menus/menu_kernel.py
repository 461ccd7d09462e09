# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The kernel that an extlinux.conf boots by default, and whether it exists.

image() and release() raise ValueError as those of extlinux_menu do.
"""

from __future__ import annotations

import os
import re

from . import extlinux_menu


def image(text):
    """Return the kernel's file of the entry that boots by default, as it is written there, or None."""
    line = extlinux_menu.kernel(extlinux_menu.default_entry(text)[0])
    return (line and line.group(2).strip()) or None


def release(text, image=image):
    """Return the release of the kernel that boots by default, or None if the name of its file does not contain it.

    Args:
        image: as for problem().
    """
    found = re.search(r"/vmlinu[xz]-(\S+)\Z", image(text) or "")
    return found.group(1) if found else None


def problem(text, root, image=image):
    """Return why a board would not boot with a menu, or None.

    Args:
        root: where the board's files are.
        image: function(text) that returns the kernel's file of the entry that boots by default.
    """
    try:
        file = image(text) if text else None
    except ValueError as error:
        return str(error)
    # As U-Boot names it: without /boot where that is a file system of its own.
    places = ["%s%s" % (top, file) for top in ("", "/boot", "/boot/extlinux/")] if file else []
    if any(os.path.isfile(os.path.join(root, place.lstrip("/"))) for place in places):
        return None
    return "its default kernel is %s" % ("%s, which does not exist" % file if file else "not named")
