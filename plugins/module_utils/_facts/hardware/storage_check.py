# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check that the files of an upgrade survive the reboot, and that the board can roll itself back."""

from __future__ import annotations

import os

from ..._board.tree import Tree
from ..._boot import boot_files
from .. import container
from .storage import _IMAGES, _UNIONS, Mount, mounts, read_boot_links, read_filesystems, read_init

_AGAIN = ", reboot, and rerun the playbook."
_LINK_PROBLEMS = {
    "loop": "which is a circle of links", "dangling": "which does not exist", "folder": "which is a folder",
    "special": "which is not a plain file",
    "blank": "which has a blank in its name", "elsewhere": "which is on another file system",
}


def writes_boot(loader):
    """Return whether a loader, as returned by boot_facts.read(), has its configuration below `/boot`."""
    return str(loader.get("config") or "").startswith("/boot/") or bool(loader.get("update"))


def problem(filesystems, links, init, boot=True):
    """Return `(reason, remedy)` for a board that could not roll itself back after a reboot, or None.

    Args:
        filesystems, links, init: As read_filesystems(), read_boot_links() and read_init() return them.
        boot: Whether anything below `/boot` is written.
    """
    if init not in (None, "systemd"):
        return ("This board does not run systemd (process 1 is %s), which a rollback requires." % init,
                "Install systemd as its init system (package systemd-sysv)" + _AGAIN)
    for entry in filesystems or ():
        if entry["path"].startswith("/boot/") or (entry["path"] == "/boot" and not boot):
            continue
        where = "%s at %s" % (entry["type"], entry["mount"])
        union = entry["type"] in _UNIONS
        detach = union and entry["mount"] != "/" and "Unmount it (systemd-sysext unmerge, or /etc/fstab)" + _AGAIN
        if not (entry["lasting"] or (detach and entry["read_only"])) or (union and entry["path"] == "/boot"):
            # Of an overlay that lasts, boot loaders read the lower files only.
            loss = "not read by the boot loader" if entry["lasting"] else "lost at the reboot"
            place = "on an overlay" if union else "kept in memory"
            return ("What is written below %s is %s: it is %s (%s)." % (entry["path"], loss, place, where),
                    detach or
                    ("Disable the read-only mode of the root file system (overlayroot, armbian-config or raspi-config)"
                     if union else "Put it on a disk (see /etc/fstab)") + _AGAIN)
        if entry["read_only"]:
            remount = "" if entry["type"] in _IMAGES else (
                "See dmesg, have the disk checked (reboot), mount it read-write (mount -o remount,rw %s), or i"
                % entry["mount"])
            return ("Nothing can be written below %s: it is mounted read-only (%s)." % (entry["path"], where),
                    detach or (remount or "I") + "nstall a system with writable files, and rerun the playbook.")
    for link in links or ():
        if link["problem"] not in (None, "locked") and link["path"] != "/boot/vmlinuz":  # which is not written
            reason = _LINK_PROBLEMS.get(link["problem"], link["problem"])
            return ("%s is a symbolic link to %s, %s, so it could not be rolled back."
                    % (link["path"], link["target"], reason),
                    "Replace the link with a plain file, and rerun the playbook.")
    return None


def check(root="/"):
    """Return one or two sentences on why an upgrade of the board must not begin, or None."""
    tree = Tree(root)
    if container.read(tree):
        return None  # it does not boot, its root is an overlay, and the planner has already refused it
    found = mounts(tree)
    if not found and not tree.live:
        found = _below(os.path.realpath(root), mounts(Tree()))
    boot = any(path.startswith("/boot/") and tree.exists(path) for path in boot_files.existing(tree))
    found_problem = problem(read_filesystems(tree, found), read_boot_links(tree, found), read_init(tree), boot)
    return " ".join(found_problem) if found_problem else None


def _below(root, found):
    # This machine's mounts at or below a folder, with their paths relative to it.
    inside = []
    for mount in found:
        if mount.point == root or mount.point.startswith(root + "/"):
            seen = Mount(mount.point[len(root):] or "/", mount.kind, mount.source, mount.options, mount.device)
            seen.lasting = mount.lasting
            inside.append(seen)
    return inside
