# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether the kernel arguments of a board can be changed: by its boot loader, and by trying the change on a copy."""

from __future__ import annotations

from ...module_utils._boot import edit, sources
from ...module_utils._facts import driver as _driver
from .board_state import ARGUMENT, Unsupported, suppresses_builtin

_RERUN = "reboot, and rerun the playbook."
PLACES = {
    "network": (
        "its kernel comes over the network (TFTP or a root file system on NFS)",
        "in the boot configuration of that server (append in pxelinux.cfg, or bootargs of U-Boot)"),
    "efi": (
        "its UEFI firmware started the kernel by an unknown program (BOOT_IMAGE or /sys/firmware/efi)",
        ("in the configuration of that boot loader (systemd-boot: options in /boot/efi/loader/entries, for new "
         "kernels /etc/kernel/cmdline)")),
    "boot-image": (
        "its kernel arguments are part of the vendor's boot image (FriendlyELEC and other Rockchip SDK images)",
        "in bootargs of the device tree in that image, or in CMDLINE of its parameter.txt, and write the image again"),
    "grub": (
        "its GRUB is not set up by grub-mkconfig",
        "in GRUB_CMDLINE_LINUX in /etc/default/grub and run update-grub, or in the linux line of the grub.cfg in use"),
    "extlinux": (
        "its extlinux.conf is made by a program, which would overwrite a change",
        "where that program takes them from (NixOS: boot.kernelParams; if no program does so, remove that comment)"),
}
"""{boot loader in the facts, without a configuration to edit: (what was recognized, where the argument is added)}."""


def check_boot(board):
    """Raise Unsupported if the argument that suppresses the built-in driver cannot be added."""
    boot = board.boot
    if boot.get("loader") in (None, "unknown", *PLACES) and not boot.get("config"):
        _check_unknown(board)
        return
    problem = boot.get("error") or trial(boot, edit.add)
    if problem and not suppresses_builtin(boot.get("next")):
        raise Unsupported(
            "The driver is built in, and the boot configuration cannot be edited: {}.".format(problem.rstrip(".")),
            f"Correct it, or add {ARGUMENT} to the kernel arguments by hand, {_RERUN}")
    if str(boot["config"]).startswith("/usr/share/"):
        board.notes.append(
            "The kernel arguments come from {}, which an update of its package may overwrite.".format(boot["config"]))


def check_removal(board):
    """Raise Unsupported if the argument that suppresses the built-in driver cannot be removed."""
    boot = board.boot
    if boot.get("config") and not trial(boot, edit.remove):
        return
    problem = (trial(boot, edit.remove) or "the boot loader of this board is not a supported one").rstrip(".")
    raise Unsupported(f"Another driver is started by {ARGUMENT}, which cannot be removed: {problem}.",
                      f"Remove it from the kernel arguments by hand, {_RERUN}")


def _check_unknown(board):
    boot = board.boot
    if board.driver["builtin_suppressed"]:
        # The owner has added the argument by hand: the next boot has the arguments of this one.
        board.boot = dict(boot, next=boot.get("cmdline"))
        return
    what, where = PLACES.get(boot.get("loader"), ("", "by hand"))
    what = (boot.get("error") or what).rstrip(".")
    reason = "The driver is built in, and the boot loader of this board is not a supported one"
    raise Unsupported(f"{reason}: {what}." if what else f"{reason}.",
                      f"Add {ARGUMENT} to the kernel arguments {where}, {_RERUN}")


def trial(boot, change):
    """Return why edit.add or edit.remove would refuse to change a configuration, one sentence, or None.

    Args:
        boot: the facts of the boot loader.
    """
    if not boot.get("files"):
        return None  # facts that another release has gathered
    text = sources.Sources(boot["files"]).text(boot.get("config"), None) or ""
    try:
        change(boot["loader"], text, _driver.BLACKLIST, _driver.INITCALL, boot.get("default") or "")
    except ValueError as error:
        return "{}: {}".format(boot["config"], error)
    return None
