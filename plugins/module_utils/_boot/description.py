# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is known of a board's boot loader once it is recognized."""

from __future__ import annotations

import collections

DEFAULT_ARGUMENTS = "ro quiet"
"""What u-boot-update gives a kernel if nothing is configured (its own ${U_BOOT_PARAMETERS:-...})."""

Description = collections.namedtuple(
    "Description", "name kind config read default update made read_made error",
    defaults=(None, None, None, DEFAULT_ARGUMENTS, None, None, None, None))
"""A boot loader.

name: as the facts name it.
kind: how config is written, by which the guard restores it: shell, words, environment or menu.
config: the file with the kernel arguments.
read: function(text of config, default) that returns the configured arguments.
default: the arguments that apply if none are configured.
update: the tool to run after a change of config, None if the boot loader reads config itself.
made: the file that the tool makes.
read_made: function(text of made) that returns the arguments of the entry that boots.
error: why the boot loader could not be recognized, one sentence.
"""

UNKNOWN = Description("unknown")
