# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An extlinux.conf that is kept by hand: the append line of the entry that boots by default."""

from __future__ import annotations

from .. import u_boot_update
from ..boot_files import LIMIT
from ..description import Description
from ..editing.text_file import generated
from ..menus.extlinux_menu import PATH, default_arguments, default_entry, kernel

SYNTAX = {"extlinux": ("menu", None)}


def recognize(tree, unused_cmdline):
    """Yield the Description if there is an extlinux.conf."""
    if not tree.exists(PATH):
        return
    text = tree.text(PATH, LIMIT) or ""
    if not kernel(default_entry(text)[0]):
        return  # with localboot, U-Boot goes on to the next kind of configuration
    found = Description("extlinux", PATH, default_arguments(text))
    comment = generated(text)
    # The owner who switches u-boot-update off keeps by hand what it had made.
    if comment and not ("u-boot-update" in text and u_boot_update.tool(tree)):
        error = "%s is made by a program (\"%s\")" % (PATH, comment[:100])
        found = found._replace(config=None, error=error)
    yield found


def read(text, unused_key, unused_default):
    """Return the configured arguments."""
    return default_arguments(text)
