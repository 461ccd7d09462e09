# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Whether a driver can be built for the running kernel and replace a built-in one."""

from __future__ import annotations

from ..predicates import is_pending
from ..rules import kernel_row
from .board_state import ARGUMENT, Unsupported
from .boot_checks import check_boot

# By npu_facts' kernel.signatures: what requires signed modules, and how to boot without it.
_SIGNATURES = {
    "config": ("CONFIG_MODULE_SIG_FORCE", "boot a kernel without CONFIG_MODULE_SIG_FORCE"),
    "argument": ("module.sig_enforce", "boot it without module.sig_enforce"),
    "lockdown": ("lockdown", "boot it without lockdown (secure boot, or the argument lockdown=)"),
}


def check_kernel(board, action, baseline=None):
    """Raise Unsupported if the wanted driver cannot be built for the running kernel or could not be loaded there.

    Args:
        action: `dkms` or `dkms_over_builtin`.
        baseline: the plan's `baseline`.
    """
    release, config = board.release, board.kernel.get("config") or {}
    try:
        row = kernel_row(release, board.data["kernels"])
    except ValueError as error:
        raise Unsupported("Cannot parse the kernel release: %s." % error,
                          "Boot a kernel of the board's vendor.") from error
    if not row["supported"]:
        doubt = _why_unproven(board, baseline)
        raise Unsupported("%sKernel %s is not supported by driver %s: %s." % (
            doubt and doubt + ". ", release, board.target, row.get("reason") or "see the compatibility data"),
            row.get("remedy") or "Boot a kernel the compatibility data supports.")
    if config and "MODULES" not in config:
        raise Unsupported("Kernel %s was built without modules." % release,
                          "Boot a kernel of the board's vendor, with CONFIG_MODULES.")
    if config and "DRM" not in config:
        raise Unsupported("Kernel %s was built without DRM, which the driver's memory management needs." % release,
                          "Boot a kernel of the board's vendor, with CONFIG_DRM.")
    _check_signatures(board, config)
    if action == "dkms_over_builtin":
        _check_builtin(board, config)


def _why_unproven(board, baseline):
    """Return why a driver that may stay, if it works, has not been verified, "" if it has been or cannot stay."""
    version = board.driver["version"]
    if (not version or board.verified is not None or board.runs_our_driver
            or board.wanted["driver_policy"] != "working" or (baseline and not baseline["required"])):
        return ""
    if baseline:
        return "Driver %s answers and stays if MobileNet works with it, which is not verified yet" % version
    why = ("an upgrade is pending" if is_pending(board.facts) else
           "librknnrt.so is not installed" if not board.runtime.get("path") else
           "no model with a known checksum fits this SoC and runtime %s" % (
               board.runtime.get("version") or "of an unknown version"))
    return "Driver %s answers, but MobileNet cannot show whether it works (%s)" % (version, why)


def _check_signatures(board, config):
    required_by = board.kernel.get("signatures") or ("config" if "MODULE_SIG_FORCE" in config else None)
    if not required_by:
        return
    setting, workaround = _SIGNATURES[required_by]
    why = "Kernel %s loads signed modules only (%s)" % (board.release, setting)
    if not board.wanted["signing"]:
        raise Unsupported("%s, and no signing key is set." % why,
                          "Set npu_signing_key and npu_signing_cert to a key whose certificate this kernel trusts, "
                          "or %s." % workaround)
    board.notes.append("%s: the driver is signed with npu_signing_key, and loads only if this kernel trusts "
                       "npu_signing_cert." % why)


def _check_builtin(board, config):
    """Raise Unsupported if the built-in driver cannot be kept from starting."""
    if config and "KALLSYMS" not in config:
        raise Unsupported(
            "The driver is built into kernel %s, which has no CONFIG_KALLSYMS: %s has no effect there." % (
                board.release, ARGUMENT),
            "Boot a kernel of the board's vendor with CONFIG_KALLSYMS, or one with driver %s in it." % board.target)
    if "CMDLINE_FORCE" in config and not board.driver["builtin_suppressed"]:
        raise Unsupported(
            f"The driver is built into kernel {board.release}, which takes its arguments from no boot loader "
            "(CONFIG_CMDLINE_FORCE).",
            f"Build that kernel without CONFIG_CMDLINE_FORCE, or with {ARGUMENT} in CONFIG_CMDLINE, and boot it, or "
            f"one with driver {board.target} in it.")
    check_boot(board)
