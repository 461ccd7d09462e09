# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is known of a board's boot loader once it is recognized."""

from __future__ import annotations

import collections

DEFAULT_ARGUMENTS = "ro quiet"
"""What u-boot-update gives a kernel if nothing is configured (its own ${U_BOOT_PARAMETERS:-...})."""

Description = collections.namedtuple(
    "Description", "name config gives default update made read_made output saved error",
    defaults=(None, None, DEFAULT_ARGUMENTS, None, None, None, None, None, None))
"""A boot loader.

name: as the facts name it.
config: the file with the kernel arguments, None if this collection must not edit it.
gives: the arguments that a kernel gets from it as it is now, as one line; None for a loader whose own variables prove
    that it started the running kernel.
default: the arguments that apply if none are configured.
update: the tool to run after a change of config, None if the boot loader reads config itself.
made: the file that the tool makes.
read_made: function(text of made) that returns the arguments of the entry that boots.
output: the option of the tool that makes it write another file; None if it has none.
saved: the entry that GRUB has saved as the default one, or None.
error: why it cannot be recognized or edited, one sentence.
"""

UNKNOWN = Description("unknown")
