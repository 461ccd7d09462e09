# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What is changed on a board to bring in the chosen driver: filled into the plan, step by step in words."""

from __future__ import annotations

from ...module_utils._board import version as _version
from ...module_utils._boot import u_boot_update
from ...module_utils._facts import driver as _driver
from .board_state import ARGUMENT, suppresses_builtin, Unsupported
from .boot_checks import check_removal
from .build_losses import LOSSES
from .driver import offered_kernel
from .kernel_checks import check_kernel
from .packages import packages
from .rules import kernel_version, series


def plan_vendor_kernel(board, plan):
    """Plan the installation of the vendor's kernel, and the removal of what would start another driver on it."""
    offered = offered_kernel(board)
    changes = ["install %s; kernel %s stays installed" % (offered["package"], board.release)]
    suppressed = suppresses_builtin(board.boot.get("next"))
    ours = sorted({entry["version"] for entry in board.dkms_modules})
    if suppressed:
        check_removal(board)
    if suppressed or ours:
        plan["replaces"] = {"module": board.driver["module"] or ("rknpu_dkms" if suppressed else "rknpu"),
                            "versions": ours, "initcalls": [_driver.INITCALL] if suppressed else []}
        changes.append("remove what starts driver %s instead" % (ours[-1] if ours else "of DKMS"))
    plan.update(reboot=True, kernel=offered["release"], packages=[offered["package"]], changes=changes + ["reboot"])


def plan_dkms(board, plan, action):
    """Plan to build the driver with DKMS and to have it started, or raise Unsupported if that is impossible."""
    _check_source(board)
    check_kernel(board, action)
    _note_kernel(board)
    over_builtin = action == "dkms_over_builtin"
    module = "rknpu_dkms" if over_builtin else "rknpu"
    installed = _is_installed(board, module)
    configured = not over_builtin or suppresses_builtin(board.boot.get("next"))
    version = board.driver["version"]
    running = version and board.meets_policy(version) and board.driver["module"] == module
    changes = []
    if board.tools.get("packages_interrupted"):
        changes.append("complete the interrupted dpkg run")
    if not installed:
        plan["packages"] = packages(board)
        if plan["packages"]:
            changes.append("install the packages %s" % ", ".join(plan["packages"]))
        changes.append("build driver %s with DKMS for kernel %s as module %s" % (board.target, board.release, module))
        if any(_driver.module_name(path) == module and not path.startswith("updates/")
               for path in board.driver["files"]):
            board.notes.append(
                "DKMS keeps the kernel's own module %s and restores it when ours is removed." % module)
    if not configured:
        changes.append("add %s to the kernel arguments in %s" % (ARGUMENT, board.boot["config"]))
    if not installed or not configured:
        changes.append("load %s at boot" % module)
    if not running:
        changes.append("reboot")
        _note_processes(board)
    if not u_boot_update.makes_menu(board.boot.get("update")):
        board.notes.append("This boot loader boots a newer kernel as soon as it is installed: "
                           "run preflight-npu.yml before a kernel update.")
    plan.update(module=module, initcalls=[_driver.INITCALL] if over_builtin else [],
                deployed=installed and configured, reboot=not running, changes=changes)


def _check_source(board):
    drivers = board.data["drivers"]
    if not drivers[board.target].get("path"):
        raise Unsupported("Driver %s is not published as a source release." % board.target,
                          "Choose a release that is (%s), or add its path and sha256 to npu_compatibility.drivers." % (
                              ", ".join(version for version, row in drivers.items() if row.get("path"))))


def _note_kernel(board):
    recommended = (board.data["drivers"][board.target].get("kernel_recommended") or {}).get(series(board.release))
    if recommended and _version.kernel(kernel_version(board.kernel)) < _version.kernel(recommended):
        board.notes.append("The vendor recommends Linux %s or newer for driver %s." % (recommended, board.target))
    if board.kernel["headers"] and board.kernel.get("vendor_headers") is False:
        board.notes.append("Kernel %s has none of the vendor's headers: the driver is built without frequency scaling "
                           "(devfreq), and %s." % (board.release, LOSSES["devfreq"].effect))


def _note_processes(board):
    processes = (board.facts.get("processes") or [])[:5]
    if processes:
        board.notes.append("The NPU is in use by %s, which the reboot ends." % ", ".join(
            "%s (pid %s)" % (process["name"], process["pid"]) for process in processes))


def _is_installed(board, module):
    """Return whether DKMS has installed the wanted release for the running kernel, and the module's file exists."""
    return board.target in board.dkms_versions and any(
        _driver.module_name(path) == module and path.startswith("updates/") for path in board.driver["files"])
