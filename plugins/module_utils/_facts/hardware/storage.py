# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Facts on whether files of an upgrade survive the reboot, and whether the board can roll itself back."""

from __future__ import annotations

import os
import re

from ..._board.paths import MODULES_LOAD, SIGNING_PATHS, STATE_DIR
from ..._board.tree import clean
from ..._boot import boot_files
from ..._boot.menus import default_kernel_paths

PATHS = ("/", "/boot", "/etc", "/lib/modules", "/usr/lib", "/usr/src", "/var/lib/dkms", STATE_DIR)
"""Where an upgrade writes."""
OWN_FILES = (MODULES_LOAD, *default_kernel_paths.FILES)

_MEMORY = ("tmpfs", "ramfs", "rootfs", "devtmpfs")
_MEMORY_DISK = re.compile(r"/dev/z?ram\d+\Z")
_IMAGES = ("squashfs", "erofs", "cramfs", "romfs", "iso9660")
_UNIONS = ("overlay", "overlayfs", "aufs", "fuse.unionfs-fuse", "fuse.unionfs", "fuse.fuse-overlayfs")
# FriendlyElec and Volumio name the partition with the upper layer on the command line.
_NAMED = re.compile(r"/data/.* data=/dev/(?!z?ram)|/mnt/ext/.* datapart=\w")
_IN_INITRAMFS = re.compile("^/(root|sysroot|new_?root|rootfs)(?=/)")
_ESCAPED = re.compile(r"\\([0-7]{3})")
_LIMIT = 1 << 20


class Mount:
    """A mount: `point`, `kind` of file system, `source`, `options`; `lasting`: files survive a reboot."""

    def __init__(self, point, kind, source, options, device=""):
        self.point, self.kind, self.source, self.options, self.device = point, kind, source, options, device or source
        self.lasting = True

    @property
    def read_only(self):
        """Return whether it is read-only."""
        return "ro" in self.options or self.kind in _IMAGES


def mounts(tree):
    """Return the mounts of a board as a list of Mount, empty if the tree does not have them."""
    # A tree has any of them. Linux 6.12 keeps rw after an error.
    paths = "/proc/self/mountinfo", "/proc/mounts", "/proc/self/mounts"
    text = next(filter(None, (tree.text(path, _LIMIT) for path in paths)), "").replace(",emergency_ro", ",ro")
    found = list(filter(None, map(_parse, text.splitlines())))
    for mount in found:
        mount.lasting = _is_lasting(tree, mount, found)
    return found


def _parse(line):
    head, separator, tail = line.partition(" - ")
    words, rest = head.split(), tail.split()
    if separator and len(words) >= 6 and len(rest) >= 2:
        return Mount(_unescape(words[4]), rest[0], _unescape(rest[1]), (words[5] + "," + ",".join(rest[2:])).split(","),
                     words[2])
    if not separator and len(words) >= 4 and words[1].startswith("/"):
        return Mount(_unescape(words[1]), words[2], _unescape(words[0]), words[3].split(","))
    return None


def _unescape(word):
    return _ESCAPED.sub(lambda match: chr(int(match.group(1), 8)), word)


def _mount_of(found, path):
    # Of several at one point the last counts.
    best = None
    for mount in found:
        inside = path == mount.point or path.startswith(mount.point.rstrip("/") + "/")
        if inside and (best is None or len(mount.point) >= len(best.point)):
            best = mount
    return best


def _is_lasting(tree, mount, found, depth=4):
    if mount.kind in _MEMORY or _MEMORY_DISK.match(mount.source):
        return False
    if mount.kind not in _UNIONS:
        return True
    upper = next((_unescape(option[9:]) for option in mount.options if option.startswith("upperdir=")), None)
    if not depth or (upper or "/tmp/").startswith(("/tmp/", "/var/tmp/")):
        return False
    others = [other for other in found if other is not mount]
    below = _mount_of(others, upper)
    if below is None or below.point == "/":
        # Out of sight since the initramfs, or on the root file system.
        if mount.point == "/":
            words = tree.line("/proc/cmdline", 2048)
            return bool(_NAMED.match(f"{upper} {words}"))
        upper = next(filter(tree.exists, (upper, _IN_INITRAMFS.sub("", upper))), None)
        below = upper and _mount_of(others, upper)
    return bool(below) and not below.read_only and _is_lasting(tree, below, found, depth - 1)


def read_filesystems(tree, found=None):
    """Return `[{path, mount, type, read_only, lasting, with_root}]` of folders."""
    found = mounts(tree) if found is None else found
    root, entries = _mount_of(found, "/"), []
    for path in (*PATHS, "/boot/efi", "/boot/firmware"):
        try:
            mount = _mount_of(found, tree.follow(path))
        except OSError as error:
            tree.note(path, error)
            continue
        if mount:
            entries.append({"path": path, "mount": clean(mount.point), "type": clean(mount.kind, 40),
                            "read_only": mount.read_only, "lasting": mount.lasting,
                            "with_root": bool(root) and mount.device == root.device})
    return entries


def read_boot_links(tree, found=None):
    """Return `[{path, target, problem}]` of the boot files that are links or immutable; no problem is None."""
    found = mounts(tree) if found is None else found
    points = {mount.point for mount in (_mount_of(found, path) for path in PATHS) if mount}
    links = []
    for path in ("/boot/Image", "/boot/vmlinuz", *boot_files.existing(tree), *OWN_FILES, *SIGNING_PATHS):
        target = tree.link(path)
        if target is not None:
            links.append({"path": path, "target": clean(target), "problem": _link_problem(tree, path, found, points)})
        elif tree.exists(path) and _locked(tree.real(path)):
            links.append({"path": path, "target": None, "problem": "locked"})
    return links


def _locked(place):
    return not os.geteuid() and not all(os.access(name, os.W_OK) for name in (place, os.path.dirname(place)))


def _link_problem(tree, path, found, points):
    try:
        target = tree.follow(path)
    except OSError:
        return "loop"
    if not tree.exists(target):
        return "dangling"
    place = tree.real(target)
    if not os.path.isfile(place):
        return "folder" if os.path.isdir(place) else "special"
    if re.search(r"\s", target):
        return "blank"
    mount = _mount_of(found, target)
    return "elsewhere" if mount and mount.point not in points else None


def read_init(tree):
    """Return `systemd` or the name of process 1, or None if it is unknown."""
    if tree.exists("/run/systemd/system"):
        return "systemd"
    return tree.line("/proc/1/comm", 32) or None
