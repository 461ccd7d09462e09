# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to this collection: attributes, requirements and author of its modules."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation fragment."""

    # What holds for every module. A module names it after the others: what comes first wins.
    DOCUMENTATION = r"""
author:
  - rkfleet.npu contributors (@rkfleet)
requirements:
  - ansible-core 2.18 or newer on the controller
attributes:
  check_mode:
    description: Whether the module runs in check mode and predicts what a real run returns, without changing anything.
    support: full
  diff_mode:
    description: Whether the module returns what it changes, or would change in check mode, in diff mode.
    support: none
  idempotent:
    description: Whether a second call with the same arguments, right after the first one, reports no change.
    support: full
  platform:
    description: The operating systems that the module supports.
    support: full
"""

    # Modules that run on a board.
    BOARD = r"""
requirements:
  - Python 3.9 or newer on the board (standard library only)
attributes:
  platform:
    platforms: debian
    details: Debian and its derivatives on ARM64 boards with a Rockchip SoC.
"""

    # Modules that run on the controller alone.
    CONTROLLER = r"""
attributes:
  platform:
    platforms: posix
    details: Runs on the controller. No connection to the host is opened.
"""

    # Modules that only gather information.
    INFO = r"""
attributes:
  check_mode:
    details: The module does the same with and without check mode.
  diff_mode:
    support: N/A
    details: The module changes nothing.
  idempotent:
    details: The module changes nothing.
"""
