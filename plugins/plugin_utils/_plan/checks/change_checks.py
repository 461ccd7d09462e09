# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Whether a board may be changed: privileges, the kernel of the reboot, and the reboot itself."""

from __future__ import annotations

import re

from ....module_utils._boot import boot_files, sources
from ....module_utils._boot.editing import shell_file
from ....module_utils._boot.loaders import grub
from ....module_utils._boot.menus import default_kernel, extlinux_menu, grub_menu, menu_kernel
from ....module_utils._boot.u_boot_update import CONFIG as U_BOOT
from ....module_utils._facts.installed import kernels
from .board_state import Unsupported

_RELEASE = re.compile(r"(?:^|/)(?:vmlinu[xz]|Image)-(\S+)\Z")


def check_running_kernel(board):
    """Raise Unsupported if another kernel will run after a reboot than the one that the driver is built for.

    A kernel that is not installed may be one of a vendor's boot image, which may have no modules at all. So it was
    replaced or removed since the boot only if another of its kind is installed.
    """
    installed = [kernel["release"] for kernel in board.facts.get("kernels") or [] if kernel["release"]]
    kind = board.release.rpartition("-")[2]
    beside = [release for release in installed if "-" in release and release.rpartition("-")[2] == kind]
    if beside and board.release not in installed and len(installed) < kernels.LIMIT:
        raise Unsupported(
            "Kernel %s runs and is no longer installed: since the boot, its package was updated to another kernel or "
            "removed." % board.release,
            "Reboot the board into an installed kernel (%s), and rerun the playbook." % ", ".join(beside[:3]))
    tool = default_kernel.tool(board.boot.get("update"))
    upcoming, path = next_kernel(board.boot, tool)
    if upcoming in installed and upcoming != board.release:
        raise Unsupported(
            "Kernel %s runs, and the next boot starts kernel %s, the default one of %s." % (
                board.release, upcoming, path),
            "Reboot the board, or change %s%s, and rerun the playbook." % (path, tool and " and run " + tool))


def next_kernel(boot, tool):
    """Return (release of the kernel that the next boot starts, or None if it is unknown, what says so).

    U-Boot's scripts start /boot/Image, which packages make a link to their kernel, and so may an extlinux.conf.
    u-boot-update and grub-mkconfig are made to choose a kernel that has the module, unless the owner has chosen one.

    Args:
        tool: as default_kernel.tool() returns it.
    """
    loader, files, image = boot.get("loader"), sources.Sources(boot.get("files")), "/boot/Image"
    try:
        path = _owners_default(files, tool) if tool else extlinux_menu.PATH
        if loader == "grub":
            entry = tool and path and grub_menu.default_entry(files.text(boot_files.GRUB_MENU, None) or "",
                                                              grub.saved_entry(files))
            image = entry[0] if entry else ""
        elif loader not in boot_files.ENVIRONMENTS:
            known = tool or "extlinux" in str(loader)
            image = (known and menu_kernel.image(files.text(extlinux_menu.PATH, None) or "")) or ""
            # The script that chooses for u-boot-update finds kernels called vmlinuz-RELEASE only.
            path = path or ("/Image-" in image and extlinux_menu.PATH)
            image = image if path else ""
    except ValueError:
        return None, None
    for link in boot.get("links") or ():
        # In a menu /boot is left out where it is a file system of its own.
        if link["target"] and link["path"] in (image, "/boot" + image):
            image, path = link["target"], link["path"]
    found = _RELEASE.search(image)
    return (found.group(1), path) if found else (None, None)


def starts_new_kernels(boot):
    """Return whether a kernel that is installed becomes the one that the next boot starts, True if that is unknown.

    systemd-boot and its relatives do so by kernel-install.
    """
    tool = default_kernel.tool(boot.get("update"))
    try:
        return boot.get("loader") in (None, "efi") or (
            bool(boot.get("update")) and not (tool and _owners_default(sources.Sources(boot.get("files")), tool)))
    except ValueError:
        return False


def _owners_default(files, tool):
    """Return where the owner has chosen the default kernel of a tool, or None if it is the newest one."""
    name, newest, path, folders = (
        ("GRUB_DEFAULT", "0", grub.DEFAULTS, [boot_files.DROP_IN.rpartition("/")[0]]) if tool == "grub-mkconfig" else
        ("U_BOOT_DEFAULT", "l0", U_BOOT, boot_files.FRAGMENTS))
    paths = [path, *(f"{folder}/{file}" for folder in folders for file in files.names(folder))]
    values = (shell_file.variable(files.text(path, None) or "", name) for path in paths)
    value = [newest, *filter(None, values)][-1]  # the last one counts
    if value == "saved":
        name, value = "saved_entry (grub-set-default)", grub.saved_entry(files) or newest
    return None if value == newest else name


def check_privileges(board, action, runtime):
    """Raise Unsupported if the facts were gathered without root: nothing could be changed either."""
    if board.facts.get("privileged"):
        return
    what = "driver %s" % board.target if action != "none" else "runtime %s" % runtime["version"]
    raise Unsupported("This board needs %s, but its facts were gathered without root." % what,
                      "Allow the ssh user to use sudo on the board, and keep npu_become at true.")


def check_reboot(board, plan):
    """Raise Unsupported if the reboot would bypass the boot loader. Note if a hang may need a power cycle."""
    if not plan["reboot"]:
        return
    kexec = board.kernel.get("kexec")
    if kexec == "loaded" and board.tools.get("kexec"):
        board.notes.append(
            "A kernel is loaded for kexec: it is unloaded, so that the reboot goes through the boot loader.")
    elif kexec == "loaded":
        raise Unsupported(
            "A kernel is loaded for kexec, so the reboot would bypass the boot loader, and there is no tool to unload "
            "it.",
            "Unload it (apt install kexec-tools, then kexec -u) or power the board off and on, and rerun the playbook.")
    elif kexec == "locked":
        raise Unsupported("A kernel is loaded for kexec and cannot be unloaded (kernel.kexec_load_disabled is 1).",
                          "Power the board off and on, and rerun the playbook.")
    elif kexec == "reboot" and (plan["action"] == "vendor_kernel" or plan["initcalls"]):
        raise Unsupported(
            "kexec-tools reboots this board past the boot loader, with the current kernel arguments (LOAD_KEXEC=true).",
            "Set LOAD_KEXEC=false in /etc/default/kexec, and rerun the playbook.")
    watchdog = board.facts.get("watchdog") or {}
    if watchdog.get("usable") is False:
        board.notes.append("The hardware watchdog cannot be used (%s): a hang in the new driver needs the kernel's "
                           "lockup detectors or a power cycle." % watchdog["problem"])
