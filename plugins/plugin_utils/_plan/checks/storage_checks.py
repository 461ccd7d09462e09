# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Whether what is written on a board lasts, can be rolled back, and has room."""

from __future__ import annotations

from ....module_utils._boot import boot_files
from ....module_utils._boot.menus import extlinux_menu
from ....module_utils._facts.hardware import storage_check
from .board_state import Unsupported
from .boot_checks import check_locked, check_mounted


def check_rollback(board, action):
    """Raise Unsupported if the board would lose what is written at the reboot, or could not roll itself back."""
    boot = action == "vendor_kernel" or storage_check.writes_boot(board.boot)
    if boot:
        check_mounted(board)
    if action != "none" and board.boot.get("update"):  # it makes the menu, which also chooses the default kernel
        check_locked(board, boot_files.GRUB_MENU if board.boot.get("loader") == "grub" else extlinux_menu.PATH)
    init = (board.facts.get("os") or {}).get("init")
    problem = storage_check.problem(board.facts.get("filesystems"), board.boot.get("links"), init, boot)
    if problem:
        raise Unsupported(*problem)


def check_space(board, plan):
    """Raise Unsupported if there is less free space than the changes need, by section `space` of the data."""
    builds = plan["module"] and not plan["deployed"]
    sizes = board.data["space"]
    needed = {}
    for name, applies in (("build", builds), ("packages", plan["packages"]), ("runtime", plan["runtime"]["install"]),
                          ("boot", builds and storage_check.writes_boot(board.boot)),
                          ("kernel", plan["action"] == "vendor_kernel")):
        for path, mib in sizes[name].items() if applies else ():
            needed[path] = needed.get(path, 0) + mib
    for path, mib in sorted(needed.items()):
        free = (board.facts.get("space") or {}).get(path)
        if free is not None and free < mib:
            raise Unsupported(f"There are {free:d} MiB free at {path}, and {mib:d} MiB are needed.",
                              f"Free {mib - free:d} MiB there (apt clean, old kernels) and rerun the playbook.")
