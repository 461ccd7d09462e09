# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What is changed on a board to bring in the chosen driver: filled into the plan, step by step in words."""

from __future__ import annotations

from ...module_utils._board import version as _version
from ...module_utils._boot import kernel_arguments
from ...module_utils._boot.menus import default_kernel, extlinux_menu
from ...module_utils._facts import driver as _driver
from ...module_utils._facts.hardware import device_tree
from .checks.board_state import ARGUMENT, DKMS_PACKAGE, Unsupported, suppresses_builtin
from .checks.boot_checks import check_removal
from .checks.build_losses import LOSSES
from .checks.change_checks import next_kernel
from .checks.kernel_checks import check_kernel
from .driver import offered_kernel
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
    over_builtin = action == "dkms_over_builtin"
    module = "rknpu_dkms" if over_builtin else "rknpu"
    _check_source(board)
    _check_device_tree(board)
    check_kernel(board, action, plan["baseline"])
    _check_blocked(board, module)
    foreign = _foreign_versions(board, module)
    _note_kernel(board)
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
        others = [path for path in board.driver["files"]
                  if _driver.module_name(path) == module and not path.startswith("updates/dkms/")]
        if any(path.startswith("kernel/") for path in others):
            board.notes.append(
                "DKMS keeps the kernel's own module %s and restores it when ours is removed." % module)
        changes += ["replace the DKMS package %s, which is not of rkfleet.npu; the restore point keeps it" % (
            old if "/" in old else "%s/%s" % (DKMS_PACKAGE, old)) for old in foreign]
        changes += ["replace %s, which is not of rkfleet.npu; the restore point keeps it" % path for path in others
                    if not path.startswith("kernel/")]
        plan["foreign_versions"] = foreign
    if not configured:
        changes.append("add %s to the kernel arguments in %s" % (ARGUMENT, board.boot["config"]))
    if not installed or not configured:
        changes.append("load %s at boot" % module)
    if not running:
        changes.append("reboot")
    fixed = (board.boot.get("loader") in ("boot-image", "network")
             or next_kernel(board.boot, "")[1] == extlinux_menu.PATH)
    if not default_kernel.tool(board.boot.get("update")) and not fixed:
        board.notes.append("This boot loader boots a newer kernel as soon as it is installed: "
                           "run preflight-npu.yml before a kernel update.")
    plan.update(module=module, initcalls=[_driver.INITCALL] if over_builtin else [],
                deployed=installed and configured, reboot=not running, changes=changes)


def _check_device_tree(board):
    """Raise Unsupported if a driver of another project serves a node that the vendor's driver does not match."""
    if not device_tree.is_rknpu(board.device["compatible"]):
        raise Unsupported(
            "The NPU node is described as %s: the driver bound to it matches that, the vendor's driver %s does not." % (
                ", ".join(board.device["compatible"]) or "nothing", board.target),
            "Keep that driver (npu_driver_policy working), or boot a vendor kernel with its own device tree.")


def check_probe(board):
    """Raise Unsupported if the kernel's own driver did not start for a reason that another driver cannot remove."""
    device, driver = board.device, board.driver
    tried = ((driver["presence"] == "builtin" and not driver["builtin_suppressed"])
             or "rknpu" in (driver.get("loaded") or ()) or device.get("deferred"))
    if device["driver"] or not device["name"] or not tried:
        return
    version = driver.get("builtin_version")
    what = "%s did not start on the NPU %s" % (
        "The kernel's own driver%s" % (" " + version if version else "") if driver["presence"] == "builtin" else
        "Module rknpu is loaded, but", device["name"])
    remedy = ("Read the reason in the kernel log (dmesg | grep -i npu), correct the device tree or update the vendor's "
              "kernel package, and reboot.")
    if device.get("deferred"):
        raise Unsupported("%s, because the kernel waits for another device (%s): another driver would wait, too." % (
            what, device["deferred"]), remedy)
    if device.get("iommu") not in (None, "okay", "ok"):
        raise Unsupported("%s, whose IOMMU is disabled in the device tree (status %s): another driver does not change "
                          "that." % (what, device["iommu"]), remedy)
    log = board.facts.get("kernel_log") or {}
    if log.get("cause"):
        remedy = log["cause_remedy"] or "correct the device tree"
        raise Unsupported("%s: %s (kernel log). Another driver would fail there, too." % (what, log["cause"]),
                          "%s%s." % (remedy[:1].upper(), remedy[1:]))
    if version and _version.at_least(version, board.target):
        raise Unsupported("%s, and driver %s is not newer: it would fail there, too." % (what, board.target), remedy)
    board.notes.append("%s: the kernel log has the reason (dmesg | grep -i npu)." % what)


def _check_blocked(board, module):
    """Raise Unsupported if a setting of the owner keeps the module from being loaded."""
    line = next((line for line in board.driver.get("blocked") or () if line["module"] == module), None)
    if line:
        raise Unsupported("%s keeps module %s from being loaded: %s." % (line["path"], module, line["text"]),
                          "Remove the line, and rerun the playbook.")
    arguments = " ".join(filter(None, (board.boot.get("cmdline"), board.boot.get("next"))))
    for name in ("modprobe.blacklist", "module_blacklist"):
        if kernel_arguments.has(arguments, name, module):
            raise Unsupported("The kernel argument %s keeps module %s from being loaded." % (name, module),
                              "Remove %s from it, reboot, and rerun the playbook." % module)


def _foreign_versions(board, module):
    """Return the DKMS packages from elsewhere that are replaced: VERSION of one called as ours, else NAME/VERSION.

    DKMS builds the highest version for a new kernel, so another version may not stay beside ours, nor another package
    with a module of the same name.

    Raises:
        Unsupported: if one of another name cannot be replaced: its package would bring it back at its next upgrade, or
            it builds other modules, too.
    """
    found = []
    for name, version in board.foreign_packages:
        entry = board.foreign_entry(name, version)
        package = entry.get("package")
        if name == DKMS_PACKAGE:
            if package:
                board.notes.append("The DKMS package %s/%s belongs to package %s, whose next upgrade brings it back: "
                                   "run 'apt-mark hold %s'." % (name, version, package, package))
            found.append(version)
        elif module == "rknpu":
            if package or entry.get("others"):
                raise Unsupported(
                    "The DKMS package %s/%s%s is not of rkfleet.npu and builds a module rknpu, too%s." % (
                        name, version, " of package %s" % package if package else "",
                        "" if package else ", beside other modules"),
                    "Keep it (npu_driver_policy working), or remove it (%s) and rerun the playbook." % (
                        "apt-get remove %s" % package if package else "dkms remove %s/%s --all" % (name, version)))
            found.append("%s/%s" % (name, version))
    return found


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


def _is_installed(board, module):
    """Return whether DKMS has installed the wanted release for the running kernel, and the module's file exists."""
    return board.target in board.dkms_versions and any(
        _driver.module_name(path) == module and path.startswith("updates/dkms/") for path in board.driver["files"])
