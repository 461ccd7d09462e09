# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which driver a board gets, and where it comes from."""

from __future__ import annotations

from ...module_utils._board import version as _version
from ...module_utils._facts import driver as _driver
from ...module_utils._facts.installed import apt_kernels
from .checks.board_checks import check_package_manager
from .checks.board_state import Unsupported, suppresses_builtin
from .checks.change_checks import starts_new_kernels
from .diagnosis_effects import may_change
from .rules import vendor_kernels


def choose_action(board):
    """Return (action, reason) for the driver alone; `none` if the running one is right."""
    running, target = board.driver["version"], board.target
    if running and board.meets_policy(running):
        lost = _lost_at_reboot(board)
        if lost:
            return _choose_origin(board, lost)
        exact = _version.parse(running) == _version.parse(target) and board.wanted["driver_policy"] != "floor"
        return "none", "Driver %s answers (%s)%s." % (
            running, _origin(board), ", as wanted" if exact else ", at or above the floor %s" % target)
    if running and board.keeps_its_driver:
        reason = ("Driver %s answers (%s) and MobileNet works with it: it stays unchanged, although %s is the release "
                  "wanted. Set npu_driver_policy to floor or exact to change it." % (running, _origin(board), target))
        board.notes.append(reason)
        return "none", reason
    if running and board.fault_is_elsewhere:
        return _keep_driver(board)
    return _choose_origin(board, _why_change(board))


def check_fault(board):
    """Raise Unsupported where MobileNet fails for a reason that neither another driver nor another runtime fixes."""
    if board.fault_is_elsewhere and "runtime" not in may_change(board.record):
        remedy = _one_line(board.record.get("remedy")) or "run playbooks/verify-npu.yml for the remedy"
        why, setting, what = (
            ("is no reason for another runtime", "npu_runtime_version", "runtime")
            if board.meets_policy(board.driver["version"])
            else ("another driver does not fix", "npu_driver_policy to floor or exact", "driver"))
        raise Unsupported("%s, which %s." % (_fault(board), why), "%s, or set %s to change the %s all the same." % (
            remedy[:1].upper() + remedy[1:], setting, what))


def _fault(board):
    evidence = _one_line(board.record.get("evidence"))
    return "MobileNet fails with driver %s (%s%s)" % (
        board.driver["version"], board.record["diagnosis"], ": %s" % evidence if evidence else "")


def _keep_driver(board):
    """Return what is done where MobileNet fails for a reason that another driver does not fix, or stop the board."""
    check_fault(board)
    reason = "%s: the driver stays unchanged. Set npu_driver_policy to floor or exact to change it." % _fault(board)
    board.notes.append(reason)
    return "none", reason


def _one_line(text):
    """Return what a board's record says, without what a template would begin with."""
    return "".join(text.split("{"))[:300].strip() if isinstance(text, str) else ""


def final_version(board, action):
    """Return the driver version after the action; above a floor or in a vendor's kernel it may be newer than wanted."""
    if action == "vendor_kernel":
        return offered_kernel(board)["driver_version"]
    return board.driver["version"] or board.target if action == "none" else board.target


def offered_kernel(board):
    """Return the newest kernel in the board's repositories whose driver meets the policy, or None.

    Only a kernel that is newer than the running one counts: no other would be booted.

    Returns:
        `{package, release, driver_version}`.
    """
    names = (board.facts.get("repository") or {}).get("kernels") or []
    running = apt_kernels.PREFIX + board.release
    for kernel in vendor_kernels(names, board.data.get("vendor_kernels") or [], board.soc):
        newest = apt_kernels.newest_first([kernel["package"], running])[0]
        if board.meets_policy(kernel["driver_version"]) and kernel["package"] != running and newest != running:
            return kernel
    return None


def _origin(board):
    if board.driver["module"]:
        foreign = board.foreign_origin
        return "module %s%s" % (board.driver["module"], " of %s, not of rkfleet.npu" % foreign if foreign else "")
    return "built into the kernel" if board.driver["presence"] == "builtin" else "bound"


def _why_change(board):
    """Return why the driver has to be changed, in one sentence."""
    driver, target = board.driver, board.target
    if driver["version"]:
        fails = board.wanted["driver_policy"] == "working" and board.driver_fails
        return "Driver %s is %s%s; %s%s is wanted." % (
            driver["version"], _origin(board), " and MobileNet fails with it" if fails else "", target,
            " or newer" if board.wanted["driver_policy"] == "floor" else "")
    if board.silent:
        board.notes.append("Driver %s is bound to the NPU but has no device file (no DRM node, no /dev/rknpu)." % (
            board.silent))
        if board.wanted["driver_policy"] != "exact" and not _version.at_least(target, board.silent):
            raise Unsupported(
                "Driver %s is bound to the NPU but has no device file, and %s, which is wanted, is older." % (
                    board.silent, target),
                "Boot a kernel of the board's vendor that is built for DRM, or set npu_driver_policy to exact.")
        return ("Driver %s is bound to the NPU but has no device file, so no program can use it; %s, which has one, is "
                "wanted." % (board.silent, target))
    if board.device["driver"] == _driver.PLATFORM_DRIVER:
        return "A driver is bound, but its version cannot be read; %s is wanted." % target
    if driver["presence"] == "builtin" and driver["builtin_suppressed"]:
        return "The built-in driver is suppressed and no module replaces it on kernel %s; %s is wanted." % (
            board.release, target)
    if driver["presence"] == "absent":
        return "Kernel %s has no NPU driver; %s is wanted." % (board.release, target)
    return "No driver is bound to the NPU although the kernel has one (%s); %s is wanted." % (
        driver["presence"], target)


def _lost_at_reboot(board):
    """Return why the next boot would start another driver than the running one, or None."""
    if board.driver["presence"] != "builtin" or board.driver["module"] is None:
        return None
    upcoming = board.boot.get("next")
    if upcoming is not None and not suppresses_builtin(upcoming):
        return ("Driver %s answers, but the boot configuration no longer suppresses the built-in driver, "
                "which would return at the next boot." % board.driver["version"])
    return None


def _choose_origin(board, reason):
    """Return (action, reason) by npu_driver_strategy."""
    check_package_manager(board)
    strategy = board.wanted["driver_strategy"]
    offered = offered_kernel(board) if strategy != "dkms" else None
    offer = offered and "The board's repository has {package} with driver {driver_version}".format(**offered)
    if offered and starts_new_kernels(board.boot):
        return "vendor_kernel", f"{reason} {offer}."
    if offered:
        offer += ", which the boot loader of this board would not start by itself."
        board.notes.append(offer)
    if strategy == "vendor_kernel":
        raise Unsupported("%s %s" % (reason, offer or "The board's package repository offers no kernel with it."),
                          "Set npu_driver_strategy to auto or dkms to build it for kernel %s." % board.release)
    return ("dkms_over_builtin" if board.driver["presence"] == "builtin" else "dkms"), reason
